"""The map as a place to work, in a real browser on a phone and at a desk: card, filter, link."""

import re

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.conftest import AT_A_DESK, ON_A_PHONE, PHONE, Visit
from tests.browser.test_every_page import AXE, SERIOUS

pytestmark = pytest.mark.browser

MAP = "/xa/11629/ban-do?chi_tieu=phu_song_5g"
FIGURE = "path.leaflet-interactive"


@pytest.fixture
def visit(window: Visit) -> Visit:
    """Each test opens the map that it is about."""
    return window


def opened_map(visit: Visit, path: str = MAP) -> None:
    visit.open(path)
    expect(visit.page.frame_locator("iframe").locator('path[role="button"]')).to_have_count(38)


def thon(visit: Visit, name: str) -> Locator:
    return visit.page.frame_locator("iframe").locator(f'{FIGURE}[aria-label^="{name}, "]')


def card(visit: Visit) -> Locator:
    return visit.page.locator("#the-thon")


def serious(visit: Visit) -> list[str]:
    visit.page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = visit.page.evaluate(SERIOUS)
    return found


@AT_A_DESK
def test_a_click_on_a_thon_opens_its_card_and_escape_closes_it(visit: Visit) -> None:
    opened_map(visit)
    thon(visit, "Đồng Xuân").click()
    expect(card(visit).locator("h2")).to_have_text("Đồng Xuân")
    told = visit.page.request.get(f"{visit.site}/api/v1/communes/11629/coverage").json()
    row = next(each for each in told["villages"] if each["name"] == "Đồng Xuân")
    percent = row["indicators"]["phu_song_5g"]["percent"]
    expect(card(visit).locator(".value")).to_contain_text(f"{percent:.1f}".replace(".", ","))
    expect(card(visit).get_by_role("link", name="Trang của thôn")).to_be_visible()
    visit.page.keyboard.press("Escape")
    expect(card(visit)).to_be_hidden()
    assert "thon=" not in visit.page.url


@ON_A_PHONE
def test_the_thon_furthest_behind_is_named_beside_the_map_and_a_click_opens_its_card(visit: Visit) -> None:
    opened_map(visit)
    furthest = visit.page.locator(".legend .head a[data-thon]")
    name, told = furthest.inner_text(), furthest.locator("xpath=..").inner_text()
    assert re.search(r"thiếu [\d,]+ điểm, khoảng [\d.]+ hộ", told), told
    furthest.click()
    expect(card(visit).locator("h2")).to_have_text(name)
    assert told.removeprefix(f"Chậm nhất: {name}, ").rstrip(".") in card(visit).inner_text().lower()


@AT_A_DESK
def test_the_keyboard_opens_a_card_and_comes_back_to_its_thon(visit: Visit) -> None:
    opened_map(visit)
    thon(visit, "Gò Me").focus()
    visit.page.keyboard.press("Enter")
    expect(card(visit).locator("h2")).to_have_text("Gò Me")
    expect(card(visit)).to_be_focused()
    visit.page.keyboard.press("Escape")
    expect(card(visit)).to_be_hidden()
    expect(thon(visit, "Gò Me")).to_be_focused()


def test_the_card_is_whole_on_the_screen_and_the_page_still_scrolls(visit: Visit) -> None:
    opened_map(visit)
    thon(visit, "Đồng Xuân").click()
    expect(card(visit)).to_be_visible()
    box, window = card(visit).bounding_box(), visit.page.viewport_size
    assert box is not None
    assert window is not None
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= window["width"]
    assert visit.width() <= window["width"]
    if window == PHONE:  # a sheet from below
        assert box["y"] + box["height"] == pytest.approx(window["height"], abs=1)
        assert card(visit).evaluate(
            "each => each.scrollHeight <= each.clientHeight + 1 || each.scrollTop === 0"
        )
    visit.page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    footer = visit.page.locator("footer").bounding_box()
    assert footer is not None
    bottom = box["y"] if window == PHONE else window["height"]
    assert footer["y"] + footer["height"] <= bottom + 1, "the end of the page lies under the card"
    assert serious(visit) == []


