"""Tables as clerks of communes make them: read as they are meant, or a sentence says what to do; no row unnamed."""

import datetime as dt
import io
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import openpyxl
import pytest
from flask import Flask

from server.files.tables import read_table
from server.files.tables.excel_and_csv import TableRejected
from server.files.tables.read_table import TableRead
from server.households import list_import
from server.households.list_import import CheckedList
from server.models import Commune
from server.phones import collectors_import
from server.phones.collectors_import import COLLECTOR_TABLE
from server.places import household_numbers_import
from tests import sample

NHAN, LOC = ("Bùi Thị Nhàn", "11629018", "Ngõ 5, số 7"), ("Hà Văn Lộc", "11629019", "Ngõ 2, số 9")
HEADING = ("STT", "Họ và tên chủ hộ", "Thôn", "Ngõ", "Số nhà")
Rows = Sequence[Sequence[object]]


@pytest.fixture
def commune(app: Flask) -> Commune:
    found = sample.make_commune()
    for code, name in (("11629016", "Hòa Mỹ"), ("11629018", "Vạn Phúc"), ("11629019", "Cẩm La")):
        sample.make_village(found, code, name)
    return found


def workbook(
    sheets: Mapping[str, Rows], merged: Sequence[str] = (), change: Callable[[Any], None] = lambda sheet: None
) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for place in merged:
            sheet.merge_cells(place)
        change(sheet)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def households(content: bytes, commune: Commune, name: str = "ho.xlsx") -> tuple[TableRead, CheckedList]:
    reading = list_import.table_of(list_import.cells(content, name))
    return reading, list_import.check(reading, commune)


def told(checked: CheckedList) -> list[tuple[str, str, str]]:
    return [(each.row.label, each.village.code, each.row.address) for each in checked.placed]


PLAIN = ("STT", "Họ và tên chủ hộ", "Ngõ", "Số nhà")
MINE, YOURS = (1, "Bùi Thị Nhàn", "Ngõ 5", 7), (1, "Hà Văn Lộc", "Ngõ 2", 9)
ONE_THON_FOR_MANY: Mapping[str, Mapping[str, Rows]] = {
    "rows of their own": {"S": [PLAIN, ("I", "THÔN VẠN PHÚC (45 hộ)"), MINE, ("II", "Thôn Cẩm La:"), YOURS]},
    "beside an empty column": {
        "S": [
            HEADING, ("Thôn Vạn Phúc",), (1, "Bùi Thị Nhàn", None, "Ngõ 5", 7),
            ("2. TDP Cẩm La", None), (1, "Hà Văn Lộc", "", "Ngõ 2", 9),
        ]
    },
    "titles": {
        "1": [("DANH SÁCH HỘ THÔN VẠN PHÚC, XÃ AN LÃO NĂM 2026",), PLAIN, MINE],
        "2": [("UBND XÃ AN LÃO",), ("Danh sách hộ dân thôn Cẩm La năm 2026",), PLAIN, YOURS],
    },
    "names of sheets": {"Thôn Vạn Phúc": [PLAIN, MINE], "2. Thôn Cẩm La": [PLAIN, YOURS]},
    "names of sheets without the word": {"Vạn Phúc": [PLAIN, MINE], "Cẩm La": [PLAIN, YOURS]},
}  # fmt: skip


@pytest.mark.parametrize("sheets", ONE_THON_FOR_MANY.values(), ids=ONE_THON_FOR_MANY)
def test_a_thon_that_stands_once_holds_for_the_rows_under_it(
    sheets: Mapping[str, Rows], commune: Commune
) -> None:
    _, checked = households(workbook(sheets), commune)
    assert (told(checked), checked.faults) == ([NHAN, LOC], ())


def test_without_any_thon_the_way_out_is_told(commune: Commune) -> None:
    with pytest.raises(TableRejected, match="Thiếu thôn: hãy thêm cột “Thôn”"):
        households(workbook({"Sheet1": [PLAIN, MINE]}), commune)


def test_persons_whose_name_begins_like_a_kind_of_place_are_no_headings(commune: Commune) -> None:
    rows = [
        HEADING,
        (1, "Lang Văn Thôn", "Cẩm La", None, 1),
        (2, "Tô Thị Bản", "Cẩm La", None, 2),
        (3, "Bàn Văn Xóm"),
    ]
    reading, checked = households(workbook({"S": rows}), commune)
    assert [name for name, *_ in told(checked)] == ["Lang Văn Thôn", "Tô Thị Bản"]
    assert [str(fault) for fault in checked.faults] == ["Dòng 4: chưa ghi thôn."]
    assert reading.passed == ()


