"""The sheet that is printed and taken into a meeting: one row a thôn, one pair of columns a target, one page."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dashboards import self_answer_lines, village_lines, words
from dashboards.downloads.sheet_looks import A4, SheetLooks, pair_columns, to_print, write_cell
from dashboards.maps.map_colours import figure, state_class
from dashboards.village_lines import IndicatorColumn
from geo.compute_coverage import Cell, CoverageTable
from geo.target_states import TargetJudgement, cut
from geo.vietnamese_order import sort_key
from server.coverage.commune_input import VISITED
from server.exports.disarmed_cells import plain
from server.exports.workbook import Workbook

NAME = "Bảng các thôn"
FIXED = ("Mã thôn", "Thôn", "Số hộ", "Đã gặp", "% đã gặp")
MOST_ON_A_PAGE = 60
"""Rows that can still be read when they are printed on one page."""


@dataclass(frozen=True)
class SheetLine:
    """A line of the sheet: what stands in its cells, and for each target its number, its word and its class."""

    fixed: tuple[Any, ...]
    pairs: tuple[tuple[Any, str, str], ...]
    is_bold: bool = False


def write(book: Workbook, table: CoverageTable) -> None:
    """Numbers are numbers with one decimal; what is withheld is told in words, a bound with its sign."""
    columns = shown_columns(table)
    rows = _rows(table, columns)
    page = book.page(NAME)
    looks = SheetLooks(book)
    heads = [*FIXED, *(text for column in columns for text in _heads(column))]
    _set_up(page, heads, len(rows), f"{table.name}: các thôn, đến {words.day(table.as_of)}")
    for place, head in enumerate(heads):
        page.write_string(0, place, plain(head), looks.head)
    for at, row in enumerate(rows, 1):
        _write_row(page, at, row, looks)
    # the commune's own row stays in its place while the thôn are filtered and sorted
    page.autofilter(0, 0, len(rows) - 1, len(heads) - 1)
    for at, note in enumerate(_notes(table, columns), len(rows) + 2):
        page.write_string(at, 0, plain(note), looks.note)


def shown_columns(table: CoverageTable) -> list[IndicatorColumn]:
    """Those that anybody was asked; beside them, in columns of their own, what people answered by themselves."""
    asked = [column for column in village_lines.columns(table) if not column.is_empty]
    return list(self_answer_lines.columns(table, asked))


def _heads(column: IndicatorColumn) -> tuple[str, str]:
    of = f" (trên {column.over_all})" if column.over_all else ""
    return f"{column.label} %{of}", f"{column.label} so với chỉ tiêu"


def _set_up(page: Any, heads: Sequence[str], rows: int, title: str) -> None:
    pair_columns(page, heads, (10, 18, 8, 8, 8))
    page.freeze_panes(1, 2)
    to_print(page, A4, title, pages_tall=1 if rows <= MOST_ON_A_PAGE else 0)


def _rows(table: CoverageTable, columns: Sequence[IndicatorColumn]) -> list[SheetLine]:
    """The thôn in Vietnamese order, what lies in none, and the commune last."""
    thon = sorted(table.villages, key=lambda row: (sort_key(row.name), row.code))
    found = [
        SheetLine(
            (
                row.code,
                table.name_of(row),
                row.households,
                *_met(row.cells.get(VISITED, Cell()), row.visited),
            ),
            tuple(
                _pair(row.cells.get(each.code, Cell()), row.judgements.get(each.code), each)
                for each in columns
            ),
        )
        for row in thon
    ]
    if village_lines.nowhere(table, columns):
        lost = table.unplaced
        pairs = tuple(_pair(lost.get(each.code, Cell()), None, each) for each in columns)
        found.append(SheetLine(("", "Không rõ thôn", None, lost.get(VISITED, Cell()).subjects, None), pairs))
    whole = []
    for column in columns:
        known = table.indicator(column.code)
        whole.append(_pair(known.cell, known.judgement, column) if known else (None, "", ""))
    share = None if table.reach is None else cut(100 * table.reach)
    met = words.NOT_TOLD if table.visited is None else table.visited
    found.append(
        SheetLine(("", f"Cả {table.kind}", table.households, met, share), tuple(whole), is_bold=True)
    )
    return found


def _met(cell: Cell, visited: int | None) -> tuple[Any, Any]:
    """Households met and their share; where more were met than there are said to be, no share."""
    if visited is None:
        return words.HIDDEN.get(cell.suppressed or "", words.NOT_TOLD), None
    doubtful = cell.expected is not None and visited > cell.expected
    return visited, None if doubtful or cell.reach is None else cut(100 * cell.reach)


def _pair(
    cell: Cell, judgement: TargetJudgement | None, column: village_lines.IndicatorColumn
) -> tuple[Any, str, str]:
    value: Any = figure(column.code, cell)
    if value is None and cell.bound and not cell.over_all:
        value = f"{cell.bound.comparator} {words.number(cell.bound.percent)}"
    elif value is None and cell.suppressed:
        value = words.HIDDEN[cell.suppressed]
    if judgement is None:
        return value, "", ""
    return value, words.state(judgement), state_class(judgement, column.target, cell.bound)


def _write_row(page: Any, at: int, row: SheetLine, looks: SheetLooks) -> None:
    for place, value in enumerate(row.fixed):
        write_cell(
            page, at, place, value, looks.cell(is_bold=row.is_bold, is_percent=place == len(FIXED) - 1)
        )
    for number, (value, word, class_name) in enumerate(row.pairs):
        place = len(FIXED) + 2 * number
        write_cell(page, at, place, value, looks.cell(is_bold=row.is_bold, is_percent=True))
        write_cell(
            page, at, place + 1, word, looks.cell(class_name=class_name, is_bold=row.is_bold, is_state=True)
        )


def _notes(table: CoverageTable, columns: Sequence[IndicatorColumn]) -> list[str]:
    """Under the table: its day, the targets, how it is judged, what is estimated, and what is withheld."""
    as_of = words.sentence(words.as_of(table.as_of, table.received_until))
    notes = [f"{table.name} (mã {table.code}). {as_of}."]
    if table.households_source:
        source = table.households_source
        notes.append(f"Số hộ theo {source.source}, ngày {words.day(source.date)}.")
    if table.households and table.surplus:
        notes.append(f"{words.uncounted(table.surplus)}.")
    told = [f"{column.label} {column.required}" for column in columns if column.required]
    if told:
        notes.append(f"Chỉ tiêu: {'; '.join(told)}.")
    notes.append(
        f"Chỉ kết luận khi đã khảo sát từ {words.limit(table.min_reach)}; chưa tới thì ghi “chưa đủ số liệu”. "
        "Phần trăm được cắt bớt chữ số, không làm tròn lên."
    )
    estimates = _estimates(table, columns)
    if estimates:
        notes.append(
            f"Ước lượng cho cả {table.kind}, kể cả hộ chưa hỏi (khoảng 95 %): {'; '.join(estimates)}."
        )
    if not table.full:
        notes.append(
            "Số nhỏ: thôn mới có dưới 5 hộ trả lời ghi “dưới 5 hộ”; số có thể để lộ câu trả lời của từng hộ ghi "
            "“không nêu”, hoặc chỉ nêu giới hạn, như “> 83,3” là lớn hơn 83,3 %."
        )
    empty = [column.label for column in village_lines.columns(table) if column.is_empty]
    if empty:
        notes.append(f"Chưa có câu trả lời nào nên không có cột: {'; '.join(empty)}.")
    return notes


def _estimates(table: CoverageTable, columns: Sequence[IndicatorColumn]) -> list[str]:
    found = []
    for column in columns:
        known = table.indicator(column.code)
        if known and known.estimate and not known.indicator.is_sample:
            shown = known.estimate
            found.append(
                f"{column.label} {words.near(shown.percent)} ({words.near(shown.low)}–{words.near(shown.high)})"
            )
    return found
