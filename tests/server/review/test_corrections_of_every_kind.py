"""R12: every kind of question is corrected on the page, or the page says truly why it is not."""

import re
from html import unescape
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from lxml import html

from server.db import db
from server.files import blobs
from server.models import Attachment, FormFile, Submission
from tests import sample
from tests.forms.engine.test_correction import leaves
from tests.server.review.test_corrections_of_own_forms import Office, history

MANY = "\n".join(f"| | nhieu | n{number} | Mục {number} |" for number in range(30))
KINDS = f"""
| survey |
| | type | name | label | appearance | required |
| | rank dv | xep | Xếp theo mức cần | | |
| | select_one_from_file ben.csv | ben | Bến nào? | | |
| | select_multiple_from_file ben.csv | cac_ben | Bến khác | | |
| | select_one nhieu | muc | Mục nào? | | |
| | image | anh | Ảnh cổng | | |
| | audio | am | Ghi âm | | |
| | time | gio | Mấy giờ? | | |
| | datetime | luc | Lúc nào? | | |
| | range | muc_do | Mức độ | | |
| | barcode | ma | Mã vạch | | |
| | geopoint | diem | Vị trí cổng | | |
| | select_one_from_file thon.csv | thon | Thôn nào? | | |
| | acknowledge | da_xem | Đã xem | | |
| | select_one cho | tim | Chợ nào? | search('cho') | |
| | text | ghi_chu | Ghi chú | | |
| choices |
| | list_name | name | label |
| | dv | dien | Điện |
| | dv | nuoc | Nước |
| | dv | mang | Mạng |
| | cho | name | label |
{MANY}
| settings |
| | form_title | form_id | version |
| | Mọi kiểu câu | moi_kieu | 1 |
"""
SENT = (
    "<xep>nuoc mang dien</xep><ben>b2</ben><cac_ben>b2 b1</cac_ben><muc>n7</muc><anh>a.jpg</anh><am/>"
    "<gio>07:45:12.000+07:00</gio><luc>2026-11-20T19:20:05.000+07:00</luc><muc_do>3</muc_do><ma>893</ma>"
    "<diem>20.82 106.6 0 5</diem><thon>11629001</thon><da_xem>OK</da_xem><tim>x</tim><ghi_chu>cũ</ghi_chu>"
)
BEN = "name,label\nb1,Bến Gốc Gạo\nb2,Bến Cầu Đá\nb3,Bến Đò\n".encode()
PNG = sample.photo(b"khac")


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


@pytest.fixture
def first(office: Office) -> Submission:
    """A visit that answers every kind of question, with its photo."""
    version = sample.publish(KINDS)
    for name, content in (("ben.csv", BEN), ("cho.csv", b"name,label\nx,X\n")):
        row = FormFile(form_version_id=version.id, name=name, content=content, media_type="text/csv", md5="")
        db.session.add(row)
    db.session.commit()
    xml = sample.filled(SENT, form_id="moi_kieu", instance_id="uuid:first")
    [answer] = office.phone.send(xml, {"a.jpg": sample.JPEG})
    assert answer.status == 201, answer.message
    return sample.arrived()[-1]


@pytest.mark.parametrize(
    ("name", "given", "stored"),
    [
        ("xep", ["mang", "dien", "nuoc"], "mang dien nuoc"),
        ("ben", "b3", "b3"),
        ("cac_ben", ["b2", "b3"], "b2 b3"),
        ("muc", "n29", "n29"),
        ("gio", "08:30", "08:30:00.000+07:00"),
        ("luc", "2026-11-21T08:05", "2026-11-21T08:05:00.000+07:00"),
        ("luc", "1968-05-07T08:05", "1968-05-07T08:05:00.000+08:00"),
        ("muc_do", "4", "4"),
        ("ma", "894", "894"),
        ("da_xem", "", ""),
    ],
)
def test_one_answer_of_each_kind_is_corrected_and_no_other(
    office: Office, first: Submission, name: str, given: str | list[str], stored: str
) -> None:
    answer = office.correct(first, {f"/data/{name}": given})
    assert answer.status_code == 302, answer.text
    new = sample.arrived()[-1]
    was, now = dict(leaves(first.xml)), dict(leaves(new.xml))
    changed = {path for path in was.keys() | now.keys() if was.get(path) != now.get(path)}
    assert {path.rpartition("}")[2].rpartition("/")[2] for path in changed} == {
        name,
        "instanceID",
        "deprecatedID",
    }
    assert now[name] == stored
    assert new.missing_files is None


