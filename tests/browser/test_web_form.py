"""The form in a browser: a collector without ODK Collect walks, loses the network, and sends once."""

import datetime as dt
import re

import pytest
from lxml import etree
from playwright.sync_api import BrowserContext, Route, expect

from forms import library
from server import clock
from server.db import db
from server.models import Collector, Commune, Entity
from server.phones import collectors
from server.published_forms import drafts
from tests.browser.web_collector import (
    ALL_KINDS,
    Server,
    answer,
    fill_all_kinds,
    finish,
    onwards,
    opened,
    photographed,
    prepared,
    start,
    stored,
)
from tests.sample import (
    arrived_files,
    make_collector,
    publish,
)  # fmt: skip

pytestmark = pytest.mark.browser

DRAFTED = """import('{0}').then((store) => store.all('drafts'))
  .then(([draft]) => [...new Uint8Array(draft.files[0].bytes)])"""
"""The bytes of the photo that a draft keeps, and that is shown."""


def test_a_draft_survives_reloads_with_its_photo_and_is_sent_once(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    start(page, "Mọi loại câu")
    fill_all_kinds(page, photographed())
    page.wait_for_timeout(300)
    for _ in range(2):
        page.reload()
        page.wait_for_selector("html[data-ready]")
        page.get_by_role("button", name="Điền tiếp").click()
        page.wait_for_selector(".steps")
        page.get_by_role("button", name="Quay lại").click()
        onwards(page)  # a draft is stored anew, photo and all, when one goes on
        page.wait_for_timeout(300)
    while page.get_by_role("button", name="Hoàn thành và gửi").count() == 0:
        onwards(page)
    module = page.evaluate("document.querySelector('script[type=module]').src").replace("app.js", "store.js")
    drafted = page.evaluate(DRAFTED.format(module))
    finish(page)
    expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_visible()
    [sent] = stored(server)
    assert sent.missing_files is None
    with server.app.app_context():
        [photo] = arrived_files().values()
    assert photo == bytes(drafted)


def test_without_a_network_it_waits_opens_again_and_two_tabs_send_it_once(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    phone.set_offline(True)
    start(page, "Mọi loại câu")
    fill_all_kinds(page)
    finish(page)
    expect(page.locator("#waiting")).to_have_text("1 phiếu chờ gửi")
    page.close()
    one, other = opened(phone, server.page), opened(phone, server.page)
    expect(one.locator("#waiting")).to_have_text("1 phiếu chờ gửi")
    posts: list[str] = []
    phone.on("request", lambda asked: posts.append(asked.url) if asked.method == "POST" else None)
    phone.set_offline(False)
    for tab in (one, other):
        tab.evaluate("window.dispatchEvent(new Event('online'))")
    expect(one.locator("#waiting")).to_have_text("Không có phiếu chờ gửi")
    expect(other.locator("#waiting")).to_have_text("Không có phiếu chờ gửi")
    assert len(posts) == 1
    assert len(stored(server)) == 1


def test_an_answer_that_was_lost_on_the_way_back_leaves_one_submission(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    lost: list[str] = []

    def lose(route: Route) -> None:
        if not lost:
            lost.append(route.fetch().text())
            route.abort()
        else:
            route.continue_()

    page.route(re.compile("/phieu/submission"), lose)
    start(page, "Mọi loại câu")
    fill_all_kinds(page)
    finish(page)
    expect(page.locator("#waiting")).to_have_text("1 phiếu chờ gửi")
    page.get_by_role("button", name="Gửi ngay").click()
    expect(page.locator("#waiting")).to_have_text("Không có phiếu chờ gửi")
    assert len(stored(server)) == 1


def test_a_draft_goes_out_under_the_version_it_was_begun_with(phone: BrowserContext, server: Server) -> None:
    page = prepared(phone, server)
    start(page, "Mọi loại câu")
    fill_all_kinds(page)
    page.get_by_role("button", name="Lưu nháp và thoát").click()
    with server.app.app_context():
        shorter = "\n".join(line for line in ALL_KINDS.splitlines() if "| dien " not in line)
        publish(shorter, version="2")
        db.session.close()
    page.get_by_role("button", name="Cập nhật").click()
    expect(page.get_by_role("button", name="Điền tiếp")).to_be_visible()
    page.get_by_role("button", name="Điền tiếp").click()
    page.wait_for_selector(".steps")
    while page.get_by_role("button", name="Hoàn thành và gửi").count() == 0:
        onwards(page)
    finish(page)
    expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_visible()
    [sent] = stored(server)
    assert etree.fromstring(sent.xml).get("version") == "1"
    assert answer(sent, "dien") == "152.5"


def test_a_code_that_was_changed_costs_the_lists_and_no_filled_form(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    phone.set_offline(True)
    start(page, "Mọi loại câu")
    fill_all_kinds(page)
    finish(page)
    expect(page.locator("#waiting")).to_have_text("1 phiếu chờ gửi")
    with server.app.app_context():
        collector = db.session.query(Collector).one()
        collectors.revoke(collector)
        again = make_collector(
            db.session.query(Commune).one(), [collector.villages[0].village], "Lương Thị Nụ"
        ).collector
        fresh = collectors.token(again)
        db.session.commit()
        db.session.close()
    phone.set_offline(False)
    page.get_by_role("button", name="Gửi ngay").click()
    expect(page.get_by_text("Mã này không còn dùng được.")).to_be_visible()
    expect(page.locator("#waiting")).to_have_text("1 phiếu chờ gửi")
    kept = "import('{0}').then((store) => store.keys('files')).then((found) => found.length)"
    module = page.evaluate("document.querySelector('script[type=module]').src").replace("app.js", "store.js")
    assert page.evaluate(kept.format(module)) == 0
    page.goto(f"{server.address}/phieu/#ma={fresh}")
    expect(page.locator("#waiting")).to_have_text("Không có phiếu chờ gửi")
    assert len(stored(server)) == 1


def test_who_cannot_scan_types_name_and_password(phone: BrowserContext, server: Server) -> None:
    with server.app.app_context():
        collector = db.session.query(Collector).one()
        username, password = collector.username, collectors.password(collector)
        db.session.close()
    page = opened(phone, f"{server.address}/phieu/")
    page.get_by_label("Tên").fill(username)
    page.get_by_label("Mật khẩu").fill("sai")
    page.get_by_role("button", name="Mở phiếu của tôi").click()
    expect(page.locator(".sign-in .wrong")).to_contain_text("Tên hoặc mật khẩu chưa đúng")
    page.get_by_label("Mật khẩu").fill(password)
    page.get_by_role("button", name="Mở phiếu của tôi").click()
    expect(page.get_by_role("button", name="Điền phiếu mới")).to_have_count(len(library.LIBRARY) + 1)
    assert page.url.endswith(f"#ma={server.code}")


def test_a_draft_is_tried_on_the_screen_and_leaves_the_collectors_page_alone(
    phone: BrowserContext, server: Server
) -> None:
    with server.app.app_context():
        written = ALL_KINDS.replace("{version}", "2").replace("moi_loai", "thu_loai").encode()
        draft = drafts.save(written, "thu.md", db.session.query(Commune).one(), "system")
        address = drafts.screen_url(draft, server.address)
        db.session.commit()
        db.session.close()
    prepared(phone, server)
    page = opened(phone, address)
    expect(page.get_by_text("Đây là bản nháp")).to_be_visible()
    start(page, "Mọi loại câu")
    fill_all_kinds(page)
    finish(page)
    expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_visible()
    assert stored(server) == []
    prepared(phone, server)


def test_the_policy_of_the_page_allows_no_script_of_elsewhere(phone: BrowserContext, server: Server) -> None:
    page = phone.new_page()
    answered = page.goto(server.page)
    assert answered is not None
    policy = answered.headers["content-security-policy"]
    assert "unsafe-inline" not in policy
    assert "'unsafe-eval'" not in policy
    assert "geolocation=(self)" in answered.headers["permissions-policy"]


def test_a_collector_walks_ten_households_offline_and_each_is_counted_once(
    phone: BrowserContext, server: Server
) -> None:
    """The page is closed in the middle of the day, and lost once while a photo is taken."""
    page = prepared(phone, server)
    phone.set_offline(True)
    for number in range(10):
        start(page, "Mọi loại câu")
        if number == 4:
            fill_all_kinds(page, photographed())
            page.reload()  # the camera took the memory
            page.wait_for_selector("html[data-ready]")
            page.get_by_role("button", name="Điền tiếp").click()
            page.wait_for_selector(".steps")
            while page.get_by_role("button", name="Hoàn thành và gửi").count() == 0:
                onwards(page)
        else:
            fill_all_kinds(page)
        finish(page)
        expect(page.locator("#waiting")).to_have_text(f"{number + 1} phiếu chờ gửi")
        if number == 6:
            page.close()
            page = opened(phone, server.page)
    phone.set_offline(False)
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.locator("#waiting")).to_have_text("Không có phiếu chờ gửi", timeout=20_000)
    sent = stored(server)
    assert len({each.instance_id for each in sent}) == len(sent) == 10
    assert all(each.missing_files is None for each in sent)


def test_a_household_that_has_left_the_list_stays_in_the_draft_that_chose_it(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    start(page, "Phiếu hộ gia đình")
    onwards(page)
    page.get_by_label("Thôn Đông").check()
    onwards(page)
    page.get_by_role("radio", name="Có trong danh sách").check()
    onwards(page)
    page.get_by_role("searchbox").fill("do thi thao so 6")
    page.locator(".found .choice").click()
    page.get_by_role("button", name="Lưu nháp và thoát").click()
    with server.app.app_context():
        gone = db.session.query(Entity).filter(Entity.label.like("Đỗ Thị Thảo, %, số 6")).one()
        gone.ended_at = gone.changed_at = clock.now()
        db.session.commit()
        db.session.close()
    page.get_by_role("button", name="Cập nhật").click()
    page.get_by_role("button", name="Điền tiếp").click()
    expect(page.locator(".chosen")).to_contain_text("Đỗ Thị Thảo")


def test_lists_of_people_go_after_14_days_without_an_update_and_filled_forms_stay(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    phone.set_offline(True)
    start(page, "Mọi loại câu")
    fill_all_kinds(page)
    finish(page)
    expect(page.locator("#waiting")).to_have_text("1 phiếu chờ gửi")
    kept = "import('{0}').then((store) => store.keys('files')).then((found) => found.length)"
    module = page.evaluate("document.querySelector('script[type=module]').src").replace("app.js", "store.js")
    for days, some in ((13, True), (15, False)):
        page.clock.set_fixed_time(dt.datetime.now(dt.UTC) + dt.timedelta(days=days))
        page.reload()
        page.wait_for_selector("html[data-ready]")
        assert (page.evaluate(kept.format(module)) > 0) is some, days
    expect(page.get_by_text("Danh sách hộ đã cũ quá 14 ngày")).to_be_visible()
    expect(page.locator("#waiting")).to_have_text("1 phiếu chờ gửi")
