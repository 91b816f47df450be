"""A form's life on pages: uploaded, tried, compared, published, given to communes, retired; and who may do it."""

import datetime as dt
import io
import re
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from forms import library
from forms.check import odk_validate
from forms.rename_indicator import renamed
from forms.sheets import read
from server import clock
from server.db import db
from server.models import (
    Audit,
    BinnedRecord,
    Commune,
    Device,
    DraftFile,
    Form,
    FormDraft,
    FormFile,
    FormVersion,
    Indicator,
)
from server.phones import collectors
from server.privacy import bring_back, deleted_bin
from tests import sample
from tests.people import Browser, browser, make_commune, make_person

BIN = "/quan-tri/thung-rac"
SURVEY = """
| survey | | | | |
| | type | name | label | calculation |
| | text | ho_ten | Họ và tên? | |
| | select_one ck | wifi | Có Wi-Fi? | |
| | begin group | chi_tieu | Chỉ tiêu | |
| | calculate | nha_wifi_done | | {done} |
| | calculate | nha_wifi_of | | if(${{wifi}} = '', '', 1) |
| | note | ket_luan | Đã ghi nhận | |
| | end group | | | |

| choices | | | |
| | list_name | name | label |
| | ck | co | Có |
| | ck | khong | Không |

| settings | | | |
| | form_title | form_id | version |
| | Phiếu thử | {form_id} | {version} |
"""
DECLARED = """
| chi_tieu | | | | | |
| | indicator | label::Tiếng Việt | label::English | unit | kind |
| | nha_wifi | Nhà có Wi-Fi | Homes with Wi-Fi | place | state |
"""
DONE = "if(${wifi} = '', '', if(${wifi} = 'co', 1, 0))"
OTHER = "if(${wifi} = '', '', if(${wifi} = 'khong', 1, 0))"
LIST = "/quan-tri/bieu-mau"
PNG = b"\x89PNG\r\n\x1a\n and the rest"


def workbook(version="1", form_id="phieu_thu", done=DONE, declared=DECLARED, more="") -> bytes:
    return (SURVEY.format(version=version, form_id=form_id, done=done) + declared + more).encode()


def upload(who: Browser, content: bytes, name: str = "phieu.md"):
    data = {"csrf_token": who.csrf_token(LIST), "bieu_mau": (io.BytesIO(content), name)}
    return who.post(LIST, data=data)


def draft_of(who: Browser, content: bytes, name: str = "phieu.md") -> str:
    response = upload(who, content, name)
    assert response.status_code == 302, response.text
    return response.location.partition("?")[0]


def terms(who: Browser, page: str, **more) -> dict:
    """What an officer who leaves all guesses as they are sends."""
    text = who.get(page).text
    guessed = re.findall(r'<select name="(loai:[^"]+)".*?<option value="(\w+)" selected', text, re.DOTALL)
    return {
        "csrf_token": who.csrf_token(page),
        "muc_dich": "Để thử",
        "can_cu": "Điều 19.1.c",
        "luu_thang": "24",
        "xac_nhan": "1",
        **dict(guessed),
        **more,
    }


def publish(who: Browser, content: bytes, **more):
    page = f"{draft_of(who, content)}/phat-hanh"
    return who.post(page, data=terms(who, page, **more))


@pytest.fixture
def officer(app: Flask) -> Browser:
    make_person("can_bo", "officer", make_commune(thon=2))
    who = browser(app)
    who.sign_in("can_bo")
    return who


@pytest.fixture
def city(app: Flask) -> Browser:
    make_person("thanh_pho", "city")
    who = browser(app)
    who.sign_in("thanh_pho")
    return who


def found(statement) -> list:
    """Rows as they are now: the browser's requests have transactions of their own."""
    db.session.rollback()
    return list(db.session.scalars(statement))


def count(table) -> int:
    return len(found(sa.select(table)))


