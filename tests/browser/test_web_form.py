"""The form in a browser: a collector without ODK Collect walks, loses the network, and sends once."""

import datetime as dt

import pytest
from playwright.sync_api import BrowserContext, expect

from forms import library
from server import clock
from server.db import db
from server.files import photo_metadata
from server.models import Collector, Commune, Entity
from server.phones import collectors
from server.published_forms import form_drafts
from tests.browser.web_collector import (
    ALL_KINDS,
    Server,
    answer,
    fill_all_kinds,
    finish,
    onwards,
    opened,
    prepared,
    start,
    stored,
)
from tests.sample import arrived_files, publish
from tests.server.files.test_stills_and_sounds import heic

pytestmark = pytest.mark.browser

ONE_PHOTO = """
| survey |
| | type | name | label |
| | image | anh | Ảnh |
| settings |
| | form_id | version | form_title |
| | mot_anh | 1 | Một ảnh |
"""


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


def test_who_cannot_scan_types_name_and_password(phone: BrowserContext, server: Server) -> None:
    with server.app.app_context():
        collector = db.session.query(Collector).one()
        username, password = collector.username, collectors.password(collector)
        db.session.close()
    page = opened(phone, f"{server.address}/phieu/#ma=rach")
    expect(page.get_by_text("Mã trong địa chỉ không đúng")).to_be_visible()
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
        draft = form_drafts.save(written, "thu.md", db.session.query(Commune).one(), "system")
        address = form_drafts.screen_url(draft, server.address)
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


def test_lists_of_people_go_after_14_days_without_an_update_and_filled_forms_and_drafts_stay(
    phone: BrowserContext, server: Server
) -> None:
    """Without a network a clock that is ahead looks like fourteen days: a draft can be gone on with all the same."""
    page = prepared(phone, server)
    phone.set_offline(True)
    start(page, "Mọi loại câu")
    fill_all_kinds(page)
    finish(page)
    expect(page.locator("#waiting")).to_have_text("1 phiếu chờ gửi")
    start(page, "Phiếu phúc tra")
    page.get_by_role("button", name="Lưu nháp và thoát").click()
    expect(page.get_by_text("Đã lưu trong máy")).to_be_visible()
    kept = "import('{0}').then((store) => store.keys('files')).then((found) => found.length)"
    module = page.evaluate("document.querySelector('script[type=module]').src").replace("app.js", "store.js")
    page.clock.set_fixed_time(dt.datetime.now(dt.UTC) + dt.timedelta(days=13))
    page.reload()
    page.wait_for_selector("html[data-ready]")
    assert page.evaluate(kept.format(module)) > 0
    page.clock.set_fixed_time(dt.datetime.now(dt.UTC) + dt.timedelta(days=15))
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")  # looked at again, not loaded anew
    expect(page.get_by_text("Danh sách hộ đã cũ quá 14 ngày")).to_be_visible()
    assert page.evaluate(kept.format(module)) == 2  # what the draft was begun with
    expect(page.locator("#waiting")).to_have_text("1 phiếu chờ gửi")
    page.get_by_role("button", name="Điền tiếp").click()
    expect(page.locator(".question")).to_have_count(1)
    page.get_by_role("button", name="Lưu nháp và thoát").click()
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Xóa nháp").click()
    page.reload()
    expect(page.get_by_text("Danh sách hộ đã cũ quá 14 ngày")).to_be_visible()
    assert page.evaluate(kept.format(module)) == 0


def test_a_photo_of_a_gallery_that_the_browser_cannot_show_is_sent_as_it_is(
    phone: BrowserContext, server: Server
) -> None:
    """A HEIC; what is no photo is told at once."""
    with server.app.app_context():
        publish(ONE_PHOTO)
        db.session.close()
    page = prepared(phone, server, 2)
    start(page, "Một ảnh")
    file = {"name": "IMG_1.HEIC", "mimeType": "image/heic"}
    page.locator("input[type=file]").set_input_files({**file, "buffer": b"no photo at all"})
    expect(page.get_by_text("Không đọc được ảnh này")).to_be_visible()
    page.locator("input[type=file]").set_input_files({**file, "buffer": heic()})
    expect(page.get_by_text("trình duyệt này không hiện được")).to_be_visible()
    expect(page.get_by_text("Không đọc được ảnh này")).to_have_count(0)
    onwards(page)
    finish(page)
    expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_visible()
    [sent] = stored(server)
    with server.app.app_context():
        [kept] = arrived_files().values()
    assert (answer(sent, "anh") or "").lower().endswith(".heic")
    assert sent.missing_files is None
    assert kept == photo_metadata.bare(heic()).content
