"""Lists made to be printed: a heading and sums on every page, columns in two rows, signs for "as above"."""

from collections.abc import Sequence

import pytest

from server.models import Commune
from tests.server.files.tables.test_clerks_tables import LOC, NHAN, Rows, commune, households, told, workbook

__all__ = ["commune"]  # a fixture is found by its name

UPPER = ("STT", "Chủ hộ", "Thôn", "Địa chỉ", None, None)
LOWER = (None, None, None, "Số nhà", "Ngõ", "Tổ")
NUMBERS = ("(1)", "(2)", "(3)", "(4)", "(5)", "(6)")
FIRST = (1, "Bùi Thị Nhàn", "Vạn Phúc", 7, 5, 3)
SECOND = (2, "Hà Văn Lộc", "Cẩm La", 9, 2, None)


@pytest.mark.parametrize(
    "merged",
    [
        (),
        ("D2:F2", "D7:F7"),
        ("A2:A3", "B2:B3", "C2:C3", "D2:F2", "A7:A8", "B7:B8", "C7:C8", "D7:F7"),
        ("D2:F2",),
    ],
)
def test_a_heading_of_two_rows_that_each_page_repeats(commune: Commune, merged: Sequence[str]) -> None:
    rows: Rows = [
        ("DANH SÁCH HỘ",), UPPER, LOWER, NUMBERS, FIRST, ("Cộng mang sang", None, None, 1), UPPER, LOWER, NUMBERS,
        ("Mang sang", None, None, 1), SECOND, ("Lũy kế", None, None, 2), ("Chuyển sang trang sau: 2 hộ",),
    ]  # fmt: skip
    reading, checked = households(workbook({"Hộ": rows}, merged), commune)
    assert (told(checked), checked.faults) == ([NHAN, LOC], ())
    assert {row.why for row in reading.passed} == {"dòng đánh số cột", "dòng cộng", "tiêu đề lặp lại"}


def test_a_page_whose_heading_says_more_takes_no_row_from_the_pages_before(commune: Commune) -> None:
    """The heading with most columns would be the second one: all that stands above it would be lost."""
    rows: Rows = [
        ("STT", "Chủ hộ", "Thôn", "Địa chỉ"),
        (1, "Bùi Thị Nhàn", "Vạn Phúc", "Số 7 ngõ 5"),
        ("STT", "Chủ hộ", "Thôn", "Số nhà", "Ngõ"),
        (2, "Hà Văn Lộc", "Cẩm La", 9, 2),
    ]
    _, checked = households(workbook({"Hộ": rows}), commune)
    assert (told(checked), checked.faults) == ([NHAN, LOC], ())


def test_who_is_called_like_a_sum_is_a_household(commune: Commune) -> None:
    rows: Rows = [UPPER[:4], (1, "Mang Thị Sang", "Vạn Phúc", "Ngõ 5"), (2, "Lũy Văn Kế", "Cẩm La", "Ngõ 2")]
    _, checked = households(workbook({"Hộ": rows}), commune)
    assert [label for label, _, _ in told(checked)] == ["Mang Thị Sang", "Lũy Văn Kế"]


@pytest.mark.parametrize(
    ("heading", "merged"),
    [
        (("STT", "Họ", "Tên đệm", "Tên", "Thôn", "Ngõ", "Số nhà"), ()),
        (("STT", "Họ", "Chữ đệm", "Tên chủ hộ", "Thôn", "Ngõ", "Số nhà"), ()),
        (("STT", "Họ và tên chủ hộ", None, None, "Thôn", "Ngõ", "Số nhà"), ("B1:D1",)),
    ],
)
def test_a_name_in_three_columns_is_one_name(
    commune: Commune, heading: Sequence[object], merged: Sequence[str]
) -> None:
    rows: Rows = [
        heading,
        (1, "Bùi", "Thị", "Nhàn", "Vạn Phúc", 5, 7),
        (2, "Hà", "Văn", "Lộc", "Cẩm La", 2, 9),
        (3, "Ngô", None, "Ấm", "Cẩm La", None, 1),
    ]
    _, checked = households(workbook({"Hộ": rows}, merged), commune)
    assert told(checked) == [NHAN, LOC, ("Ngô Ấm", "11629019", "Số 1")]


@pytest.mark.parametrize("sign", ["nt", "-nt-", "n.t", "như trên", '"', "″", "〃", "''", "-”-"])
def test_a_sign_for_as_above_is_what_stands_above(commune: Commune, sign: str) -> None:
    rows: Rows = [
        ("STT", "Chủ hộ", "Thôn", "Ngõ", "Số nhà"),
        (1, "Bùi Thị Nhàn", "Vạn Phúc", "Ngõ 5", 7),
        (2, "Hà Văn Lộc", sign, sign, 9),
        (3, "Ngô Ấm", sign, None, None),
        (4, sign, "Cẩm La", None, None),
    ]
    _, checked = households(workbook({"Hộ": rows}), commune)
    assert told(checked)[:3] == [
        NHAN,
        ("Hà Văn Lộc", "11629018", "Ngõ 5, số 9"),
        ("Ngô Ấm", "11629018", ""),
    ]


@pytest.mark.parametrize(
    ("heading", "cells", "address"),
    [
        (("Ngõ", "Ngách", "Số nhà"), (5, 3, 7), "Ngõ 5, Ngách 3, số 7"),
        (("Ngõ", "Ngách", "Số nhà"), ("Ngõ 5", "ngách 3", 7), "Ngõ 5, Ngách 3, số 7"),
        (("Đường", "Hẻm", "Số nhà"), ("Lê Lợi", 3, 7), "Đường Lê Lợi, Hẻm 3, số 7"),
        (("Ngõ", "Ngách", "Số nhà"), (None, 3, 7), "Ngách 3, số 7"),
        (("Ngõ", "Ngách", "Số nhà"), (5, None, 7), "Ngõ 5, số 7"),
        (("Ngõ/ngách", "Tổ", "Số nhà"), ("5/3", 1, 7), "Ngõ 5/3, số 7"),
        (("Ngách", "Tổ", "Số nhà"), (3, 1, 7), "Ngách 3, số 7"),
    ],
)
def test_a_side_lane_in_a_column_of_its_own_is_part_of_the_address(
    commune: Commune, heading: Sequence[str], cells: Sequence[object], address: str
) -> None:
    """Two houses number 7 of one lane are two houses."""
    rows: Rows = [("STT", "Chủ hộ", "Thôn", *heading), (1, "Bùi Thị Nhàn", "Vạn Phúc", *cells)]
    _, checked = households(workbook({"Hộ": rows}), commune)
    assert [each for _, _, each in told(checked)] == [address]