def test_of_one_row_a_person_the_heads_are_households_and_the_others_are_named(commune: Commune) -> None:
    rows = [
        ("STT", "Họ và tên", "Quan hệ với chủ hộ", "Ngày sinh", "Thôn", "Địa chỉ"),
        (1, "Bùi Thị Nhàn", "Chủ hộ", dt.date(1970, 2, 1), "Vạn Phúc", "Ngõ 5, số 7"),
        (2, "Lê Văn Tám", "Chồng", "1968", "Vạn Phúc", "Ngõ 5, số 7"),
        (3, "Hà Văn Lộc", "CHỦ HỘ ", "1960", "Cẩm La", "Số 9 ngõ 2"),
        (4, "Hà Thị Mơ", None, "1961", "Cẩm La", "Số 9 ngõ 2"),
    ]
    reading, checked = households(workbook({"S": rows}), commune)
    assert told(checked) == [NHAN, LOC]
    assert [(row.text, row.why) for row in reading.passed] == [
        ("Lê Văn Tám", "thành viên của hộ, không phải chủ hộ")
    ]
    assert [str(fault) for fault in checked.faults] == ["Dòng 5: chưa ghi quan hệ với chủ hộ."]


def test_a_mark_in_the_column_of_the_head_is_no_name(commune: Commune) -> None:
    rows = [("Họ tên", "Chủ hộ", "Thôn"), ("Bùi Thị Nhàn", "x", "Vạn Phúc")]
    _, checked = households(workbook({"S": rows}), commune)
    assert [str(fault) for fault in checked.faults] == ["Dòng 2: “x” không phải họ tên chủ hộ."]


NAMES_IN_TWO: Mapping[str, tuple[Rows, Sequence[str]]] = {
    "two headings": (
        [("Họ và đệm", "Tên", "Thôn", "Ngõ", "Số nhà"), ("Bùi Thị", "Nhàn", "Vạn Phúc", "Ngõ 5", 7)],
        (),
    ),
    "one over both": (
        [("Họ và tên chủ hộ", None, "Thôn", "Ngõ", "Số nhà"), ("Bùi Thị", "Nhàn", "Vạn Phúc", "Ngõ 5", 7)],
        ["A1:B1"],
    ),
}


@pytest.mark.parametrize(("rows", "merged"), NAMES_IN_TWO.values(), ids=NAMES_IN_TWO)
def test_a_name_in_two_columns_is_one_name(rows: Rows, merged: Sequence[str], commune: Commune) -> None:
    reading, checked = households(workbook({"S": rows}, merged), commune)
    assert (told(checked), reading.unused) == ([NHAN], ())


def test_tables_side_by_side_are_refused(commune: Commune) -> None:
    rows = [
        ("Chủ hộ", "Thôn", None, "Chủ hộ", "Thôn"),
        ("Bùi Thị Nhàn", "Vạn Phúc", None, "Hà Văn Lộc", "Cẩm La"),
    ]
    with pytest.raises(TableRejected, match="hai bảng đặt cạnh nhau"):
        households(workbook({"S": rows}), commune)


def test_a_heading_that_comes_again_with_other_places_is_followed(commune: Commune) -> None:
    again = ("STT", "Thôn", "Họ và tên chủ hộ", "Số nhà", "Ngõ")
    rows = [
        HEADING,
        (1, "Bùi Thị Nhàn", "Vạn Phúc", "Ngõ 5", 7),
        (),
        again,
        (1, "Cẩm La", "Hà Văn Lộc", 9, "Ngõ 2"),
    ]
    _, checked = households(workbook({"S": rows}), commune)
    assert told(checked) == [NHAN, LOC]


def test_formulas_and_days_that_excel_made_of_numbers_are_told(commune: Commune) -> None:
    rows = [
        HEADING,
        (1, "=UPPER(F2)", "Vạn Phúc", None, 7),
        (2, "Hà Văn Lộc", "Cẩm La", None, dt.date(2026, 5, 7)),
    ]
    _, checked = households(workbook({"S": rows}), commune)
    formula, day = map(str, checked.faults)
    assert formula.startswith("Dòng 2: cột Họ tên chủ hộ là công thức chưa có kết quả")
    assert day.startswith("Dòng 3: số nhà “07/05/2026” đã bị Excel đổi thành ngày")


def test_hidden_rows_are_read_and_told(commune: Commune) -> None:
    def hide(sheet: Any) -> None:
        sheet.row_dimensions[2].hidden = True
        sheet.row_dimensions[40].hidden = True

    rows = [HEADING, (1, "Bùi Thị Nhàn", "Vạn Phúc", "Ngõ 5", 7), (2, "Hà Văn Lộc", "Cẩm La", "Ngõ 2", 9)]
    reading, checked = households(workbook({"S": rows}, change=hide), commune)
    assert told(checked) == [NHAN, LOC]
    assert reading.remarks == ("Trang “S” có 1 dòng đang ẩn hoặc bị lọc; các dòng ấy vẫn được đọc.",)


