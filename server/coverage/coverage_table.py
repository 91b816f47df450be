"""The table of a commune on a day or on several, and its trend: readers are shown days and cells that they may see."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import current_app

from geo import compute_coverage as judged
from geo.compute_coverage import CommuneInput, CoverageTable
from geo.hidden_cells import allowed_day
from geo.reach import RESIDENT_UNITS, Enough
from geo.target_states import Tallied
from geo.weeks import Week, shown_weeks, week_ends
from server import clock
from server.counting import tally_sums
from server.coverage import commune_input
from server.db import db
from server.models import Commune, Indicator
from server.places import merged_villages
from server.settings import Settings

EARLIEST = dt.date(1900, 1, 1)
"""The first day of which anything is told; nothing was counted for a century after it, and the weeks, months and years
before it are days of the calendar, too."""


def table(
    commune: Commune, as_of: dt.date | None = None, *, full: bool = False, feed: bool = False
) -> CoverageTable:
    """The coverage of a commune as it was on a day (today; of a `feed` yesterday), as known now (R8).

    `full` is for those with the right to single records. All others see past days as ends of weeks and months, and
    no small cells (R25). Only this commune's rows are read, in at most twelve statements however many they are.
    """
    day = day_of_feed(as_of) if feed else day_shown(as_of, full=full)
    return tables(commune, [day], full=full)[0]


def tables(
    commune: Commune, days: Sequence[dt.date], *, full: bool = False, only: Collection[str] | None = None
) -> list[CoverageTable]:
    """The coverage on several days, which rise and may be shown to the asker (`day_shown`, `day_of_feed`); `only` these
    indicators of it.

    In about as many statements as that of one day.
    """
    found = read_days(commune, days, full=full)
    return [found.table(day, only=only) for day in days]


@dataclass(frozen=True)
class ReadDays:
    """What the tables of several days are made of, read once: each is made when it is asked for."""

    inputs: Mapping[dt.date, CommuneInput]
    full: bool

    def table(self, day: dt.date, *, only: Collection[str] | None = None) -> CoverageTable:
        """The table of one of the days; `only` these indicators of it."""
        return judged.table(self.inputs[day], enough=enough(), full=self.full, only=only)


def read_days(commune: Commune, days: Sequence[dt.date], *, full: bool = False) -> ReadDays:
    """Of days as `tables` takes them."""
    found = commune_input.gather_days(commune, days)
    return ReadDays(dict(zip(days, found, strict=True)), full)


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


def trend(
    commune: Commune, indicator: str, weeks: int = 12, *, as_of: dt.date | None = None, full: bool = False
) -> tuple[Week, ...]:
    """An indicator's sums over the whole commune at the ends of the last weeks (Sundays), the last on `as_of`.

    A state is what was known by then, an event what had been added up since New Year. Empty for an unknown
    indicator; a week is None where the commune's sum of that day is hidden. Five statements.
    """
    day = day_shown(as_of, full=full)
    known = next((row for row in commune_input.every_indicator().values() if row.code == indicator), None)
    if known is None:
        return ()
    villages = commune_input.all_villages(commune)
    ends = week_ends(day, weeks)
    new_years = [dt.date(end.year - 1, 12, 31) for end in ends] if known.kind == "event" else []
    days = sorted({*ends, *new_years})
    here = [village.id for village in villages]
    homes = [merged_villages.on_day(villages, end) for end in ends]
    counted = {}
    for key, row in tally_sums.at_ends(here, known.id, days).items():
        at = dict(zip(days, row, strict=True))
        since = [at[new_year] for new_year in new_years] or [Tallied()] * len(ends)
        counted[key] = tuple(at[end] - before for end, before in zip(ends, since, strict=True))
    is_small = not full and known.unit in RESIDENT_UNITS
    met = _met_by_week(here, homes, _visited(), ends) if is_small and known.kind == "state" else None
    return shown_weeks(ends, commune_input.in_rows_of_days(counted, homes), hide=is_small, met=met)


def _visited() -> int | None:
    return db.session.scalar(sa.select(Indicator.id).where(Indicator.code == commune_input.VISITED))


def _met_by_week(
    here: Sequence[int], homes: Sequence[Mapping[int, int]], visited: int | None, ends: Sequence[dt.date]
) -> dict[str, tuple[Tallied, ...]]:
    """The households met in each thôn by the end of each week."""
    if visited is None or not here:
        return {}
    return commune_input.in_rows_of_days(tally_sums.at_ends(here, visited, ends), homes)
