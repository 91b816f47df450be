"""R12: an officer corrects a visit in the form it was filled in with; only what was meant comes out otherwise."""

import datetime as dt
import io
import re

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from forms.engine import engine
from server import clock
from server.db import db
from server.files.attachments import Upload
from server.intake import catch_up, receive_submission
from server.intake.submission_sender import Sender
from server.models import Collector, Commune, Entity, EntityVersion, FormFile, Submission
from server.openrosa import forms_for_phones
from server.phones import phone_access
from tests import sample
from tests.browser.conftest import DESK, Visit, opened, sign_in
from tests.browser.engines import Finger
from tests.browser.test_web_questions import serious
from tests.browser.web_collector import Server, photographed, stored
from tests.leaders import PASSWORD
from tests.people import make_person

pytestmark = pytest.mark.browser

FORM = """
| survey |
| | type | name | label | calculation | relevant | appearance |
| | end | end | | | | |
| | text | chu_ho | Chủ hộ | | | |
| | date | sinh | Ngày sinh chủ hộ | | | |
| | calculate | tuoi | | int((today() - ${sinh}) div 365.25) | | |
| | select_one ck | chu_ky | Có chữ ký số? | | ${tuoi} >= 18 | |
| | begin repeat | nguoi | Người trong hộ | | | |
| | text | ten | Họ tên | | | |
| | date | ngay | Sinh ngày | | | |
| | select_one ck | vneid | Có VNeID? | | | |
| | end repeat | | | | | |
| | calculate | so_co | | count(${nguoi}[vneid = 'co']) | | |
| | select_multiple dv | dung | Dùng gì? | | | |
| | select_one_from_file ben.csv | ben | Bến gần | | | |
| | image | anh | Ảnh cổng | | | |
| | image | anh_bep | Ảnh bếp | | | |
| | time | gio | Giờ gặp | | | |
| | decimal | dien | Diện tích | | | |
| | text | ghi_chu | Ghi chú | | | |
| | geopoint | diem | Vị trí cổng | | | |
| choices |
| | list_name | name | label |
| | ck | co | Có |
| | ck | khong | Không |
| | dv | dien | Điện |
| | dv | nuoc | Nước |
| | dv | mang | Mạng |
| settings |
| | form_id | version | form_title |
| | sua_nha | 1 | Phiếu để sửa |
"""
SENT = (
    "<?xml version='1.0' ?><data id=\"sua_nha\" version=\"1\" xmlns:orx='http://openrosa.org/xforms'>\n"
    "  <end>2026-11-20T08:30:05.120+07:00</end><chu_ho>Đỗ  Thị &quot;Nụ&quot;</chu_ho><sinh>1961-03-05</sinh>\n"
    "  <tuoi>65</tuoi><chu_ky>khong</chu_ky>"
    "<nguoi><ten>Bà &amp; cháu</ten><ngay>1961-03-05</ngay><vneid>co</vneid></nguoi><!-- ba người -->\n"
    "<nguoi><ten>Ông Tư</ten><ngay>1950-12-31</ngay><vneid>khong</vneid></nguoi>\n"
    "<nguoi><ten>Bé Na</ten><ngay>2019-06-01</ngay><vneid /></nguoi>"
    "<so_co>1</so_co><dung>mang dien</dung><ben>b9</ben><anh>cong.jpg</anh><anh_bep>bep.jpg</anh_bep>"
    "<gio>07:45:12.000+07:00</gio><dien>152.50</dien>"
    "<ghi_chu>Dòng một,  hai dấu cách\n\n- dòng ba &lt;b&gt;\tkẻ</ghi_chu><diem>20.82 106.6 0 5</diem>"
    "<orx:meta><orx:instanceID>uuid:first</orx:instanceID></orx:meta></data>"
).encode()
BEN = b"name,label\nb1,M\xe1\xbb\x99t\nb2,Hai\n"
PHOTOS = {"cong.jpg": sample.photo(b"cong"), "bep.jpg": photographed()}


