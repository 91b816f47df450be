"""The sheet a clerk prints: one row a thôn, one pair of columns a target, on one page."""

import re
from pathlib import Path

import openpyxl
import pytest
from openpyxl.worksheet.worksheet import Worksheet

from dashboards.downloads import coverage_files
from geo.compute_coverage import CoverageTable
from geo.target_states import Tallied
from tests.leaders import sample, target, village, visited

FIVE_G = "phu_song_5g"
TARGETS = (
    target("AL-T20", "vneid_18_kich_hoat", label="VNeID"),
    target("AL-T01", FIVE_G, label="5G"),
)


def thon(
    number: int, name: str, households: int, met: int, adults: tuple[int, int], five_g: tuple[int, int, int]
):
    made = village(
        number,
        households,
        tham_ho=Tallied(met, met, met),
        vneid_18_kich_hoat=Tallied(*adults, met),
        phu_song_5g=Tallied(*five_g),
    )
    return made.__class__(**{**vars(made), "name": name})


ROWS = (
    thon(18, "Vạn Phúc", 60, 48, (110, 120), (26, 30, 30)),
    thon(19, "Cẩm La", 100, 33, (51, 60), (21, 30, 30)),
    thon(16, "Hòa Mỹ", 40, 36, (40, 60), (3, 3, 3)),
    thon(20, "Ân Sơn", 44, 30, (40, 60), (20, 30, 30)),
    thon(21, "Đại Nam", 50, 41, (70, 80), (20, 40, 40)),
    thon(22, "Cẩm La", 30, 24, (30, 40), (10, 20, 20)),
)


def saved(table: CoverageTable, folder: Path) -> Worksheet:
    coverage_files.xlsx(table, folder / "x.xlsx", "ai đó")
    return openpyxl.load_workbook(folder / "x.xlsx").worksheets[0]


@pytest.fixture
def sheet(tmp_path: Path) -> Worksheet:
    return saved(sample(ROWS, targets=TARGETS), tmp_path)


def values(sheet: Worksheet) -> list[tuple[object, ...]]:
    return list(sheet.iter_rows(values_only=True))


def test_there_is_one_row_a_thon_in_vietnamese_order_and_the_commune_last(sheet: Worksheet) -> None:
    head, *rows = values(sheet)[: len(ROWS) + 2]
    assert head == (
        *("Mã thôn", "Thôn", "Số hộ", "Đã gặp", "% đã gặp"),
        *("5G %", "5G so với chỉ tiêu", "VNeID %", "VNeID so với chỉ tiêu"),
    ) or head[5:] == ("VNeID %", "VNeID so với chỉ tiêu", "5G %", "5G so với chỉ tiêu")
    names = ["Ân Sơn", "Cẩm La (019)", "Cẩm La (022)", "Đại Nam", "Hòa Mỹ", "Vạn Phúc", "Cả xã"]
    assert [row[1] for row in rows] == names


def test_numbers_are_numbers_and_bounds_are_words_with_a_comma(sheet: Worksheet) -> None:
    head, *rows = values(sheet)[: len(ROWS) + 2]
    told = {row[1]: dict(zip(head, row, strict=True)) for row in rows}
    assert told["Vạn Phúc"]["% đã gặp"] == 80
    assert told["Vạn Phúc"]["5G %"] == "> 83,3"
    assert told["Vạn Phúc"]["5G so với chỉ tiêu"] == "đạt"
    assert told["Hòa Mỹ"]["5G %"] == "dưới 5 hộ"
    assert told["Hòa Mỹ"]["5G so với chỉ tiêu"] is None
    assert told["Cẩm La (019)"]["VNeID %"] == 85
    assert told["Cẩm La (019)"]["VNeID so với chỉ tiêu"] == "chưa đủ số liệu"
    number = sheet.cell(3, head.index("VNeID %") + 1)
    assert (number.data_type, number.number_format) == ("n", "0.0")
    state = sheet.cell(7, head.index("5G so với chỉ tiêu") + 1)
    assert state.fill.fgColor.rgb == "FF2166AC"


def test_it_prints_on_one_page_with_its_heading_and_can_be_filtered(sheet: Worksheet) -> None:
    setup = sheet.page_setup
    assert (setup.orientation, setup.paperSize) == ("landscape", 9)
    assert {setup.fitToWidth, setup.fitToHeight} <= {None, 1}  # where nothing is said it is one page
    assert sheet.sheet_properties.pageSetUpPr.fitToPage
    assert sheet.print_title_rows == "$1:$1"
    assert sheet.freeze_panes == "C2"
    assert (
        "các thôn, đến 22/11/2026" in sheet.oddHeader.left.text
    )  # a page that lies on a table says what it is
    assert sheet.auto_filter.ref == f"A1:I{len(ROWS) + 1}"


def test_every_sheet_of_the_workbook_is_one_page_wide_on_paper(tmp_path: Path) -> None:
    coverage_files.xlsx(sample(ROWS, targets=TARGETS), tmp_path / "x.xlsx", "ai đó")
    for page in openpyxl.load_workbook(tmp_path / "x.xlsx").worksheets:
        assert page.sheet_properties.pageSetUpPr.fitToPage, page.title
        assert page.page_setup.fitToWidth in (None, 1), page.title  # where nothing is said it is one


def test_notes_and_day_stand_beneath_and_no_english_code_stands_anywhere(tmp_path: Path) -> None:
    coverage_files.xlsx(sample(ROWS, targets=TARGETS), tmp_path / "x.xlsx", "ai đó")
    book = openpyxl.load_workbook(tmp_path / "x.xlsx")
    beneath = [row[0] for row in values(book.worksheets[0])[len(ROWS) + 3 :] if row[0]]
    assert any("ính đến 22/11/2026" in str(note) for note in beneath)
    assert any("dưới 5 hộ" in str(note) for note in beneath)
    texts = [
        str(cell) for page in book.worksheets for row in values(page) for cell in row if cell is not None
    ]
    codes = re.compile(r"\b(household|adult|person|village|suppressed|base|secondary|met|behind)\b")
    assert [text for text in texts if codes.search(text)] == []


def test_a_column_has_one_denominator_and_says_it(tmp_path: Path) -> None:
    """R6: of all households, in every row; those asked alone have no column of the same name."""
    every = (target("AL-T26", "smart_hai_phong_ho", label="Smart", over_households=True),)
    rows = tuple(
        village(n, 100, tham_ho=Tallied(60, 60, 60), smart_hai_phong_ho=Tallied(30 + n, 60, 60))
        for n in (1, 2)
    )
    head, first, *_ = values(saved(sample(rows, targets=every, full=True), tmp_path))
    assert head[5] == "Smart % (trên tất cả các hộ)"
    assert first[5] == 31


def test_columns_that_nobody_was_asked_are_named_beneath(tmp_path: Path) -> None:
    rows = (village(1, 100, **visited(60, 30)), village(2, 100, **visited(60, 30)))
    sheet = saved(sample(rows, targets=TARGETS), tmp_path)
    assert not any("VNeID" in str(head) for head in values(sheet)[0])
    assert any("không có cột: VNeID" in str(row[0]) for row in values(sheet))
