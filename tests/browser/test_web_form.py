"""The form in a browser: a collector without ODK Collect walks, fills in, loses the network, and sends once."""

import io
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from lxml import etree
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from werkzeug.serving import make_server

from server import clock
from server.db import db
from server.models import Collector, Commune, Entity, Submission
from server.phones import collectors
from server.published_forms import drafts, publishing
from tests.browser.conftest import PHONE
from tests.browser.test_every_page import AXE, SERIOUS
from tests.conftest import Template, application, on_a_copy
from tests.sample import (
    arrived,
    arrived_files,
    make_collector,
    make_commune,
    make_entity,
    make_village,
    publish,
)  # fmt: skip

pytestmark = pytest.mark.browser

NAMES = ("Đỗ Thị Thảo", "Lương Văn Đức", "Nguyễn Thị Nụ", "Trần Văn Ấm", "Phạm Thị Ủy", "Vũ Đình Ước")

ALL_KINDS = """
| survey |
| | type | name | label | required | relevant | constraint | constraint_message | parameters |
| | text | ten | Họ và tên | yes |
| | integer | nguoi | Số người | | | . < 30 | Nhiều quá |
| | decimal | dien | Diện tích, m² |
| | select_one co | vneid | Có VNeID không? |
| | select_multiple viec | viec | Đã giúp gì? | | ${vneid} = 'co' |
| | begin_repeat | tre | Trẻ em |
| | text | ten_tre | Tên trẻ |
| | end_repeat |
| | image | anh | Ảnh ngôi nhà | | | | | max-pixels=640 |
| | note | cam_on | Xin cảm ơn ${ten} |
| choices |
| | list_name | name | label |
| | co | co | Có |
| | co | khong | Không |
| | viec | cai | Cài ứng dụng |
| | viec | day | Hướng dẫn |
| settings |
| | form_id | version | form_title |
| | moi_loai | {version} | Mọi loại câu |
"""


@dataclass
class Server:
    """A running server, its application, and a collector's code."""

    address: str
    app: Flask
    code: str

    @property
    def page(self) -> str:
        return f"{self.address}/phieu/#ma={self.code}"


@pytest.fixture
def server(template_database: Template, tmp_path: Path) -> Iterator[Server]:
    """A server with the library's forms, a form of every kind of question, households, and one collector."""
    with on_a_copy(template_database, tmp_path) as settings, application(settings) as app:
        publishing.publish_library()
        publish(ALL_KINDS, version="1")
        commune = make_commune()
        village = make_village(commune)
        for number in range(36):
            lane = f"Ngõ {number % 5}"
            make_entity(
                village,
                f"{NAMES[number % 6]}, {lane}, số {number}",
                data={"dia_chi": lane, "thon": village.code},
            )
        code = collectors.token(make_collector(commune, [village]).collector)
        db.session.commit()
        db.session.close()
        running = make_server("127.0.0.1", 0, app, threaded=True)
        thread = threading.Thread(target=running.serve_forever)
        thread.start()
        yield Server(f"http://127.0.0.1:{running.server_port}", app, code)
        running.shutdown()
        thread.join()
        running.server_close()


@pytest.fixture
def phone(browser: Browser, server: Server) -> Iterator[BrowserContext]:
    """A browser as large as an iPhone's; nothing may be asked of anybody else, and nothing may go wrong in a script."""
    context = browser.new_context(viewport=PHONE, locale="vi-VN")
    strayed: list[str] = []
    errors: list[str] = []
    context.on(
        "request",
        lambda asked: (
            None if asked.url.startswith((server.address, "data:", "blob:")) else strayed.append(asked.url)
        ),
    )
    context.on("weberror", lambda error: errors.append(str(error.error)))
    context.on(
        "console", lambda said: errors.append(said.text) if "Content Security Policy" in said.text else None
    )
    yield context
    context.close()
    assert strayed == []
    assert errors == []


def opened(phone: BrowserContext, address: str) -> Page:
    """A tab with the page in it, ready."""
    page = phone.new_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    return page


def prepared(phone: BrowserContext, server: Server, forms: int = 9) -> Page:
    """A tab whose forms and files have been fetched and whose worker keeps the page."""
    page = opened(phone, server.page)
    expect(page.get_by_role("button", name="Điền phiếu mới")).to_have_count(forms)
    expect(page.get_by_text("Cập nhật lúc")).to_be_visible()
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    return page


def start(page: Page, title: str) -> None:
    page.locator("ul.forms li", has_text=title).get_by_role("button", name="Điền phiếu mới").click()
    page.wait_for_selector(".question")


def asked(page: Page) -> str:
    """The question on the screen."""
    return page.locator(".question .label").first.inner_text().strip()


def onwards(page: Page) -> None:
    page.locator(".steps").get_by_role("button", name=re.compile("^(Tiếp|Xem lại)$")).click()


