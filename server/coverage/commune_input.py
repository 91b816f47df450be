"""All that a commune's table is made from, read in SQL for one day or for several together."""

import datetime as dt
import operator
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from geo import compute_coverage as judged
from geo.compute_coverage import CommuneInput, VillageInput
from geo.estimate import Squares
from geo.period_targets import Reported
from geo.target_states import Tallied, TargetFigure
from geo.weeks import week_ends
from server import clock, models
from server.counting import household_squares, tally_sums
from server.coverage import denominators, judged_self_answers, period_counts
from server.coverage.denominators import StatedSubjects
from server.coverage.period_counts import PeriodCounts
from server.db import db
from server.households import households_on_days
from server.models import Commune, Indicator, Plan, Village
from server.places import household_numbers, merged_villages
from server.places.household_numbers import HouseholdNumber
from server.plans import office_figures
from server.published_forms.self_answers import WORD

VISITED = "tham_ho"
"""The indicator whose subjects are the households met at least once."""
SURVEYED = ("state", "event", "derived")
"""Kinds that visits count, or that are derived from what they count; the others are told by offices."""
WEEKS = 13
"""How far back the table tells the households met by week: a quarter."""

Row = sa.Row[*tuple[Any, ...]]


def gather(commune: Commune, as_of: dt.date) -> CommuneInput:
    """All that the table is made from. A thôn that was merged counts in the one it was merged into."""
    return gather_days(commune, [as_of])[0]


@dataclass(frozen=True)
class _Read:
    """What is read of a commune for all days together; what differs from day to day by day or year."""

    commune: Commune
    villages: Sequence[Row]
    homes: Mapping[dt.date, Mapping[int, int]]
    indicators: Mapping[int, Row]
    stated: StatedSubjects
    tallied: Mapping[dt.date, tally_sums.Sums]
    households: Mapping[dt.date, Mapping[int, HouseholdNumber]]
    targets: Mapping[int, tuple[TargetFigure, ...]]
    reported: Mapping[int, Mapping[str, Sequence[Reported]]]
    listed: Mapping[dt.date, denominators.Listed]
    squares: Mapping[dt.date, household_squares.Spread]
    by_period: Mapping[dt.date, PeriodCounts]
    received_until: dt.datetime | None

    @property
    def here(self) -> list[int]:
        """The keys of all thôn, merged ones too."""
        return [village.id for village in self.villages]


def gather_days(commune: Commune, days: Sequence[dt.date]) -> list[CommuneInput]:
    """The same of several days, which rise: together they are read as one is."""
    read = _read(commune, days)
    rows = {
        day: _shown(read.indicators, read.tallied[day], read.targets[day.year], read.stated) for day in days
    }
    shown = _shown_indicators(read, rows)
    weeks = _by_week(read, shown)
    return [_of_day(read, day, shown[day], weeks[day]) for day in days]


def _read(commune: Commune, days: Sequence[dt.date]) -> _Read:
    villages, indicators = all_villages(commune), every_indicator()
    here = [village.id for village in villages]
    homes = {day: merged_villages.on_day(villages, day) for day in days}
    tallied = tally_sums.on_days(here, days, _events(indicators))
    stated = denominators.stated(commune)
    years = sorted({day.year for day in days})
    targets = {year: _targets(commune, year, indicators) for year in years}
    return _Read(
        commune=commune,
        villages=villages,
        homes=homes,
        indicators=indicators,
        stated=stated,
        tallied={day: tally_sums.moved(tallied[day], homes[day]) for day in days},
        households=households_on_days.on_days(homes),
        targets=targets,
        reported={year: office_figures.standing(commune, year) for year in years},
        listed=denominators.listed(here, days),
        squares=household_squares.by_village(here, _of_persons(targets.values(), indicators), days),
        by_period=period_counts.of_targets(
            here, {day: targets[day.year] for day in days}, _keys(indicators), stated.forms
        ),
        received_until=tally_sums.received_until(here),
    )


