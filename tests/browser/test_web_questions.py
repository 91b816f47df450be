"""Questions of every type in the browser: asked, answered, told wrong, read aloud; what is sent is what was typed."""

import io

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, expect

from server.db import db
from tests.browser.test_every_page import AXE, SERIOUS
from tests.browser.web_collector import (
    PHONE,
    Server,
    answer,
    asked,
    fill_all_kinds,
    finish,
    onwards,
    photographed,
    prepared,
    start,
    stored,
)
from tests.sample import (
    arrived_files,
    publish,
)  # fmt: skip

pytestmark = pytest.mark.browser


EVERY_TYPE = """
| survey |
| | type | name | label | hint | appearance | parameters | constraint |
| | text | dien_thoai | Số điện thoại | | | | regex(., '[0-9]{10}') |
| | text | y_kien | Ý kiến | Vài dòng | multiline |
| | date | ngay | Ngày sinh |
| | date | thang | Tháng đến ở | | month-year |
| | date | nam | Năm xây nhà | | year |
| | time | gio | Giờ hẹn |
| | dateTime | luc | Lúc gặp |
| | select_one muc | cac_muc | Các mức | | label |
| | select_one muc | hai_long | Hài lòng thế nào? | | likert |
| | rank muc | thu_tu | Xếp theo thứ tự |
| | range | diem | Chấm điểm | | | start=0 end=10 step=1 |
| | acknowledge | dong_y | Đồng ý ghi phiếu |
| | geopoint | diem_do | Điểm đo |
| | geotrace | duong | Đường đi |
| | geoshape | vung | Vùng ruộng |
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


MORE_TYPES = """
| survey |
| | type | name | label | appearance | parameters |
| | select_one nhieu | mot | Một trong nhiều | | |
| | select_multiple nhieu | vai | Vài trong nhiều | | |
| | select_multiple it | cot | Vài, hai cột | columns-2 | |
| | select_one it | hang | Trong bảng | list | |
| | range | le | Thang lẻ | | start=0 end=1 step=0.1 |
| | video | phim | Quay phim | | |
| | file | tep | Gửi tệp | | |
| | image | ve | Vẽ sơ đồ | draw | |
| | image | chup | Chụp ngay | new | |
| | geoshape | vung | Khoanh vùng | | |
| choices |
| | list_name | name | label |
| | it | a | Một |
| | it | b | Hai |
| | it | c | Ba |
{MANY}
| settings |
| | form_id | version | form_title |
| | moi_kieu_nua | 1 | Các kiểu còn lại |
""".replace("{MANY}", "\n".join(f"| | nhieu | n{number} | Mục {number} |" for number in range(12)))
ONE_NUMBER = """
| survey |
| | type | name | label |
| | decimal | dien | Diện tích |
| settings |
| | form_id | version | form_title |
| | mot_so | 1 | Một số |
"""


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


def test_each_type_of_question_is_answered_as_a_phone_would(phone: BrowserContext, server: Server) -> None:
    with server.app.app_context():
        publish(EVERY_TYPE)
        db.session.close()
    phone.grant_permissions(["geolocation"], origin=server.address)
    phone.set_geolocation({"latitude": 20.8251, "longitude": 106.5512, "accuracy": 4.5})
    phone.add_init_script("window.BarcodeDetector ??= class {}")  # Chromium has one on phones alone
    page = prepared(phone, server, 2)
    start(page, "Mọi kiểu trả lời")
    type_texts_and_times(page)
    choose_and_order(page)
    take_the_place_twice(phone, page)
    walk_a_line(phone, page)
    draw_an_area(page)
    onwards(page)
    sign(page)
    page.locator("input[type=file]").set_input_files(
        {"name": "a.m4a", "mimeType": "audio/mp4", "buffer": b"\x00\x00\x00\x18ftypM4A "}
    )
    onwards(page)
    page.get_by_role("button", name="Quét mã vạch").click()
    expect(page.get_by_text("Không mở được máy ảnh")).to_be_visible()  # this machine has none
    type_into(page, "input", "8934563138165")
    look_over_what_was_answered(page)
    finish(page)
    expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_in_viewport()
    [sent] = stored(server)
    assert {name: answer(sent, name) for name in TYPED_AND_CHOSEN} == TYPED_AND_CHOSEN
    assert (answer(sent, "gio") or "").startswith("19:30:00")
    assert (answer(sent, "luc") or "").startswith("2026-11-29T18:05:00")
    assert answer(sent, "diem_do") == "20.8251 106.5512 0.0 4.5"
    line = (answer(sent, "duong") or "").replace("; ", ";")
    assert line == "20.8251 106.5512 0.0 4.5;20.8261 106.5522 0.0 4.0"
    assert_is_a_triangle_near((20.8261, 106.5522), answer(sent, "vung") or "")
    assert sent.missing_files is None


TYPED_AND_CHOSEN = {
    "dien_thoai": "0912345678", "y_kien": "Dòng một\nDòng hai", "ngay": "1961-05-03",
    "thang": "2019-05-01", "nam": "1998-01-01", "cac_muc": None, "hai_long": "3",
    "thu_tu": "2 1 3", "diem": "7", "dong_y": "OK", "ma": "8934563138165",
}  # fmt: skip


def type_into(page: Page, field: str, value: str) -> None:
    page.locator(field).fill(value)
    onwards(page)


def type_texts_and_times(page: Page) -> None:
    """Each once, and what no phone takes before it."""
    type_into(page, "input", "abc0912345678")
    expect(page.locator(".question .wrong")).to_have_text("Câu trả lời chưa hợp lệ.")
    type_into(page, "input", "0912345678")
    type_into(page, "textarea", "Dòng một\nDòng hai")
    type_into(page, "input", "1961-05-03")
    type_into(page, "input", "2019-05")
    type_into(page, "input", "98")
    expect(page.locator(".question .wrong")).to_have_text("Câu trả lời chưa hợp lệ.")
    type_into(page, "input", "1998")
    type_into(page, "input", "19:30")
    type_into(page, "input", "2026-11-29T18:05")


def choose_and_order(page: Page) -> None:
    expect(page.get_by_role("radio")).to_have_count(0)  # the heading of a table
    onwards(page)
    page.get_by_role("radio", name="Tốt").check()
    onwards(page)
    page.get_by_role("button", name="Xuống: Kém").click()
    onwards(page)
    page.locator("input[type=range]").fill("7")
    onwards(page)
    page.get_by_role("checkbox").check()
    onwards(page)


def take_the_place_twice(phone: BrowserContext, page: Page) -> None:
    """What was removed is not looked for any more; the place of later is taken."""
    phone.set_geolocation({"latitude": 20.9, "longitude": 106.9, "accuracy": 40.0})
    locate = page.get_by_role("button", name="Lấy vị trí", exact=True)
    for _ in range(2):
        locate.click()
    page.get_by_role("button", name="Lấy vị trí này").click()
    page.get_by_role("button", name="Xóa").click()
    phone.set_geolocation({"latitude": 20.8251, "longitude": 106.5512, "accuracy": 4.5})
    page.evaluate("new Promise((done) => navigator.geolocation.getCurrentPosition(() => done()))")
    expect(page.locator(".value")).to_have_text("")  # nobody looks any more
    locate.click()
    expect(page.locator(".value")).to_contain_text("20,82510; 106,55120 (±5 m)")
    onwards(page)


def walk_a_line(phone: BrowserContext, page: Page) -> None:
    page.get_by_role("button", name="Ghi một điểm").click()
    expect(page.locator(".value")).to_have_text("1 điểm")
    phone.set_geolocation({"latitude": 20.8261, "longitude": 106.5522, "accuracy": 4.0})
    page.get_by_role("button", name="Ghi một điểm").click()
    expect(page.locator(".value")).to_have_text("2 điểm")
    onwards(page)


def sign(page: Page) -> None:
    box = page.locator("canvas").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 30, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 120, box["y"] + 80)
    page.mouse.up()
    expect(page.get_by_role("button", name="Xóa")).to_be_visible()
    onwards(page)


def look_over_what_was_answered(page: Page) -> None:
    told = page.locator("dl.answers").inner_text()
    for words in (
        "03/05/1961",
        "05/2019",
        "19:30",
        "29/11/2026 18:05",
        "20,82510; 106,55120 (±5 m)",
        "2 điểm",
        "Đã có tệp",
    ):
        assert words in told
    assert ".m4a" not in told
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")


def assert_is_a_triangle_near(middle: tuple[float, float], drawn: str) -> None:
    corners = [each.split() for each in drawn.split(";")]
    assert len(corners) == 4
    assert corners[0] == corners[-1]
    assert len({tuple(each) for each in corners}) == 3
    for latitude, longitude, *rest in corners:
        assert float(latitude) == pytest.approx(middle[0], abs=0.001)
        assert float(longitude) == pytest.approx(middle[1], abs=0.001)
        assert rest == ["0.0", "0.0"]


def draw_an_area(page: Page) -> None:
    """Without a network or a tile: touched, by keys, the last taken back, all removed, drawn anew."""
    drawing = page.locator(".map svg")
    expect(page.locator(".map .here")).to_be_visible()
    for place in ((60, 60), (200, 80)):
        drawing.click(position={"x": place[0], "y": place[1]})
    page.get_by_role("button", name="Đặt điểm ở giữa").click()
    expect(page.locator(".value")).to_have_text("3 điểm")
    page.get_by_role("button", name="Bỏ điểm cuối").click()
    expect(page.locator(".value")).to_have_text("2 điểm")
    page.once("dialog", lambda asked: asked.accept())
    page.get_by_role("button", name="Xóa hết").click()
    expect(page.locator(".value")).to_have_text("0 điểm")
    drawing.focus()
    for key in (
        "ArrowLeft",
        "Enter",
        "ArrowUp",
        "Enter",
        "ArrowRight",
        "Enter",
        "+",
        "-",
        "Enter",
        "Backspace",
    ):
        page.keyboard.press(key)
    expect(page.locator(".value")).to_have_text("3 điểm")
    expect(page.locator(".map polygon.shape")).to_be_visible()


TOO_SMALL = """[...document.querySelectorAll("button, a, label.choice, input:not(label input)")]
  .filter((each) => each.offsetParent && each.type !== "range" && each.getBoundingClientRect().height < 44)
  .map((each) => each.textContent || each.type)"""


def serious(page: Page) -> list[str]:
    """What axe-core finds wrong with what is shown, names of fields for VoiceOver among it."""
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = page.evaluate(SERIOUS)
    return found


def test_every_screen_can_be_read_aloud_and_used_by_keyboard(phone: BrowserContext, server: Server) -> None:
    with server.app.app_context():
        publish(EVERY_TYPE.replace(" yes |", " |").replace("regex(., '[0-9]{10}')", ""))
        publish(MORE_TYPES)
        publish(ONE_NUMBER)
        db.session.close()
    phone.grant_permissions(["geolocation"], origin=server.address)
    phone.set_geolocation({"latitude": 20.8251, "longitude": 106.5512, "accuracy": 4.5})
    page = prepared(phone, server, 4)
    wrong = {"home": serious(page) + too_wide(page) + too_small(page)}
    phone.set_offline(True)
    start(page, "Một số")
    page.locator("input").fill("152,5")
    onwards(page)
    expect(page.locator("dl.answers")).to_contain_text("152,5")
    finish(page)
    for language in ("English", "Tiếng Việt"):  # with a form that waits and one that is begun
        page.get_by_role("button", name=language).click()
        wrong[f"home, {language}"] = serious(page) + too_wide(page)
    for title in ("Mọi loại câu", "Mọi kiểu trả lời", "Các kiểu còn lại"):
        start(page, title)
        if title == "Mọi loại câu":
            page.locator("input").fill("Ấm")
        while page.get_by_role("button", name="Hoàn thành và gửi").count() == 0:
            wrong[asked(page)] = serious(page) + too_wide(page) + too_small(page)
            page.locator(".steps button").nth(1).focus()
            page.keyboard.press("Enter")
            page.wait_for_timeout(50)
        wrong[f"{title}: review"] = serious(page) + too_small(page)
        page.get_by_role("button", name="Lưu nháp và thoát").click()
        page.wait_for_selector("ul.forms")
    wrong["home, with forms that are begun"] = serious(page) + too_wide(page)
    assert {place: found for place, found in wrong.items() if found} == {}
    assert len(wrong) > 30


def too_wide(page: Page) -> list[str]:
    """Whether one has to move sideways to see it all."""
    return ["wide"] if page.evaluate("document.documentElement.scrollWidth > innerWidth") else []


def too_small(page: Page) -> list[str]:
    """What a thumb would miss: less than 44 pixels high."""
    found: list[str] = page.evaluate(TOO_SMALL)
    return found


@pytest.mark.parametrize("locale", ["vi-VN", "en-US"])
def test_a_number_is_read_alike_in_every_browser(browser: Browser, server: Server, locale: str) -> None:
    with server.app.app_context():
        publish(ONE_NUMBER)
        db.session.close()
    context = browser.new_context(viewport=PHONE, locale=locale)
    page = prepared(context, server, 2)
    for typed in ("152,5", "152.5"):
        start(page, "Một số")
        page.locator("input").fill(typed)
        onwards(page)
        finish(page)
        expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_visible()
    context.close()
    assert [answer(sent, "dien") for sent in stored(server)] == ["152.5", "152.5"]


def test_a_photo_that_a_draft_had_is_taken_away_again(phone: BrowserContext, server: Server) -> None:
    page = prepared(phone, server)
    start(page, "Mọi loại câu")
    fill_all_kinds(page, photographed())
    page.get_by_role("button", name="Lưu nháp và thoát").click()
    page.wait_for_selector("ul.forms")
    page.reload()
    page.wait_for_selector("html[data-ready]")
    page.get_by_role("button", name="Điền tiếp").click()
    page.wait_for_selector(".steps")
    while page.locator(".taken").count() == 0:
        page.get_by_role("button", name="Quay lại").click()
    expect(page.locator(".taken img")).to_be_visible()
    page.get_by_role("button", name="Xóa").click()
    expect(page.locator(".taken img")).to_have_count(0)
    while page.get_by_role("button", name="Hoàn thành và gửi").count() == 0:
        onwards(page)
    finish(page)
    expect(page.get_by_text("Đã gửi 1 phiếu.")).to_be_visible()
    [sent] = stored(server)
    assert (answer(sent, "anh"), sent.missing_files) == (None, None)
