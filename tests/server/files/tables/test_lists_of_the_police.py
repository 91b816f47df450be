"""Lists as the police and heads of thôn keep them: full addresses, members, feet of pages, signatures."""

import datetime as dt

import pytest

from server.files.tables.excel_and_csv import TableRejected
from server.models import Commune
from tests.server.files.tables.test_clerks_tables import (
    LOC,
    NHAN,
    Rows,
    collectors,
    commune,
    households,
    told,
    workbook,
)

__all__ = ["commune"]  # a fixture is found by its name


def test_a_full_address_names_the_thon_where_no_column_does(commune: Commune) -> None:
    rows: Rows = [
        ("STT", "Họ và tên chủ hộ", "Số CCCD", "Nơi thường trú"),
        (1, "Bùi Thị Nhàn", "031085001234", "Số 7 ngõ 5, thôn Vạn Phúc, xã An Lão, Hải Phòng"),
        (2, "Hà Văn Lộc", "031085004321", "Số 9 - Ngõ 2 - KDC Cẩm La"),
        (3, "Vũ Đình Ấm", None, "Thôn Hòa Mỹ, xóm Đình"),
        (4, "Lê Tám", None, "Ngõ 3, An Lão"),
    ]
    reading, checked = households(workbook({"S": rows}), commune)
    assert told(checked) == [NHAN, LOC, ("Vũ Đình Ấm", "11629016", "Xóm Đình")]
    assert [str(fault) for fault in checked.faults] == ["Dòng 5: chưa ghi thôn."]
    assert reading.unused == ("Số CCCD",)


def test_addresses_without_any_thon_leave_the_table_without_one(commune: Commune) -> None:
    with pytest.raises(TableRejected, match="Thiếu thôn"):
        households(workbook({"S": [("Chủ hộ", "Địa chỉ"), ("Bùi Thị Nhàn", "Ngõ 5, số 7")]}), commune)


def test_a_thon_of_a_title_is_not_asked_of_addresses(commune: Commune) -> None:
    rows: Rows = [
        ("DANH SÁCH HỘ THÔN VẠN PHÚC",),
        ("Chủ hộ", "Địa chỉ"),
        ("Bùi Thị Nhàn", "Số 7 ngõ 5, thôn Cẩm La cũ"),
    ]
    assert [code for _, code, _ in told(households(workbook({"S": rows}), commune)[1])] == ["11629018"]


@pytest.mark.parametrize("mark", ["x", "X", "có", True, 1, "✓"])
def test_of_persons_those_marked_as_heads_are_households(commune: Commune, mark: object) -> None:
    rows: Rows = [
        ("STT", "Họ và tên", "Là chủ hộ", "Thôn"),
        (1, "Bùi Thị Nhàn", mark, "Vạn Phúc"),
        (2, "Lê Văn Tám", None, "Vạn Phúc"),
        (3, "Lê Thị Bưởi", "không", "Vạn Phúc"),
    ]
    reading, checked = households(workbook({"S": rows}), commune)
    assert [name for name, _, _ in told(checked)] == ["Bùi Thị Nhàn"]
    assert (checked.faults, len(reading.passed)) == ((), 2)


@pytest.mark.parametrize(
    "written",
    ["Hà Văn Lộc (1960)", "Hà Văn Lộc - 1960", "Hà Văn Lộc, SN 1960", "Hà Văn Lộc sinh năm 1960",
     "Hà Văn Lộc (SN: 02/9/1960)"],
)  # fmt: skip
def test_a_year_of_birth_behind_a_name_is_no_house_number(commune: Commune, written: str) -> None:
    rows: Rows = [("Chủ hộ (năm sinh)", "Thôn", "Ngõ", "Số nhà"), (written, "Cẩm La", 2, 9)]
    assert told(households(workbook({"S": rows}), commune)[1]) == [LOC]


@pytest.mark.parametrize(
    ("heading", "value", "said"),
    [
        ("Ngõ", dt.date(2026, 3, 2), "ngõ “02/03/2026” đã bị Excel đổi thành ngày"),
        ("Ngõ", dt.time(3, 5), "ngõ “03:05:00” đã bị Excel đổi thành giờ"),
        ("Địa chỉ", dt.date(2026, 5, 7), "địa chỉ “07/05/2026” đã bị Excel đổi thành ngày"),
        ("Số nhà", "#REF!", "cột Số nhà là ô lỗi “#REF!” của Excel"),
        ("Thôn", "#N/A", "cột Thôn là ô lỗi “#N/A” của Excel"),
    ],
)
def test_what_excel_made_of_a_cell_is_told_and_not_stored(
    commune: Commune, heading: str, value: object, said: str
) -> None:
    cells = {"Chủ hộ": "Bùi Thị Nhàn", "Thôn": "Vạn Phúc", heading: value}
    _, checked = households(workbook({"S": [tuple(cells), tuple(cells.values())]}), commune)
    assert (told(checked), len(checked.faults)) == ([], 1)
    assert said in str(checked.faults[0])