@pytest.mark.parametrize(
    ("name", "sent", "given", "stored"),
    [
        ("gio", "sáng sớm", "07:45", "07:45:00.000+07:00"),
        ("gio", "7 giờ", "7:05", "07:05:00.000+07:00"),
        ("gio", "25:00", "01:30:20Z", "08:30:20.000+07:00"),
        ("luc", "hôm qua", "2026-11-19T16:20", "2026-11-19T16:20:00.000+07:00"),
        ("luc", "19.11", "19/11/2026 16:20", "2026-11-19T16:20:00.000+07:00"),
        ("luc", "1974", "3/2/1974 6:05", "1974-02-03T06:05:00.000+08:00"),
    ],
)
def test_a_time_that_could_not_be_read_is_stored_as_phones_store_it(
    office: Office, first: Submission, name: str, sent: str, given: str, stored: str
) -> None:
    """The page shows what was sent as a text, so the officer types the whole of it."""
    was = dict(leaves(first.xml))[name]
    xml = bytes(first.xml).replace(f"<{name}>{was}<".encode(), f"<{name}>{sent}<".encode())
    [answer] = office.phone.send(xml.replace(b"uuid:first", b"uuid:other"), {"a.jpg": sample.JPEG})
    assert answer.status == 201, answer.message
    corrected = office.correct(sample.arrived()[-1], {f"/data/{name}": given})
    assert corrected.status_code == 302, corrected.text
    assert dict(leaves(sample.arrived()[-1].xml))[name] == stored


@pytest.mark.parametrize(
    ("name", "given", "told"),
    [
        ("xep", ["mang", "mang", "nuoc"], "mỗi thứ hạng một mục"),
        ("xep", ["mang", "", "nuoc"], "mỗi thứ hạng một mục"),
        ("xep", ["mang", "x", "nuoc"], "mỗi thứ hạng một mục"),
        ("ben", "b9", "không có trong các lựa chọn"),
        ("cac_ben", ["b1", "b9"], "không có trong các lựa chọn"),
        ("muc", "n30", "không có trong các lựa chọn"),
        ("gio", "27:30", "một giờ có thật"),
        ("luc", "hôm qua", "một ngày và giờ có thật"),
        ("da_xem", "có", "không có trong các lựa chọn"),
    ],
)
def test_what_is_no_answer_is_told_at_its_question(
    office: Office, first: Submission, name: str, given: str | list[str], told: str
) -> None:
    answer = office.correct(first, {f"/data/{name}": given})
    assert (answer.status_code, told in unescape(answer.text)) == (422, True)
    assert sample.arrived()[-1].id == first.id


def test_a_photo_is_replaced_and_both_versions_keep_their_own(office: Office, first: Submission) -> None:
    answer = office.correct(first, {}, {"/data/anh": ("Cổng mới.JPG", PNG)})
    assert answer.status_code == 302, answer.text
    new = sample.arrived()[-1]
    query = sa.select(Attachment.submission_id, Attachment.name, Attachment.stored_sha256)
    kept = {row.submission_id: (row.name, blobs.get(row.stored_sha256)) for row in db.session.execute(query)}
    assert kept[first.id] == ("a.jpg", sample.JPEG)
    assert kept[new.id] == (new.answers["anh"], PNG)
    assert new.answers["anh"].endswith(".jpg")
    assert new.missing_files is None
    assert history(new) == "Sửa câu: Ảnh cổng. Đã gọi lại hộ"


def test_a_photo_is_taken_away(office: Office, first: Submission) -> None:
    assert office.correct(first, {}).status_code == 422  # nothing was changed
    page = office.officer.get(f"{office.path(first)}/sua/tung-cau").text
    assert 'name="cau:/data/anh" value="xoa"' in page
    path = f"{office.path(first)}/sua/tung-cau"
    data = {
        "cau:/data/anh": "xoa", "ly_do": "Ảnh chụp nhầm nhà", "csrf_token": office.officer.csrf_token(path)
    }  # fmt: skip
    answer = office.officer.post(path, data=data)
    assert answer.status_code == 302, answer.text
    new = sample.arrived()[-1]
    assert (new.answers.get("anh"), new.missing_files) == (None, None)
    query = sa.select(sa.func.count()).where(Attachment.submission_id == new.id)
    assert db.session.scalar(query) == 0


def test_a_file_of_another_kind_is_no_photo(office: Office, first: Submission) -> None:
    answer = office.correct(first, {}, {"/data/anh": ("anh.jpg", b"%PDF-1.7 ...")})
    assert (answer.status_code, "không phải là ảnh" in unescape(answer.text)) == (422, True)
    answer = office.correct(first, {}, {"/data/am": ("am.mp3", PNG)})
    assert (answer.status_code, "không phải là ghi âm" in unescape(answer.text)) == (422, True)
    assert sample.arrived()[-1].id == first.id


def test_what_is_not_corrected_here_is_told_with_its_reason(office: Office, first: Submission) -> None:
    text = " ".join(unescape(office.officer.get(f"{office.path(first)}/sua/tung-cau").text).split())
    below = text[text.index("Không sửa ở đây</h2>") :]
    for label, why in (
        ("Vị trí cổng", "vị trí đo tại chỗ"),
        ("Thôn nào?", "chọn từ danh sách của máy chủ"),
        ("Chợ nào?", "bảng của search() chỉ điện thoại mở được"),
    ):
        assert f"<strong>{label}</strong>: {why}" in below
    for label in ("Xếp theo mức cần", "Bến nào?", "Ảnh cổng", "Mục nào?"):
        assert label not in below


