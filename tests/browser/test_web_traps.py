"""What phones do to a page: lists renewed under a form, two tabs, a full disk, a wrong clock, strangers on the way."""

import datetime as dt
import re
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from server import clock
from server.db import db
from server.models import Collector, Entity
from server.phones import collectors
from tests.browser.web_collector import (
    Server,
    fill_all_kinds,
    finish,
    onwards,
    opened,
    photographed,
    prepared,
    start,
    stored,
    wait_until,
)
from tests.sample import publish

pytestmark = pytest.mark.browser

IN_TWO_LANGUAGES = """
| survey |
| | type | name | label::Tiếng Việt (vi) | label::English (en) | hint::English (en) | guidance_hint::English (en) |
| | text | ten | Họ và tên | Full name | In capitals | As on the card. |
| settings |
| | form_id | version | form_title |
| | hai_tieng | 1 | Hai tiếng |
"""

FULL = """() => {
  const put = IDBObjectStore.prototype.put;
  IDBObjectStore.prototype.put = () => { throw new DOMException("full", "QuotaExceededError"); };
  window.hasRoom = () => void (IDBObjectStore.prototype.put = put);
}"""
"""What a browser says whose disk is full; Chromium's own switch for it is heeded by the minute."""


LOCKED = """() => {
  Object.defineProperty(document, "hidden", { value: true });
  const locked = () => document.dispatchEvent(new Event("visibilitychange"));
  const timer = setInterval(() => (document.querySelector("ul.forms") ? clearInterval(timer) : locked()), 0);
}"""
"""The screen goes dark while a form is being finished, at whichever moment of it."""


def module(page: Page) -> str:
    """Where the page's own store.js is."""
    app: str = page.evaluate("document.querySelector('script[type=module]').src")
    return app.replace("app.js", "store.js")


def kept(page: Page, name: str) -> list[Any]:
    """The keys of what the page keeps in one of its stores."""
    found: list[Any] = page.evaluate(f"import('{module(page)}').then((store) => store.keys('{name}'))")
    return found


def to_the_end(page: Page) -> None:
    page.wait_for_selector(".steps")
    while page.get_by_role("button", name="Hoàn thành và gửi").count() == 0:
        onwards(page)


def test_an_update_under_an_open_form_leaves_the_lists_that_it_was_begun_with(
    phone: BrowserContext, server: Server
) -> None:
    """Nothing was answered yet, so no draft named the old list when another tab fetched the new one."""
    page = prepared(phone, server)
    idle = opened(phone, server.page)
    start(page, "Phiếu hộ gia đình")
    before = set(kept(page, "files"))
    with server.app.app_context():
        gone = db.session.query(Entity).filter(Entity.label.like("Đỗ Thị Thảo, %, số 6")).one()
        gone.ended_at = gone.changed_at = clock.now()
        db.session.commit()
        db.session.close()
    other = opened(phone, server.page)
    other.get_by_role("button", name="Cập nhật").click()
    expect(other.get_by_text("Cập nhật lúc")).to_be_visible()
    wait_until(other, lambda: bool(before - set(kept(other, "files"))))
    other.close()
    start(idle, "Phiếu hộ gia đình")  # a list of forms that knows the old lists alone begins with the new
    idle.close()
    onwards(page)
    page.get_by_label("Thôn Đông").check()
    onwards(page)
    page.get_by_role("radio", name="Có trong danh sách").check()
    onwards(page)
    page.get_by_role("searchbox").fill("do thi thao so 6")
    page.locator(".found .choice").click()
    page.get_by_role("button", name="Lưu nháp và thoát").click()
    expect(page.get_by_text("Đã lưu trong máy")).to_be_visible()
    page.reload()
    page.get_by_role("button", name="Điền tiếp").click()
    expect(page.locator(".chosen")).to_contain_text("Đỗ Thị Thảo")