@ON_A_PHONE
def test_a_finger_that_moves_over_the_map_scrolls_the_page(visit: Visit) -> None:
    """Whole as it is there is nothing to drag; once it is larger it can be moved."""
    opened_map(visit)
    frame = visit.page.frame_locator("iframe")
    container = frame.locator(".leaflet-container")
    assert "leaflet-touch-drag" not in (container.get_attribute("class") or "")
    nearer = frame.locator(".leaflet-control-zoom-in")
    box = nearer.bounding_box()
    assert box is not None
    assert min(box["width"], box["height"]) >= 44, "a finger hits it"
    nearer.click()
    expect(frame.locator(".leaflet-container.leaflet-touch-drag")).to_have_count(1)


@ON_A_PHONE
def test_the_legend_filters_and_its_numbers_add_up(visit: Visit) -> None:
    """R7"""
    opened_map(visit)
    buttons = visit.page.locator(".filter button")
    counts = [
        int(text)
        for text in buttons.locator("b").evaluate_all("all => all.map(b => parseInt(b.textContent))")
    ]
    assert sum(counts) == 38
    frame = visit.page.frame_locator("iframe")
    chosen = counts.index(max(counts))
    buttons.nth(chosen).click()
    expect(buttons.nth(chosen)).to_have_attribute("aria-pressed", "true")
    expect(frame.locator(f"{FIGURE}:not(.away)")).to_have_count(counts[chosen])
    expect(frame.locator(f"{FIGURE}.away")).to_have_count(38 - counts[chosen])
    expect(visit.page.locator("svg.still path.thon:not(.away)")).to_have_count(counts[chosen])
    names = visit.page.locator('[aria-pressed="true"] + .names a')
    expect(names).to_have_count(counts[chosen])
    assert serious(visit) == []
    names.first.click()
    expect(card(visit).locator("h2")).to_have_text(names.first.inner_text())
    buttons.nth(chosen).click()
    expect(frame.locator(f"{FIGURE}:not(.away)")).to_have_count(38)
    assert "loc=" not in visit.page.url


@ON_A_PHONE
def test_the_address_carries_what_is_shown(visit: Visit) -> None:
    opened_map(visit)
    chosen = visit.page.locator(".filter button", has=visit.page.locator("b", has_not_text="0 thôn")).first
    chosen.click()
    first = visit.page.locator('[aria-pressed="true"] + .names a').first
    name = first.inner_text()
    first.click()
    expect(card(visit).locator("h2")).to_have_text(name)
    address, seen = visit.page.url, visit.page.frame_locator("iframe").locator(f"{FIGURE}:not(.away)").count()
    visit.page.goto("about:blank")
    visit.page.goto(address)
    expect(card(visit).locator("h2")).to_have_text(name)
    frame = visit.page.frame_locator("iframe")
    expect(frame.locator(f"{FIGURE}.away")).to_have_count(38 - seen)
    expect(frame.locator(f"{FIGURE}.picked")).to_have_count(1)


@AT_A_DESK
def test_a_readable_a4_map_is_two_clicks_away(visit: Visit) -> None:
    """Task 2: from the page after signing in; what is taken away is what is shown."""
    visit.open("/xa/11629")
    visit.page.get_by_role("link", name="Bản đồ", exact=True).first.click()
    with visit.page.expect_download() as taken:
        visit.page.get_by_role("link", name="PDF A4").click()
    assert taken.value.suggested_filename.endswith("-a4.pdf")
    visit.page.locator(".filter button", has=visit.page.locator("b", has_not_text="0 thôn")).first.click()
    for name in ("PDF A3", "Ảnh PNG"):
        address = visit.page.get_by_role("link", name=name).get_attribute("href") or ""
        assert "loc=k-" in address


@AT_A_DESK
@pytest.mark.parametrize(
    ("path", "paper"), [(MAP, (297, 210)), ("/xa/11629/ban-do/cac-chi-tieu", (420, 297))]
)
def test_what_the_browser_prints_is_one_sheet(visit: Visit, path: str, paper: tuple[int, int]) -> None:
    visit.open(path)
    assert serious(visit) == []
    assert visit.width() <= (visit.page.viewport_size or PHONE)["width"]
    printed = visit.page.pdf(prefer_css_page_size=True)
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", printed)
    assert [tuple(round(float(side) / 72 * 25.4) for side in box) for box in boxes] == [paper]


def slide(visit: Visit, to: int) -> None:
    visit.page.locator("#tuan").fill(str(to))


