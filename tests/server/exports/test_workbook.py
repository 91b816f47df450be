"""Workbooks as people open and print them: days have the room that they need."""

import datetime as dt
import errno
import zipfile
from pathlib import Path

import openpyxl
import pytest

from server.exports.workbook import DAY_WIDE, MOMENT_WIDE, Workbook

MOMENT, DAY = dt.datetime(2026, 10, 5, 9, 16, tzinfo=dt.UTC), dt.date(2026, 10, 5)


def wide(path: Path, sheet: str) -> dict[str, float]:
    page = openpyxl.load_workbook(path)[sheet]
    return {letter: shown.width for letter, shown in page.column_dimensions.items()}


def test_days_have_the_room_they_need(tmp_path: Path) -> None:
    """Excel and LibreOffice show #### where a day does not fit."""
    with Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.sheet("Phiếu", ("Tên", "Lúc", "Ngày", "Ghi chú"), (10, 4))
        sheet.row(["An", MOMENT, DAY, "x"])
        sheet.row(["Bình", MOMENT, DAY, "x"])
    found = wide(tmp_path / "a.xlsx", "Phiếu")
    assert (int(found["B"]), int(found["C"])) == (MOMENT_WIDE, DAY_WIDE)
    assert int(found["A"]) == 10


def test_days_on_pages_beside_the_first_have_it_too(tmp_path: Path) -> None:
    with Workbook(tmp_path / "a.xlsx", most_columns=2, most_rows=3) as book:
        sheet = book.sheet("Phiếu", ("Tên", "Tổ", "Ngày", "Lúc"), (40, 40))
        for _ in range(3):
            sheet.row(["An", 1, DAY, MOMENT])
    for name in ("Phiếu (cột 2)", "Phiếu (2) (cột 2)"):
        found = wide(tmp_path / "a.xlsx", name)
        assert (int(found["A"]), int(found["B"])) == (DAY_WIDE, MOMENT_WIDE)


def test_a_wide_column_stays_wide(tmp_path: Path) -> None:
    with Workbook(tmp_path / "a.xlsx") as book:
        book.sheet("Phiếu", ("Ngày",), (30,)).row([DAY])
    assert int(wide(tmp_path / "a.xlsx", "Phiếu")["A"]) == 30


def test_a_disk_that_is_full_at_the_end_leaves_no_parts_beside_the_workbook(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library writes each sheet beside the workbook first, and forgets them where the workbook has no room."""

    def no_room(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(zipfile.ZipFile, "write", no_room)
    with pytest.raises(OSError, match="No space left"), Workbook(tmp_path / "a.xlsx") as book:
        book.sheet("Phiếu", ("Tên",), (10,)).row(["An"])
    assert [each.name for each in tmp_path.iterdir()] == ["a.xlsx"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Biểu mẫu, mục đích, căn cứ, thời hạn lưu", "Biểu mẫu, mục đích, căn cứ"),
        ("Phiếu khảo sát hộ gia đình nhóm 2", "Phiếu khảo sát hộ gia đình nhóm"),
        ("Phiếu khảo sát hộ gia đình nhóm", "Phiếu khảo sát hộ gia đình nhóm"),
        ("thanh_vien_trong_ho_gia_dinh_tu_18_tuoi", "thanh_vien_trong_ho_gia_dinh_tu"),
        ("A thanh_vien_trong_ho_gia_dinh_tu_18", "A thanh_vien_trong_ho_gia_dinh_"),
    ],
)
def test_the_name_of_a_sheet_ends_with_a_whole_word(tmp_path: Path, name: str, shown: str) -> None:
    """Excel has room for 31 letters; a second sheet of the name is told apart within them."""
    with Workbook(tmp_path / "a.xlsx") as book:
        assert [book.sheet(name).title, book.sheet(shown).title[-2:]] == [shown, "~2"]
    assert max(map(len, openpyxl.load_workbook(tmp_path / "a.xlsx").sheetnames)) <= 31


def test_texts_of_a_printed_sheet_are_whole_and_titles_stand_above_the_repeated_header(
    tmp_path: Path,
) -> None:
    """LibreOffice takes the heights of rows as the file has them; without one a second line is not on the paper."""
    long = "Lương Quán, Thượng Đồng, Phương Đình"
    with Workbook(tmp_path / "a.xlsx") as book:
        sheet = book.sheet(
            "In",
            ("Thôn", "Số hộ đã gặp"),
            (14, 6),
            titles=("Các thôn của xã, đến 30/11", ""),
            is_printed=True,
        )
        sheet.row([long, 3])
        sheet.row(["An Khê", 1])
        sheet.row(["Đếm lúc 02:13 30/11/2026; mỗi đêm đếm lại."])
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")["In"]
    assert [page.row_dimensions[at].height for at in (3, 4, 5)] == [45, 45, None]
    assert page["A4"].alignment.wrap_text
    assert (page["A1"].font.b, page["A1"].alignment.wrap_text, page["A6"].alignment.wrap_text) == (
        True,
        None,
        None,
    )
    assert (page.print_title_rows, page.freeze_panes) == ("$3:$3", "A4")