@pytest.mark.parametrize("name", ["diem", "thon", "tim", "khong_co", "anh"])
def test_a_field_that_the_page_does_not_have_changes_nothing(
    office: Office, first: Submission, name: str
) -> None:
    """Nobody has to keep to the page's own fields: what it does not offer is passed over, and never an error."""
    path = f"{office.path(first)}/sua/tung-cau"
    data = {f"cau:/data/{name}": "11629999", "ly_do": "x", "csrf_token": office.officer.csrf_token(path)}
    answer = office.officer.post(path, data=data)
    assert (answer.status_code, "Chưa câu nào được sửa" in unescape(answer.text)) == (422, True)
    assert sample.arrived()[-1].id == first.id


FILES = Path(__file__).parents[2] / "data" / "review"


def test_the_case_of_lists_from_files_is_corrected(office: Office) -> None:
    """review-02: a choice of an own list of places."""
    version = sample.publish((FILES / "places.md").read_text(encoding="utf-8"))
    content = (FILES / "ben_xe.csv").read_bytes()
    row = FormFile(
        form_version_id=version.id, name="ben_xe.csv", content=content, media_type="text/csv", md5=""
    )
    db.session.add(row)
    db.session.commit()
    [answer] = office.phone.send((FILES / "places-sent.xml").read_bytes())
    assert answer.status == 201, answer.message
    sent = sample.arrived()[-1]
    assert office.correct(sent, {"/data/ben_xe": "b1"}).status_code == 302
    new = sample.arrived()[-1]
    assert (new.answers["ben_xe"], new.answers["ben_xe_khac"]) == ("b1", sent.answers["ben_xe_khac"])


UNREAD = """
| survey |
| | type | name | label |
| | text | ten | Tên |
| | integer | so | Số |
| | date | ngay | Ngày |
| | time | gio | Giờ |
| | datetime | luc | Lúc |
| | select_one k | mot | Một |
| | select_one nhieu | muc | Mục |
| | select_multiple k | cac | Các |
| | rank k | xep | Xếp |
| | text | dong | Dòng |
| choices |
| | list_name | name | label |
| | k | a | An |
| | k | b | Bình |
| | k | c | Cúc |
{many}
| settings |
| | form_title | form_id | version |
| | Lạ | la | 1 |
"""
ODD = {"so": "ba", "ngay": "2026-02-31T", "gio": "7:45", "luc": "hôm qua", "mot": "z", "muc": "n99", "cac": "b z a",
       "xep": "b a", "dong": "một&#13;hai"}  # fmt: skip
"""Answers that no phone of today sends, and that some have sent."""
HELD = {
    "number": r"-?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?", "date": r"\d{4}-\d\d-\d\d", "time": r"\d\d:\d\d(:\d\d)?",
    "datetime-local": r"\d{4}-\d\d-\d\dT\d\d:\d\d",
}  # fmt: skip


def test_what_nobody_touched_stays_though_it_cannot_be_read(office: Office) -> None:
    """R12: a browser sends nothing for a value that its input does not hold, nor for a choice that is not there."""
    body = "".join(f"<{name}>{text}</{name}>" for name, text in ODD.items())
    form = UNREAD.replace("{many}", MANY)
    sent = office.sent(form, sample.filled(f"<ten>A</ten>{body}", form_id="la", instance_id="uuid:1"))
    page = office.officer.get(f"{office.path(sent)}/sua/tung-cau").text
    for field in html.fromstring(page).xpath("//input[starts-with(@name, 'cau:')]"):
        held, value = HELD.get(field.get("type")), field.get("value")
        assert not (held and value) or re.fullmatch(held, value), (field.get("name"), value)
        assert field.get("type") != "text" or "\r" not in value
    assert office.correct(sent, {"/data/ten": "B"}).status_code == 302
    was, now = dict(leaves(sent.xml)), dict(leaves(sample.arrived()[-1].xml))
    assert {name: now[name] for name in ODD} == {name: was[name] for name in ODD}
    assert history(sample.arrived()[-1]) == "Sửa câu: Tên. Đã gọi lại hộ"


def test_what_cannot_be_read_is_seen_and_corrected(office: Office) -> None:
    body = "".join(f"<{name}>{text}</{name}>" for name, text in ODD.items())
    form = UNREAD.replace("{many}", MANY)
    sent = office.sent(form, sample.filled(f"<ten>A</ten>{body}", form_id="la", instance_id="uuid:1"))
    given = {
        "so": "3",
        "ngay": "2026-02-28",
        "mot": "c",
        "muc": "n1",
        "cac": ["b", "a"],
        "xep": ["c", "b", "a"],
    }
    answer = office.correct(sent, {f"/data/{name}": text for name, text in given.items()})
    assert answer.status_code == 302, answer.text
    now = dict(leaves(sample.arrived()[-1].xml))
    assert [now[name] for name in given] == ["3", "2026-02-28", "c", "n1", "b a", "c b a"]