def test_notes_and_dates_under_a_table_are_no_rows(commune: Commune) -> None:
    rows = [HEADING, (1, "Bùi Thị Nhàn", "Vạn Phúc", "Ngõ 5", 7), (None, "Ghi chú: hộ vắng không ghi"),
            (None, "* mới chuyển đến"), (None, None, None, "Ngày 20/11/2026")]  # fmt: skip
    reading, checked = households(workbook({"S": rows}), commune)
    assert (told(checked), checked.faults) == ([NHAN], ())
    assert [row.why for row in reading.passed] == ["ghi chú", "ghi chú", "phần ký tên dưới bảng"]


def test_spaces_that_are_not_seen_and_letters_in_parts_make_no_difference(commune: Commune) -> None:
    apart = unicodedata.normalize("NFD", "Hà Văn Lộc"), unicodedata.normalize("NFD", "CẨM LA")
    rows = [HEADING, (1, "\xa0Bùi  Thị Nhàn ", "van phuc\xa0", "NGÕ 05", " 7 "), (2, *apart, "ngõ 2", "09")]
    _, checked = households(workbook({"S": rows}), commune)
    assert told(checked) == [NHAN, LOC]


TEXTS = {
    "semicolons in quotes": 'Chủ hộ;Thôn;Địa chỉ\r\nBùi Thị Nhàn;Vạn Phúc;"Ngõ 5; số 7"\r\n'.encode(
        "utf-8-sig"
    ),
    "UTF-16 with commas": 'Chủ hộ,Thôn,Địa chỉ\r\nBùi Thị Nhàn,Vạn Phúc,"Ngõ 5, số 7"\r\n'.encode("utf-16"),
    "line ends in cells": 'Hộ;;\r\n"Họ tên\nchủ hộ";Thôn;Địa chỉ\r\nBùi Thị Nhàn;Vạn Phúc;"Ngõ 5\nsố 7"\r\n'.encode(),
}


@pytest.mark.parametrize("content", TEXTS.values(), ids=TEXTS)
def test_text_files_with_signs_inside_cells(content: bytes, commune: Commune) -> None:
    _, checked = households(content, commune, "ho.csv")
    assert told(checked) == [NHAN]


def collectors(rows: Rows, commune: Commune) -> tuple[list[list[str]], list[str]]:
    reading = read_table.read_file(workbook({"S": rows}), "tv.xlsx", COLLECTOR_TABLE)
    planned, wrong = collectors_import.plan(collectors_import.lines_of(reading), commune)
    return [sorted(village.code for village in each.villages) for each in planned], [
        str(each) for each in wrong
    ]


def test_collectors_of_several_thon_and_of_a_group(commune: Commune) -> None:
    rows = [("STT", "Họ và tên", "SĐT", "Thôn phụ trách"), (1, "Mạc Thị Sớm", 912345678, "Cẩm La và thôn Hòa Mỹ"),
            ("THÔN VẠN PHÚC",), (2, "Đinh Văn Khoát", "'0987654321", None)]  # fmt: skip
    assert collectors(rows, commune) == ([["11629016", "11629019"], ["11629018"]], [])


def test_two_thon_without_a_sign_between_them_are_refused_with_the_way_out(commune: Commune) -> None:
    _, wrong = collectors([("Họ và tên", "Thôn"), ("Mạc Thị Sớm", "Cẩm La\nHòa Mỹ")], commune)
    assert wrong == ["Dòng 2: xã không có thôn “Cẩm La Hòa Mỹ”; nhiều thôn thì cách nhau bằng dấu chấm phẩy."]


def test_numbers_with_signs_and_spaces_around_them(commune: Commune) -> None:
    rows = [("TT", "Tên thôn", "Số hộ", "Số khẩu", "Trong đó: từ đủ 18 tuổi"),
            (1, "Vạn Phúc ", "'120", "430\xa0", "310 "), (2, "Hòa Mỹ", "1,250", "3.832", None)]  # fmt: skip
    found, wrong = household_numbers_import.figures(
        household_numbers_import.read(workbook({"S": rows}), "so.xlsx"), commune
    )
    assert wrong == []
    assert [(v.code, f.households, f.people, f.adults) for v, f in found] == [
        ("11629018", 120, 430, 310),
        ("11629016", 1250, 3832, None),
    ]
