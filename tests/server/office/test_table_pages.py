"""Tables on their pages: shown before anything is stored, wrong rows beside what is wrong, columns by hand."""

import io

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from server.db import db
from server.models import Audit, Collector, Entity, TableDraft, Village, VillageFigure
from tests.people import Browser, browser, make_commune, make_person

BASE = "/quan-tri/xa/11629/bang"
CODES = ["11629.01", "11629.02", "11629.03"]


@pytest.fixture
def officer(app: Flask) -> Browser:
    make_person("can.bo", "officer", make_commune("11629", thon=3))
    found = browser(app)
    found.sign_in("can.bo")
    return found


def workbook(*rows: tuple) -> bytes:
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    found = io.BytesIO()
    book.save(found)
    return found.getvalue()


def post(officer: Browser, path: str, **fields: object) -> TestResponse:
    return officer.post(path, data={"csrf_token": officer.csrf_token("/tai-khoan"), **fields})


def send(
    officer: Browser, subject: str, content: bytes, name: str = "bang.xlsx", **fields: str
) -> TestResponse:
    return post(officer, f"{BASE}/{subject}", tep=(io.BytesIO(content), name), **fields)


def load(
    officer: Browser, subject: str, content: bytes, name: str = "bang.xlsx", **fields: str
) -> TestResponse:
    """Sent, looked at, agreed to."""
    answer = send(officer, subject, content, name, **fields)
    return post(officer, answer.location, viec="luu") if answer.status_code == 302 else answer


def stored_figures() -> list[tuple]:
    db.session.rollback()
    rows = db.session.scalars(sa.select(VillageFigure).order_by(VillageFigure.village_id))
    return [(row.households, row.people, row.adults, row.day.isoformat(), row.source) for row in rows]


def count(table: type) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


NUMBERS = (
    ("BẢNG TỔNG HỢP HỘ, NHÂN KHẨU",),
    ("(tính đến 01/10/2026)",),
    ("TT", "Mã thôn", "Tên thôn", "Số hộ", "Nhân khẩu", "Người từ đủ 18 tuổi"),
    (1, CODES[0], "Thôn 1", "1.250", 4000, 2900),
    (2, CODES[1], "Thôn 2", 90, 310, None),
    (None, None, "Tổng cộng", 1340, 4310, None),
)


def test_nothing_is_stored_before_it_was_shown(officer: Browser) -> None:
    answer = send(officer, "so-ho", workbook(*NUMBERS), nguon="Công an xã", ngay="2026-10-01")
    assert answer.status_code == 302
    assert stored_figures() == []
    page = officer.get(answer.location).text
    for words in ("1.250", "thôn 2", "Dòng 6: dòng cộng", "Công an xã", "Lưu 2 dòng"):
        assert words in page
    assert post(officer, answer.location, viec="luu").status_code == 302
    assert stored_figures() == [
        (1250, 4000, 2900, "2026-10-01", "Công an xã"),
        (90, 310, None, "2026-10-01", "Công an xã"),
    ]
    assert count(TableDraft) == 0
    assert db.session.scalar(sa.select(sa.func.count()).where(Audit.act == "places.figures")) == 1


def test_a_table_with_names_alone_is_matched_by_name(officer: Browser) -> None:
    table = "Tên thôn;Số hộ;Nhân khẩu\nThôn 1;120;400\nKDC 3;80;250\n".encode("utf-8-sig")
    assert load(officer, "so-ho", table, "so-ho.csv").status_code == 302
    assert [row[:2] for row in stored_figures()] == [(120, 400), (80, 250)]


def test_every_wrong_row_is_named_and_comes_back_as_a_file_to_mend(officer: Browser) -> None:
    table = workbook(
        ("Mã thôn", "Số hộ", "Nhân khẩu"), (CODES[0], 120, 400), ("99999", 50, 100), (CODES[1], "nhiều", 100),
        (CODES[2], None, 100), (CODES[0], 7, 100),
    )  # fmt: skip
    answer = send(officer, "so-ho", table)
    assert answer.status_code == 422
    for sentence in ("Dòng 3: xã không có thôn nào mang mã 99999", "Dòng 4: cột Số hộ", "Dòng 5: thiếu số hộ",
                     "Dòng 6: thôn 1"):  # fmt: skip
        assert sentence in answer.text
    assert stored_figures() == []
    key = db.session.scalar(sa.select(TableDraft.id))
    back = openpyxl.load_workbook(io.BytesIO(officer.get(f"{BASE}/so-ho/{key}/can-sua.xlsx").data)).active
    rows = list(back.iter_rows(values_only=True))
    assert [row[0] for row in rows[1:]] == ["99999", CODES[1], CODES[2], CODES[0]]
    assert "không phải số nguyên" in rows[2][5]
    assert post(officer, f"{BASE}/so-ho/{key}", viec="luu").status_code == 422
    assert stored_figures() == []


