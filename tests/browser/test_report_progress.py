"""While a report is made the page says so, and it cannot be asked for twice."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DESK, opened, sign_in

pytestmark = pytest.mark.browser

WATCH = """() => {
  const said = document.querySelector("[data-progress]"), real = window.fetch;
  window.fetch = (...asked) => {
    const off = document.querySelectorAll("form[data-busy] button:disabled").length;
    window.meanwhile = [!said.hidden, said.innerText, off];
    return real(...asked);
  };
}"""


def test_a_draft_says_that_it_is_made_and_comes_as_a_file(site: str, browser: Browser) -> None:
    with opened(browser, site, DESK, accept_downloads=True) as visit:
        sign_in(visit, "officer")
        visit.open("/xa/11629/bao-cao/du-thao?ky=2026-11")
        page = visit.page
        page.evaluate(WATCH)
        with page.expect_download() as download:
            page.get_by_role("button", name="Tải dự thảo Word").click()
        assert download.value.suggested_filename.endswith(".docx")
        is_shown, text, disabled = page.evaluate("window.meanwhile")
        assert is_shown
        assert "Đang lập dự thảo Word" in text
        assert disabled == 3
        expect(page.locator("[data-progress]")).to_be_hidden()
        expect(page.get_by_role("button", name="Phát hành")).to_be_enabled()
