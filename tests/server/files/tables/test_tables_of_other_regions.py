"""Tables of communes whose thôn are called khóm, ấp, buôn, bản or khối, and of the peoples who live there."""

from collections.abc import Sequence

import pytest
from flask import Flask

from server.files.tables import read_table
from server.models import Commune
from server.phones import collectors_import
from server.phones.collectors_import import COLLECTOR_TABLE
from server.places import household_numbers_import, merged_villages, villages_import
from server.places.villages_import import VILLAGE_TABLE
from tests import sample
from tests.server.files.tables.test_clerks_tables import Rows, households, told, workbook

NAMES = (
    "Buôn Ea Đrăng", "Ấp Bình Hòa", "Khóm 3", "Ấp 3", "Bản Nà Sản", "Tiểu khu 5", "Khối phố An Hà", "Xóm 8",
    "Bàn Thạch", "Tổ dân phố số 9",
)  # fmt: skip


@pytest.fixture
def commune(app: Flask) -> Commune:
    found = sample.make_commune()
    for number, name in enumerate(NAMES, start=1):
        sample.make_village(found, f"11629{number:03d}", name)
    return found


def test_rows_of_their_own_name_units_of_every_region(commune: Commune) -> None:
    """A unit that is not known would leave its households to the one before it."""
    heading = ("STT", "Họ và tên chủ hộ", "Số nhà")
    groups = (
        "BUÔN EA ĐRĂNG",
        "II. Ấp Bình Hòa (12 hộ)",
        "Khóm 3",
        "Bản Nà Sản",
        "TIỂU KHU 5",
        "Khối phố An Hà:",
        "Xóm 8",
    )
    rows: list[Sequence[object]] = [heading]
    for number, group in enumerate(groups, start=1):
        rows += [(group,), (1, f"Lò Văn Ọi {number}", number)]
    _, checked = households(workbook({"S": rows}), commune)
    assert checked.faults == ()
    assert [code[-3:] for _, code, _ in told(checked)] == ["001", "002", "003", "005", "006", "007", "008"]


@pytest.mark.parametrize(
    "heading",
    ["Ấp/Khóm", "Khóm, ấp", "Tên buôn", "Buôn/Thôn/TDP", "Khối, xóm, bản", "Bản/tiểu khu", "Khối phố", "Phum, sóc",
     "Địa chỉ (ấp)", "Nơi cư trú (thôn, xóm)", "Thôn đang cư trú", "TỔ DÂN PHỐ SỐ", "Địa bàn dân cư"],
)  # fmt: skip
def test_the_column_of_the_unit_is_known_by_its_name_anywhere(commune: Commune, heading: str) -> None:
    rows: Rows = [("TT", "Chủ hộ", heading), (1, "Sơn Thị Đa Ri", "Ấp Bình Hòa")]
    assert told(households(workbook({"S": rows}), commune)[1]) == [("Sơn Thị Đa Ri", "11629002", "")]


@pytest.mark.parametrize(
    ("written", "code"),
    [("ea đrăng", "001"), ("BUÔN EA ĐRĂNG", "001"), ("Bình Hoà", "002"), ("ap Binh Hoa", "002"), ("khóm số 3", "003"),
     ("Khóm 03", "003"), ("khóm III", "003"), ("ấp3", "004"), ("Nà Sản", "005"), ("ban na san", "005"),
     ("tiểu khu 05", "006"), ("An Hà", "007"), ("KP An Hà", "007"), ("8", "008"), ("xóm 08", "008"),
     ("Bàn Thạch", "009"), ("ban thach", "009"), ("TDP09", "010"), ("Tổ 9", "010")],
)  # fmt: skip
def test_a_unit_is_found_by_every_way_of_writing_it(commune: Commune, written: str, code: str) -> None:
    found = merged_villages.by_words(commune).find("", written)
    assert not isinstance(found, str), found
    assert found.code == f"11629{code}"


@pytest.mark.parametrize("written", ["3", "Xóm Bình Hòa"])
def test_what_may_be_two_units_or_another_is_told(commune: Commune, written: str) -> None:
    assert isinstance(merged_villages.by_words(commune).find("", written), str)


@pytest.mark.parametrize("group", ["TDP9", "tdp09", "III. Tdp.9", "TDP số 9"])
def test_a_unit_written_together_with_its_number_holds_for_its_rows(commune: Commune, group: str) -> None:
    rows: Rows = [("STT", "Họ và tên chủ hộ"), ("KHÓM 3",), (1, "Danh Út"), (None, group), (1, "K'Brếp")]
    assert [(name, code[-3:]) for name, code, _ in told(households(workbook({"S": rows}), commune)[1])] == [
        ("Danh Út", "003"),
        ("K'Brếp", "010"),
    ]


def test_rows_that_name_a_team_name_its_unit(commune: Commune) -> None:
    rows: Rows = [
        ("STT", "Họ và tên", "Chức vụ", "Số điện thoại"),
        ("TỔ CÔNG NGHỆ SỐ CỘNG ĐỒNG ẤP BÌNH HÒA",),
        (1, "Thạch Sa Rây", "Tổ trưởng", 912345678),
        ("Tổ CNSCĐ khóm 3",),
        (1, "A Ó", "Bí thư Đoàn", None),
    ]
    reading = read_table.read_file(workbook({"S": rows}), "to.xlsx", COLLECTOR_TABLE)
    planned, wrong = collectors_import.plan(collectors_import.lines_of(reading), commune)
    assert wrong == []
    assert [[village.name for village in each.villages] for each in planned] == [["Ấp Bình Hòa"], ["Khóm 3"]]


