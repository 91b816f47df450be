"""The reader of tables: what it passes over it names; no row of data is lost, hostile files are bounded."""

import contextlib
import io
import time
import zipfile
from collections.abc import Sequence
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from server.files.tables import excel_and_csv, read_table
from server.files.tables.excel_and_csv import TableRejected
from server.files.tables.read_table import TableRead
from server.files.tables.table_kinds import ReadingChoice, TableColumn, TableKind
from server.plans.plan_table import PLAN_TABLE

KIND = TableKind(
    "thu",
    (TableColumn("collector", "Họ tên"), TableColumn("village_code", "Mã thôn"), TableColumn("village", "Thôn"),
     TableColumn("households", "Số hộ")),
    (("collector",), ("village_code", "village")),
)  # fmt: skip


def workbook(sheets: dict[str, Sequence[Sequence[object]]], merged: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for place in merged:
            sheet.merge_cells(place)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def read(rows: Sequence[Sequence[object]], merged: Sequence[str] = (), **choice: object) -> TableRead:
    return read_table.read_file(workbook({"A": rows}, merged), "a.xlsx", KIND, ReadingChoice(**choice))


def cells(reading: TableRead) -> list[tuple[str, str]]:
    return [(row.text("collector"), row.text("village")) for row in reading.rows]


def test_what_is_passed_over_is_named_with_its_row() -> None:
    reading = read(
        [
            ("UBND XÃ",), ("TT", "Họ tên", "Thôn", "Điện thoại"), ("(1)", "(2)", "(3)", "(4)"), (1, "An", "Đông", "09"),
            (None, "Cộng thôn Đông: 1 người"), ("TT", "Họ tên", "Thôn", "Điện thoại"), (2, "Tống Thị Số", "Đoài", None),
            (None, "Tổng cộng: 2 người", None), (None, None, "An Lão, ngày 12 tháng 11 năm 2026"),
            (None, "Người lập", "Chủ tịch"), (None, "Phạm Thị Ký", "Lê Văn Đóng Dấu"),
        ]
    )  # fmt: skip
    assert cells(reading) == [("An", "Đông"), ("Tống Thị Số", "Đoài")]
    assert [(row.where, row.why) for row in reading.passed] == [
        ("Dòng 3", "dòng đánh số cột"), ("Dòng 5", "dòng cộng"), ("Dòng 6", "tiêu đề lặp lại"), ("Dòng 8", "dòng cộng"),
        ("Dòng 9", "phần ký tên dưới bảng"), ("Dòng 10", "phần ký tên dưới bảng"),
        ("Dòng 11", "phần ký tên dưới bảng"),
    ]  # fmt: skip
    assert reading.unused == ("Điện thoại",)


def test_offices_in_other_columns_do_not_end_the_table() -> None:
    rows = [("Họ tên", "Thôn", "Chức vụ"), ("An", "Đông", "Trưởng thôn"), ("Bình", "Đoài", "Cán bộ Đoàn")]
    assert cells(read(rows)) == [("An", "Đông"), ("Bình", "Đoài")]


def test_a_row_about_an_office_that_has_a_number_is_data() -> None:
    table = (
        "Chỉ tiêu\tMức giao\nHồ sơ trực tuyến\t85%\nCán bộ, công chức có kỹ năng số\t100%\n"
        "Bí thư chi bộ dùng VNeID\t12\nTin, bài\t1\nCÁN BỘ TỔNG HỢP\tCHỦ TỊCH\n"
    )
    reading = read_table.read_text(table, PLAN_TABLE)
    assert [row.text("target_value") for row in reading.rows] == ["85%", "100%", "12", "1"]
    assert [row.why for row in reading.passed] == ["phần ký tên dưới bảng"]


def test_a_row_that_lacks_something_is_kept_to_be_told() -> None:
    assert cells(read([("Họ tên", "Thôn"), ("An", "Đông"), ("Bình", None)])) == [("An", "Đông"), ("Bình", "")]


def test_a_heading_of_two_rows_is_read_as_one() -> None:
    rows = [
        ("Họ tên", "Thôn", "Số hộ", None),
        (None, None, "Tổng số", "Hộ nghèo"),
        ("An", "Đông", 120, 3),
    ]
    reading = read(rows, ["A1:A2", "B1:B2", "C1:D1"])
    assert cells(reading) == [("An", "Đông")]
    assert reading.rows[0].whole("households", "Số hộ") == 120
    assert reading.unused == ("Số hộ Hộ nghèo",)


def test_columns_may_be_chosen_by_hand_and_sheets_left_out() -> None:
    rows = [("Cột một", "Cột hai"), ("An", "Đông")]
    with pytest.raises(TableRejected):
        read(rows)
    assert cells(read(rows, columns={"collector": 0, "village": 1})) == [("An", "Đông")]
    both = workbook(
        {"Tổ 1": [("Họ tên", "Thôn"), ("An", "Đông")], "Tổ 2": [("Họ tên", "Thôn"), ("Bình", "Đoài")]}
    )
    reading = read_table.read_file(both, "a.xlsx", KIND, ReadingChoice(without=frozenset({"Tổ 2"})))
    assert cells(reading) == [("An", "Đông")]
    assert reading.left_out == ("Trang “Tổ 2” được bỏ lại theo lựa chọn.",)


def test_a_percent_is_read_as_it_is_shown() -> None:
    """What is typed as 92,5% is kept as 0.925 in a cell whose format is one of percents."""
    book = openpyxl.Workbook()
    for row in (
        ("Chỉ tiêu", "Mức giao"),
        ("Hồ sơ trực tuyến", 0.925),
        ("Chữ ký số", 1),
        ("Wi-Fi", 0.07),
        ("Cuộc", 1.5),
    ):
        book.active.append(row)
    for place, shown in (("B2", "0.0%"), ("B3", "0%"), ("B4", "0.00%")):
        book.active[place].number_format = shown
    out = io.BytesIO()
    book.save(out)
    reading = read_table.read_file(out.getvalue(), "ke-hoach.xlsx", PLAN_TABLE)
    assert [row.text("target_value") for row in reading.rows] == ["92,5%", "100%", "7%", "1.5"]


def test_a_sheet_is_as_wide_as_what_stands_in_it() -> None:
    """Columns without anything would be offered to choose from, up to the last that is read."""
    content = workbook({"A": [("Họ tên", "Thôn"), ("An", "Đông", None, "x")]})
    assert [len(row) for _, row in excel_and_csv.of_file(content, "a.xlsx")[0].rows] == [4, 4]


def test_a_formula_that_nobody_worked_out_is_told_not_taken_for_a_blank() -> None:
    reading = read([("Họ tên", "Thôn", "Số hộ"), ("An", "Đông", "=60+60")])
    assert "công thức" in str(reading.rows[0].whole("households", "Số hộ"))


def test_text_of_an_old_font_in_a_workbook_is_read_as_it_is_meant() -> None:
    rows = [("H\u00e4 t\u00aan", "Th\u00abn"), ("L\u00ad\u00acng V\u00a8n T\u00f6u", "V\u00b9n Ph\u00f3c")]
    assert cells(read(rows)) == [("Lương Văn Tửu", "Vạn Phúc")]


@pytest.mark.parametrize(
    "text",
    ["Họ tên\tThôn\nAn\tĐông\n", "Họ tên;Thôn\r\nAn;Đông", "sep=;\nHọ tên;Thôn\nAn;Đông", "Họ tên,Thôn\n\nAn,Đông\n",
     "DANH SÁCH, TỔ\n\nHọ tên|Thôn\nAn|Đông\nBình, con An|Đoài"],
)  # fmt: skip
def test_pasted_cells_are_parted_by_any_sign(text: str) -> None:
    assert cells(read_table.read_text(text, KIND))[0] == ("An", "Đông")


def test_a_web_page_that_calls_itself_excel_says_what_to_do() -> None:
    with pytest.raises(TableRejected, match=r"lưu lại dạng \.xlsx"):
        excel_and_csv.of_file(b"<html><table><tr><td>1</td></tr></table></html>", "a.xls")


def test_a_sheet_that_is_too_long_is_refused_not_cut() -> None:
    text = "Họ tên,Thôn\n" + "An,Đông\n" * (excel_and_csv.MOST_ROWS + 1)
    with pytest.raises(TableRejected, match="dài quá"):
        read_table.read_text(text, KIND)


@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.xlsx", "a.xls"]))
@hypothesis_settings(max_examples=100)
def test_reading_never_fails_in_another_way(content: bytes, filename: str) -> None:
    with contextlib.suppress(TableRejected):
        assert read_table.read_file(content, filename, KIND).rows


def test_headings_without_end_cost_little() -> None:
    """A hundred columns of strange words in every row where a heading is looked for."""
    text = "\n".join(",".join(f"Cột {row} {place} số hộ của" for place in range(100)) for row in range(30))
    began = time.process_time()
    with pytest.raises(TableRejected):
        read_table.read_text(text, KIND)
    assert time.process_time() - began < 5


def test_the_last_row_before_a_long_gap_is_read_and_so_is_what_follows() -> None:
    """Formatted empty rows stand below many an office's table."""
    gap = [()] * 75
    assert cells(read([("Họ tên", "Thôn"), ("An", "Đông"), *gap, ("Bình", "Đoài"), *gap])) == [
        ("An", "Đông"),
        ("Bình", "Đoài"),
    ]


def test_an_apostrophe_before_a_number_is_no_part_of_it() -> None:
    reading = read([("Họ tên", "Thôn", "Số hộ"), ("An", "Đông", "'0120"), ("O'Hà", "'Đoài'", "’95")])
    assert [row.whole("households", "Số hộ") for row in reading.rows] == [120, 95]
    assert cells(reading)[1] == ("O'Hà", "'Đoài'")


@pytest.mark.parametrize(
    ("part", "kind"),
    [("xl/workbook.bin", ".xlsb"), ("content.xml", ".ods"), ("word/document.xml", "Word")],
)
def test_what_only_looks_like_xlsx_is_refused_by_its_own_name(part: str, kind: str) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(part, "<a/>")
    with pytest.raises(TableRejected, match=f"{kind}.*Lưu thành"):
        excel_and_csv.of_file(out.getvalue(), "a.xlsx")


def test_days_in_an_old_workbook_are_read_as_days() -> None:
    content = (Path(__file__).parents[3] / "data" / "tables" / "old-dates.xls").read_bytes()
    households = excel_and_csv.of_file(content, "old-dates.xls")[0]
    assert households.rows[2][1][4] == "07/05/2026"