def _of_day(
    read: _Read,
    day: dt.date,
    shown: tuple[judged.CountedIndicator, ...],
    weeks: Mapping[str, Mapping[str, tuple[Tallied, ...]]],
) -> CommuneInput:
    home, households, targets = read.homes[day], read.households[day], read.targets[day.year]
    standing = [village for village in read.villages if home[village.id] == village.id]
    lists = _on_lists(read.listed[day], home, shown)
    squares = _squares(read.squares[day], home, targets, read.indicators)
    return CommuneInput(
        code=read.commune.code,
        name=read.commune.name,
        kind=read.commune.kind,
        as_of=day,
        is_running=clock.is_running(day),
        received_until=read.received_until,
        households=household_numbers.total(households.values()),
        households_source=household_numbers.source(households.values()),
        villages=tuple(
            village_input(
                village,
                _by_code(read.tallied[day].get(village.id, {}), read.indicators),
                households.get(village.id),
                lists.get(village.id, {}),
                squares.get(village.id, {}),
            )
            for village in standing
        ),
        expected=all_of_lists(lists),
        indicators=shown,
        targets=targets,
        reported=read.reported[day.year],
        by_period=read.by_period[day].counted,
        visited_periods=read.by_period[day].visited,
        week_ends=week_ends(day, WEEKS),
        met_by_week=weeks.get(VISITED, {}),
        by_week=weeks,
        merged_into=_merged_into(read.villages),
    )


def row_codes(
    commune: Commune, days: Sequence[dt.date]
) -> Mapping[dt.date, tuple[Sequence[str], Sequence[str]]]:
    """The codes of the thôn and of the indicators of the tables of these days, which rise; no cell of them is made. Few
    statements, however many days."""
    if not days:
        return {}
    villages, indicators = all_villages(commune), every_indicator()
    tallied = tally_sums.on_days([village.id for village in villages], days, _events(indicators))
    targets = {year: _targets(commune, year, indicators) for year in {day.year for day in days}}
    stated = denominators.stated(commune)

    def of_day(day: dt.date) -> tuple[Sequence[str], Sequence[str]]:
        home = merged_villages.on_day(villages, day)
        shown = _shown(indicators, tallied[day], targets[day.year], stated)
        return [each.code for each in villages if home[each.id] == each.id], [row.code for row in shown]

    return {day: of_day(day) for day in days}


def _shown(
    indicators: Mapping[int, Row],
    tallied: tally_sums.Sums,
    targets: Iterable[TargetFigure],
    stated: StatedSubjects,
) -> list[Row]:
    """The indicators that a table shows: what forms ask, plans aim at, or visits told."""
    wanted = stated.asked | _targeted(targets) | _counted(tallied, indicators) | {VISITED}
    return [row for row in indicators.values() if row.kind in SURVEYED and row.code in wanted]


def _shown_indicators(
    read: _Read, shown: Mapping[dt.date, Sequence[Row]]
) -> dict[dt.date, tuple[judged.CountedIndicator, ...]]:
    """These indicators; what people answered by themselves bears the name of what teams ask, and says so (R27)."""
    has_self_answers = any(row.self_of_id is not None for rows in shown.values() for row in rows)
    also_judged = judged_self_answers.judged(read.commune) if has_self_answers else frozenset[str]()

    def one(row: Row) -> judged.CountedIndicator:
        if row.self_of_id is None:
            is_sample = denominators.is_sample(row.code, row.unit, read.stated)
            return judged.CountedIndicator(row.code, row.label_vi, row.unit, row.kind, is_sample)
        asked = read.indicators[row.self_of_id]
        label = f"{asked.label_vi} ({WORD})"
        return judged.CountedIndicator(
            row.code, label, row.unit, row.kind, is_sample=True, self_of=asked.code, is_judged=asked.code in also_judged
        )  # fmt: skip

    return {day: tuple(map(one, rows)) for day, rows in shown.items()}


