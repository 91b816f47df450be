"""R24: the page of a submission shows all that was answered: rounds, lists from files by label, places, versions."""

from html import unescape
from pathlib import Path

import pytest
from flask import Flask
from lxml import html

from server.db import db
from server.models import FormFile, Submission
from tests import sample
from tests.server.review.test_corrections_of_own_forms import Office

DATA = Path(__file__).parents[2] / "data" / "review"


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def read(name: str) -> bytes:
    return (DATA / name).read_bytes()


def page(office: Office, submission: Submission, query: str = "") -> str:
    answer = office.officer.get(office.path(submission) + query)
    assert answer.status_code == 200
    return unescape(answer.text)


def tables(text: str) -> list[list[list[str]]]:
    """The rows of each table, headings first."""
    return [
        [
            [" ".join(cell.text_content().split()) for cell in row.xpath("./th|./td")]
            for row in table.xpath(".//tr")
        ]
        for table in html.fromstring(text).xpath("//table")
    ]


def test_rounds_stand_in_tables_and_can_be_corrected(office: Office) -> None:
    first = office.sent(read("rounds.md").decode(), read("rounds-sent.xml"))
    text = page(office, first)
    assert "không đọc được" not in text
    people, machines = tables(text)
    assert people == [
        ["Thành viên", "Họ tên", "Giới", "Tuổi"],
        ["1", "Bàng Thị Khuyên", "Nữ", "34"],
        ["2", "Bàng Đình Lưu", "Nam", "7"],
    ]
    assert machines == [["Thành viên", "Máy", "Loại máy"], ["1", "1", "Bàn"], ["1", "2", "Tay"]]
    assert f"{office.path(first)}/sua" in text
    assert office.officer.get(f"{office.path(first)}/sua").status_code == 200


CLOCKS = """
| survey |
| | type | name | label |
| | date | ngay | Ngày sinh |
| | time | gio | Giờ hẹn |
| | datetime | luc | Lúc sinh |
| | date | la | Ngày lạ |
| settings |
| | form_title | form_id | version |
| | Ngày giờ | ngay_gio | 1 |
"""


def test_days_and_times_are_written_as_people_here_do_by_the_clock_of_the_phone(office: Office) -> None:
    sent = (
        b"<data id='ngay_gio' version='1'><ngay>1944-12-22</ngay><gio>07:05:00.000+07:00</gio>"
        b"<luc>1968-05-06T23:30:00.000+08:00</luc><la>1e5</la>"
        b"<meta><instanceID>uuid:0000abc0-0000-4000-8000-0000000000d1</instanceID></meta></data>"
    )
    rows = tables(page(office, office.sent(CLOCKS, sent)))[0]
    assert rows[1:4] == [["Ngày sinh", "22/12/1944"], ["Giờ hẹn", "07:05"], ["Lúc sinh", "23:30 06/05/1968"]]
    assert rows[4] == ["Ngày lạ", "1e5"]


def with_list(office: Office) -> Submission:
    version = sample.publish(read("places.md").decode())
    content = read("ben_xe.csv")
    db.session.add(
        FormFile(
            form_version_id=version.id, name="ben_xe.csv", content=content, media_type="text/csv", md5=""
        )
    )
    db.session.commit()
    [answer] = office.phone.send(read("places-sent.xml"))
    assert answer.status == 201, answer.message
    return sample.arrived()[-1]


def test_lists_from_files_are_told_by_label_and_every_place_is_drawn(office: Office) -> None:
    text = page(office, with_list(office))
    [answers] = tables(text)
    assert ["Bến xe", "Bến Cầu Đá"] in answers
    assert ["Bến xe khác", "Bến Cầu Đá, Bến Gốc Gạo"] in answers
    assert ["Điểm cuối", "20.82, 106.48 (sai số 7 m)"] in answers
    sketch = html.fromstring(text).xpath("//*[local-name()='svg' and contains(@class, 'sketch')]")[0]
    assert len(sketch.xpath(".//*[local-name()='circle']")) == 2
    assert len(sketch.xpath(".//*[local-name()='path' and @class='line']")) == 1
    assert len(sketch.xpath(".//*[local-name()='path' and @class='area']")) == 1
    assert "Tuyến (đường)" in text


def test_what_a_version_changed_stands_side_by_side_with_who_decided(office: Office) -> None:
    first = office.sent(read("rounds.md").decode(), read("rounds-sent.xml"))
    assert office.correct(first, {"/data/thanh_vien[2]/tuoi": "8"}).status_code == 302
    text = page(office, sample.arrived()[-1])
    assert ["Thành viên 2: Tuổi", "7", "8"] in tables(text)[-1]
    assert "Sửa câu: Thành viên 2: Tuổi" in text
    assert "bản 2" in text


def test_why_nothing_can_be_read_is_told_as_it_is(office: Office) -> None:
    sample.publish_plain()
    [answer] = office.phone.send(sample.filled("<so/><anh/>", instance_id="uuid:1"))
    assert answer.status == 201
    assert "Phiếu không có câu trả lời nào." in page(office, sample.arrived()[-1])
    [answer] = office.phone.send(sample.filled("<so>1</so>", instance_id="uuid:2", version="99"))
    assert "không có phiên bản biểu mẫu" in page(office, sample.arrived()[-1])


def test_personal_answers_in_rounds_and_personal_places_stay_hidden(office: Office) -> None:
    md = (
        read("rounds.md")
        .decode()
        .replace("| | type | name | label |", "| | type | name | label | phan_loai |")
    )
    md = md.replace("| | text | ten_tv | Họ tên |", "| | text | ten_tv | Họ tên | ca_nhan |")
    first = office.sent(md, read("rounds-sent.xml"))
    assert "Khuyên" not in page(office, first)
    assert "(không hiển thị)" in page(office, first)
    assert "Khuyên" in page(office, first, "?ho=1")


ODD = """
| survey |
| | type | name | label | hint |
| | integer | so | Số người | |
| | select_multiple k | mon | Dùng gì? | |
| | geopoint | o | Ở đâu? | |
| | geotrace | duong | Đường vào | |
| | begin repeat | nha | Nhà | |
| | geopoint | cong | Cổng | |
| | select_one k | mai | | Mái lợp gì |
| | end repeat | | | |
| | text | ten | | Tên thường gọi |
| | audio | am | Ghi âm | |
| choices |
| | list_name | name | label |
| | k | a | Ngói |
| | k | b | Rạ |
| settings |
| | form_title | form_id | version |
| | Lạ | la | 1 |
"""


def test_what_cannot_be_read_and_what_has_no_label_is_shown_too(office: Office) -> None:
    """Nothing that was answered vanishes, and what is odd is told by the question's own words."""
    body = (
        "<so>ba</so><mon>b tôn a</mon><o>sau chùa</o><duong>qua cầu</duong><nha><cong>đầu ngõ</cong><mai>b</mai></nha>"
        "<ten>Nhà cũ</ten><am>ghi 1.m4a</am>"
    )
    text = page(office, office.sent(ODD, sample.filled(body, form_id="la", instance_id="uuid:1")))
    shown = " ".join(html.fromstring(text).text_content().split())
    for each in ("ba", "Rạ, tôn, Ngói", "sau chùa", "qua cầu", "đầu ngõ", "Nhà cũ"):
        assert each in shown
    assert "Câu trả lời ở mục “Số người” không đúng kiểu" in shown
    assert "Câu trả lời ở mục “Cổng” không đúng kiểu" in shown
    assert "Còn thiếu 1 tệp (ảnh, ghi âm…) chưa gửi tới" in shown
