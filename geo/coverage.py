"""Counts and targets of a commune on a day → the one coverage table that page, map, API, XLSX and report share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction

from geo.derived import DERIVED
from geo.disclosure import BASE, Bound, Protection, Suppression, bound, protect
from geo.reported import Reported, judge_each_period, judge_reported, shown_periods
from geo.targets import (
    PERIODS_IN_A_YEAR,
    RESIDENT_UNITS,
    Judgement,
    Pace,
    State,
    Tallied,
    Target,
    cut,
    judge,
)
from geo.weeks import Week, pace_of, shown_weeks

MIN_REACH = Fraction(1, 2)
NO_VILLAGE = ""  # the row of findings that lie in no known thôn


@dataclass(frozen=True)
class Indicator:
    """What is counted. `unit` is whose number it is (household … village), `kind` state, event or derived."""

    code: str
    label: str
    unit: str
    kind: str


@dataclass(frozen=True)
class HouseholdsSource:
    """Where the number of households comes from, and the day it was true."""

    date: date
    source: str


@dataclass(frozen=True, kw_only=True)
class VillageInput:
    """A thôn as counted: `visited` households met at least once of `households` (None where no figure is known).

    `expected` gives, by indicator, how many places or points there are to ask; without it their reach is unknown.
    """

    code: str
    name: str
    households: int | None
    visited: int
    tallied: Mapping[str, Tallied]
    expected: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class CommuneInput:
    """All that the table of a commune on a day is made from; `unplaced` are findings that lie in no thôn."""

    code: str
    name: str
    as_of: date
    received_until: datetime | None
    households: int | None
    households_source: HouseholdsSource | None
    villages: tuple[VillageInput, ...]
    indicators: tuple[Indicator, ...]
    targets: tuple[Target, ...]
    unplaced: Mapping[str, Tallied] = field(default_factory=dict)
    unplaced_visited: int = 0
    expected: Mapping[str, int] = field(default_factory=dict)
    reported: Mapping[str, Sequence[Reported]] = field(default_factory=dict)  # by target id, all that stand
    by_period: Mapping[str, Mapping[date, Tallied]] = field(
        default_factory=dict
    )  # by target id and first day
    week_ends: tuple[date, ...] = ()
    met_by_week: Mapping[str, Sequence[Tallied]] = field(
        default_factory=dict
    )  # by village code, at those ends


@dataclass(frozen=True)
class Cell:
    """One indicator in one area. None is unknown where `suppressed` is None, else withheld.

    `percent` (0 to 100, cut) is the share among those asked, `reach` (exact, 1 is all) subjects / households.
    """

    done: int | None = None
    of: int | None = None
    percent: Decimal | None = None
    reach: Fraction | None = None
    subjects: int | None = None
    suppressed: str | None = None  # base | part | secondary
    bound: Bound | None = None


@dataclass(frozen=True)
class IndicatorRow:
    """An indicator over the whole commune, set against its own target where the plan has one."""

    indicator: Indicator
    cell: Cell
    target: Target | None
    judgement: Judgement | None


@dataclass(frozen=True)
class VillageRow:
    """A thôn: a cell for each indicator, a judgement where its target can be judged from what may be shown."""

    code: str
    name: str
    households: int | None
    visited: int | None
    cells: Mapping[str, Cell]
    judgements: Mapping[str, Judgement]


@dataclass(frozen=True)
class TargetRow:
    """A figure of the plan, surveyed or reported by an office, and what can be said about it.

    `surveyed` and `reported` stand beside each other; `judgement` is the one that counts. `values` are all that
    its office has reported by the day, the newest first. `pace` is that of households met until its deadline.
    """

    target: Target
    judgement: Judgement
    surveyed: Judgement | None = None
    reported: Judgement | None = None
    values: tuple[Reported, ...] = ()
    pace: Pace | None = None


@dataclass(frozen=True)
class CoverageTable:
    """What everyone reads: leaders' page, map, API, XLSX and report take this and nothing else."""

    code: str
    name: str
    as_of: date
    received_until: datetime | None
    households: int | None
    households_source: HouseholdsSource | None
    visited: int | None
    indicators: tuple[IndicatorRow, ...]
    villages: tuple[VillageRow, ...]
    targets: tuple[TargetRow, ...]
    unplaced: Mapping[str, Cell]
    min_reach: Fraction
    full: bool
    weeks: tuple[Week, ...] = ()
    """Households met by the ends of the last weeks."""

    def target(self, target_id: str) -> TargetRow | None:
        return next((row for row in self.targets if row.target.id == target_id), None)

    def village(self, code: str) -> VillageRow | None:
        return next((row for row in self.villages if row.code == code), None)

    def indicator(self, code: str) -> IndicatorRow | None:
        return next((row for row in self.indicators if row.indicator.code == code), None)