def visited(server: Server) -> int:
    """A visit of every kind of answer, one of them from a list that no longer has it; and an officer."""
    with server.app.app_context():
        version = sample.publish(FORM)
        db.session.add(
            FormFile(form_version_id=version.id, name="ben.csv", content=BEN, media_type="text/csv", md5="")
        )
        collector = db.session.scalars(sa.select(Collector)).one()
        make_person("officer", "officer", db.session.scalars(sa.select(Commune)).one())
        db.session.commit()
        sender = Sender(collector.id, collector.commune_id, {})
        files = [Upload(name, io.BytesIO(content), "image/jpeg") for name, content in PHOTOS.items()]
        number = receive_submission.accept(SENT, files, sender).submission_id
        sample.arrived()
        db.session.close()
        return number


def at_list(page: Page, label: str) -> None:
    page.get_by_role("button", name="Mọi câu").click()
    page.get_by_role("button", name=label, exact=True).click()


def test_an_officer_corrects_what_was_meant_and_no_other_byte(browser: Browser, server: Server) -> None:
    """R12: repeats, days, photos, lines, a choice that its list has lost; nothing of it stays on the machine."""
    number = visited(server)
    with opened(browser, server.address, DESK) as seen:
        page = seen.page
        sign_in(seen, "officer")
        seen.open(f"/quan-tri/xa/11629/phieu/{number}")
        page.get_by_role("link", name="Sửa câu trả lời").click()
        page.wait_for_selector("html[data-ready]")
        assert serious(page) == []
        page.get_by_role("button", name="Ghi chú", exact=True).click()
        expect(page.locator("textarea")).to_have_value("Dòng một,  hai dấu cách\n\n- dòng ba <b>\tkẻ")
        page.locator("textarea").fill("Dòng một,  hai dấu cách\n\n- dòng ba & bốn")
        at_list(page, "Ngày sinh chủ hộ")
        page.locator("input[type=date]").fill("1990-07-08")
        at_list(page, "Ảnh bếp")
        expect(page.locator(".taken img")).to_be_visible()
        page.locator("input[type=file]").set_input_files(
            {"name": "moi.jpg", "mimeType": "image/jpeg", "buffer": photographed()}
        )
        expect(page.locator(".taken img[src^=blob]")).to_be_visible()
        at_list(page, "Vị trí cổng")
        expect(page.get_by_text("vị trí đo tại chỗ")).to_be_visible()
        page.get_by_role("button", name="Mọi câu").click()
        expect(page.locator(".answers .tag")).to_have_count(3)
        page.get_by_role("button", name="Lưu bản sửa").click()
        expect(page.get_by_text("Hãy ghi vì sao sửa")).to_be_visible()
        page.get_by_label("Vì sao sửa").fill("Đã gọi lại hộ")
        page.get_by_role("button", name="Lưu bản sửa").click()
        expect(page.get_by_text("Đã lưu bản sửa và duyệt")).to_be_visible()
        kept = page.evaluate(
            "async () => [(await indexedDB.databases()).length, (await caches.keys()).length]"
        )
        assert kept == [0, 0]
        seen.errors[:] = [
            each for each in seen.errors if "422" not in each
        ]  # the browser tells of the refusal above
    new = stored(server)[-1]
    photo = re.search(rb"<anh_bep>(sua-[0-9a-f]+\.jpg)</anh_bep>", new.xml)
    fresh = re.search(rb"<orx:instanceID>(uuid:[^<]+)</orx:instanceID>", new.xml)
    assert photo
    assert fresh
    want = SENT
    for old, now in (
        (b"<sinh>1961-03-05", b"<sinh>1990-07-08"),
        (b"<tuoi>65", b"<tuoi>36"),
        (b"<anh_bep>bep.jpg", b"<anh_bep>" + photo[1]),
        ("dòng ba &lt;b&gt;\tkẻ".encode(), "dòng ba &amp; bốn".encode()),
        (b"<orx:instanceID>uuid:first</orx:instanceID>",
         b"<orx:deprecatedID>uuid:first</orx:deprecatedID><orx:instanceID>" + fresh[1] + b"</orx:instanceID>"),
    ):  # fmt: skip
        assert want.count(old) == 1
        want = want.replace(old, now)
    assert new.xml == want
    assert new.missing_files is None