def at_home(
    counted: Mapping[int, tuple[Tallied, ...]], home: Mapping[int, int]
) -> dict[str, tuple[Tallied, ...]]:
    """The sums of thôn at several days, those of merged thôn added to where they count."""
    rows: dict[str, tuple[Tallied, ...]] = {}
    for key, row in counted.items():
        own = str(home[key])
        rows[own] = tuple(map(operator.add, rows[own], row)) if own in rows else row
    return rows


def in_rows_of_days(
    counted: Mapping[int, tuple[Tallied, ...]], homes: Sequence[Mapping[int, int]]
) -> dict[str, tuple[Tallied, ...]]:
    """The sums of thôn at several days, each in the row that stood on that day (`homes`, a map for each).

    So readers of those days were told them. The series of a thôn that went into another stops with its last row.
    """
    if all(home == homes[-1] for home in homes):
        return at_home(counted, homes[-1])
    found: dict[int, list[Tallied]] = {}
    for place, home in enumerate(homes):
        row = dict.fromkeys(home.values(), Tallied())
        for key, sums in counted.items():
            row[home[key]] += sums[place]
        for key, tallied in row.items():
            found.setdefault(key, []).append(tallied)
    return {str(key): tuple(series) for key, series in found.items()}


def _merged_into(villages: Iterable[Row]) -> dict[str, str]:
    """By the code of each thôn that went into another, that one's code."""
    codes = {village.id: village.code for village in villages}
    merged = {village.code: village.merged_into_id for village in villages if village.merged_into_id}
    return {code: codes[into] for code, into in merged.items() if into in codes}


def _by_week(
    read: _Read, shown: Mapping[dt.date, Iterable[judged.CountedIndicator]]
) -> dict[dt.date, dict[str, dict[str, tuple[Tallied, ...]]]]:
    """What households had said by the end of each week before a day, of states: by indicator and thôn, by codes."""
    wanted = {day: {each.code for each in of_day if each.is_at_doors} for day, of_day in shown.items()}
    states = {row.code: key for key, row in read.indicators.items() if row.kind == "state"}
    keys = [key for code, key in states.items() if any(code in codes for codes in wanted.values())]
    if not keys or not read.villages:
        return {day: {} for day in shown}
    found = tally_sums.by_ends_of_days(read.here, keys, {day: week_ends(day, WEEKS) for day in shown})
    codes = {str(village.id): village.code for village in read.villages}
    homes = {
        day: [merged_villages.on_day(read.villages, end) for end in week_ends(day, WEEKS)] for day in shown
    }
    return {
        day: {
            code: {
                codes[key]: row for key, row in in_rows_of_days(found[day][states[code]], homes[day]).items()
            }
            for code in states
            if code in wanted[day]
        }
        for day in shown
    }  # fmt: skip


def _keys(indicators: Mapping[int, Row]) -> dict[str, int]:
    return {row.code: key for key, row in indicators.items()}


def all_villages(commune: Commune) -> Sequence[Row]:
    columns = (Village.id, Village.code, Village.name, Village.valid_to, Village.merged_into_id)
    found = sa.select(*columns).where(Village.commune_id == commune.id)
    return db.session.execute(found.order_by(Village.code)).all()


def every_indicator() -> dict[int, Row]:
    """All indicators by their key, in the order of tables and menus."""
    columns = (
        Indicator.id, Indicator.code, Indicator.label_vi, Indicator.unit, Indicator.kind, Indicator.self_of_id
    )  # fmt: skip
    rows = db.session.execute(sa.select(*columns).order_by(Indicator.position, Indicator.code))
    return {row.id: row for row in rows}


def _events(indicators: Mapping[int, Row]) -> list[int]:
    return [key for key, row in indicators.items() if row.kind == "event"]


def _targeted(targets: Iterable[TargetFigure]) -> set[str]:
    return {target.indicator for target in targets if target.indicator and target.how != "office"}


