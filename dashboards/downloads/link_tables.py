"""The tables that a shared link opens, one line a thôn, a commune or a household: each as plain values."""

import datetime as dt
from decimal import Decimal
from typing import Any

from dashboards import village_lines, words
from dashboards.downloads.coverage_files import said
from dashboards.maps.map_colours import figure
from geo.compute_coverage import Cell, CoverageTable
from geo.target_states import TargetJudgement
from geo.vietnamese_order import sort_key
from server import clock
from server.accounts import shared_links
from server.coverage import city_table, coverage_table
from server.coverage.commune_input import VISITED
from server.coverage.commune_row import CommuneRow
from server.exports.flat_table import DAY, DECIMAL, INTEGER, FlatColumn, FlatTable
from server.households import household_states, list_comparison
from server.models import Commune, SharedLink

CUT = "Phần trăm được cắt bớt chữ số, không làm tròn lên. Ô trống là chưa biết hoặc không nêu; cột ghi chú nói vì sao."


def of_link(link: SharedLink) -> FlatTable:
    """The table of a link to sums or to households; those of submissions are `link_files`'s to read."""
    if link.commune is None:
        return of_city()
    if link.subject == shared_links.HOUSEHOLDS:
        return of_households(link.commune)
    return of_coverage(coverage_table.table(link.commune, feed=True))


def of_coverage(table: CoverageTable) -> FlatTable:
    """One line a thôn: households, those met, and of each indicator of the plan its percent, state and remark.

    Every indicator has its three columns also while nobody was asked: a workbook that reads them keeps its columns.
    """
    shown = sorted(village_lines.columns(table), key=lambda column: column.target.id if column.target else "")
    columns = [
        FlatColumn("ma_thon", "Mã thôn"),
        FlatColumn("thon", "Thôn"),
        FlatColumn("so_ho", "Số hộ", INTEGER),
        FlatColumn("da_gap", "Hộ đã gặp", INTEGER),
        FlatColumn("phan_tram_da_gap", "% hộ đã gặp", DECIMAL),
    ]
    for column in shown:
        over = f" (trên {column.over_all})" if column.over_all else ""
        columns += _three(column.code, f"{column.label}{over}")
    columns.append(FlatColumn("tinh_den", "Tính đến ngày", DAY))
    rows = []
    for village in sorted(table.villages, key=lambda row: (sort_key(row.name), row.code)):
        met = figure(VISITED, village.cells.get(VISITED, Cell()))
        line: list[Any] = [village.code, table.name_of(village), village.households, village.visited, met]
        for column in shown:
            cell, judged = village.cells.get(column.code, Cell()), village.judgements.get(column.code)
            line += _told(column.code, cell, judged)
        rows.append((*line, table.as_of))
    return FlatTable("muc_bao_phu", f"Mức bao phủ {table.name}", tuple(columns), rows, (said(table), CUT))


def _three(code: str, label: str) -> tuple[FlatColumn, ...]:
    return (
        FlatColumn(code, f"{label} (%)", DECIMAL),
        FlatColumn(f"{code}_trang_thai", f"{label}: trạng thái"),
        FlatColumn(f"{code}_ghi_chu", f"{label}: ghi chú"),
    )


def _told(code: str, cell: Cell, judged: TargetJudgement | None) -> tuple[Any, ...]:
    """Percent, state, and why the percent is not told, or the bound that is told for it."""
    note = words.HIDDEN[cell.suppressed] if cell.suppressed else ""
    if cell.bound and not cell.over_all:
        note = f"{cell.bound.comparator} {words.number(cell.bound.percent)} %"
    return figure(code, cell), words.state(judged) if judged else "", note


def of_city() -> FlatTable:
    """One line a commune, of every indicator that communes can be compared by, until the end of yesterday."""
    tables = list(city_table.tables(city_table.compared(), feed=True))
    first, compared = tables[0], tables[1:]
    columns = [
        FlatColumn("ma_xa", "Mã xã"),
        FlatColumn("xa", "Xã, phường, đặc khu"),
        FlatColumn("so_ho", "Số hộ", INTEGER),
        FlatColumn("da_gap", "Hộ đã gặp", INTEGER),
        FlatColumn("phan_tram_da_gap", "% hộ đã gặp", DECIMAL),
    ]
    for table in compared:
        columns += _three(table.indicator.code, table.indicator.label)
    columns.append(FlatColumn("tinh_den", "Tính đến ngày", DAY))
    by_code = [{row.code: row for row in table.rows} for table in compared]
    rows = [
        (
            *_commune(row),
            *(part for own in by_code for part in _compared(own[row.code])),
            first.as_of,
        )
        for row in sorted(first.rows, key=lambda row: (sort_key(row.name), row.code))
    ]
    told = f"{words.sentence(words.as_of(first.as_of, None))}."
    return FlatTable("thanh_pho", "Các xã, phường, đặc khu", tuple(columns), rows, (told, CUT))


def _commune(row: CommuneRow) -> tuple[Any, ...]:
    share = None
    if row.visited is not None and row.households:
        share = min(Decimal(100), Decimal(1000 * row.visited // row.households).scaleb(-1))
    return row.code, f"{row.kind.capitalize()} {row.name}", row.households, row.visited, share


def _compared(row: CommuneRow) -> tuple[Any, ...]:
    """As in the city's own workbook: of all communes the share of those asked."""
    cell, judged = row.cell, row.target.judgement if row.target else None
    note = words.HIDDEN[cell.suppressed] if cell.suppressed else ""
    if cell.bound:
        note = f"{cell.bound.comparator} {words.number(cell.bound.percent)} %"
    elif judged is not None and judged.source == "office" and judged.value_shown is not None:
        note = f"đơn vị báo cáo {words.number(judged.value_shown)}"
    return cell.percent, words.state(judged) if judged else "", note


def of_households(commune: Commune) -> FlatTable:
    """One line a household on the list: its thôn, what came of the last visit, and when; no name, no address."""
    found = list_comparison.listed(commune)
    rows = sorted(
        (
            each.village.code, list_comparison.own_code(each.id), each.village.name,
            household_states.word(each.state), _day(each.last_day), str(each.id),
        )
        for each in found
    )  # fmt: skip
    columns = (
        FlatColumn("ma_ho", "Mã hộ"),
        FlatColumn("ma_thon", "Mã thôn"),
        FlatColumn("thon", "Thôn"),
        FlatColumn("ket_qua", "Kết quả"),
        FlatColumn("lan_cuoi", "Lần đến cuối", DAY),
        FlatColumn("id", "Mã đầy đủ"),
    )
    lines = [(own, code, name, state, day, whole) for code, own, name, state, day, whole in rows]
    note = f"Như máy chủ biết lúc {words.moment(clock.now())}; không có tên, địa chỉ của hộ."
    return FlatTable("ket_qua_ho", f"Kết quả ở từng hộ, {commune.name}", columns, lines, (note,))


def _day(text: str) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None
