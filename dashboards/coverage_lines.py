"""From the coverage table to the lines that pages show: figures of the plan, thôn, and how they are sorted."""

import math
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from dashboards import words
from dashboards.charts import Bullet, bullet
from dashboards.maps.map_colours import figure, target_of
from geo.commune_estimates import WITHIN_ERROR
from geo.coverage import Cell, CoverageTable, IndicatorRow, TargetRow, VillageRow
from geo.reach import noun
from geo.target_states import NOTHING, TargetFigure, TargetJudgement, TargetState, cut, share_of_time_gone
from geo.vietnamese_order import sort_key
from geo.weeks import pace_of
from server.coverage.commune_input import VISITED


@dataclass(frozen=True)
class TargetLine:
    """A figure of the plan on a page; `notes` say how many were asked, and why it is not judged yet."""

    id: str
    label: str
    section: str
    required: str
    value: str
    state: TargetState
    words: str
    notes: tuple[str, ...]
    reach: str
    """How much was asked, with the unit: `khảo sát 930/2.066 hộ (45,0 %)`."""
    short_reach: str
    source: str
    indicator: str | None
    """What visits count for it; None where no survey asks."""
    has_map: bool
    """Whether a map of it can be opened: people helped are nobody's share."""
    bar: Bullet | None
    is_surveyed: bool
    office: str
    beside: str
    """The other source's number where both survey and office tell one; "" otherwise."""
    evidence: str
    link: str | None


def lines(table: CoverageTable) -> tuple[TargetLine, ...]:
    """Every figure of the plan, in the plan's order."""
    return tuple(_line(table, row) for row in table.targets)


def _line(table: CoverageTable, row: TargetRow) -> TargetLine:
    target, judgement = row.target, row.judgement
    asked = table.indicator(target.indicator or "") if target.how != "office" else None
    told_by_survey = asked is not None and judgement.source != "office"
    return TargetLine(
        id=target.id,
        label=target.label,
        section=target.section,
        required=words.required(target),
        value=_value(target, judgement, asked),
        state=judgement.state,
        words=words.state(judgement),
        notes=_notes(judgement, asked, table.kind) if told_by_survey and asked else (),
        reach=words.reach(asked.cell, asked.indicator) if told_by_survey and asked else "",
        short_reach=words.short_reach(asked.cell, asked.indicator) if told_by_survey and asked else "",
        source=_source(target, judgement),
        indicator=asked.indicator.code if asked else None,
        has_map=asked is not None and asked.indicator.kind != "event",
        bar=_bar(table, row) if target.unit == "percent" and target.how != "office" else None,
        is_surveyed=target.how != "office",
        office=target.office or "",
        beside=_beside(row),
        evidence=row.values[0].source if row.values else "",
        link=row.values[0].link if row.values else None,
    )


def _beside(row: TargetRow) -> str:
    """What the survey says where the office's number counts, and the other way round."""
    by_office = row.judgement.source == "office"
    other = row.surveyed if by_office else row.reported
    told = words.judged(row.target, other) if other else ""
    return told and f"{'khảo sát' if by_office else 'đơn vị báo cáo'}: {told}"


def _value(target: TargetFigure, judgement: TargetJudgement, asked: IndicatorRow | None) -> str:
    """The judged number; a bound or why it is withheld where the commune's own cell is hidden; "" unknown.

    Of what is counted by period nothing is told where no period may be.
    """
    if judgement.value_shown is not None:
        return words.judged(target, judgement)
    if asked and asked.cell.suppressed and target.period not in words.PERIODS:
        return shown(asked.cell, asked.indicator.code)
    return ""


def _notes(judgement: TargetJudgement, asked: IndicatorRow, kind: str) -> tuple[str, ...]:
    cell, notes = asked.cell, []
    if judgement.words not in (judgement.state.words, NOTHING, WITHIN_ERROR):
        notes.append(judgement.words)  # "mới khảo sát n/N hộ": the reason why it is not judged
    if cell.of:
        unit = words.UNITS.get(asked.indicator.unit, "")
        some = f"{words.number(cell.done)}/" if cell.done is not None else ""
        notes.append(f"{some}{words.number(cell.of)} {unit} đã hỏi")
    if cell.over_all and cell.percent is not None:
        what = noun(asked.indicator.unit)
        notes.append(f"tính trên tất cả các {what}; riêng {what} đã hỏi là {words.percent(cell.percent)}")
    if asked.estimate is not None and not asked.indicator.is_sample:
        notes.append(words.estimated(asked.estimate, kind))
    return tuple(notes)


