"""Counts and targets of a commune on a day → the one coverage table that page, map, API, XLSX and report share."""

import functools
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from geo import village_names
from geo.coverage_input import CommuneInput, HouseholdsSource, VillageInput
from geo.hidden_cells import BASE, Protection, protect_sample, protect_together
from geo.indicator_cell import Cell, CountedIndicator
from geo.indicator_column import (
    NO_VILLAGE,
    NOTHING_HIDDEN,
    JudgedColumn,
    column,
    own_target,
    tallied_by_village,
)
from geo.judged_targets import IndicatorRow, TargetRow, indicator_row, target_row
from geo.reach import RESIDENT_UNITS, Enough, beyond
from geo.target_states import Tallied, TargetJudgement
from geo.villages_hidden_whole import MET, Day
from geo.weekly_pace import pace_of
from geo.weeks import Week, shown_weeks

# what a table is made of can be had from here
__all__ = [
    "Cell", "CommuneInput", "CountedIndicator", "HouseholdsSource", "IndicatorRow", "TargetRow", "VillageInput",
    "own_target",
]  # fmt: skip


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
        return village_names.told_apart({each.code: each.name for each in self.villages})[village.code]

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
    of_villages: bool = True,
) -> CoverageTable:
    """Compute the table. `full` is for those with the right to single records: no small cell is hidden (R25).

    The commune's counts are the sum of its thôn and of what lies in none. With `only` the table has the columns and
    targets of these indicators alone, each as it stands in the whole table; without `of_villages` what it tells of the
    commune alone.
    """
    met = {v.code: v.visited for v in given.villages} | {NO_VILLAGE: given.unplaced_visited}
    visits = {key: Tallied(households, households, households) for key, households in met.items()}
    tallied = {each.code: tallied_by_village(given, each) for each in given.indicators}
    hidden_visits, hidden = _hidden(given, visits, tallied)
    columns = {
        each.code: column(
            given, each, tallied[each.code], hidden.get(each.code), enough, full=full, of_villages=of_villages
        )
        for each in given.indicators
        if only is None or each.code in only
    }
    targets = [each for each in given.targets if only is None or each.indicator in only]
    villages = given.villages if of_villages else ()
    uncounted = _uncounted(given, hidden_visits)
    hidden_visits = NOTHING_HIDDEN if full else hidden_visits
    weeks = shown_weeks(given.week_ends, given.met_by_week, hide=not full)
    paced = functools.partial(pace_of, weeks, given.households, surplus=uncounted)
    return CoverageTable(
        code=given.code,
        name=given.name,
        kind=given.kind,
        as_of=given.as_of,
        over=given.over,
        received_until=given.received_until,
        households=given.households,
        households_source=given.households_source,
        visited=None if hidden_visits.total else sum(met.values()),
        indicators=tuple(indicator_row(given, each, enough, full) for each in columns.values()),
        villages=tuple(_village_row(village, columns, hidden_visits) for village in villages),
        targets=tuple(target_row(given, each, columns, paced, enough, full) for each in targets),
        unplaced={code: each.cells[NO_VILLAGE] for code, each in columns.items() if of_villages},
        enough=enough,
        full=full,
        weeks=weeks,
        surplus=uncounted,
    )


def _uncounted(given: CommuneInput, hidden_visits: Protection) -> int:
    """Households met beyond the numbers of their thôn; the same for all readers, so that no two of them are told
    another reach of the commune."""
    if given.households is None:
        return 0
    small = {key for key, why in hidden_visits.rows.items() if why == BASE}
    return sum(beyond(v.visited, v.households) for v in given.villages if v.code not in small)


def _village_row(
    village: VillageInput, columns: Mapping[str, JudgedColumn], hidden_visits: Protection
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
        visits,
        asked,
        main=main,
        sizes=_sizes(given),
        before=_before(given, visits, asked),
        into=given.merged_into,
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
    """What was counted by the ends of earlier weeks, of the households met and of what they were asked, in the rows
    that each thôn had then."""
    columns = {name: given.by_week[name] for name in asked if name in given.by_week}
    columns[MET] = given.met_by_week
    nothing = (Tallied(),) * len(given.week_ends)
    own_rows = {code: len(columns[MET].get(code, ())) for code in given.merged_into if code not in codes}
    return [
        {
            name: {
                code: rows.get(code, nothing)[place]
                for code in (*codes, *(code for code, weeks in own_rows.items() if place < weeks))
            }
            for name, rows in columns.items()
        }
        for place, end in enumerate(given.week_ends)
        if end < given.as_of
    ]