@ON_A_PHONE
def test_weeks_slide_and_the_map_the_legend_and_the_address_follow(visit: Visit) -> None:
    opened_map(visit)
    days = int(visit.page.locator("#tuan").get_attribute("max") or "0")
    slide(visit, days - 3)
    visit.page.wait_for_url("**den_ngay=2026-11-01**")
    expect(visit.page.locator(".as-of")).to_contain_text("Tính đến 01/11/2026")
    counts = visit.page.locator(".filter b").evaluate_all("all => all.map(b => parseInt(b.textContent))")
    assert sum(counts) == 38
    names = visit.page.locator(".filter li").evaluate_all(
        "all => all.map(li => li.querySelectorAll('a').length)"
    )
    assert names == counts
    frame = visit.page.frame_locator("iframe")
    fills = frame.locator('path[role="button"]').evaluate_all(
        "all => all.map(path => path.getAttribute('fill'))"
    )
    address = visit.page.url
    assert serious(visit) == []
    visit.page.goto("about:blank")
    opened_map(visit, address.removeprefix(visit.site))
    again = frame.locator('path[role="button"]').evaluate_all(
        "all => all.map(path => path.getAttribute('fill'))"
    )
    assert sorted(fills) == sorted(again)
    told = visit.page.locator(".filter b").evaluate_all("all => all.map(b => parseInt(b.textContent))")
    assert told == counts


@AT_A_DESK
def test_back_on_the_last_day_the_map_is_as_it_was(visit: Visit) -> None:
    opened_map(visit)
    frame = visit.page.frame_locator("iframe")
    labels = frame.locator('path[role="button"]').evaluate_all("all => all.map(path => path.ariaLabel)")
    last = int(visit.page.locator("#tuan").get_attribute("max") or "0")
    slide(visit, 0)
    visit.page.wait_for_url("**den_ngay=**")
    slide(visit, last)
    visit.page.wait_for_url(lambda address: "den_ngay" not in address)
    expect(frame.locator('path[role="button"]').first).to_be_visible()
    again = frame.locator('path[role="button"]').evaluate_all("all => all.map(path => path.ariaLabel)")
    assert sorted(again) == sorted(labels)


@ON_A_PHONE
def test_the_weeks_run_by_themselves_and_stop_when_told(visit: Visit) -> None:
    opened_map(visit)
    play, told = (
        visit.page.get_by_role("button", name="Chạy lần lượt từng tuần"),
        visit.page.locator("output"),
    )
    play.click()
    expect(told).to_have_text("04/10/2026")
    expect(told).to_have_text("11/10/2026")
    expect(play).to_have_attribute("aria-pressed", "true")
    play.click()
    expect(play).to_have_attribute("aria-pressed", "false")


@AT_A_DESK
def test_a_card_draws_the_weeks_of_its_thon(visit: Visit) -> None:
    opened_map(visit)
    thon(visit, "Đồng Xuân").click()
    expect(card(visit).locator(".spark path")).to_have_attribute("d", re.compile(r"^M[\d.]+ [\d.]+L"))
    expect(card(visit).locator(".spark p")).to_contain_text("→")


def test_the_map_fills_the_screen_and_arrow_keys_go_through_the_indicators(visit: Visit) -> None:
    opened_map(visit)
    visit.page.get_by_role("button", name="Trình chiếu").click()
    whole, window = visit.page.locator(".map.whole"), visit.page.viewport_size
    expect(whole).to_be_visible()
    box = whole.bounding_box()
    assert box is not None
    assert window is not None
    assert (box["x"], box["y"], box["width"]) == (0, 0, window["width"])
    assert serious(visit) == []
    visit.page.keyboard.press("ArrowRight")
    expect(visit.page.locator(".whole-bar strong")).not_to_contain_text("Phủ sóng 5G")
    frame = visit.page.frame_locator("iframe")
    expect(frame.locator('path[role="button"]')).to_have_count(38)
    assert "chi_tieu=phu_song_5g" not in visit.page.url
    frame.locator('path[role="button"]').first.focus()  # within the map's frame the keys do the same
    visit.page.keyboard.press("ArrowLeft")
    expect(visit.page.locator(".whole-bar strong")).to_contain_text("Phủ sóng 5G")
    visit.page.get_by_role("button", name="Thoát").click()
    expect(visit.page.locator(".map.whole")).to_have_count(0)


def test_two_days_side_by_side_fit_the_screen(visit: Visit) -> None:
    visit.open("/xa/11629/ban-do/hai-ngay?chi_tieu=phu_song_5g")
    expect(visit.page.locator("svg.still")).to_have_count(2)
    assert visit.width() <= (visit.page.viewport_size or PHONE)["width"]
    assert serious(visit) == []
