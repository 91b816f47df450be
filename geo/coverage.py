"""Counts and targets of a commune on a day → the one coverage table that page, map, API, XLSX and report share."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from geo import names
from geo.coverage_input import CommuneInput, HouseholdsSource, VillageInput
from geo.derived import DERIVED
from geo.estimate import Estimate
from geo.estimates import of_all, within_error
from geo.hidden_cells import BASE, Protection, Suppression, protect, protect_sample, protect_together
from geo.hidden_villages import MET, Day
from geo.indicator_cell import Cell, Counted, CountedIndicator, cell, judgement
from geo.reach import RESIDENT_UNITS, Enough, Reach, beyond, surplus
from geo.reported import Reported, judge_reported, judge_surveyed_periods
from geo.target_states import PERIODS_IN_A_YEAR, Pace, Tallied, TargetFigure, TargetJudgement, TargetState
from geo.weeks import Week, is_paced, pace_of, shown_weeks

# what a table is made of can be had from here
__all__ = ["Cell", "CommuneInput", "CountedIndicator", "HouseholdsSource", "VillageInput"]

NO_VILLAGE = ""  # the row of findings that lie in no known thôn


@dataclass(frozen=True)
class IndicatorRow:
    """An indicator over the whole commune, set against its own target where the plan has one."""

    indicator: CountedIndicator
    cell: Cell
    target: TargetFigure | None
    judgement: TargetJudgement | None
    estimate: Estimate | None = None
    """What is estimated of all, while not all were asked."""


@dataclass(frozen=True)
class VillageRow:
    """A thôn: a cell for each indicator, a judgement where its target can be judged from what may be shown."""

    code: str
    name: str
    households: int | None
    visited: int | None
    cells: Mapping[str, Cell]
    judgements: Mapping[str, TargetJudgement]


@dataclass(frozen=True)
class TargetRow:
    """A figure of the plan, surveyed or reported by an office, and what can be said about it.

    `surveyed` and `reported` stand beside each other; `judgement` is the one that counts. `values` are all that
    its office has reported by the day, the newest first. `pace` is that of households met until its deadline.
    """

    target: TargetFigure
    judgement: TargetJudgement
    surveyed: TargetJudgement | None = None
    reported: TargetJudgement | None = None
    values: tuple[Reported, ...] = ()
    pace: Pace | None = None
    estimate: Estimate | None = None


@dataclass(frozen=True)
class CoverageTable:
    """What everyone reads: leaders' page, map, API, XLSX and report take this and nothing else."""

    code: str
    name: str
    kind: str
    """xã, phường or đặc khu, as sentences about it say."""
    as_of: date
    over: date
    """The last day that is over: `as_of`, or the day before while that is today."""
    received_until: datetime | None
    households: int | None
    households_source: HouseholdsSource | None
    visited: int | None
    indicators: tuple[IndicatorRow, ...]
    villages: tuple[VillageRow, ...]
    targets: tuple[TargetRow, ...]
    unplaced: Mapping[str, Cell]
    enough: Enough
    full: bool
    weeks: tuple[Week, ...] = ()
    """Households met by the ends of the last weeks."""
    surplus: int = 0
    """Households met beyond the numbers of single thôn, or in one without a number: they close no other's gap."""

    @property
    def min_reach(self) -> Fraction:
        """The share of its subjects that an indicator needs to be judged."""
        return self.enough.reach

    @property
    def reach(self) -> Fraction | None:
        """The part of the households that was met, 0 to 1."""
        if self.visited is None or not self.households:
            return None
        return min(Fraction(1), Fraction(self.visited - self.surplus, self.households))

    def name_of(self, village: VillageRow) -> str:
        """The thôn's name, told apart from one that is called alike."""
        return names.told_apart({each.code: each.name for each in self.villages})[village.code]

    def target(self, target_id: str) -> TargetRow | None:
        return next((row for row in self.targets if row.target.id == target_id), None)

    def village(self, code: str) -> VillageRow | None:
        return next((row for row in self.villages if row.code == code), None)

    def indicator(self, code: str) -> IndicatorRow | None:
        return next((row for row in self.indicators if row.indicator.code == code), None)

    def self_answered(self, code: str) -> IndicatorRow | None:
        """What people answered by themselves to what teams ask as `code`; None where nobody has."""
        return next((row for row in self.indicators if row.indicator.self_of == code), None)


