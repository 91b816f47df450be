"""What a leader sees in a real browser, at 390 and 1366 pixels, with the network cut off."""

import itertools
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.conftest import AT_A_DESK, ON_A_PHONE, Visit, sign_in

pytestmark = pytest.mark.browser

FIGURE = "path.leaflet-interactive"


@AT_A_DESK
def test_what_a_page_asks_of_others_is_noted_and_reaches_nobody(visitor: Visit) -> None:
    elsewhere = ["http://localhost:8888/a.png", "http://127.0.0.2:8888/a.png", "https://example.org/a.png"]
    for address in elsewhere:
        with visitor.page.expect_event("requestfailed") as failed:
            visitor.page.set_content(f'<img src="{address}">')
        assert failed.value.failure == "net::ERR_NAME_NOT_RESOLVED"
    assert visitor.strayed == elsewhere
    visitor.strayed.clear()
    assert len(visitor.errors) == len(elsewhere)
    visitor.errors.clear()


def test_signing_in_leads_to_the_commune_and_its_28_figures(visitor: Visit) -> None:
    sign_in(visitor)
    assert urlsplit(visitor.page.url).path == "/xa/11629"
    expect(visitor.page.locator("h1")).to_contain_text("Xã An Lão")
    expect(visitor.page.locator(".figures tbody tr")).to_have_count(28)


def test_no_page_scrolls_sideways(visit: Visit) -> None:
    for path in ("/xa/11629", "/xa/11629/chi-tieu", "/xa/11629/ban-do"):
        visit.open(path)
        assert visit.width() <= visit.page.viewport_size["width"]  # type: ignore[index]


@AT_A_DESK
def test_the_font_with_vietnamese_marks_is_ours(visit: Visit) -> None:
    visit.page.evaluate("document.fonts.ready.then(() => true)")
    assert visit.page.evaluate("document.fonts.check('16px \"Be Vietnam Pro\"', 'Ấệữ')")


@ON_A_PHONE
def test_page_and_json_tell_the_same_numbers(visit: Visit) -> None:
    told = visit.page.request.get(f"{visit.site}/api/v1/communes/11629/coverage").json()
    expect(visit.page.locator(".big")).to_contain_text(f"{told['visited']:,}".replace(",", "."))
    percents = {row["code"]: row["percent"] for row in told["indicators"]}
    card = visit.page.locator(".cards li", has_text="Phủ sóng 5G").first
    expect(card.locator(".value").first).to_contain_text(f"{percents['phu_song_5g']:.1f}".replace(".", ","))


@ON_A_PHONE
def test_the_map_draws_every_thon_and_tells_its_numbers(visit: Visit) -> None:
    visit.open("/xa/11629/ban-do?chi_tieu=phu_song_5g")
    frame = visit.page.frame_locator("iframe")
    expect(frame.locator(FIGURE)).to_have_count(38)
    told = visit.page.request.get(f"{visit.site}/api/v1/communes/11629/coverage").json()
    village = next(row for row in told["villages"] if row["name"] == "Đồng Xuân")
    place = frame.locator(f'{FIGURE}[aria-label^="{village["name"]}, "]').first
    place.dispatch_event("click")  # a tap opens what hovering does
    tip = frame.locator(".leaflet-tooltip")
    expect(tip).to_contain_text(village["name"])
    percent = village["indicators"]["phu_song_5g"]["percent"]
    expect(tip).to_contain_text(f"{percent:.1f}".replace(".", ","))
    expect(tip).to_contain_text("mức giao ≥ 80")


def test_labels_never_lie_on_each_other(visit: Visit) -> None:
    visit.open("/xa/11629/ban-do?chi_tieu=phu_song_5g")
    frame = visit.page.frame_locator("iframe")
    frame.locator(":root").evaluate("document.fonts.ready.then(() => true)")
    labels = frame.locator(".label:not(.probe)")
    expect(labels.first).to_be_visible()
    boxes = labels.evaluate_all(
        "all => all.map(each => each.getBoundingClientRect()).filter(box => box.width && box.height)"
        ".map(({left, right, top, bottom}) => ({left, right, top, bottom}))"
    )
    assert len(boxes) > 10
    for one, other in itertools.combinations(boxes, 2):
        apart_x = one["right"] <= other["left"] or other["right"] <= one["left"]
        apart_y = one["bottom"] <= other["top"] or other["bottom"] <= one["top"]
        assert apart_x or apart_y


def test_the_map_cannot_leave_the_commune(visit: Visit) -> None:
    visit.open("/xa/11629/ban-do")
    frame = visit.page.frame_locator("iframe")
    expect(frame.locator(".leaflet-control-zoom-out.leaflet-disabled")).to_be_visible()


@ON_A_PHONE
def test_choosing_an_indicator_needs_no_script_of_the_page(visit: Visit) -> None:
    visit.open("/xa/11629/ban-do")
    visit.page.select_option("#chi_tieu", "vneid_nguoi_dan")
    visit.page.click(".choose button")
    visit.page.wait_for_url("**chi_tieu=vneid_nguoi_dan*")
    expect(visit.page.locator(".legend h2")).to_contain_text("VNeID")


@AT_A_DESK
def test_the_keyboard_reaches_a_thon(visit: Visit) -> None:
    visit.open("/xa/11629/ban-do?chi_tieu=phu_song_5g")
    frame = visit.page.frame_locator("iframe")
    frame.locator(FIGURE).first.focus()
    expect(frame.locator(".leaflet-tooltip")).to_be_visible()


@AT_A_DESK
def test_on_paper_the_still_map_takes_the_frames_place(visit: Visit) -> None:
    visit.open("/xa/11629/ban-do?chi_tieu=phu_song_5g")
    visit.page.emulate_media(media="print")
    expect(visit.page.locator("iframe")).to_be_hidden()
    expect(visit.page.locator("svg.still")).to_be_visible()
    expect(visit.page.locator("svg.still path.thon")).to_have_count(38)
