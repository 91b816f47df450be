"""A list of households before it is stored: ten rows as they will be, what is left out, columns chosen by hand."""

import io
from pathlib import Path

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.households.list_import import HOUSEHOLD_TABLE
from server.models import Entity, HouseholdImport
from tests import sample
from tests.people import Browser, browser, make_person

PAGE = "/quan-tri/xa/11629/ho/nhap"
FOLDER = Path(__file__).parents[2] / "data" / "tables"


@pytest.fixture
def officer(app: Flask) -> Browser:
    commune = sample.make_commune()
    for code, name in (("11629018", "Vạn Phúc"), ("11629019", "Cẩm La")):
        sample.make_village(commune, code, name)
    make_person("can.bo", "officer", commune)
    found = browser(app)
    found.sign_in("can.bo")
    return found


def send(officer: Browser, content: bytes, name: str) -> str:
    """Where the list is looked at."""
    data = {"csrf_token": officer.csrf_token(PAGE), "tep": (io.BytesIO(content), name)}
    answer = officer.post(PAGE, data=data)
    assert answer.status_code == 302, answer.text
    return answer.location


def test_rows_are_shown_as_they_will_be_stored_and_what_is_left_out_is_named(officer: Browser) -> None:
    """excel-11"""
    file = FOLDER / "excel-01-households.xlsx"
    page = officer.get(send(officer, file.read_bytes(), file.name)).text
    for words in ("Lương Văn Tửu", "Ngõ 4, số 12", "Xóm Đông, số 7", "11629018", "dòng 8"):
        assert words in page
    for words in ("Dòng 11: dòng cộng", "Dòng 13: phần ký tên"):
        assert words in page
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Entity)) == 0


def test_ten_rows_are_shown_of_many(officer: Browser) -> None:
    rows = "\n".join(f"Người Thứ{chr(97 + n)} {n};Vạn Phúc;Ngõ {n}, số {n + 1}" for n in range(25))
    page = officer.get(send(officer, f"Chủ hộ;Thôn;Địa chỉ\n{rows}\n".encode(), "ho.csv")).text
    assert "10 dòng đầu trong các hộ mới" in page
    assert page.count('data-label="Địa chỉ"') == 10


def test_a_column_that_was_taken_wrongly_is_chosen_by_hand(officer: Browser) -> None:
    at = send(officer, "Họ tên;Chủ hộ;Thôn\nNguyễn Con;Đỗ Cha;Cẩm La\n".encode(), "ho.csv")
    assert "Đỗ Cha" in officer.get(at).text
    chosen = {"cot_household_head": "0"}
    read = {"csrf_token": officer.csrf_token(PAGE), "viec": "doc", **chosen}
    page = officer.post(at, data=read, follow_redirects=True).text
    assert "Nguyễn Con" in page
    assert '<option value="0" selected>A: Họ tên</option>' in page
    officer.post(at, data={"csrf_token": officer.csrf_token(PAGE)})
    db.session.rollback()
    assert list(db.session.scalars(sa.select(Entity.label))) == ["Nguyễn Con"]
    at = send(officer, "Chủ hộ;Thôn\nAn;Cẩm La\n".encode(), "ho.csv")
    wrong = officer.post(
        at, data=read | {"cot_household_head": "1", "cot_village": "0"}, follow_redirects=True
    )
    assert "Dòng 2: xã không có thôn “An”." in wrong.text


def test_a_list_in_which_nothing_is_recognised_is_kept_and_read_by_hand(officer: Browser) -> None:
    data = {
        "csrf_token": officer.csrf_token(PAGE),
        "tep": (io.BytesIO("Người;Nơi\nĐỗ Cha;Cẩm La\n".encode()), "ho.csv"),
    }
    sent = officer.post(PAGE, data=data)
    assert sent.status_code == 422
    assert "Người" in sent.text
    at = f"{PAGE}/{db.session.scalars(sa.select(HouseholdImport.id)).one()}"
    chosen = {"viec": "doc", "cot_household_head": "0", "cot_village": "1", "dong_tieu_de": "1"}
    page = officer.post(at, data={"csrf_token": officer.csrf_token(PAGE), **chosen}, follow_redirects=True)
    assert "1 hộ sẽ được thêm" in page.text


def test_the_template_can_be_filled_in(officer: Browser) -> None:
    book = openpyxl.load_workbook(io.BytesIO(officer.get(f"{PAGE}/mau.xlsx").data))
    assert [cell.value for cell in book.active[1]] == [column.title for column in HOUSEHOLD_TABLE.columns]


def test_faults_stand_in_the_order_of_the_rows(officer: Browser) -> None:
    rows = "Chủ hộ;Thôn\nAn;Thôn lạ\n;Cẩm La\nBình;Xóm lạ\n"
    data = {"csrf_token": officer.csrf_token(PAGE), "tep": (io.BytesIO(rows.encode()), "ho.csv")}
    page = officer.post(PAGE, data=data).text
    places = [page.index(f'<th scope="row">Dòng {number}</th>') for number in (2, 3, 4)]
    assert places == sorted(places)
