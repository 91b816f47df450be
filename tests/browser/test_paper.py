"""What is printed from the browser: the sheet of QR codes, and the maps that stand still on paper."""

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import DESK, opened, sign_in

pytestmark = pytest.mark.browser

SHEET = "/quan-tri/xa/11629/thanh-vien/to-in"
A4_MM, CARDS = 297 - 2 * 8, 5
CORNERS = """codes => codes.map(code => {
  const whole = code.getBoundingClientRect(), drawn = code.querySelector("path").getBoundingClientRect();
  return drawn.width <= whole.width + 1 && drawn.height <= whole.height + 1 && drawn.width > whole.width * .8;
})"""


def test_five_whole_codes_fit_on_a_sheet_that_is_printed_from_the_browser(
    site: str, browser: Browser
) -> None:
    with opened(browser, site, DESK) as visit:
        sign_in(visit, "officer")
        visit.open("/quan-tri/xa/11629/bang/thanh-vien")
        visit.page.fill("#dan", "Họ tên\tThôn\n" + "\n".join(f"Người số {n}\t11629001" for n in range(CARDS)))
        for button in ("Xem trước", "Lưu"):
            with visit.page.expect_navigation():
                visit.page.get_by_role("button", name=button).click()
        visit.open(SHEET)
        visit.page.emulate_media(media="print")
        cards = visit.page.locator(".code-card")
        expect(cards).to_have_count(CARDS)
        heights = cards.evaluate_all("cards => cards.map(card => card.getBoundingClientRect().height)")
        assert sum(heights) * 25.4 / 96 <= A4_MM
        assert cards.locator(".drawn svg").evaluate_all(CORNERS) == [True] * CARDS
        expect(visit.page.locator("footer")).to_be_hidden()


def test_the_surface_of_5g_stands_still_on_paper(site: str, browser: Browser) -> None:
    with opened(browser, site, DESK) as visit:
        sign_in(visit)
        visit.open("/xa/11629/song-5g")
        visit.page.emulate_media(media="print")
        expect(visit.page.locator("iframe").first).to_be_hidden()
        still = visit.page.locator("#ban-do-song ~ .map svg.still")
        expect(still).to_be_visible()
        expect(still.locator("path.thon")).to_have_count(38)


def test_the_map_is_printed_with_its_legend_and_the_thon_furthest_behind(site: str, browser: Browser) -> None:
    with opened(browser, site, DESK) as visit:
        sign_in(visit)
        visit.open("/xa/11629/ban-do?chi_tieu=smart_hai_phong_ho")
        visit.page.emulate_media(media="print")
        expect(visit.page.locator(".frame svg.still")).to_be_visible()
        lines = visit.page.locator(".legend .classes li")
        counts = [int(line.locator("b").inner_text().split()[0]) for line in lines.all() if line.is_visible()]
        assert sum(counts) == 38  # every thôn is in one line of it
        expect(visit.page.locator(".legend .head a[data-thon]")).to_be_visible()
        expect(visit.page.locator(".tools")).to_be_hidden()
