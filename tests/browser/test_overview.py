"""What a leader finds on the overview, on a phone and at a desk: the answer first, the rest folded."""

import pytest
from playwright.sync_api import Browser, StorageState, expect

from tests.browser.conftest import DESK, ON_A_PHONE, PHONE, Visit, opened

pytestmark = pytest.mark.browser

SCREENS = 6


def in_view(visit: Visit, selector: str) -> bool:
    """Whether the whole of the first such part stands in the window, as the page stands now."""
    found = visit.page.locator(selector).first
    box, size = found.bounding_box(), visit.page.viewport_size
    return bool(box and size and box["y"] >= 0 and box["y"] + box["height"] <= size["height"])


def test_the_overview_of_38_thon_takes_six_screens_of_a_phone(
    browser: Browser, site: str, signed_in: StorageState
) -> None:
    with opened(browser, site, PHONE, storage_state=signed_in) as visit:
        visit.open("/xa/11629")
        visit.page.evaluate("document.fonts.ready.then(() => true)")
        height: int = visit.page.evaluate("document.documentElement.scrollHeight")
        assert height <= SCREENS * PHONE["height"]
        expect(visit.page.locator(".thons tbody tr")).to_have_count(38)


def test_the_answer_comes_first_the_thon_before_the_weeks(visit: Visit) -> None:
    order = visit.page.eval_on_selector_all(
        ".as-of, #can-lo, #ban-do-nho, #da-doi, #cac-thon, #theo-tuan, #tat-ca",
        "all => all.map(each => each.id || 'day')",
    )
    assert order == ["day", "can-lo", "ban-do-nho", "da-doi", "cac-thon", "theo-tuan", "tat-ca"]
    assert in_view(visit, ".as-of")
    assert in_view(visit, ".worries li")
    expect(visit.page.locator(".small-map path.thon")).to_have_count(38)


def test_one_click_tells_the_worst_thon_of_any_surveyed_target_and_its_gap_in_people(visit: Visit) -> None:
    links = visit.page.locator(".worries h3 a, .others h4 a")
    addresses = links.evaluate_all("links => links.map(link => link.getAttribute('href'))")
    assert len(addresses) >= 5
    told = 0
    for address in addresses:
        visit.open("/xa/11629")
        link = visit.page.locator(f'.worries h3 a[href="{address}"], .others h4 a[href="{address}"]')
        expect(link).to_be_visible()
        with visit.page.expect_navigation():
            link.click()
        last = visit.page.locator("p", has_text="Thôn chậm nhất").first
        if last.count():
            told += 1
            expect(last).to_contain_text("thiếu")
            expect(last).to_contain_text("khoảng")
            assert in_view(visit, "p:has-text('Thôn chậm nhất')")
    assert told >= 4


def test_all_columns_scroll_under_the_names_of_the_thon(visit: Visit) -> None:
    box = visit.page.locator(".scroll:has(.thons)")
    box.scroll_into_view_if_needed()
    wide, room = box.evaluate("each => [each.scrollWidth, each.clientWidth]")
    assert wide > room or visit.page.viewport_size == DESK
    name = visit.page.locator(".thons tbody th").first
    before = name.bounding_box()
    box.evaluate("each => { each.scrollLeft = 300; }")
    after = name.bounding_box()
    assert before
    assert after
    assert abs(before["x"] - after["x"]) < 1
    assert visit.page.locator(".thons thead th").count() >= 8


@ON_A_PHONE
def test_chosen_columns_are_remembered_and_can_be_forgotten(visit: Visit) -> None:
    page = visit.page
    all_heads = page.locator(".thons thead th").count()
    page.click(".columns summary")
    for box in page.locator(".columns input[type=checkbox]").all():
        box.set_checked(box.get_attribute("value") == "vneid_nguoi_dan")
    with page.expect_navigation():
        page.click(".columns button")
    heads = page.locator(".thons thead th")
    expect(heads).to_have_count(4)
    expect(heads.nth(2)).to_contain_text("VNeID")
    visit.open("/xa/11629/ban-do")
    visit.open("/xa/11629")
    expect(page.locator(".thons thead th")).to_have_count(4)
    page.click(".columns summary")
    with page.expect_navigation():
        page.click("text=Như lúc đầu")
    visit.open("/xa/11629")
    expect(page.locator(".thons thead th")).to_have_count(all_heads)


def test_the_rest_is_folded_on_a_phone_and_open_at_a_desk(visit: Visit) -> None:
    is_desk = visit.page.viewport_size == DESK
    for part in ("#chi-tiet", "#theo-tuan"):
        assert visit.page.locator(part).evaluate("each => each.open") is is_desk
    assert visit.page.locator("#tat-ca").evaluate("each => each.open") is False


def test_the_menu_shows_where_one_is(visit: Visit) -> None:
    for path, name in (
        ("/xa/11629/tai-ve", "Tải về"),
        ("/xa/11629/bao-cao", "Báo cáo"),
        ("/xa/11629/chi-tieu/AL-T20", "Chỉ tiêu"),
        ("/xa/11629/thon/11629001", "Tổng quan"),
        ("/xa/11629/ban-do/in", "Bản đồ"),
    ):
        visit.open(path)
        visit.page.evaluate("document.fonts.ready.then(() => true)")
        here = visit.page.locator(".menu [aria-current]")
        expect(here).to_have_text(name)
        box, size = here.bounding_box(), visit.page.viewport_size
        assert box
        assert size
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= size["width"]