def _counted(tallied: tally_sums.Sums, indicators: Mapping[int, Row]) -> set[str]:
    return {indicators[key].code for row in tallied.values() for key in row if key in indicators}


def _by_code(row: Mapping[int, Tallied], indicators: Mapping[int, Row]) -> dict[str, Tallied]:
    return {indicators[key].code: tallied for key, tallied in row.items() if key in indicators}


def _on_lists(
    listed: denominators.Listed, home: Mapping[int, int], indicators: Iterable[judged.CountedIndicator]
) -> dict[int, dict[str, int]]:
    """How many there are to ask in each thôn of places and enterprises, those of merged thôn where they count."""
    found: dict[int, dict[str, int]] = {}
    for key, of_village in denominators.on_lists(
        listed, [(each.code, each.unit) for each in indicators]
    ).items():
        own = found.setdefault(home[key], {})
        for code, number in of_village.items():
            own[code] = own.get(code, 0) + number
    return found


def _of_persons(years: Iterable[Iterable[TargetFigure]], indicators: Mapping[int, Row]) -> list[int]:
    """The plan's own indicators of what households say of their persons and adults."""
    wanted = {code for targets in years for code in _targeted(targets)}
    return [key for key, row in indicators.items() if row.code in wanted and row.unit in ("person", "adult")]


def _squares(
    spread: household_squares.Spread,
    home: Mapping[int, int],
    targets: Iterable[TargetFigure],
    indicators: Mapping[int, Row],
) -> dict[int, dict[str, Squares]]:
    """How much households differ in what they say of persons and adults, of the plan's own indicators."""
    wanted = set(_of_persons([targets], indicators))
    found: dict[int, dict[str, Squares]] = {}
    for village, of_village in spread.items():
        own = found.setdefault(home[village], {})
        for key, squares in of_village.items():
            if key in wanted:
                code = indicators[key].code
                own[code] = own.get(code, Squares()) + squares
    return found


def all_of_lists(lists: Mapping[int, Mapping[str, int]]) -> dict[str, int]:
    """The commune's lists: those of its thôn together."""
    found: dict[str, int] = {}
    for of_village in lists.values():
        for code, number in of_village.items():
            found[code] = found.get(code, 0) + number
    return found


def village_input(
    village: Row,
    tallied: Mapping[str, Tallied],
    figure: HouseholdNumber | None,
    expected: Mapping[str, int],
    squares: Mapping[str, Squares],
) -> VillageInput:
    """A thôn as the coverage table takes it: what it tallied, its households, and how many places there are to ask."""
    return VillageInput(
        code=village.code,
        name=village.name,
        households=figure.households if figure else None,
        visited=tallied.get(VISITED, Tallied()).subjects,
        tallied=tallied,
        expected=expected,
        squares=squares,
    )


def _targets(commune: Commune, year: int, indicators: Mapping[int, Row]) -> tuple[TargetFigure, ...]:
    """The figures of the commune's plan of a year, in the plan's order."""
    rows = db.session.execute(
        sa.select(*models.Target.__table__.columns)
        .join(Plan, Plan.id == models.Target.plan_id)
        .where(Plan.commune_id == commune.id, Plan.year == year)
        .order_by(models.Target.position, models.Target.code)
    )
    codes = {key: indicator.code for key, indicator in indicators.items()}
    return tuple(target_of(row, codes.get(row.indicator_id)) for row in rows)


def target_of(row: Any, indicator: str | None) -> TargetFigure:
    """A row of the table of targets, with the code of its indicator."""
    return TargetFigure(
        id=row.code,
        label=row.label,
        section=row.section,
        comparator=row.comparator,
        value=Fraction(row.value),
        unit=row.unit,
        period=row.period,
        start=row.start,
        deadline=row.deadline,
        indicator=indicator,
        over_households=row.over_households,
        how=row.how,
        office=row.office,
    )