def table(
    given: CommuneInput,
    *,
    enough: Enough = Enough(),  # noqa: B008
    full: bool = False,
    only: Collection[str] | None = None,
) -> CoverageTable:
    """Compute the table. `full` is for those with the right to single records: no small cell is hidden (R25).

    The commune's counts are the sum of its thôn and of what lies in none. With `only` the table has the columns and
    targets of these indicators alone, each as it stands in the whole table.
    """
    visits = {v.code: _visits(v.visited) for v in given.villages} | {
        NO_VILLAGE: _visits(given.unplaced_visited)
    }
    tallied = {each.code: _rows(given, each) for each in given.indicators}
    hidden_visits, hidden = _hidden(given, visits, tallied)
    columns = {
        each.code: _column(
            given, each, tallied[each.code], hidden.get(each.code, _NOTHING_HIDDEN), enough, full=full
        )
        for each in given.indicators
        if only is None or each.code in only
    }
    visited = sum(row.subjects for row in visits.values())
    # the same for all readers, so that no two of them are told another reach of the commune
    small = {key for key, why in hidden_visits.rows.items() if why == BASE}
    counted = (v for v in given.villages if given.households is not None and v.code not in small)
    uncounted = sum(beyond(v.visited, v.households) for v in counted)
    hidden_visits = _NOTHING_HIDDEN if full else hidden_visits
    weeks = shown_weeks(given.week_ends, given.met_by_week, hide=not full)

    def paced(deadline: date) -> Pace | None:
        return pace_of(weeks, given.households, deadline, surplus=uncounted)

    return CoverageTable(
        code=given.code,
        name=given.name,
        kind=given.kind,
        as_of=given.as_of,
        over=given.over,
        received_until=given.received_until,
        households=given.households,
        households_source=given.households_source,
        visited=None if hidden_visits.total else visited,
        indicators=tuple(_indicator_row(given, column, enough, full) for column in columns.values()),
        villages=tuple(_village_row(village, columns, hidden_visits) for village in given.villages),
        targets=tuple(
            _target_row(given, each, columns, paced, enough, full)
            for each in given.targets
            if only is None or each.indicator in only
        ),
        unplaced={code: column.cells[NO_VILLAGE] for code, column in columns.items()},
        enough=enough,
        full=full,
        weeks=weeks,
        surplus=uncounted,
    )


_NOTHING_HIDDEN = Protection({}, None)


@dataclass(frozen=True)
class _Column:
    """One indicator down the table: by village code its cells and judgements, and the commune's sum."""

    indicator: CountedIndicator
    whole: Counted
    target: TargetFigure | None
    cell: Cell
    cells: Mapping[str, Cell]
    judgements: Mapping[str, TargetJudgement]
    estimate: Estimate | None


def _indicator_row(given: CommuneInput, column: _Column, enough: Enough, full: bool) -> IndicatorRow:
    target = column.target
    judged = _surveyed(given, target, column, enough, full) if target else None
    return IndicatorRow(column.indicator, column.cell, target, judged, column.estimate)


def _visits(households: int) -> Tallied:
    return Tallied(households, households, households)


def _village_row(
    village: VillageInput, columns: Mapping[str, _Column], hidden_visits: Protection
) -> VillageRow:
    return VillageRow(
        village.code,
        village.name,
        village.households,
        None if village.code in hidden_visits.rows else village.visited,
        {code: column.cells[village.code] for code, column in columns.items()},
        {
            code: column.judgements[village.code]
            for code, column in columns.items()
            if village.code in column.judgements
        },
    )