def test_columns_that_were_not_found_are_chosen_by_hand(officer: Browser) -> None:
    answer = send(officer, "so-ho", workbook(("a", "b"), (CODES[0], 120), (CODES[1], 90)))
    assert answer.status_code == 422
    assert "Không thấy dòng tiêu đề" in answer.text
    key = db.session.scalar(sa.select(TableDraft.id))
    chosen = {"viec": "doc", "cot_village_code": "0", "cot_households": "1", "dong_tieu_de": "1"}
    looked = post(officer, f"{BASE}/so-ho/{key}", **chosen)
    assert "Lưu 2 dòng" in officer.get(looked.location).text
    post(officer, looked.location, viec="luu")
    assert [row[0] for row in stored_figures()] == [120, 90]


def test_a_file_that_is_no_table_is_told_where_it_was_sent(officer: Browser) -> None:
    answer = send(officer, "so-ho", b"PK\x03\x04", "so-ho.xlsx")
    assert (answer.status_code, "Không đọc được tệp" in answer.text) == (422, True)
    assert count(TableDraft) == 0


def test_a_table_of_another_commune_is_not_there(app: Flask, officer: Browser) -> None:
    at = send(officer, "so-ho", workbook(*NUMBERS)).location
    make_person("can.bo.khac", "officer", make_commune("10930", "Mao Điền"))
    other = browser(app)
    other.sign_in("can.bo.khac")
    assert other.get(at).status_code == 403
    assert other.get(at.replace("11629", "10930")).status_code == 410


@pytest.mark.parametrize("subject", ["thon", "so-ho", "thanh-vien", "ke-hoach", "diem-cong-cong", "doanh-nghiep",
                                     "so-lieu"])  # fmt: skip
def test_each_table_has_a_template_that_its_own_page_reads(officer: Browser, subject: str) -> None:
    content = officer.get(f"{BASE}/{subject}/mau.xlsx").data
    answer = send(officer, subject, content)
    assert answer.status_code in (302, 422)
    assert "Không thấy dòng tiêu đề" not in answer.text


def test_thon_are_made_with_codes_by_one_rule(officer: Browser) -> None:
    table = "Tên thôn\tSố hộ\nthôn 1\t12\nTHÔN ĐÔNG\t40\nThôn Đoài (xã An Lão)\t\n"
    answer = post(officer, f"{BASE}/thon", dan=table)
    page = officer.get(answer.location).text
    assert "2 thôn mới, 1 thôn đã có" in page
    assert "11629001 đến 11629002" in page
    post(officer, answer.location, viec="luu")
    db.session.rollback()
    rows = db.session.execute(
        sa.select(Village.code, Village.name).where(Village.code.like("11629___"))
    ).all()
    assert [tuple(row) for row in rows if "." not in row.code] == [
        ("11629001", "Thôn Đông"), ("11629002", "Thôn Đoài"),
    ]  # fmt: skip
    assert [row[0] for row in stored_figures()] == [12, 40]


def test_a_table_that_renames_most_thon_asks_first(officer: Browser) -> None:
    rows = [("Mã", "Tên thôn"), *((code, f"Tên khác {n}") for n, code in enumerate(CODES))]
    at = send(officer, "thon", workbook(*rows)).location
    assert "Phần lớn thôn đổi tên" in officer.get(at).text
    assert post(officer, at, viec="luu").status_code == 422
    assert post(officer, at, viec="luu", dong_y="1").status_code == 302
    db.session.rollback()
    assert set(db.session.scalars(sa.select(Village.name))) == {"Tên khác 0", "Tên khác 1", "Tên khác 2"}


def test_places_and_enterprises_come_from_tables_once(officer: Browser) -> None:
    places = "Tên điểm;Thôn;Loại\nNhà văn hóa thôn 1;thôn 1;Nhà văn hóa\nTrường TH;2;trường học\n".encode()
    for _ in range(2):
        assert load(officer, "diem-cong-cong", places, "diem.csv").status_code == 302
    firms = "Tên công ty;Thôn;Ngành nghề\nAn Bình;thôn 3;buôn bán\n".encode()
    assert load(officer, "doanh-nghiep", firms, "dn.csv").status_code == 302
    db.session.rollback()
    told = {row.label: row.data for row in db.session.scalars(sa.select(Entity))}
    assert told == {
        "Nhà văn hóa thôn 1": {"thon": CODES[0], "loai": "nha_van_hoa"},
        "Trường TH": {"thon": CODES[1], "loai": "truong_hoc"},
        "An Bình": {"thon": CODES[2], "nganh": "thuong_mai"},
    }


def test_collectors_of_two_sheets_are_all_shown(officer: Browser) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Tổ 1"
    for row in (("Họ tên", "Thôn"), ("An", "1")):
        book.active.append(row)
    second = book.create_sheet("Tổ 2")
    for row in (("Họ tên", "Thôn"), ("Bình", "2")):
        second.append(row)
    out = io.BytesIO()
    book.save(out)
    at = send(officer, "thanh-vien", out.getvalue()).location
    page = officer.get(at).text
    assert "Trang “Tổ 2”, dòng 2" in page
    again = post(officer, at, viec="doc", trang="Tổ 1")
    assert "Trang “Tổ 2” được bỏ lại" in officer.get(again.location).text
    post(officer, at, viec="luu")
    db.session.rollback()
    assert list(db.session.scalars(sa.select(Collector.name))) == ["An"]
