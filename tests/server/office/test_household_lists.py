"""The list of households as it goes out: Excel that changes nothing when it comes back, and paper to walk with."""

import io
import re

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from server.db import db
from server.files import making_process
from server.households import door_remarks, household_parts
from server.households.act_rows import Officer
from server.models import Audit, Commune, Entity, Village
from server.office import household_workbook_pages, paper_list_pages
from tests import sample
from tests.people import Browser, browser, make_person

BASE = "/quan-tri/xa/11629/ho"
HOMES = (
    ("Lương Thị Nụ, Ngõ 14, số 3", "Ngõ 14, số 3"), ("Phạm Thị Hoa, Ngõ 5, số 18", "Ngõ 5, số 18"),
    ("Phạm Thị Hoa, Ngõ 5, số 2", "Ngõ 5, số 2"), ("Ứng Văn Dậu, Xóm Đình, số 9", "Xóm Đình, số 9"),
    ("Bà Tư", "cạnh nhà văn hóa"), ("Ngõ 2, số 1", "Ngõ 2, số 1"), ("=1+1", ""), ("Đỗ Văn Tổng", "14/3"),
    ("Nguyễn  Văn  Lạ", "Ngõ 9, số 4, sau chợ, thôn Hạ"), ("Hộ số 7", ""), ("NGUYỄN VĂN HOA", "NGÕ 3, SỐ 03A"),
)  # fmt: skip


@pytest.fixture
def officer(app: Flask) -> Browser:
    commune = sample.make_commune()
    east, west = sample.make_village(commune), sample.make_village(commune, "11629002", "Thôn Đoài")
    for number, (label, address) in enumerate(HOMES):
        sample.make_entity(
            west if number % 2 else east, label, data={"dia_chi": address, "tinh_trang": "chua_tham"}
        )
    sample.make_entity(east, "Bùi Thị Xa, Ngõ 1, số 1", data={"dia_chi": "Ngõ 1, số 1", "tinh_trang": "vang"})
    make_person("can.bo", "officer", commune)
    found = browser(app)
    found.sign_in("can.bo")
    return found


def sent_back(officer: Browser, content: bytes) -> str:
    page = f"{BASE}/nhap"
    data = {"csrf_token": officer.csrf_token(page), "tep": (io.BytesIO(content), "ho.xlsx")}
    answer = officer.post(page, data=data)
    assert answer.status_code == 302, answer.text
    return answer.location


def labels() -> list[str]:
    db.session.rollback()
    found = sorted(db.session.scalars(sa.select(Entity.label)))
    db.session.rollback()
    return found


def test_a_list_that_comes_back_as_it_went_out_changes_nothing(officer: Browser) -> None:
    file = officer.get(f"{BASE}/danh-sach.xlsx")
    sheet = openpyxl.load_workbook(io.BytesIO(file.data)).active
    assert [cell.value for cell in sheet[1]] == [
        "Họ tên chủ hộ", "Mã thôn", "Thôn", "Ngõ", "Ngách", "Số nhà", "Địa chỉ", "Mã hộ",
    ]  # fmt: skip
    assert sheet.max_row == len(HOMES) + 2
    before, at = labels(), sent_back(officer, file.data)
    looked = officer.get(at).text
    for words in (
        "0 hộ sẽ được thêm", "0 hộ đã có, tên", f"{len(HOMES) + 1} hộ</dd>", "0 dòng; dòng nào",
        "0 hộ đang có ở các thôn",
    ):  # fmt: skip
        assert words in looked
    officer.post(at, data={"csrf_token": officer.csrf_token(at)})
    assert labels() == before
    audited = db.session.scalars(sa.select(Audit.detail).where(Audit.act == "household.list_file")).all()
    assert audited == [{"labels": True}]


def test_what_is_mended_in_the_file_is_all_that_changes(officer: Browser) -> None:
    book = openpyxl.load_workbook(io.BytesIO(officer.get(f"{BASE}/danh-sach.xlsx").data))
    row = next(row for row in book.active.iter_rows() if row[0].value == "Lương Thị Nụ")
    row[0].value = "Lương Văn Hai"
    out, before = io.BytesIO(), labels()
    book.save(out)
    at = sent_back(officer, out.getvalue())
    shown = dict.fromkeys(re.findall(r'name="((?:quyet|thieu)_[^"]+)"', officer.get(at).text), "")
    said = officer.post(at, data={"csrf_token": officer.csrf_token(at), **shown}, follow_redirects=True)
    assert "thêm 0 hộ, sửa 1 hộ, 0 hộ không còn." in said.text
    assert set(labels()) ^ set(before) == {"Lương Thị Nụ, Ngõ 14, số 3", "Lương Văn Hai, Ngõ 14, số 3"}