def table(given: CommuneInput, *, min_reach: Fraction = MIN_REACH, full: bool = False) -> CoverageTable:
    """Compute the table. `full` is for those with the right to single records: no small cell is hidden (R25).

    The commune's counts are the sum of its thôn and of what lies in none.
    """
    visits = {v.code: _visits(v.visited) for v in given.villages} | {
        NO_VILLAGE: _visits(given.unplaced_visited)
    }
    hidden_visits = _NOTHING_HIDDEN if full else protect(visits)
    columns = [_column(given, indicator, min_reach, full=full) for indicator in given.indicators]
    by_code = {column.indicator.code: column for column in columns}
    villages = tuple(
        VillageRow(
            v.code,
            v.name,
            v.households,
            None if v.code in hidden_visits.rows else v.visited,
            {code: column.cells[v.code] for code, column in by_code.items()},
            {
                code: column.judgements[v.code]
                for code, column in by_code.items()
                if v.code in column.judgements
            },
        )
        for v in given.villages
    )
    visited = sum(row.subjects for row in visits.values())
    weeks = shown_weeks(given.week_ends, given.met_by_week, hide=not full)
    return CoverageTable(
        code=given.code,
        name=given.name,
        as_of=given.as_of,
        received_until=given.received_until,
        households=given.households,
        households_source=given.households_source,
        visited=None if hidden_visits.total else visited,
        indicators=tuple(_indicator_row(given, column, min_reach) for column in columns),
        villages=villages,
        targets=tuple(
            _target_row(given, target, by_code, min_reach, weeks, full) for target in given.targets
        ),
        unplaced={code: column.cells[NO_VILLAGE] for code, column in by_code.items()},
        min_reach=min_reach,
        full=full,
        weeks=weeks,
    )


_NOTHING_HIDDEN = Protection({}, None)


@dataclass(frozen=True)
class _Column:
    """One indicator down the table: by village code its cells and judgements, and the commune's sum."""

    indicator: Indicator
    total: Tallied
    hidden_total: Suppression | None
    target: Target | None
    cell: Cell
    cells: Mapping[str, Cell]
    judgements: Mapping[str, Judgement]


def _visits(households: int) -> Tallied:
    return Tallied(households, households, households)


def own_target(targets: tuple[Target, ...], indicator: str) -> Target | None:
    """The commune's own target of an indicator: the first by id (R16)."""
    named = [target for target in targets if target.indicator == indicator]
    return min(named, key=lambda target: target.id, default=None)


def _column(given: CommuneInput, indicator: Indicator, min_reach: Fraction, *, full: bool) -> _Column:
    code = indicator.code
    tallied = {v.code: _tallied(v, indicator) for v in given.villages}
    tallied[NO_VILLAGE] = given.unplaced.get(code, Tallied())
    total = sum(tallied.values(), Tallied())
    open_to_all = full or indicator.unit not in RESIDENT_UNITS
    hidden = _NOTHING_HIDDEN if open_to_all else protect(tallied)
    target = own_target(given.targets, code)
    to_ask = {v.code: _to_ask(indicator, v.households, v.expected, 1) for v in given.villages}
    cells = {
        key: _cell(indicator, row, hidden.rows.get(key), target, to_ask.get(key))
        for key, row in tallied.items()
    }
    asked_in_commune = _to_ask(indicator, given.households, given.expected, len(given.villages))
    judgements = {
        v.code: _judgement(
            given, target, indicator, tallied[v.code], households=to_ask[v.code], min_reach=min_reach
        )
        for v in given.villages
        if target
        and v.code not in hidden.rows  # a state tells a number coarsely: enough to give a small one away
    }
    return _Column(
        indicator=indicator,
        total=total,
        hidden_total=hidden.total,
        target=target,
        cell=_cell(indicator, total, hidden.total, target, asked_in_commune),
        cells=cells,
        judgements=judgements,
    )