def test_what_could_not_be_tried_is_not_called_right(officer: Browser) -> None:
    """R9: trying blank answers has a bound of time; a page does not say that it went well where it did not run."""
    page = draft_of(officer, workbook())
    assert "không ghi nhận chỉ tiêu nào: đạt" in officer.get(page).text
    draft = db.session.scalars(sa.select(FormDraft)).one()
    draft.checks = [code for code in draft.checks if code != "blank"]
    db.session.commit()
    told = officer.get(page).text
    assert "không ghi nhận chỉ tiêu nào: đạt" not in told
    assert "Chưa chạy: chỉ tiêu khi để trống" in told


def test_a_broken_workbook_comes_back_with_place_content_and_advice(officer: Browser) -> None:
    broken = workbook().replace(b"select_one ck", b"select_one cks")
    response = upload(officer, broken)
    assert response.status_code == 422
    assert "trang survey, dòng 3, cột type" in response.text
    assert ">A3<" in response.text
    assert "<code>cks</code>" in response.text
    assert "Có phải “ck”?" in response.text
    assert count(FormVersion) == 0


def test_no_file_is_told_not_broken(officer: Browser) -> None:
    data = {"csrf_token": officer.csrf_token(LIST)}
    assert officer.post(LIST, data=data).status_code == 422


def test_a_form_is_published_with_purpose_and_confirmed_classes(officer: Browser) -> None:
    response = publish(officer, workbook(), **{"loai:wifi": "personal"})
    assert response.status_code == 302, response.text
    form = found(sa.select(Form))[0]
    assert (form.purpose, form.legal_basis, form.retention_months) == ("Để thử", "Điều 19.1.c", 24)
    assert form.commune_id is not None
    fields = {each["path"]: each["sensitivity"] for each in form.versions[0].definition["fields"]}
    assert fields["ho_ten"] == "personal"  # guessed from its words
    assert fields["wifi"] == "personal"  # as confirmed
    acts = set(found(sa.select(Audit.act)))
    assert {"form.upload", "form.publish"} <= acts
    assert "Đã phát hành" in officer.get(response.location).text


def test_publication_asks_for_what_is_missing(officer: Browser) -> None:
    page = f"{draft_of(officer, workbook())}/phat-hanh"
    answers = terms(officer, page, muc_dich="", can_cu=" ", luu_thang="hai")
    del answers["xac_nhan"]
    response = officer.post(page, data=answers)
    assert response.status_code == 422
    for sentence in (
        "Hãy ghi hỏi để làm gì",
        "Hãy ghi căn cứ",
        "Hãy ghi số tháng",
        "đánh dấu vào ô xác nhận",
    ):
        assert sentence in response.text
    assert count(FormVersion) == 0


def test_an_indicator_without_a_name_gets_one_at_publication(officer: Browser) -> None:
    """R10: shown on the map without code."""
    content = workbook(declared="")
    page = f"{draft_of(officer, content)}/phat-hanh"
    assert officer.post(page, data=terms(officer, page)).status_code == 422
    named = {"ten:nha_wifi": "Nhà có Wi-Fi", "don_vi:nha_wifi": "place", "kieu:nha_wifi": "state"}
    assert officer.post(page, data=terms(officer, page, **named)).status_code == 302
    indicator = found(sa.select(Indicator).where(Indicator.code == "nha_wifi"))[0]
    assert (indicator.label_vi, indicator.unit, indicator.kind) == ("Nhà có Wi-Fi", "place", "state")


def test_an_indicator_that_no_target_names_is_pointed_out(officer: Browser) -> None:
    assert "Chưa kế hoạch nào đặt mục tiêu" in officer.get(draft_of(officer, workbook())).text


