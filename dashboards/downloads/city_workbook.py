"""The communes side by side on every indicator, as a workbook: a sheet to print, a long one for pivots, the source."""

from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from dashboards import words
from dashboards.downloads.sheet_looks import A3, SheetLooks, pair_columns, to_print, write_cell
from dashboards.maps.map_colours import state_class
from geo.compute_coverage import Cell
from geo.vietnamese_order import sort_key
from server import clock
from server.coverage.city_table import CityTable
from server.coverage.commune_input import VISITED
from server.coverage.commune_row import CommuneRow
from server.exports.disarmed_cells import plain
from server.exports.workbook import Workbook

FIXED = ("Mã xã", "Xã, phường, đặc khu", "Số hộ", "Đã gặp", "% đã gặp")
LONG = (
    "Mã xã", "Xã, phường, đặc khu", "Mã chỉ tiêu", "Chỉ tiêu", "Đơn vị tính", "Đã đạt", "Trên tổng đã hỏi",
    "Số đã hỏi", "Số phải hỏi", "Tỷ lệ trên số đã hỏi (%)", "Tỷ lệ trên tất cả (%)", "Giới hạn nêu thay (%)",
    "Ước lượng cả xã (%)", "Từ (%)", "Đến (%)", "Đơn vị báo cáo", "Mức giao", "Trạng thái", "Còn thiếu",
    "Tính đến ngày",
)  # fmt: skip


def write(path: Path, tables: Sequence[CityTable], made_by: str) -> None:
    """`tables`: one an indicator, of the same communes on the same day."""
    with Workbook(path) as book:
        told = [table for table in tables if _has_numbers(table)]
        _side_by_side(book, tables[0], told)
        _long(book, told)
        _source(book, tables, told, made_by)


def _has_numbers(table: CityTable) -> bool:
    return table.indicator.code != VISITED and any(_value(row, table) is not None for row in table.rows)


def _side_by_side(book: Workbook, first: CityTable, told: Sequence[CityTable]) -> None:
    """A row a commune; of each indicator its share of those asked and its state against the commune's own target."""
    page, looks = book.page("Các xã"), SheetLooks(book)
    heads = [*FIXED]
    for table in told:
        label = table.indicator.label
        heads += [f"{label}{' %' if _is_share(table) else ''}", f"{label} so với chỉ tiêu của xã"]
    pair_columns(page, heads, (8, 24, 8, 8, 8))
    page.freeze_panes(1, 2)
    to_print(page, A3, f"Các xã, phường, đặc khu, đến {words.day(first.as_of)}", pages_tall=0)
    for place, head in enumerate(heads):
        page.write_string(0, place, plain(head), looks.head)
    by_code = [(table, {row.code: row for row in table.rows}) for table in told]
    ordered = sorted(first.rows, key=lambda row: (sort_key(row.name), row.code))
    for at, row in enumerate(ordered, 1):
        _commune(page, at, row, [(table, rows[row.code]) for table, rows in by_code], looks)
    page.autofilter(0, 0, max(1, len(ordered)), len(heads) - 1)
    for at, note in enumerate(_notes(first, told), len(ordered) + 2):
        page.write_string(at, 0, plain(note), looks.note)