def _indicator_row(given: CommuneInput, column: _Column, min_reach: Fraction) -> IndicatorRow:
    target = column.target
    judgement = _commune_judgement(given, target, column, min_reach) if target else None
    return IndicatorRow(column.indicator, column.cell, target, judgement)


def _tallied(village: VillageInput, indicator: Indicator) -> Tallied:
    derive = DERIVED.get(indicator.code) if indicator.kind == "derived" else None
    return derive(village.tallied) if derive else village.tallied.get(indicator.code, Tallied())


def _to_ask(
    indicator: Indicator, households: int | None, expected: Mapping[str, int], thon: int
) -> int | None:
    if indicator.unit == "village":
        return thon
    return households if indicator.unit in RESIDENT_UNITS else expected.get(indicator.code)


def _cell(
    indicator: Indicator,
    tallied: Tallied,
    hidden: Suppression | None,
    target: Target | None,
    to_ask: int | None,
) -> Cell:
    if hidden and hidden.whole:
        return Cell(suppressed=hidden.why)
    is_event = indicator.kind == "event"  # people helped are a sum, not a share of anything
    reach = Fraction(tallied.subjects, to_ask) if to_ask and not is_event else None
    if hidden:
        told = bound(tallied) if hidden.why == "part" else None
        return Cell(None, tallied.of, None, reach, tallied.subjects, hidden.why, told)
    limit = target if target and target.unit == "percent" and not target.over_households else None
    share = None if is_event else tallied.percent
    percent = None if share is None else cut(share, limit)
    return Cell(tallied.done, tallied.of, percent, reach, tallied.subjects)


def _judgement(
    given: CommuneInput,
    target: Target,
    indicator: Indicator,
    tallied: Tallied,
    *,
    households: int | None,
    min_reach: Fraction,
) -> Judgement:
    return judge(
        target, tallied, unit=indicator.unit, households=households, min_reach=min_reach, as_of=given.as_of
    )


def _commune_judgement(
    given: CommuneInput, target: Target, column: _Column, min_reach: Fraction
) -> Judgement:
    """The target over the whole commune, without its numbers where the commune's own cell is hidden."""
    hidden = column.hidden_total
    if hidden == BASE:
        return Judgement(state=State.UNKNOWN)
    found = _judgement(
        given,
        target,
        column.indicator,
        column.total,
        households=len(given.villages) if column.indicator.unit == "village" else given.households,
        min_reach=min_reach,
    )
    return found.withheld() if hidden else found


def _target_row(
    given: CommuneInput,
    target: Target,
    columns: Mapping[str, _Column],
    min_reach: Fraction,
    weeks: Sequence[Week],
    full: bool,
) -> TargetRow:
    """Where both survey and office may tell, the office's number is the official one, until then the survey's."""
    told = given.reported.get(target.id, ())
    reported = judge_reported(target, told, as_of=given.as_of)
    column = columns.get(target.indicator or "")
    surveyed = None
    if target.how != "office" and column is not None:
        surveyed = _surveyed(given, target, column, min_reach, full)
    is_official = surveyed is None or (target.how == "both" and reported.source is not None)
    is_met_at_doors = surveyed is not None and column is not None and column.indicator.unit in RESIDENT_UNITS
    return TargetRow(
        target=target,
        judgement=reported if is_official or surveyed is None else surveyed,
        surveyed=surveyed,
        reported=reported if target.how != "survey" or told else None,
        values=tuple(sorted((each for each in told if each.at <= given.as_of), key=_newest_first)),
        pace=pace_of(weeks, given.households, target.deadline) if is_met_at_doors else None,
    )


def _newest_first(told: Reported) -> tuple[int, int]:
    return -told.at.toordinal(), -(told.start or told.at).toordinal()


def _surveyed(
    given: CommuneInput, target: Target, column: _Column, min_reach: Fraction, full: bool
) -> Judgement:
    """What visits say of a target: over the year, or, for people helped a week or a month, by period."""
    if target.period not in PERIODS_IN_A_YEAR or target.id not in given.by_period:
        return _commune_judgement(given, target, column, min_reach)
    told = given.by_period[target.id]
    amounts = {start: Fraction(tallied.done) for start, tallied in told.items()}
    found = replace(judge_each_period(target, amounts, as_of=given.as_of), source="survey")
    if full or column.indicator.unit not in RESIDENT_UNITS:
        return found
    hidden = protect({start.isoformat(): tallied for start, tallied in told.items()}).rows
    return shown_periods(found, {start for start in told if start.isoformat() in hidden})