def test_a_title_that_only_begins_like_a_unit_names_none(commune: Commune) -> None:
    rows: Rows = [("BẢN TỔNG HỢP HỘ DÂN",), ("STT", "Chủ hộ"), ("Khóm 3",), (1, "Kim Út")]
    assert told(households(workbook({"Ấp Bình Hòa": rows}), commune)[1]) == [("Kim Út", "11629003", "")]


def test_people_of_one_letter_names_have_names(commune: Commune) -> None:
    rows: Rows = [
        ("Chủ hộ", "Ấp"),
        ("A Ó", "3"),
        ("H'HEN NIÊ", "Ấp 3"),
        ("Y BHIÊM NIÊ KĐĂM", "Ấp 3"),
        ("x", "Ấp 3"),
    ]
    _, checked = households(workbook({"S": [rows[0], *((name, "Ấp 3") for name, _ in rows[1:])]}), commune)
    assert [name for name, _, _ in told(checked)] == ["A Ó", "H'Hen Niê", "Y Bhiêm Niê Kđăm"]
    assert [str(fault) for fault in checked.faults] == ["Dòng 5: “x” không phải họ tên chủ hộ."]


def test_sums_and_signatures_of_every_unit_are_passed_over(commune: Commune) -> None:
    rows: Rows = [
        ("STT", "Họ tên chủ hộ", "Ấp, khóm"),
        (1, "Kim Út", "Khóm 3"),
        (None, "Cộng khóm 3: 1 hộ"),
        (2, "Danh Út", "Ấp 3"),
        (None, "TRƯỞNG ẤP"),
        (None, "Lê Văn Ký"),
    ]
    reading, checked = households(workbook({"S": rows}), commune)
    assert [name for name, _, _ in told(checked)] == ["Kim Út", "Danh Út"]
    assert [row.why for row in reading.passed] == [
        "dòng cộng",
        "phần ký tên dưới bảng",
        "phần ký tên dưới bảng",
    ]


@pytest.mark.parametrize(
    ("kind", "heading", "written", "name"),
    [
        ("phường", "Khóm", 7, "Khóm 7"),
        ("phường", "Tổ dân phố", "Số 12", "Tổ dân phố số 12"),
        ("phường", "Tên", "4A", "Tổ dân phố 4A"),
        ("xã", "Ấp/khóm", 11, "Thôn 11"),
        ("xã", "Buôn", "BUÔN TƠNG JÚ", "Buôn Tơng Jú"),
    ],
)
def test_a_unit_that_is_a_number_is_called_as_its_column_says(
    commune: Commune, kind: str, heading: str, written: object, name: str
) -> None:
    commune.kind = kind
    reading = read_table.read_file(
        workbook({"S": [(heading, "Số hộ"), (written, 9)]}), "thon.xlsx", VILLAGE_TABLE
    )
    assert [each.name for each in villages_import.plan(reading, commune).rows] == [name]


NUMBERS: dict[str, Rows] = {
    "one heading over several columns, nothing merged": [
        ("BẢNG TỔNG HỢP",), ("TT", "Ấp", "Số hộ", None, "Số khẩu", None, None),
        (None, None, "Tổng", "Hộ nghèo", "Tổng", "Nữ", "Trong đó: từ 18 tuổi trở lên"),
        (1, "Bình Hòa", 120, 3, 430, 210, 300),
    ],
    "the newest of several years": [
        ("Ấp", "Số hộ năm 2025", "Số hộ năm 2026", "Số khẩu năm 2025", "Số khẩu năm 2026", "Từ 18 tuổi"),
        ("Bình Hòa", 99, 120, 400, 430, 300),
    ],
    "the newest day": [
        ("Ấp", "Số hộ 30/6/2026", "Số hộ 31/3/2026", "Số khẩu (tính đến ngày 30/6/2026)", "Trên 18 tuổi"),
        ("Bình Hòa", 120, 99, 430, 300),
    ],
    "the newest month or quarter": [
        ("Ấp", "Số hộ tháng 9/2026", "Số hộ tháng 10/2026", "Số khẩu quý III/2026", "Số khẩu quý 2/2026", "Từ 18 tuổi"),
        ("Bình Hòa", 99, 120, 430, 400, 300),
    ],
    "units and numbers of columns": [
        ("Ấp", "Số hộ", "Số khẩu", "Từ đủ 18 tuổi"), (None, "(hộ)", "(người)", "(người)"),
        ("A", "(1)", "(2)=(3)+(4)", "(3)"), ("Bình Hòa", 120, 430, 300),
    ],
}  # fmt: skip


@pytest.mark.parametrize("rows", NUMBERS.values(), ids=NUMBERS)
def test_numbers_are_read_from_the_column_that_is_meant(commune: Commune, rows: Rows) -> None:
    reading = household_numbers_import.read(workbook({"S": rows}), "so.xlsx")
    found, wrong = household_numbers_import.figures(reading, commune)
    assert wrong == []
    assert [(v.name, f.households, f.people, f.adults) for v, f in found] == [("Ấp Bình Hòa", 120, 430, 300)]
