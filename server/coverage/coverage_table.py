"""Counts in SQL, handed to geo.coverage: the table of a commune on a day, and its trend."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from flask import current_app

from geo import coverage as judged
from geo.coverage import CommuneInput, CoverageTable, VillageInput
from geo.estimate import Squares
from geo.hidden_cells import allowed_day
from geo.reach import RESIDENT_UNITS, Enough
from geo.target_states import Tallied, TargetFigure
from geo.weeks import Week, shown_weeks, week_ends
from server import clock, models
from server.counting import household_squares, tally_sums
from server.coverage import judged_self_answers, period_counts, subjects_there
from server.coverage.subjects_there import StatedSubjects
from server.db import db
from server.models import Commune, Indicator, Plan, Village
from server.places import household_numbers, merged_villages
from server.places.household_numbers import HouseholdNumber
from server.plans import office_figures
from server.published_forms.self_answers import WORD
from server.settings import Settings

VISITED = "tham_ho"
"""The indicator whose subjects are the households met at least once."""
SURVEYED = ("state", "event", "derived")
"""Kinds that visits count, or that are derived from what they count; the others are told by offices."""
EARLIEST = dt.date(2000, 1, 1)
"""The first day of which anything is told: weeks and months before it are days of the calendar, too."""
WEEKS = 13
"""How far back the table tells the households met by week: a quarter."""

Row = sa.Row[*tuple[Any, ...]]


def table(
    commune: Commune, as_of: dt.date | None = None, *, full: bool = False, feed: bool = False
) -> CoverageTable:
    """The coverage of a commune as it was on a day (today; of a `feed` yesterday), as known now (R8).

    `full` is for those with the right to single records. All others see past days as ends of weeks and months, and
    no small cells (R25). Only this commune's rows are read, in at most twelve statements however many they are.
    """
    day = day_of_feed(as_of) if feed else day_shown(as_of, full=full)
    return judged.table(gather(commune, day), enough=enough(), full=full)


def enough() -> Enough:
    """From when on this installation lets a percent be judged."""
    settings: Settings = current_app.config["SETTINGS"]
    return Enough(settings.min_reach, settings.min_asked)


def day_shown(as_of: dt.date | None, *, full: bool) -> dt.date:
    """The day whose numbers may be shown to one who asks for `as_of`; never later than today, nor before EARLIEST."""
    today = clock.today()
    asked = max(min(as_of or today, today), EARLIEST)
    return asked if full else allowed_day(asked, today)


def day_of_feed(as_of: dt.date | None = None) -> dt.date:
    """The day whose numbers feeds and links tell where `as_of` is asked for: yesterday, or an end of week or month.

    Today is still running: of a table that is fetched every hour, two that follow each other would tell one visit.
    """
    today = clock.today()
    yesterday = today - dt.timedelta(days=1)
    if as_of is None or as_of >= yesterday:
        return yesterday
    return allowed_day(max(as_of, EARLIEST), today)


@dataclass(frozen=True)
class _TableFrame:
    """Which thôn and indicators stand in the table of a day, and what was counted of them by then."""

    here: Sequence[int]
    """The keys of all thôn, those that were merged too."""
    home: Mapping[int, int]
    standing: Sequence[Row]
    indicators: Mapping[int, Row]
    shown: Sequence[Row]
    tallied: tally_sums.Sums
    targets: tuple[TargetFigure, ...]
    stated: StatedSubjects


def _frame(commune: Commune, as_of: dt.date) -> _TableFrame:
    villages = _villages(commune)
    here = [village.id for village in villages]
    home = merged_villages.on_day(villages, as_of)
    indicators = _indicators()
    tallied = tally_sums.moved(tally_sums.sums(here, as_of, _events(indicators)), home)
    targets = _targets(commune, as_of.year, indicators)
    stated = subjects_there.stated(commune)
    wanted = stated.asked | _targeted(targets) | _counted(tallied, indicators) | {VISITED}
    return _TableFrame(
        here=here,
        home=home,
        standing=[village for village in villages if home[village.id] == village.id],
        indicators=indicators,
        shown=[row for row in indicators.values() if row.kind in SURVEYED and row.code in wanted],
        tallied=tallied,
        targets=targets,
        stated=stated,
    )


def row_codes(commune: Commune, as_of: dt.date) -> tuple[list[str], list[str]]:
    """The codes of the thôn and of the indicators of a day's table, of which no cell is made. Few statements."""
    frame = _frame(commune, as_of)
    return [village.code for village in frame.standing], [row.code for row in frame.shown]