def fill_all_kinds(page: Page, picture: bytes | None = None) -> None:
    """Every question of ALL_KINDS answered, up to the review."""
    page.locator("input").fill("Nguyễn Văn Ấm")
    onwards(page)
    page.locator("input").fill("4")
    onwards(page)
    page.locator("input").fill("152,5")
    onwards(page)
    page.get_by_label("Có", exact=True).check()
    onwards(page)
    page.get_by_label("Hướng dẫn").check()
    onwards(page)
    page.locator("input").fill("Bé Na")
    onwards(page)
    onwards(page)  # no other child
    if picture is not None:
        page.locator("input[type=file]").set_input_files(
            {"name": "IMG.jpg", "mimeType": "image/jpeg", "buffer": picture}
        )
        expect(page.locator(".taken img")).to_be_visible()
    onwards(page)
    expect(page.get_by_text("Xin cảm ơn Nguyễn Văn Ấm")).to_be_visible()
    onwards(page)


def finish(page: Page) -> None:
    page.get_by_role("button", name="Hoàn thành và gửi").click()


def stored(server: Server) -> list[Submission]:
    with server.app.app_context():
        found = arrived()
        for each in found:
            assert each.xml
        db.session.expunge_all()
        db.session.close()
        return found


def answer(submission: Submission, name: str) -> str | None:
    """What stands in the XML that was kept."""
    found = etree.fromstring(submission.xml).find(f".//{{*}}{name}")
    return None if found is None else found.text


def photographed() -> bytes:
    """A photo of 2,000 × 1,500 pixels that says where it was taken."""
    picture, out = Image.effect_noise((2000, 1500), 60).convert("RGB"), io.BytesIO()
    exif = Image.Exif()
    exif[0x010F] = "Hãng máy"
    exif.get_ifd(0x8825)[2] = (20.0, 49.0, 30.0)
    picture.save(out, "JPEG", exif=exif)
    return out.getvalue()