def test_a_form_that_is_open_in_one_tab_is_not_opened_in_another(
    phone: BrowserContext, server: Server
) -> None:
    """Both would be sent under one name, and what the second says would be lost."""
    page = prepared(phone, server)
    start(page, "Mọi loại câu")
    page.locator("input").fill("Ấm")
    onwards(page)
    asked: list[Route] = []

    def hold(route: Route) -> None:
        asked.append(route)

    phone.route(re.compile("/phieu/about"), hold)  # what is new comes after the touch
    other = opened(phone, server.page)
    other.get_by_role("button", name="Điền tiếp").click()
    expect(other.get_by_text("Phiếu này đang mở ở một thẻ khác")).to_be_visible()
    other.evaluate("document.querySelector('h1').dataset.before = ''")
    while not asked:
        other.wait_for_timeout(50)
    asked[0].continue_()
    expect(other.locator("h1[data-before]")).to_have_count(0)
    expect(other.get_by_text("Phiếu này đang mở ở một thẻ khác")).to_be_visible()
    page.close()
    other.get_by_role("button", name="Điền tiếp").click()
    expect(other.locator(".question .label").first).to_contain_text("Số người")


def test_strangers_on_the_way_to_the_server_cost_neither_lists_nor_forms(
    phone: BrowserContext, server: Server
) -> None:
    """A proxy that forbids, and a network that answers everything with a page of its own."""
    page = prepared(phone, server)
    start(page, "Mọi loại câu")
    page.locator("input").fill("Ấm")
    page.get_by_role("button", name="Lưu nháp và thoát").click()
    page.route(re.compile("/phieu/about"), lambda route: route.fulfill(status=403, body="<h1>Wi-Fi</h1>"))
    page.route(re.compile("/phieu/submission"), lambda route: route.fulfill(body="<h1>Wi-Fi</h1>"))
    page.get_by_role("button", name="Cập nhật").click()
    expect(page.get_by_text("HTTP 403")).to_be_visible()
    assert kept(page, "files")
    page.route(
        re.compile("/phieu/about"),
        lambda route: route.fulfill(content_type="text/html", body="<h1>Wi-Fi</h1>"),
    )
    page.get_by_role("button", name="Cập nhật").click()
    expect(page.get_by_text("Mạng này chưa ra được Internet")).to_be_visible()
    page.get_by_role("button", name="Điền tiếp").click()
    to_the_end(page)
    finish(page)
    expect(page.locator("#waiting")).to_have_text("1 phiếu chờ gửi")
    page.unroute_all()
    page.get_by_role("button", name="Gửi ngay").click()
    expect(page.locator("#waiting")).to_have_text("Không có phiếu chờ gửi")
    assert len(stored(server)) == 1