def test_the_next_upload_replaces_the_draft_and_keeps_its_link(officer: Browser) -> None:
    first = draft_of(officer, workbook())
    link = re.search(r"/thu/\w{64}", officer.get(first).text)[0]
    second = draft_of(officer, workbook(version="2"))
    assert second == first
    assert re.search(r"/thu/\w{64}", officer.get(second).text)[0] == link


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"name,label,label\na,A,B\n", "hai cột “label”"),
        (b"", "tệp CSV trống"),
        ("name,label\na,Vạn Phúc\n".encode("utf-16"), "UTF-8"),
        (b"name,label\na,H\xe0\n", "UTF-8"),
    ],
)
def test_a_list_with_which_no_phone_opens_the_form_is_refused(
    officer: Browser, content: bytes, told: str
) -> None:
    """Like everything that passes the check: the form opens on every phone."""
    page = draft_of(officer, workbook())
    files = {"csrf_token": officer.csrf_token(page), "tep": (io.BytesIO(content), "cho.csv")}
    answer = officer.post(page, data=files)
    assert answer.status_code == 400
    assert told in unescape(answer.text)
    assert "cho.csv" in answer.text


def test_a_draft_is_discarded(officer: Browser) -> None:
    page = draft_of(officer, workbook())
    officer.post(page, data={"csrf_token": officer.csrf_token(page), "viec": "bo"})
    assert officer.get(page).status_code == 404
    assert count(FormVersion) == 0


def test_a_discarded_draft_comes_back_from_the_bin_with_its_files_and_its_link(officer: Browser) -> None:
    """R26: within 30 days, on a page; the audit tells who put it back."""
    page = draft_of(officer, workbook())
    attached = {"csrf_token": officer.csrf_token(page), "tep": (io.BytesIO(b"name,label\na,A\n"), "cho.csv")}
    officer.post(page, data=attached)
    link = re.search(r"/thu/\w{64}", officer.get(page).text)[0]
    officer.post(page, data={"csrf_token": officer.csrf_token(page), "viec": "bo"})
    number = re.search(r'name="muc" value="(\d+)"', officer.get(BIN).text)[1]
    put_back = {"csrf_token": officer.csrf_token(BIN), "muc": number}
    assert officer.post(BIN, data=put_back).status_code == 302
    told = officer.get(BIN).text
    assert "Đã đưa lại bản nháp biểu mẫu" in told
    assert 'name="muc"' not in told
    [draft] = found(sa.select(FormDraft))
    assert link in officer.get(f"{LIST}/nhap/{draft.id}").text
    assert found(sa.select(DraftFile.name)) == ["cho.csv"]
    assert found(sa.select(Audit.act).where(Audit.act == "bin.put_back")) == ["bin.put_back"]
    assert officer.post(BIN, data=put_back).status_code == 404


def test_a_draft_does_not_come_back_over_a_newer_one(officer: Browser) -> None:
    page = draft_of(officer, workbook())
    officer.post(page, data={"csrf_token": officer.csrf_token(page), "viec": "bo"})
    draft_of(officer, workbook(version="2"))
    number = re.search(r'name="muc" value="(\d+)"', officer.get(BIN).text)[1]
    refused = officer.post(BIN, data={"csrf_token": officer.csrf_token(BIN), "muc": number})
    assert refused.status_code == 409
    assert "đã có bản nháp mới" in refused.text
    assert count(FormDraft) == 1


def test_the_bin_of_a_commune_is_its_own(app: Flask, officer: Browser) -> None:
    page = draft_of(officer, workbook())
    officer.post(page, data={"csrf_token": officer.csrf_token(page), "viec": "bo"})
    number = re.search(r'name="muc" value="(\d+)"', officer.get(BIN).text)[1]
    make_person("ban_ben", "officer", make_commune("10930", "Mao Điền"))
    other = browser(app)
    other.sign_in("ban_ben")
    assert 'name="muc"' not in other.get(BIN).text
    assert other.post(BIN, data={"csrf_token": other.csrf_token(BIN), "muc": number}).status_code == 404


