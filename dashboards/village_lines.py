"""The table of thôn as pages, sheets and reports show it: its columns, its rows, and how they are sorted."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction

from dashboards import words
from dashboards.households_met import share_met
from dashboards.maps.map_colours import figure, target_of
from dashboards.shown_cells import ShownCell, shown, shown_cell
from geo.compute_coverage import Cell, CoverageTable, IndicatorRow, VillageRow
from geo.reach import noun
from geo.target_states import TargetFigure
from geo.vietnamese_order import sort_key
from server.coverage.commune_input import VISITED


@dataclass(frozen=True)
class IndicatorColumn:
    """An indicator of the thôn table: those that the plan's surveyed targets name, else those that are counted."""

    code: str
    label: str
    required: str
    target: TargetFigure | None
    """The one the map is set against too."""

    over_all: str
    """Of what all it is a share where it is judged over all: "tất cả các hộ"; else ""."""
    is_empty: bool
    """Nobody was asked yet: the column can be folded."""


def columns(table: CoverageTable) -> tuple[IndicatorColumn, ...]:
    """The indicators of the plan's surveyed percents, in the plan's order; those that nobody was asked come last."""
    rows = {
        row.indicator.code: row
        for row in table.indicators
        if row.indicator.kind != "event" and row.indicator.self_of is None
    }
    named = [
        row.target for row in table.targets if row.target.how != "office" and row.target.indicator in rows
    ]
    main = dict.fromkeys(
        target.indicator for target in named if target.unit == "percent" and target.indicator
    )
    codes = list(main) or [code for code in rows if code != VISITED]
    found = [_column(table, rows[code]) for code in codes]
    return tuple(sorted(found, key=lambda column: column.is_empty))


def _is_asked(cell: Cell) -> bool:
    return bool(cell.subjects) or cell.suppressed is not None


def _column(table: CoverageTable, row: IndicatorRow) -> IndicatorColumn:
    label = row.target.label if row.target else row.indicator.label
    required = words.required(row.target) if row.target else ""
    return IndicatorColumn(
        code=row.indicator.code,
        label=label,
        required=required,
        target=target_of(table, row.indicator.code),
        over_all=f"tất cả các {noun(row.indicator.unit)}" if row.cell.over_all else "",
        is_empty=not _is_asked(row.cell),
    )


def chosen(shown: Sequence[IndicatorColumn], codes: Collection[str]) -> tuple[IndicatorColumn, ...]:
    """The columns that a reader wants to see, in the table's order; those with numbers where none was chosen."""
    wanted = tuple(column for column in shown if column.code in codes)
    return wanted or tuple(column for column in shown if not column.is_empty)


@dataclass(frozen=True)
class VillageLine:
    """A row of the thôn table; `cells` stand in the order of the columns."""

    code: str
    name: str
    households: str
    visited: str
    visited_share: str
    cells: tuple[ShownCell, ...]


def thons(table: CoverageTable, wanted: Sequence[IndicatorColumn], order: "Order") -> tuple[VillageLine, ...]:
    """Every thôn as the table shows it."""
    return tuple(_thon(table, row, wanted) for row in ordered(table, order))


def ordered(table: CoverageTable, order: "Order") -> list[VillageRow]:
    """Every thôn, sorted; those without a number stand last whichever way."""
    keys = {row.code: _key(row, order.by) for row in table.villages}
    known = [row for row in table.villages if keys[row.code] is not None]
    unknown = [row for row in table.villages if keys[row.code] is None]
    known.sort(key=lambda row: (keys[row.code], row.code), reverse=order.descending)
    return [*known, *unknown]


def _thon(table: CoverageTable, row: VillageRow, wanted: Sequence[IndicatorColumn]) -> VillageLine:
    return VillageLine(
        code=row.code,
        name=table.name_of(row),
        households=words.number(row.households) if row.households is not None else "–",
        visited=words.number(row.visited) if row.visited is not None else words.NOT_TOLD,
        visited_share=visited_share(row),
        cells=tuple(shown_cell(table, row, column.code) for column in wanted),
    )


def visited_share(row: VillageRow) -> str:
    """The share of a thôn's households that was met; more met than it has is told, never drawn as 350 %."""
    if row.visited is not None and row.households is not None and row.visited > row.households:
        return f"số đã nêu {words.number(row.households)}"
    part = share_met(row.visited, row.households)
    return words.share(part) if part is not None else ""


def met_words(row: VillageRow) -> str:
    """“đã gặp 12/40 hộ, 30 %”, as the table says it in two columns."""
    households = words.number(row.households) if row.households is not None else "–"
    if row.visited is None:
        return f"{words.NOT_TOLD}, {households} hộ"
    return f"đã gặp {words.number(row.visited)}/{households} hộ, {visited_share(row)}"


def nowhere(table: CoverageTable, wanted: Sequence[IndicatorColumn]) -> VillageLine | None:
    """The row of what lies in no thôn, so that columns add up; None where there is nothing.

    Of people asked by chance every row is hidden, this one too: that alone says nothing of it.
    """
    by_chance = {row.indicator.code for row in table.indicators if row.indicator.is_sample}
    if not any(
        cell.subjects or (cell.suppressed and code not in by_chance) for code, cell in table.unplaced.items()
    ):
        return None
    cells = tuple(
        ShownCell(shown(cell, column.code), "", None, cell.suppressed is not None)
        for column in wanted
        for cell in [table.unplaced.get(column.code, Cell())]
    )
    met = table.unplaced.get(VISITED, Cell()).subjects
    return VillageLine("", "Không rõ thôn", "–", words.number(met) if met else "–", "", cells)


def unplaced(table: CoverageTable) -> int:
    """Answers that lie in no known thôn and count for the commune alone."""
    return sum(cell.subjects or 0 for cell in table.unplaced.values())


@dataclass(frozen=True)
class Order:
    """How the thôn table is sorted: by `ma`, `ten`, `ho`, `gap` or an indicator's code."""

    by: str = "ma"
    descending: bool = False

    def link(self, by: str) -> "Order":
        """What a click on this column asks for: the other way round where it is sorted by it already."""
        return Order(by, not self.descending if by == self.by else False)


def order(by: str | None, way: str | None, shown: Sequence[IndicatorColumn]) -> Order:
    """The order asked for; by code where it names no column."""
    names = {"ma", "ten", "ho", "gap"} | {column.code for column in shown}
    return Order(by, way == "giam") if by in names else Order()


def _key(row: VillageRow, by: str) -> tuple[Fraction | str, ...] | None:
    """What a thôn is sorted by; None where the number is unknown or hidden."""
    if by == "ma":
        return (row.code,)
    if by == "ten":
        return (sort_key(row.name), row.code)
    if by == "ho":
        return None if row.households is None else (Fraction(row.households),)
    if by == "gap":
        part = share_met(row.visited, row.households)
        return None if part is None else (part,)
    percent = figure(by, row.cells.get(by, Cell()))
    return None if percent is None else (Fraction(percent),)