def test_a_full_phone_says_so_once_and_the_form_goes_on_where_there_is_room_again(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    start(page, "Mọi loại câu")
    page.evaluate(FULL)
    fill_all_kinds(page, photographed())
    finish(page)
    expect(page.get_by_role("button", name="Hoàn thành và gửi")).to_be_enabled()
    expect(page.get_by_text("Máy hết chỗ nên chưa lưu được")).to_have_count(1)
    page.once("dialog", lambda asked: asked.dismiss())  # what leaving would lose
    with page.expect_event("dialog"):
        page.get_by_role("button", name="Lưu nháp và thoát").click()
    page.evaluate("window.hasRoom()")
    page.get_by_role("button", name="Quay lại").click()
    expect(page.get_by_text("Xin cảm ơn Nguyễn Văn Ấm")).to_be_visible()
    onwards(page)
    page.evaluate(LOCKED)
    finish(page)
    expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_visible()
    [sent] = stored(server)
    assert sent.missing_files is None
    assert kept(page, "drafts") == []


def test_a_clock_that_is_ahead_costs_no_form_and_dates_no_visit_in_the_future(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    ahead = (dt.datetime.now(dt.UTC) + dt.timedelta(days=9)).timestamp() * 1000
    page.clock.set_fixed_time(dt.datetime.now(dt.UTC) + dt.timedelta(days=10))
    start(page, "Mọi loại câu")
    fill_all_kinds(page)
    finish(page)
    expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_visible()
    [sent] = stored(server)
    assert sent.observed_at <= sent.received_at
    page.reload()
    about = f"import('{module(page)}').then((store) => store.setting('about'))"
    wait_until(page, lambda: page.evaluate(about)["at"] > ahead)
    start(page, "Mọi loại câu")
    page.locator("input").fill("Ấm")
    page.get_by_role("button", name="Lưu nháp và thoát").click()
    expect(page.get_by_text("Đã lưu trong máy")).to_be_visible()
    page.clock.set_fixed_time(dt.datetime.now(dt.UTC) + dt.timedelta(days=40))
    page.reload()  # the server is there: lists are renewed, not wiped with what was begun
    expect(page.get_by_role("button", name="Điền tiếp")).to_be_visible()
    phone.set_offline(True)
    for days, some in ((0, True), (13, True), (15, False)):  # the lists are of forty days to come
        page.clock.set_fixed_time(dt.datetime.now(dt.UTC) + dt.timedelta(days=days))
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert bool(kept(page, "files")) is some, days


def test_a_code_that_was_renewed_sends_what_was_filled_in_and_keeps_what_was_begun(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    phone.set_offline(True)
    start(page, "Mọi loại câu")
    fill_all_kinds(page)
    finish(page)
    expect(page.locator("#waiting")).to_have_text("1 phiếu chờ gửi")
    start(page, "Phiếu phúc tra")
    page.get_by_role("button", name="Lưu nháp và thoát").click()
    expect(page.get_by_text("Đã lưu trong máy")).to_be_visible()
    with server.app.app_context():
        collectors.rotate(db.session.query(Collector).one())
        db.session.commit()
        db.session.close()
    phone.set_offline(False)
    page.reload()
    expect(page.locator("#waiting")).to_have_text("Không có phiếu chờ gửi")
    expect(page.get_by_text("Mã này không còn dùng được.")).to_be_visible()
    assert len(kept(page, "files")) == 2  # what the draft was begun with
    page.get_by_role("button", name="Điền tiếp").click()
    expect(page.locator(".question")).to_have_count(1)
    assert len(stored(server)) == 1


def test_an_iphone_is_told_of_the_home_screen_and_to_send_first_what_it_would_leave_behind(
    phone: BrowserContext, server: Server
) -> None:
    phone.add_init_script("Object.defineProperty(navigator, 'standalone', { value: false })")
    page = prepared(phone, server)
    expect(page.get_by_text("Để phiếu không mất: bấm nút Chia sẻ")).to_be_visible()
    start(page, "Mọi loại câu")
    page.locator("input").fill("Ấm")
    page.get_by_role("button", name="Lưu nháp và thoát").click()
    expect(page.get_by_text("phiếu đang nằm trong Safari không sang đó được")).to_be_visible()
    expect(page.get_by_text("Để phiếu không mất: bấm nút Chia sẻ")).to_have_count(0)


def test_a_browser_that_forgot_everything_begins_again_from_its_address(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    page.goto("about:blank")
    blank = phone.new_page()
    blank.goto(f"{server.address}/phieu/app.webmanifest")
    for name in blank.evaluate("indexedDB.databases().then((all) => all.map((each) => each.name))"):
        blank.evaluate(
            "(name) => new Promise((done) => (indexedDB.deleteDatabase(name).onsuccess = done))", name
        )
    page.goto(server.page)
    expect(page.get_by_text("Cập nhật lúc")).to_be_visible()
    assert kept(page, "files")
    forbidden = phone.new_page()
    forbidden.add_init_script(
        "IDBFactory.prototype.open = () => { throw new DOMException('no', 'SecurityError') }"
    )
    forbidden.goto(server.page)
    expect(forbidden.get_by_text("không cho trang giữ phiếu trong máy")).to_be_visible()


def test_a_form_speaks_english_where_the_page_does(phone: BrowserContext, server: Server) -> None:
    with server.app.app_context():
        publish(IN_TWO_LANGUAGES)
        db.session.close()
    page = prepared(phone, server, 2)
    start(page, "Hai tiếng")
    expect(page.locator(".label")).to_have_text("Họ và tên")
    page.get_by_role("button", name="Lưu nháp và thoát").click()
    page.get_by_role("button", name="English").click()
    page.locator("ul.forms li", has_text="Hai tiếng").get_by_role("button", name="New form").click()
    expect(page.locator(".label")).to_have_text("Full name")
    assert page.locator(".question .hint").inner_text().splitlines() == [
        "In capitals\u200b",
        "As on the card.",
    ]