def _commune(
    page: Any, at: int, row: CommuneRow, told: Sequence[tuple[CityTable, CommuneRow]], looks: SheetLooks
) -> None:
    share = None
    if row.visited is not None and row.households:
        share = min(Decimal(100), Decimal(1000 * row.visited // row.households).scaleb(-1))
    met = words.NOT_TOLD if row.visited is None else row.visited
    fixed = (row.code, _name(row), row.households, met, share)
    for place, value in enumerate(fixed):
        write_cell(page, at, place, value, looks.cell(is_percent=place == len(FIXED) - 1))
    for number, (table, own) in enumerate(told):
        place, target = len(FIXED) + 2 * number, own.target
        write_cell(page, at, place, _value(own, table), looks.cell(is_percent=True))
        word = words.state(target.judgement) if target else ""
        class_name = state_class(target.judgement) if target else ""
        write_cell(page, at, place + 1, word, looks.cell(class_name=class_name, is_state=True))


def _name(row: CommuneRow) -> str:
    return f"{row.kind.capitalize()} {row.name}"


def _is_share(table: CityTable) -> bool:
    return any(row.cell.percent is not None for row in table.rows)


def _value(row: CommuneRow, table: CityTable) -> Any:
    """The share of those asked, or a bound, or why it is hidden; where nobody anywhere is asked what offices report.

    One column has one denominator: beside shares no office's number and no number of people stands.
    """
    cell = row.cell
    if cell.percent is not None:
        return cell.percent
    if cell.bound:
        return f"{cell.bound.comparator} {words.number(cell.bound.percent)}"
    if cell.suppressed:
        return words.HIDDEN[cell.suppressed]
    if _is_share(table):
        return None
    return _reported(row) if _reported(row) is not None else cell.done or None


def _reported(row: CommuneRow) -> Decimal | None:
    told = row.target.judgement if row.target else None
    return told.value_shown if told and told.source == "office" else None


def _long(book: Workbook, told: Sequence[CityTable]) -> None:
    widths = (9, 26, 28, 48, 18, *([11] * 10), 12, 12, 17, 10, 12)
    sheet = book.sheet("Số liệu", LONG, widths, is_printed=True)
    for table in told:
        known = table.indicator
        for row in table.rows:
            sheet.row(
                [
                    row.code, _name(row), known.code, known.label, words.UNITS.get(known.unit, known.unit),
                    *_numbers(row.cell), *_estimated(row), _reported(row),
                    words.required(row.target.target) if row.target else None,
                    words.state(row.target.judgement) if row.target else None,
                    row.target.judgement.gap if row.target else None, table.as_of,
                ]
            )  # fmt: skip


def _numbers(cell: Cell) -> tuple[Any, ...]:
    limit = f"{cell.bound.comparator} {words.number(cell.bound.percent)}" if cell.bound else None
    return cell.done, cell.of, cell.subjects, cell.expected, cell.percent, cell.percent_judged, limit


def _estimated(row: CommuneRow) -> tuple[float | None, ...]:
    return (None,) * 3 if row.estimate is None else row.estimate.shown


def _notes(first: CityTable, told: Sequence[CityTable]) -> list[str]:
    of_all = [table.indicator.label for table in told if any(row.cell.over_all for row in table.rows)]
    notes = [
        f"Tính đến {words.day(first.as_of)}. Mỗi cột phần trăm là tỷ lệ trên số đã hỏi, ở mọi xã; ước lượng cho cả xã "
        "và tỷ lệ trên tất cả có ở trang Số liệu.",
        "Trạng thái so với mức giao của chính xã ấy; xã không giao chỉ tiêu thì để trống. Phần trăm được cắt bớt chữ "
        "số, không làm tròn lên.",
        "Số nhỏ ghi “dưới 5 hộ”, “không nêu”, hoặc chỉ nêu giới hạn, như “> 83,3” là lớn hơn 83,3 %.",
    ]
    if of_all:
        notes.append(f"Trạng thái tính trên tất cả, kể cả nơi chưa hỏi: {'; '.join(of_all)}.")
    return notes


def _source(book: Workbook, tables: Sequence[CityTable], told: Sequence[CityTable], made_by: str) -> None:
    empty = [
        table.indicator.label for table in tables if table not in told and table.indicator.code != VISITED
    ]
    sheet = book.sheet("Nguồn", ("Mục", "Nội dung"), (34, 90), is_printed=True)
    for name, text in (
        ("Tính đến ngày", words.day(tables[0].as_of)),
        ("Số xã, phường, đặc khu", len(tables[0].rows)),
        ("Chỉ tiêu chưa xã nào có số liệu", "; ".join(empty) or "không có"),
        ("Cách tính", "như trang Thành phố và trang của từng xã: cùng một bảng số"),
        ("Người tải", made_by),
        ("Tải lúc", words.moment(clock.now())),
    ):
        sheet.row([name, text])