def test_what_was_thrown_away_is_gone_after_30_days_and_no_command_takes_it(
    officer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = draft_of(officer, workbook())
    officer.post(page, data={"csrf_token": officer.csrf_token(page), "viec": "bo"})
    day = clock.today()
    assert (
        bring_back.bring_back(db.session, day).count == 0
    )  # the page alone, which gives it a number of its own
    later = clock.now() + dt.timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: later)
    assert deleted_bin.empty(db.session, 1) == 1
    db.session.close()
    assert count(BinnedRecord) == 0


def test_a_version_published_with_other_content_is_refused_at_upload(officer: Browser) -> None:
    """C17."""
    assert publish(officer, workbook()).status_code == 302
    response = upload(officer, workbook().replace("Có Wi-Fi?".encode(), "Nhà có Wi-Fi?".encode()))
    assert response.status_code == 422
    assert "trang settings, dòng 2, cột version" in response.text


def test_what_changed_is_shown_before_publication_and_after(officer: Browser) -> None:
    assert publish(officer, workbook()).status_code == 302
    changed = workbook(version="2").replace("Có Wi-Fi?".encode(), "Nhà có Wi-Fi?".encode())
    page = draft_of(officer, changed)
    assert "Nhà có Wi-Fi?" in officer.get(page).text
    assert "Câu hỏi sửa (1)" in officer.get(page).text
    assert officer.post(f"{page}/phat-hanh", data=terms(officer, f"{page}/phat-hanh")).status_code == 302
    shown = officer.get(f"{LIST}/mau/phieu_thu?so_sanh=2").text
    assert "Câu hỏi sửa (1)" in shown


def test_a_changed_expression_asks_whether_the_meaning_stays(officer: Browser) -> None:
    """R9."""
    assert publish(officer, workbook()).status_code == 302
    page = f"{draft_of(officer, workbook(version='2', done=OTHER))}/phat-hanh"
    refused = officer.post(page, data=terms(officer, page))
    assert refused.status_code == 422
    assert "Hãy chọn một trong hai" in refused.text
    kept = officer.post(page, data=terms(officer, page, **{"y_nghia:nha_wifi": "giu"}))
    assert kept.status_code == 302
    assert found(sa.select(Indicator.code).where(Indicator.code.like("nha_wifi%"))) == ["nha_wifi"]
    assert count(FormVersion) == 2


def test_a_new_meaning_begins_a_new_code_in_the_form_itself(officer: Browser) -> None:
    """R9: phones state the new code, the old figures stay what they were."""
    assert publish(officer, workbook()).status_code == 302
    page = f"{draft_of(officer, workbook(version='2', done=OTHER))}/phat-hanh"
    answers = {
        "y_nghia:nha_wifi": "moi",
        "ma_moi:nha_wifi": "nha_khong_wifi",
        "ten_moi:nha_wifi": "Nhà chưa có",
    }
    assert officer.post(page, data=terms(officer, page, **answers)).status_code == 302
    newest = found(sa.select(FormVersion).order_by(FormVersion.id.desc()))[0]
    assert newest.definition["indicators"] == ["nha_khong_wifi"]
    assert b"nha_khong_wifi_done" in newest.xform
    assert b"nha_wifi_done" not in newest.xform
    labels = {each.code: each.label_vi for each in found(sa.select(Indicator))}
    assert (labels["nha_wifi"], labels["nha_khong_wifi"]) == ("Nhà có Wi-Fi", "Nhà chưa có")
    taken = officer.get(f"{LIST}/mau/phieu_thu/2/bang").data
    assert any(row["name"] == "nha_khong_wifi_of" for row in read(taken, "a.xlsx")["survey"].rows)