def enter(finger: Finger, server: Server, path: str) -> None:
    """The officer signs in, and opens a page."""
    finger.driver.get(f"{server.address}/")
    finger.write("officer", "#username")
    finger.write(PASSWORD, "#password")
    finger.touch("//main//button[@type='submit']")
    finger.wait(
        lambda driver: "/dang-nhap" not in driver.current_url and driver.find_elements("css selector", "main")
    )
    finger.driver.get(f"{server.address}{path}")
    finger.is_ready()


def save(finger: Finger) -> None:
    finger.press("Mọi câu")
    finger.write("Đã gọi lại hộ", "#reason")
    finger.press("Lưu bản sửa")
    finger.reads("Đã lưu bản sửa và duyệt")


def test_a_visit_whose_household_has_left_the_list_is_corrected_and_stays_that_households(
    finger: Finger, server: Server
) -> None:
    """R12: moved to another thôn, renamed and gone since; the visit names it, and its time and its state stay."""
    number, sent, observed = met_and_gone(server)
    enter(finger, server, f"/quan-tri/xa/11629/phieu/{number}/sua")
    finger.reads("Đỗ Thị Thảo")
    finger.touch("//button[normalize-space()='Chọn hộ']")
    finger.reads("chọn từ danh sách của máy chủ")
    assert finger.count(".question input") == 0
    finger.press("Mọi câu")
    finger.touch("//button[contains(., 'có chữ ký số hoặc chữ ký điện tử cá nhân')]")
    finger.write("2")
    assert finger.run("async () => document.documentElement.scrollWidth <= innerWidth")
    save(finger)
    new = stored(server)[-1]
    want = sent
    for name in ("chu_ky_so_18", "chu_ky_so_ca_nhan_18_done"):
        assert want.count(f"<{name}>1</{name}>".encode()) == 1
        want = want.replace(f"<{name}>1</{name}>".encode(), f"<{name}>2</{name}>".encode())
    assert (
        re.split(rb"<(?:\w+:)?instanceID>", without_old_id(new.xml))[0]
        == re.split(rb"<(?:\w+:)?instanceID>", want)[0]
    )
    assert new.observed_at == observed


def test_a_photo_and_a_choice_that_nobody_touched_stay_with_their_time(
    finger: Finger, server: Server
) -> None:
    """R12: the photo is not sent again, the list has lost the choice, and the day is that of the visit."""
    number = visited(server)
    enter(finger, server, f"/quan-tri/xa/11629/phieu/{number}/sua")
    finger.press("Ghi chú")
    finger.write("Một dòng", "textarea")
    save(finger)
    old, new = stored(server)[0], stored(server)[-1]
    assert new.id != old.id
    for kept in (
        b"<ben>b9</ben>",
        b"<anh>cong.jpg</anh>",
        b"<anh_bep>bep.jpg</anh_bep>",
        b"<dung>mang dien</dung>",
    ):
        assert kept in new.xml
    assert "<ghi_chu>Một dòng</ghi_chu>".encode() in new.xml
    assert (new.observed_at, new.missing_files) == (old.observed_at, None)