def own_target(targets: tuple[TargetFigure, ...], indicator: str | None) -> TargetFigure | None:
    """The commune's own target of an indicator: the first by id (R16); None for none."""
    named = [target for target in targets if indicator is not None and target.indicator == indicator]
    return min(named, key=lambda target: target.id, default=None)


def _rows(given: CommuneInput, indicator: CountedIndicator) -> dict[str, Tallied]:
    """What each thôn, and what lies in none, tallied of an indicator."""
    tallied = {v.code: _tallied(v, indicator) for v in given.villages}
    tallied[NO_VILLAGE] = given.unplaced.get(indicator.code, Tallied())
    return tallied


def _hidden(
    given: CommuneInput, visits: Mapping[str, Tallied], tallied: Mapping[str, Mapping[str, Tallied]]
) -> tuple[Protection, dict[str, Protection]]:
    """What small cells hide: one choice for all that households are asked, another for people by chance."""
    residents = [each for each in given.indicators if each.unit in RESIDENT_UNITS]
    at_doors = {each.code: tallied[each.code] for each in residents if each.is_at_doors}
    main = {target.indicator for target in given.targets if target.indicator}
    # an indicator that says of each thôn what the households met say is hidden as they are, total and all
    of_met = [
        code for code, rows in at_doors.items() if all(rows.get(key) == row for key, row in visits.items())
    ]
    asked = {code: rows for code, rows in at_doors.items() if code not in of_met}
    of_visits, found = protect_together(
        visits, asked, main=main, sizes=_sizes(given), before=_before(given, visits, asked)
    )
    return of_visits, {
        **found,
        **dict.fromkeys(of_met, of_visits),
        **{each.code: protect_sample(tallied[each.code]) for each in residents if each.is_sample},
    }


def _sizes(given: CommuneInput) -> dict[str, int]:
    """The households on the list of each thôn, where they are known."""
    return {each.code: each.households for each in given.villages if each.households is not None}


def _before(given: CommuneInput, codes: Collection[str], asked: Collection[str]) -> list[Day]:
    """What was counted by the ends of earlier weeks, of the households met and of what they were asked."""
    columns = {name: given.by_week[name] for name in asked if name in given.by_week}
    columns[MET] = given.met_by_week
    nothing = (Tallied(),) * len(given.week_ends)
    return [
        {name: {code: rows.get(code, nothing)[place] for code in codes} for name, rows in columns.items()}
        for place, end in enumerate(given.week_ends)
        if end < given.as_of
    ]


def _column(
    given: CommuneInput,
    indicator: CountedIndicator,
    tallied: Mapping[str, Tallied],
    protection: Protection,
    enough: Enough,
    *,
    full: bool,
) -> _Column:
    hidden = _NOTHING_HIDDEN if full else protection
    to_ask = {v.code: _to_ask(indicator, v.households, v.expected, 1) for v in given.villages}
    found = {
        key: Counted(indicator, row, _reach(indicator, row, to_ask.get(key)), hidden.rows.get(key))
        for key, row in tallied.items()
    }
    target = own_target(given.targets, indicator.judged_as)
    whole = _whole(given, indicator, found, protection, hidden.total)
    judged = (
        {key: judgement(found[key], target, enough=enough, over=given.over) for key in to_ask}
        if target and target.judges_thon
        else {}
    )
    return _Column(
        indicator=indicator,
        whole=whole,
        target=target,
        cell=cell(whole, target),
        cells={key: cell(counted, target) for key, counted in found.items()},
        judgements={key: each for key, each in judged.items() if each is not None},
        estimate=of_all(given.villages, indicator, tallied, protection),
    )