def _source(target: TargetFigure, judgement: TargetJudgement) -> str:
    """Where the number comes from, or from whom it is awaited."""
    office = target.office or "cơ quan được giao"
    if judgement.source == "office":
        on = f" ({words.day(judgement.reported_at)})" if judgement.reported_at else ""
        return f"{office} báo cáo{on}"
    if target.how == "survey":
        return "khảo sát từng nhà"
    return f"khảo sát từng nhà, {office} báo cáo" if target.how == "both" else f"chờ {office} báo cáo"


def _bar(table: CoverageTable, row: TargetRow) -> Bullet:
    target, judgement = row.target, row.judgement
    gone = share_of_time_gone(target.start, target.deadline, table.over)
    band = row.estimate if judgement.source == "survey" and not judgement.over_all else None
    return bullet(judgement.value_shown, target.value, gone, band)


@dataclass(frozen=True)
class Summary:
    """How many figures of the plan are in each state, all five named."""

    state: TargetState
    count: int


def summary(shown: Sequence[TargetLine]) -> tuple[Summary, ...]:
    return tuple(Summary(state, sum(line.state is state for line in shown)) for state in TargetState)


@dataclass(frozen=True)
class HouseholdsMet:
    """How many households were met, of how many; `left` and a week's numbers are None where they cannot be told."""

    share: Fraction | None
    bar: Bullet
    left: int | None = None
    needed_a_week: int | None = None
    recent_a_week: Fraction | None = None
    since: date | None = None
    """The first of the days that `recent_a_week` is about."""


def met(table: CoverageTable) -> HouseholdsMet:
    """The pace is that of the surveyed target with the latest deadline."""
    part = table.reach
    bar = share_bar(part)
    end = last_surveyed(table)
    if end is None or table.visited is None:
        return HouseholdsMet(part, bar)
    found = pace_of(table.weeks, table.households, end.deadline, surplus=table.surplus)
    if found is None:
        return HouseholdsMet(part, bar)
    needed = None if found.needed is None else math.ceil(found.needed)
    return HouseholdsMet(part, bar, found.left, needed, found.recent, found.since)


def visited(table: CoverageTable) -> str:
    """How many households of the commune were met, as pages and reports say it."""
    return words.number(table.visited) if table.visited is not None else words.NOT_TOLD


def met_of(visited: int | None, households: int | None) -> HouseholdsMet:
    """How many of a thôn's households were met."""
    part = _share(visited, households)
    return HouseholdsMet(part, share_bar(part))


def last_surveyed(table: CoverageTable) -> TargetFigure | None:
    """The surveyed target with the latest deadline: until then households can be met."""
    surveyed = [row.target for row in table.targets if row.target.how != "office"]
    return max(surveyed, key=lambda target: target.deadline, default=None)


def _share(some: int | None, households: int | None) -> Fraction | None:
    """At most 1: a list of households may be younger than their official number."""
    return min(Fraction(1), Fraction(some, households)) if some is not None and households else None


def share_bar(part: Fraction | None) -> Bullet:
    return bullet(cut(100 * part) if part is not None else None, None, None)


def unplaced(table: CoverageTable) -> int:
    """Answers that lie in no known thôn and count for the commune alone."""
    return sum(cell.subjects or 0 for cell in table.unplaced.values())


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
class ShownCell:
    """A cell of the thôn table: its words, the reach beside it, and the state that marks it (None: not told)."""

    text: str
    reach: str
    state: TargetState | None
    is_hidden: bool


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
    part = _share(row.visited, row.households)
    return words.share(part) if part is not None else ""


def met_words(row: VillageRow) -> str:
    """“đã gặp 12/40 hộ, 30 %”, as the table says it in two columns."""
    households = words.number(row.households) if row.households is not None else "–"
    if row.visited is None:
        return f"{words.NOT_TOLD}, {households} hộ"
    return f"đã gặp {words.number(row.visited)}/{households} hộ, {visited_share(row)}"


def shown_cell(table: CoverageTable, row: VillageRow, code: str) -> ShownCell:
    """A thôn's cell of one indicator as tables show it."""
    cell, judgement = row.cells.get(code, Cell()), row.judgements.get(code)
    known = table.indicator(code)
    return ShownCell(
        text=shown(cell, code),
        reach=words.short_reach(cell, known.indicator) if known else "",
        state=judgement.state if judgement else None,
        is_hidden=cell.suppressed is not None,
    )


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


def shown(cell: Cell, code: str) -> str:
    """The one number of an area that tables and maps show, in words; or why there is none."""
    value = figure(code, cell)
    if value is not None:
        return words.percent(value)
    if cell.bound and not cell.over_all:
        return words.cell(cell)
    return words.HIDDEN[cell.suppressed] if cell.suppressed else "–"


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
        part = _share(row.visited, row.households)
        return None if part is None else (part,)
    percent = figure(by, row.cells.get(by, Cell()))
    return None if percent is None else (Fraction(percent),)