def test_every_version_is_downloaded_as_it_was_published(officer: Browser) -> None:
    """C42."""
    assert publish(officer, workbook()).status_code == 302
    assert publish(officer, workbook(version="2")).status_code == 302
    first = found(sa.select(FormVersion).order_by(FormVersion.id))[0]
    assert officer.get(f"{LIST}/mau/phieu_thu/1/xform").data == first.xform
    assert officer.get(f"{LIST}/mau/phieu_thu/1/bang").data == workbook()
    assert officer.get(f"{LIST}/mau/phieu_thu/9/xform").status_code == 404


def test_a_missing_picture_is_named_and_then_served(officer: Browser) -> None:
    content = workbook().replace(b"| label | calculation |", b"| label | calculation | image |")
    content = content.replace("| Có Wi-Fi? | |".encode(), "| Có Wi-Fi? | | bien.png |".encode())
    page = draft_of(officer, content)
    assert "Còn thiếu: <strong>bien.png</strong>" in officer.get(page).text
    refused = officer.post(f"{page}/phat-hanh", data=terms(officer, f"{page}/phat-hanh"))
    assert refused.status_code == 422
    sent = {"csrf_token": officer.csrf_token(page), "viec": "tep", "tep": (io.BytesIO(PNG), "bien.png")}
    assert officer.post(page, data=sent).status_code == 302
    assert "Còn thiếu" not in officer.get(page).text
    assert officer.post(f"{page}/phat-hanh", data=terms(officer, f"{page}/phat-hanh")).status_code == 302
    assert [(file.name, file.content) for file in found(sa.select(FormFile))] == [("bien.png", PNG)]


def test_a_form_that_states_out_of_nothing_is_not_published(officer: Browser) -> None:
    """R9."""
    content = workbook(done="1").replace(b"if(${wifi} = '', '', 1)", b"1")
    page = draft_of(officer, content)
    assert "khi chưa ai trả lời" in officer.get(page).text
    assert officer.post(f"{page}/phat-hanh", data=terms(officer, f"{page}/phat-hanh")).status_code == 422


def test_retired_and_brought_back(officer: Browser) -> None:
    assert publish(officer, workbook()).status_code == 302
    page = f"{LIST}/mau/phieu_thu"
    for act, is_retired in (("ngung", True), ("dung_lai", False)):
        response = officer.post(page, data={"csrf_token": officer.csrf_token(page), "viec": act})
        assert response.status_code == 302
        assert (found(sa.select(Form))[0].retired_at is not None) is is_retired


def test_an_officer_cannot_touch_the_citys_form_nor_another_communes(
    app: Flask, officer: Browser, city: Browser
) -> None:
    assert publish(city, workbook()).status_code == 302
    assert officer.get(f"{LIST}/mau/phieu_thu").status_code == 200
    data = {"csrf_token": officer.csrf_token(LIST), "viec": "ngung"}
    assert officer.post(f"{LIST}/mau/phieu_thu", data=data).status_code == 403
    assert "biểu mẫu chung của thành phố" in upload(officer, workbook(version="2")).text
    draft = draft_of(officer, workbook(form_id="cua_xa"))
    db.session.rollback()
    make_person("xa_khac", "officer", make_commune("10930", "Mao Điền"))
    other = browser(app)
    other.sign_in("xa_khac")
    assert other.get(draft).status_code == 403
    assert other.get(f"{draft}/phat-hanh").status_code == 403
    assert city.get(draft).status_code == 403


@pytest.mark.parametrize("role", ["leader", "reviewer", "admin"])
def test_others_have_no_forms_page(app: Flask, role: str) -> None:
    make_person("ai_do", role, None if role == "admin" else make_commune())
    who = browser(app)
    who.sign_in("ai_do")
    assert who.get(LIST).status_code == 403


def test_the_library_is_downloaded_to_begin_from(officer: Browser) -> None:
    assert officer.get(f"{LIST}/thu-vien/wifi_cong_cong.xlsx").data[:2] == b"PK"
    assert officer.get(f"{LIST}/thu-vien/khong_co.xlsx").status_code == 404