@pytest.mark.parametrize(
    "foot", ["Trang 1", "- Trang 1/2 -", "Page 1 of 2", "Hết", "Danh sách này có 02 hộ./.", "Ấn định: hai hộ"]
)
def test_the_foot_of_a_page_is_no_household(commune: Commune, foot: str) -> None:
    rows: Rows = [
        ("STT", "Chủ hộ", "Thôn", "Ngõ", "Số nhà"),
        (1, "Bùi Thị Nhàn", "Vạn Phúc", 5, 7),
        (None, foot),
        (2, "Hà Văn Lộc", "Cẩm La", 2, 9),
        (None, foot),
    ]
    reading, checked = households(workbook({"S": rows}), commune)
    assert (told(checked), checked.faults) == ([NHAN, LOC], ())
    assert [row.why for row in reading.passed] == ["ghi chú", "ghi chú"]


@pytest.mark.parametrize(
    "signed", ["TM. BAN CHỈ ĐẠO", "KT. TRƯỞNG BAN", "ĐẠI DIỆN THÔN", "NGƯỜI THỐNG KÊ", "TL. CHỦ TỊCH"]
)
def test_a_signature_ends_the_table(commune: Commune, signed: str) -> None:
    rows: Rows = [
        ("STT", "Chủ hộ", "Thôn", "Ngõ", "Số nhà"),
        (1, "Bùi Thị Nhàn", "Vạn Phúc", 5, 7),
        (None, signed),
        (None, "Lê Văn Ký"),
    ]
    reading, checked = households(workbook({"S": rows}), commune)
    assert (told(checked), checked.faults) == ([NHAN], ())
    assert [row.text for row in reading.passed] == [signed, "Lê Văn Ký"]


def test_numbers_before_headings_and_names_are_no_part_of_them(commune: Commune) -> None:
    rows: Rows = [
        ("1. STT", "2. Chủ hộ", "(3) Thôn", "4) Ngõ", "V. Số nhà"),
        (1, "1. Bùi Thị Nhàn", "Vạn Phúc", 5, 7),
        (2, "2) Hà Văn Lộc", "Cẩm La", 2, 9),
    ]
    reading, checked = households(workbook({"S": rows}), commune)
    assert (told(checked), reading.unused) == ([NHAN, LOC], ())


@pytest.mark.parametrize("code", [18, "018", "18", 11629018.0, "11629018"])
def test_a_code_may_be_the_number_within_the_commune(commune: Commune, code: object) -> None:
    rows: Rows = [("Chủ hộ", "Mã thôn", "Ngõ", "Số nhà"), ("Bùi Thị Nhàn", code, 5, 7)]
    assert told(households(workbook({"S": rows}), commune)[1]) == [NHAN]


def test_two_members_in_one_cell_are_told(commune: Commune) -> None:
    _, wrong = collectors(
        [("Họ và tên", "Thôn"), ("Mạc Sớm, Đinh Khoát", "Cẩm La"), ("Lê Ba, Bí thư", "Cẩm La")], commune
    )
    assert wrong == ["Dòng 2: “Mạc Sớm, Đinh Khoát” có vẻ là nhiều người; hãy ghi mỗi người một dòng."]


def test_columns_beyond_those_that_are_read_are_told(commune: Commune) -> None:
    rows: Rows = [("Chủ hộ", "Thôn", *["x"] * 98, "Số nhà"), ("Bùi Thị Nhàn", "Vạn Phúc", *[1] * 98, 7)]
    reading, _ = households(workbook({"S": rows}), commune)
    assert reading.remarks == ("Trang “S” rộng quá 100 cột; các cột sau đó không được đọc.",)
    with pytest.raises(TableRejected, match="rộng quá 100 cột"):
        households(
            workbook({"S": [(*["x"] * 101, "Chủ hộ", "Thôn"), (*[1] * 101, "Bùi Thị Nhàn", "Vạn Phúc")]}),
            commune,
        )
