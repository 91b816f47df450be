"""The city's table in a real browser: filtered by typing, and with heads that stay."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ViewportSize, expect

from tests.browser.conftest import AT_A_DESK, ON_A_PHONE, Visit, opened, sign_in

pytestmark = pytest.mark.browser


@pytest.fixture
def city(size: ViewportSize, browser: Browser, site: str) -> Iterator[Visit]:
    with opened(browser, site, size) as made:
        sign_in(made, "city")
        made.open("/thanh-pho?chi_tieu=phu_song_5g")
        yield made


@ON_A_PHONE
def test_typing_without_marks_finds_a_commune(city: Visit) -> None:
    rows = city.page.locator(".communes tbody tr")
    every = rows.count()
    for typed, is_found in (
        ("an lao", True),
        ("Lão", True),
        ("116", True),
        ("lao an", True),
        ("do son", False),
    ):
        city.page.fill("#loc", typed)
        expect(rows.locator("visible=true").filter(has_text="An Lão")).to_have_count(int(is_found))
    city.page.fill("#loc", "")
    expect(rows.locator("visible=true")).to_have_count(every)


@AT_A_DESK
def test_d_finds_a_d_with_a_stroke(city: Visit) -> None:
    row = city.page.locator(".communes tbody tr").first
    row.evaluate("row => { row.dataset.name = 'phuong do son 11407'; }")
    for typed in ("do s", "Đồ Sơn", "ĐỒ"):
        city.page.fill("#loc", typed)
        expect(row).to_be_visible()
    city.page.fill("#loc", "on")  # words are found by their beginning
    expect(row).to_be_hidden()


def test_heads_stay_while_the_table_scrolls(city: Visit) -> None:
    box = city.page.locator(".stay")
    city.page.evaluate(
        "const body = document.querySelector('.communes tbody');"
        "for (let n = 0; n < 100; n += 1) body.append(body.rows[0].cloneNode(true));"
    )
    box.scroll_into_view_if_needed()
    head = city.page.locator(".communes thead th").nth(1)
    box.evaluate("each => { each.scrollTop = 900; }")
    expect(head).to_be_in_viewport()
    top = head.evaluate(
        "each => each.getBoundingClientRect().top - each.closest('.stay').getBoundingClientRect().top"
    )
    assert abs(top) < 2