def gather(commune: Commune, as_of: dt.date) -> CommuneInput:
    """All that the table is made from. A thôn that was merged counts in the one it was merged into."""
    frame = _frame(commune, as_of)
    here, home, standing = frame.here, frame.home, frame.standing
    indicators, tallied, targets = frame.indicators, frame.tallied, frame.targets
    households = household_numbers.households([village.id for village in standing], as_of)
    ends = week_ends(as_of, WEEKS)
    shown_indicators = _shown_indicators(commune, frame.shown, indicators, frame.stated)
    lists = _on_lists(here, home, shown_indicators, as_of)
    squares = _squares(here, home, targets, indicators, as_of)
    by_week = _by_week(
        here, home, {each.code for each in shown_indicators if each.is_at_doors}, indicators, ends
    )
    counted_by_period = period_counts.of_targets(here, targets, _keys(indicators), frame.stated.forms, as_of)
    code_of = {str(village.id): village.code for village in standing}
    return CommuneInput(
        code=commune.code,
        name=commune.name,
        as_of=as_of,
        received_until=tally_sums.received_until(here),
        households=household_numbers.total(households.values()),
        households_source=household_numbers.source(households.values()),
        villages=tuple(
            village_input(
                village,
                _by_code(tallied.get(village.id, {}), indicators),
                households.get(village.id),
                lists.get(village.id, {}),
                squares.get(village.id, {}),
            )
            for village in standing
        ),
        expected=all_of_lists(lists),
        indicators=shown_indicators,
        targets=targets,
        reported=office_figures.standing(commune, as_of.year),
        by_period=counted_by_period.counted,
        visited_periods=counted_by_period.visited,
        week_ends=ends,
        met_by_week=_by_village_code(by_week.get(VISITED, {}), code_of),
        by_week={code: _by_village_code(rows, code_of) for code, rows in by_week.items()},
    )


def _shown_indicators(
    commune: Commune, shown: Iterable[Row], every: Mapping[int, Row], stated: StatedSubjects
) -> tuple[judged.CountedIndicator, ...]:
    """These indicators; what people answered by themselves bears the name of what teams ask, and says so (R27)."""
    rows = list(shown)
    has_self_answers = any(row.self_of_id is not None for row in rows)
    also_judged = judged_self_answers.judged(commune) if has_self_answers else frozenset[str]()

    def one(row: Row) -> judged.CountedIndicator:
        if row.self_of_id is None:
            is_sample = subjects_there.is_sample(row.code, row.unit, stated)
            return judged.CountedIndicator(row.code, row.label_vi, row.unit, row.kind, is_sample)
        asked = every[row.self_of_id]
        label = f"{asked.label_vi} ({WORD})"
        return judged.CountedIndicator(
            row.code, label, row.unit, row.kind, is_sample=True, self_of=asked.code, is_judged=asked.code in also_judged
        )  # fmt: skip

    return tuple(map(one, rows))


def trend(
    commune: Commune, indicator: str, weeks: int = 12, *, as_of: dt.date | None = None, full: bool = False
) -> tuple[Week, ...]:
    """An indicator's sums over the whole commune at the ends of the last weeks (Sundays), the last on `as_of`.

    A state is what was known by then, an event what had been added up since New Year. Empty for an unknown
    indicator; a week is None where the commune's sum of that day is hidden. Five statements.
    """
    day = day_shown(as_of, full=full)
    known = next((row for row in _indicators().values() if row.code == indicator), None)
    if known is None:
        return ()
    villages = _villages(commune)
    ends = week_ends(day, weeks)
    new_years = [dt.date(end.year - 1, 12, 31) for end in ends] if known.kind == "event" else []
    days = sorted({*ends, *new_years})
    here, home = [village.id for village in villages], merged_villages.on_day(villages, day)
    counted = tally_sums.at_ends(here, known.id, days)
    rows = {}
    for key, row in _at_home(counted, home, len(days)).items():
        at = dict(zip(days, row, strict=True))
        since = [at[new_year] for new_year in new_years] or [Tallied()] * len(ends)
        rows[key] = tuple(at[end] - before for end, before in zip(ends, since, strict=True))
    is_small = not full and known.unit in RESIDENT_UNITS
    met = _met_by_week(here, home, _visited(), ends) if is_small and known.kind == "state" else None
    return shown_weeks(ends, rows, hide=is_small, met=met)