def test_a_form_of_every_kind_of_question_is_filled_in_and_counted_as_it_was_typed(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    start(page, "Mọi loại câu")
    fill_all_kinds(page, photographed())
    expect(page.locator("dl.answers")).to_contain_text("Hướng dẫn")
    finish(page)
    expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_visible()
    [sent] = stored(server)
    told = {name: answer(sent, name) for name in ("ten", "nguoi", "dien", "vneid", "viec", "ten_tre")}
    assert told == {
        "ten": "Nguyễn Văn Ấm", "nguoi": "4", "dien": "152.5", "vneid": "co", "viec": "day", "ten_tre": "Bé Na",
    }  # fmt: skip
    assert sent.collector_id is not None
    assert sent.missing_files is None
    with server.app.app_context():
        [photo] = arrived_files().values()
    with Image.open(io.BytesIO(photo)) as kept:
        assert max(kept.size) == 640
        assert not kept.getexif()


def test_what_is_typed_wrong_is_told_at_its_place_and_nothing_is_lost(
    phone: BrowserContext, server: Server
) -> None:
    page = prepared(phone, server)
    start(page, "Mọi loại câu")
    onwards(page)
    expect(page.locator(".question .wrong")).to_have_text("Câu này cần trả lời.")
    page.locator("input").fill("Ấm")
    expect(page.locator(".question .wrong")).to_have_text("")
    onwards(page)
    page.locator("input").fill("ba mươi")
    onwards(page)
    assert asked(page) == "Số người"
    expect(page.locator(".question .wrong")).to_have_text("Câu trả lời chưa hợp lệ.")
    page.locator("input").fill("40")
    onwards(page)
    expect(page.locator(".question .wrong")).to_have_text("Nhiều quá")
    page.locator("input").fill("1.2")
    onwards(page)
    assert asked(page) == "Số người"
    page.locator("input").fill("12")
    onwards(page)
    assert asked(page) == "Diện tích, m²"


def test_a_household_is_found_without_marks_and_visited(phone: BrowserContext, server: Server) -> None:
    page = prepared(phone, server)
    start(page, "Phiếu hộ gia đình")
    onwards(page)
    page.get_by_label("Thôn Đông").check()
    onwards(page)
    page.get_by_role("radio", name="Có trong danh sách").check()
    onwards(page)
    page.get_by_role("searchbox").fill("do thi thao so 6")
    expect(page.locator(".found .choice")).to_have_count(1)
    page.locator(".found .choice").click()
    expect(page.locator(".chosen")).to_contain_text("Đỗ Thị Thảo")


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
    finish(page)
    expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_visible()
    [sent] = stored(server)
    assert sent.missing_files is None
    with server.app.app_context():
        assert len(arrived_files()) == 1


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
    expect(page.get_by_role("button", name="Điền phiếu mới")).to_have_count(9)
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


EVERY_TYPE = """
| survey |
| | type | name | label | hint | appearance | parameters | constraint |
| | text | dien_thoai | Số điện thoại | | | | regex(., '[0-9]{10}') |
| | text | y_kien | Ý kiến | Vài dòng | multiline |
| | date | ngay | Ngày sinh |
| | time | gio | Giờ hẹn |
| | dateTime | luc | Lúc gặp |
| | select_one muc | hai_long | Hài lòng thế nào? | | likert |
| | rank muc | thu_tu | Xếp theo thứ tự |
| | range | diem | Chấm điểm | | | start=0 end=10 step=1 |
| | acknowledge | dong_y | Đồng ý ghi phiếu |
| | geopoint | diem_do | Điểm đo |
| | geotrace | duong | Đường đi |
| | image | chu_ky | Chữ ký | | signature |
| | audio | ghi_am | Ghi âm |
| | barcode | ma | Mã vạch |
| choices |
| | list_name | name | label |
| | muc | 1 | Kém |
| | muc | 2 | Vừa |
| | muc | 3 | Tốt |
| settings |
| | form_id | version | form_title |
| | moi_kieu | 1 | Mọi kiểu trả lời |
"""


def test_each_type_of_question_is_answered_as_a_phone_would(phone: BrowserContext, server: Server) -> None:
    with server.app.app_context():
        publish(EVERY_TYPE)
        db.session.close()
    phone.grant_permissions(["geolocation"], origin=server.address)
    phone.set_geolocation({"latitude": 20.8251, "longitude": 106.5512, "accuracy": 4.5})
    page = prepared(phone, server, 10)
    start(page, "Mọi kiểu trả lời")

    def answered(*fields: str) -> None:
        for field, value in zip(fields[::2], fields[1::2], strict=True):
            page.locator(field).fill(value)
        onwards(page)

    answered("input", "abc0912345678")
    expect(page.locator(".question .wrong")).to_have_text("Câu trả lời chưa hợp lệ.")
    answered("input", "0912345678")
    answered("textarea", "Dòng một\nDòng hai")
    answered("input", "1961-05-03")
    answered("input", "19:30")
    answered("input", "2026-11-29T18:05")
    page.get_by_role("radio", name="Tốt").check()
    onwards(page)
    page.get_by_role("button", name="Xuống: Kém").click()
    onwards(page)
    page.locator("input[type=range]").fill("7")
    onwards(page)
    page.get_by_role("checkbox").check()
    onwards(page)
    page.get_by_role("button", name="Lấy vị trí").click()
    expect(page.locator(".value")).to_contain_text("20,82510; 106,55120 (±5 m)")
    onwards(page)
    page.get_by_role("button", name="Ghi một điểm").click()
    expect(page.locator(".value")).to_have_text("1 điểm")
    phone.set_geolocation({"latitude": 20.8261, "longitude": 106.5522, "accuracy": 4.0})
    page.get_by_role("button", name="Ghi một điểm").click()
    expect(page.locator(".value")).to_have_text("2 điểm")
    onwards(page)
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 80)
    page.mouse.up()
    expect(page.get_by_role("button", name="Xóa")).to_be_visible()
    onwards(page)
    page.locator("input[type=file]").set_input_files(
        {"name": "a.m4a", "mimeType": "audio/mp4", "buffer": b"\x00\x00\x00\x18ftypM4A "}
    )
    onwards(page)
    answered("input", "8934563138165")
    finish(page)
    expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_visible()
    [sent] = stored(server)
    told = {
        name: answer(sent, name)
        for name in ("dien_thoai", "y_kien", "ngay", "hai_long", "thu_tu", "diem", "dong_y", "ma")
    }
    assert told == {
        "dien_thoai": "0912345678", "y_kien": "Dòng một\nDòng hai", "ngay": "1961-05-03", "hai_long": "3",
        "thu_tu": "2 1 3", "diem": "7", "dong_y": "OK", "ma": "8934563138165",
    }  # fmt: skip
    assert (answer(sent, "gio") or "").startswith("19:30:00")
    assert (answer(sent, "luc") or "").startswith("2026-11-29T18:05:00")
    assert answer(sent, "diem_do") == "20.8251 106.5512 0.0 4.5"
    assert (answer(sent, "duong") or "").replace(
        "; ", ";"
    ) == "20.8251 106.5512 0.0 4.5;20.8261 106.5522 0.0 4.0"
    assert sent.missing_files is None


def serious(page: Page) -> list[str]:
    """What axe-core finds wrong with what is shown, names of fields for VoiceOver among it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(SERIOUS)
    return found


def test_every_screen_can_be_read_aloud_and_used_by_keyboard(phone: BrowserContext, server: Server) -> None:
    with server.app.app_context():
        publish(EVERY_TYPE.replace(" yes |", " |").replace("regex(., '[0-9]{10}')", ""))
        db.session.close()
    page = prepared(phone, server, 10)
    wrong = {"home": serious(page)}
    for title in ("Mọi loại câu", "Mọi kiểu trả lời"):
        start(page, title)
        if title == "Mọi loại câu":
            page.locator("input").fill("Ấm")
        while page.get_by_role("button", name="Hoàn thành và gửi").count() == 0:
            wrong[asked(page)] = serious(page)
            page.locator(".steps button").nth(1).focus()
            page.keyboard.press("Enter")
            page.wait_for_timeout(50)
        wrong[f"{title}: review"] = serious(page)
        page.get_by_role("button", name="Lưu nháp và thoát").click()
        page.wait_for_selector("ul.forms")
    assert {place: found for place, found in wrong.items() if found} == {}
    assert len(wrong) > 20


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