def _whole(
    given: CommuneInput,
    indicator: CountedIndicator,
    rows: Mapping[str, Counted],
    protection: Protection,
    hidden: Suppression | None,
) -> Counted:
    """The commune: its rows' sum. What rows of fewer than five have beyond their list is not told by its reach to
    anybody: a target would have one state for the officer and another for the leader. Rows hidden beside them are
    not left out: which those are depends on other columns and weeks, which the city's page does not read, and a row
    that has more than its list is the last to be taken.
    """
    total = sum((row.tallied for row in rows.values()), Tallied())
    withheld = {key for key, why in protection.rows.items() if why == BASE}
    told = [(row.tallied.subjects, row.reach.expected) for key, row in rows.items() if key not in withheld]
    uncounted = sum(beyond(subjects, of, indicator.unit) for subjects, of in told)
    expected = _to_ask(indicator, given.households, given.expected, len(given.villages))
    reach = Reach(
        unit=indicator.unit,
        subjects=total.subjects,
        expected=expected,
        surplus=max(uncounted if expected else 0, surplus(total.subjects, expected)),
        is_sample=indicator.is_sample,
    )
    return Counted(indicator, total, reach, hidden, is_total=True)


def _tallied(village: VillageInput, indicator: CountedIndicator) -> Tallied:
    derive = DERIVED.get(indicator.code) if indicator.kind == "derived" else None
    return derive(village.tallied) if derive else village.tallied.get(indicator.code, Tallied())


def _to_ask(
    indicator: CountedIndicator, households: int | None, expected: Mapping[str, int], thon: int
) -> int | None:
    if indicator.is_sample:
        return None
    if indicator.unit == "village":
        return thon
    return households if indicator.unit in RESIDENT_UNITS else expected.get(indicator.code)


def _reach(indicator: CountedIndicator, tallied: Tallied, expected: int | None) -> Reach:
    return Reach(
        unit=indicator.unit,
        subjects=tallied.subjects,
        expected=expected,
        surplus=surplus(tallied.subjects, expected),
        is_sample=indicator.is_sample,
    )


def _commune_judgement(
    given: CommuneInput, target: TargetFigure, whole: Counted, enough: Enough
) -> TargetJudgement:
    """The target over the whole commune; unknown where its number is withheld and no bound decides."""
    found = judgement(whole, target, enough=enough, over=given.over)
    return found or TargetJudgement(state=TargetState.UNKNOWN)


def _target_row(
    given: CommuneInput,
    target: TargetFigure,
    columns: Mapping[str, _Column],
    paced: Callable[[date], Pace | None],
    enough: Enough,
    full: bool,
) -> TargetRow:
    """Where both survey and office may tell, the office's number is the official one, until then the survey's."""
    told = given.reported.get(target.id, ())
    reported = judge_reported(target, told, as_of=given.as_of, over=given.over)
    column = columns.get(target.indicator or "")
    surveyed = None
    if target.how != "office" and column is not None:
        surveyed = _surveyed(given, target, column, enough, full)
    is_official = surveyed is None or (target.how == "both" and reported.source is not None)
    return TargetRow(
        target=target,
        judgement=reported if is_official or surveyed is None else surveyed,
        surveyed=surveyed,
        reported=reported if target.how != "survey" or told else None,
        values=tuple(sorted((each for each in told if each.at <= given.as_of), key=_newest_first)),
        estimate=column.estimate if surveyed and column else None,
        pace=paced(target.deadline) if surveyed and column and is_paced(target, column.indicator) else None,
    )


def _newest_first(told: Reported) -> tuple[int, int]:
    return -told.at.toordinal(), -(told.start or told.at).toordinal()


def _surveyed(
    given: CommuneInput, target: TargetFigure, column: _Column, enough: Enough, full: bool
) -> TargetJudgement:
    """What visits say of a target: over the year, or, for people helped a week or a month, by period."""
    if target.period not in PERIODS_IN_A_YEAR:
        return within_error(_commune_judgement(given, target, column.whole, enough), target, column.estimate)
    told = given.by_period.get(target.id, {})
    hidden: set[date] = set()
    if not full and column.indicator.unit in RESIDENT_UNITS:
        small = protect({start.isoformat(): tallied for start, tallied in told.items()}).rows
        hidden = {start for start in told if start.isoformat() in small}
    return judge_surveyed_periods(
        target,
        told,
        as_of=given.as_of,
        over=given.over,
        visited=given.visited_periods.get(target.id, ()),
        hidden=hidden,
    )