def _visited() -> int | None:
    return db.session.scalar(sa.select(Indicator.id).where(Indicator.code == VISITED))


def _at_home(
    counted: Mapping[int, Sequence[Tallied]], home: Mapping[int, int], length: int
) -> dict[str, tuple[Tallied, ...]]:
    """The sums of thôn at several days, those of merged thôn added to where they count."""
    rows: dict[str, tuple[Tallied, ...]] = {}
    for key, row in counted.items():
        own = str(home[key])
        before = rows.get(own, (Tallied(),) * length)
        rows[own] = tuple(one + other for one, other in zip(before, row, strict=True))
    return rows


def _met_by_week(
    here: Sequence[int], home: Mapping[int, int], visited: int | None, ends: Sequence[dt.date]
) -> dict[str, tuple[Tallied, ...]]:
    """The households met in each thôn by the end of each week."""
    if visited is None or not here:
        return {}
    return _at_home(tally_sums.at_ends(here, visited, ends), home, len(ends))


def _by_week(
    here: Sequence[int],
    home: Mapping[int, int],
    wanted: Collection[str],
    indicators: Mapping[int, Row],
    ends: Sequence[dt.date],
) -> dict[str, dict[str, tuple[Tallied, ...]]]:
    """What households had said by the end of each week, of states: by indicator, by the key of the thôn."""
    keys = [key for key, row in indicators.items() if row.code in wanted and row.kind == "state"]
    if not keys or not here:
        return {}
    found = tally_sums.by_ends(here, keys, ends)
    return {indicators[key].code: _at_home(found[key], home, len(ends)) for key in keys}


def _by_village_code(
    rows: Mapping[str, tuple[Tallied, ...]], code_of: Mapping[str, str]
) -> dict[str, tuple[Tallied, ...]]:
    return {code_of[key]: row for key, row in rows.items()}


def _keys(indicators: Mapping[int, Row]) -> dict[str, int]:
    return {row.code: key for key, row in indicators.items()}


def _villages(commune: Commune) -> Sequence[Row]:
    columns = (Village.id, Village.code, Village.name, Village.valid_to, Village.merged_into_id)
    found = sa.select(*columns).where(Village.commune_id == commune.id)
    return db.session.execute(found.order_by(Village.code)).all()


def _indicators() -> dict[int, Row]:
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
    here: Sequence[int],
    home: Mapping[int, int],
    indicators: Iterable[judged.CountedIndicator],
    as_of: dt.date,
) -> dict[int, dict[str, int]]:
    """How many there are to ask in each thôn of places and enterprises, those of merged thôn where they count."""
    found: dict[int, dict[str, int]] = {}
    for key, of_village in subjects_there.on_lists(
        here, [(each.code, each.unit) for each in indicators], as_of
    ).items():
        own = found.setdefault(home[key], {})
        for code, number in of_village.items():
            own[code] = own.get(code, 0) + number
    return found


def _squares(
    here: Sequence[int],
    home: Mapping[int, int],
    targets: Iterable[TargetFigure],
    indicators: Mapping[int, Row],
    as_of: dt.date,
) -> dict[int, dict[str, Squares]]:
    """How much households differ in what they say of persons and adults, of the plan's own indicators."""
    wanted = _targeted(targets)
    keys = [key for key, row in indicators.items() if row.code in wanted and row.unit in ("person", "adult")]
    found: dict[int, dict[str, Squares]] = {}
    for village, of_village in household_squares.by_village(here, keys, as_of).items():
        own = found.setdefault(home[village], {})
        for key, squares in of_village.items():
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
    """A thôn as geo.coverage takes it: what it tallied, its households, and how many places there are to ask."""
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