@given(st.text(max_size=60), st.text(max_size=60))
def test_lane_and_number_stand_in_columns_only_where_they_say_all(label: str, address: str) -> None:
    parts = household_parts.read(label, address)
    name, lane, number, where = household_parts.filed(parts)
    assert where == parts.address or household_parts.of_list(name, "", lane, number) == parts


def test_the_paper_goes_lane_by_lane_with_boxes_and_empty_lines(officer: Browser) -> None:
    page = officer.get(f"{BASE}/danh-sach-giay").text
    assert "Bùi Thị Xa" not in page  # was away: not among those nobody has been to
    east = page[page.index("<h2>Thôn Đông") : page.index("<h2>Thôn Đoài")]
    places = [east.index(words) for words in ("Ngõ 3 (", "Ngõ 5 (", "Ngõ 14 (")]
    assert places == sorted(places)
    assert east.count('class="blank"') == 6
    assert "nộp lại tờ này cho xã" in east
    assert page.count('<td class="box"><span></span></td>') == 2 * (len(HOMES) + 12)
    village = db.session.scalars(sa.select(Village.id).where(Village.code == "11629001")).one()
    commune = db.session.scalars(sa.select(Commune.id)).one()
    away = db.session.scalars(sa.select(Entity.id).where(Entity.label.startswith("Bùi"))).one()
    door_remarks.add(db.session.connection(), away, "hỏi lại số người", Officer("person:1", "Hạnh", commune))
    db.session.commit()
    page = officer.get(f"{BASE}/danh-sach-giay?thon={village}&loc=con_phai_den").text
    assert "<h2>Thôn Đoài" not in page
    assert "vắng nhà" in page
    assert "Nhắn: hỏi lại số người" in page


def test_a_long_list_is_made_beside_the_server_and_is_the_same(
    app: Flask, officer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thôn's own, which is short, is there at once; whoever takes the long one stands in the audit."""
    at_once = officer.get(f"{BASE}/danh-sach.xlsx").data
    monkeypatch.setattr(making_process, "wake", lambda: None)
    monkeypatch.setattr(household_workbook_pages, "LONG", len(HOMES) + 1)
    village = db.session.scalars(sa.select(Village.id).where(Village.code == "11629001")).one()
    assert officer.get(f"{BASE}/danh-sach.xlsx?thon={village}").status_code == 200
    asked = officer.get(f"{BASE}/danh-sach.xlsx")
    assert asked.status_code == 303
    assert "Đang chờ" in officer.get(asked.location).text
    read = sa.select(sa.func.count()).where(Audit.act == "household.list_file")
    db.session.rollback()
    before = db.session.scalar(read)
    db.session.rollback()
    making_process.work(app, nice=0)
    assert "Tệp đã tạo xong" in officer.get(asked.location).text
    taken = officer.get(f"{asked.location}/noi-dung")
    assert re.search(r"danh-sach-ho-11629-\d{8}\.xlsx", taken.headers["Content-Disposition"])
    assert cells(taken.data) == cells(at_once)
    db.session.rollback()
    assert db.session.scalar(read) == (before or 0) + 1


def cells(content: bytes) -> list[tuple[object, ...]]:
    return list(openpyxl.load_workbook(io.BytesIO(content)).active.values)


def test_of_a_large_commune_the_paper_shows_some_thon_at_once_and_leads_to_all(
    officer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = officer.get(f"{BASE}/danh-sach-giay").text
    assert "Còn 1 thôn" not in whole
    monkeypatch.setattr(paper_list_pages, "MOST_ON_PAPER", 2)  # less than one of the two thôn has
    first = officer.get(f"{BASE}/danh-sach-giay").text
    assert "<h2>Thôn Đông" in first
    assert "<h2>Thôn Đoài" not in first
    assert "Còn 1 thôn, tiếp theo là Thôn Đoài" in first
    onwards = re.search(r'href="([^"]+tu=11629002)"', first)
    assert onwards is not None
    second = officer.get(onwards[1].replace("&amp;", "&")).text
    assert "<h2>Thôn Đông" not in second
    assert homes(first) + homes(second) == homes(whole)


def homes(page: str) -> list[str]:
    return re.findall(r"<tr><td class=.box.>.*</tr>", page)