def test_a_correction_outlives_the_session_in_which_it_was_begun(browser: Browser, server: Server) -> None:
    number = visited(server)
    with opened(browser, server.address, DESK) as seen:
        page = seen.page
        sign_in(seen, "officer")
        seen.open(f"/quan-tri/xa/11629/phieu/{number}/sua")
        page.get_by_role("button", name="Chủ hộ", exact=True).click()
        page.locator("input").fill("Đỗ Thị Nụ")
        page.get_by_role("button", name="Mọi câu").click()
        page.get_by_label("Vì sao sửa").fill("Đã gọi lại hộ")
        page.context.clear_cookies()
        page.get_by_role("button", name="Lưu bản sửa").click()
        expect(page.get_by_text("Phiên làm việc đã hết")).to_be_visible()
        tab = Visit(page.context.new_page(), server.address)
        sign_in(tab, "officer")
        page.get_by_role("button", name="Lưu bản sửa").click()
        expect(page.get_by_text("Đã lưu bản sửa và duyệt")).to_be_visible()
        seen.errors[:] = []  # the browser tells of the refusals while nobody was signed in
    assert b"<chu_ho>\xc4\x90\xe1\xbb\x97 Th\xe1\xbb\x8b N\xe1\xbb\xa5</chu_ho>" in stored(server)[-1].xml


def test_a_visit_that_the_browser_cannot_open_leads_to_the_page_with_fields(
    browser: Browser, server: Server
) -> None:
    """A function that only fails with what was answered: publication could not know."""
    number = visited(server)
    with opened(browser, server.address, DESK) as seen:
        page = seen.page
        sign_in(seen, "officer")
        page.route(
            "**/sua/phieu",
            lambda route: route.fulfill(
                response=(got := route.fetch()), body=got.text().replace("div 365.25", "div khong-co(1)")
            ),
        )
        seen.open(f"/quan-tri/xa/11629/phieu/{number}/sua")
        expect(page.get_by_text("Không mở được phiếu này trên web")).to_be_visible()
        page.get_by_role("link", name="Sửa từng câu không qua biểu mẫu").click()
        expect(page.get_by_label("Ghi chú")).to_be_visible()
    assert len(stored(server)) == 1


def without_old_id(xml: bytes) -> bytes:
    return re.sub(rb"<((?:\w+:)?deprecatedID)>[^<]*</\1>", b"", xml)


def met_and_gone(server: Server) -> tuple[int, bytes, dt.datetime]:
    """A visit to a household that has moved away and left the list since; its number, bytes and time."""
    with server.app.app_context():
        home = db.session.scalars(sa.select(Entity).where(Entity.label.like("Đỗ Thị Thảo, %, số 6"))).one()
        first = {"entity_id": home.id, "version": 1, "label": home.label, "data": home.data}
        db.session.add(EntityVersion(**first, created_at=home.created_at))
        db.session.commit()
        caller = phone_access.by_token(server.code)
        connection = db.session.connection()
        newest = next(e for e in forms_for_phones.listed(connection, caller) if e.form_id == "ho_gia_dinh")
        version = forms_for_phones.version(caller, "ho_gia_dinh", newest.version)
        media = {
            name: forms_for_phones.file(connection, caller, version, name).body
            for name in version.definition.media
        }
        xform = forms_for_phones.xform(connection, caller, "ho_gia_dinh", newest.version).body
        filling = engine.open_form(xform, media).start(clock.now())
        answers = {
            "thon": "11629001",
            "tim_ho": "co_san",
            "ho": str(home.id),
            "ket_qua": "gap",
            "nguoi_18": "3",
            "chu_ky_so_18": "1",
        }
        for question, text in answers.items():
            filling.answer(question, text)
        collector = db.session.scalars(sa.select(Collector)).one()
        make_person("officer", "officer", db.session.scalars(sa.select(Commune)).one())
        other = sample.make_village(collector.commune, "11629002", "Thôn Tây")
        sender = Sender(collector.id, collector.commune_id, {"11629001": home.village_id})
        number = receive_submission.accept(filling.submission(), [], sender).submission_id
        catch_up.caught_up()
        key, elsewhere = home.id, other.id
        db.session.rollback()  # one who has read may not write after others
        gone = {
            "village_id": elsewhere,
            "label": "Người khác",
            "ended_at": clock.now(),
            "changed_at": clock.now(),
        }
        db.session.execute(
            sa.update(Entity).where(Entity.id == key).values(**gone, data={"thon": "11629002"})
        )
        db.session.commit()
        row = db.session.get_one(Submission, number)
        told = number, row.xml, row.observed_at
        db.session.close()
        return told