def test_a_renamed_library_form_is_the_same_but_for_the_code() -> None:
    content = library.workbook(library.read("wifi_cong_cong"))
    again = read(renamed(content, "a.xlsx", {"wifi_nha_van_hoa": "wifi_moi"}), "a.xlsx")
    before = read(content, "a.xlsx")
    assert [row.number for row in again["survey"].rows] == [row.number for row in before["survey"].rows]
    text = str([row.cells for row in again["survey"].rows])
    assert "wifi_moi_of}" in text
    assert "wifi_nha_van_hoa" not in text


TWO_LISTS = """
| survey |
| | type | name | label | save_to | appearance |
| | begin repeat | nguoi | Người | | |
| | text | ten | Tên | ten | |
| | end repeat | | | | |
| | image | ranh | Ranh | | annotate |
| entities |
| | list_name | label |
| | nguoi_gia | ${ten} |
| settings |
| | form_title | form_id | version |
| | Trong vòng lặp | vong_lap | 1 |
"""


def test_the_draft_says_which_checks_ran_and_what_the_web_form_cannot(officer: Browser) -> None:
    page = officer.get(draft_of(officer, TWO_LISTS.encode())).text
    assert "Đã kiểm: cách viết XLSForm; hàm, tham số" in page
    assert "điền trống một lần" in page
    assert ("Chưa chạy: ODK Validate" in page) is not odk_validate.installed()
    assert "không dùng được trên phiếu web: vẽ lên ảnh" in page
    assert "cần ODK Collect từ 2026.1" in page


def test_the_draft_says_by_which_words_the_server_will_doubt_a_visit_and_where_one_is_wrong(
    officer: Browser,
) -> None:
    sheet = "| kiem_tra |\n| | ma | dieu_kien | loi_nhan |\n| | khong | ${wifi} = '{answer}' | Nhà chưa có Wi-Fi |\n"
    page = officer.get(draft_of(officer, workbook(more=sheet.replace("{answer}", "khong")))).text
    assert "Kiểm tra sau khi nhận" in page
    assert "Nhà chưa có Wi-Fi" in page
    refused = upload(officer, workbook(more=sheet.replace("{answer}", "chua"))).text
    assert "trang kiem_tra, dòng 2, cột dieu_kien" in refused
    assert "Câu “wifi” không có lựa chọn “chua”" in refused


def test_publication_says_how_long_a_film_may_be(officer: Browser) -> None:
    """list-05: a larger film is refused for ever."""
    film = (Path(__file__).parents[2] / "data" / "lists" / "video.md").read_bytes()
    told = "Một phim tối đa 20 MB, khoảng 10 giây"
    assert told in officer.get(f"{draft_of(officer, film)}/phat-hanh").text
    assert told not in officer.get(f"{draft_of(officer, TWO_LISTS.encode())}/phat-hanh").text


def test_publication_counts_the_phones_that_are_too_old(officer: Browser) -> None:
    address = f"{draft_of(officer, TWO_LISTS.encode())}/phat-hanh"
    assert "Chưa điện thoại nào liên lạc" in officer.get(address).text
    commune = db.session.scalars(sa.select(Commune).where(Commune.code == "11629")).one()
    made = collectors.add("Bàng Văn Thử", commune, [sample.make_village(commune, "11629099", "Thôn Thử")])
    now = clock.now()
    agent = "org.odk.collect.android/v2025.2.1 Dalvik/2.1.0"
    db.session.add(
        Device(
            collector_id=made.collector.id,
            device_id="collect:1",
            user_agent=agent,
            first_seen=now,
            last_seen=now,
        )
    )
    db.session.commit()
    assert "1 trong 1 điện thoại của xã cũ hơn" in officer.get(address).text
    commune.kind = "đặc khu"
    db.session.commit()
    assert "1 trong 1 điện thoại của đặc khu cũ hơn" in officer.get(address).text
