"""How many households each thôn has on a day, and who says so: what reach is taken of (R6)."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms.definition import HOUSEHOLD_LIST
from geo.boundaries import Figures
from geo.coverage import HouseholdsSource
from server import clock
from server.db import db
from server.models import Entity, EntityList, Village, VillageFigure
from server.places import day_ends, merged_villages

LIST_SOURCE = "danh sách hộ ho_dan"


@dataclass(frozen=True)
class HouseholdNumber:
    """A thôn's number of households, the day it was true and who says so."""

    households: int
    day: dt.date
    source: str


def households(village_ids: Sequence[int], as_of: dt.date) -> dict[int, HouseholdNumber]:
    """The newest figure of each thôn not later than the day, else its households on the list; none where neither."""
    return _with_listed(newest(village_ids, as_of), village_ids, as_of)


def on_days(homes: Mapping[dt.date, Mapping[int, int]]) -> Mapping[dt.date, dict[int, HouseholdNumber]]:
    """The same on each of several days, of the thôn as they stood then (`homes`, of `merged_villages.on_day`).

    One statement however many days, two where a thôn has no figure.
    """
    here = {key for home in homes.values() for key in home}
    rows = _figures(here, max(homes))
    days = sorted(homes)
    told = {
        day: {
            row.village_id: HouseholdNumber(row.households, row.day, row.source)
            for row in rows
            if row.day <= day and home[row.village_id] == row.village_id
        }
        for day, home in homes.items()
    }
    bare = {day: set(home.values()) - told[day].keys() for day, home in homes.items()}
    if any(bare.values()):
        for row in _listed_until(here, days):
            for day in days[: row.until]:
                home = homes[day][row.village_id]
                if home in bare[day]:
                    had = told[day].get(home, HouseholdNumber(0, day, LIST_SOURCE))
                    told[day][home] = HouseholdNumber(had.households + row.households, day, LIST_SOURCE)
    return told


def of_city(village_ids: Sequence[int], as_of: dt.date) -> dict[int, HouseholdNumber]:
    """The same for all thôn of the city, without naming each of them to the database."""
    return _with_listed(newest(None, as_of), village_ids, as_of)


def _with_listed(
    told: dict[int, HouseholdNumber], village_ids: Sequence[int], as_of: dt.date
) -> dict[int, HouseholdNumber]:
    bare = [key for key in village_ids if key not in told]
    return told | _listed(bare, as_of) if bare else told


def newest(village_ids: Sequence[int] | None, as_of: dt.date) -> dict[int, HouseholdNumber]:
    """The newest figure of each of these thôn (None: of all) not later than a day."""
    return {
        row.village_id: HouseholdNumber(row.households, row.day, row.source)
        for row in _figures(village_ids, as_of)
    }


def _figures(village_ids: Collection[int] | None, as_of: dt.date) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """All figures of these thôn (None: of all) not later than a day, the newest last."""
    query = sa.select(
        VillageFigure.village_id, VillageFigure.households, VillageFigure.day, VillageFigure.source
    ).where(VillageFigure.day <= as_of)
    if village_ids is not None:
        query = query.where(VillageFigure.village_id.in_(village_ids))
    return db.session.execute(query.order_by(VillageFigure.day, VillageFigure.id)).all()


def _listed(village_ids: Sequence[int], as_of: dt.date) -> dict[int, HouseholdNumber]:
    """Households that had not ended by a day. One registered since then was there before, too (R8).

    Those of a thôn that had been merged by then are the new thôn's.
    """
    end = day_ends.end(as_of)
    part = merged_villages.parts(village_ids, as_of)
    listed = (
        sa.select(part.c.home, sa.func.count())
        .select_from(Entity)
        .join(part, part.c.id == Entity.village_id)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(
            EntityList.name == HOUSEHOLD_LIST,
            sa.or_(Entity.ended_at.is_(None), Entity.ended_at >= end),
        )
        .group_by(part.c.home)
    )
    return {row[0]: HouseholdNumber(row[1], as_of, LIST_SOURCE) for row in db.session.execute(listed)}


def _listed_until(
    village_ids: Collection[int], days: Sequence[dt.date]
) -> Iterable[sa.Row[*tuple[Any, ...]]]:
    """How many households of each thôn were there on the first `until` of these days; on none, not told."""
    until = day_ends.place(Entity.ended_at, days).label("until")
    query = (
        sa.select(Entity.village_id, until, sa.func.count().label("households"))
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(EntityList.name == HOUSEHOLD_LIST, Entity.village_id.in_(village_ids))
        .group_by(Entity.village_id, until)
    )
    return db.session.execute(query)


def total(found: Iterable[HouseholdNumber]) -> int | None:
    """The sum; None where nothing is known (never 0 for unknown)."""
    numbers = [figure.households for figure in found]
    return sum(numbers) if numbers else None


def source(found: Iterable[HouseholdNumber]) -> HouseholdsSource | None:
    """Who says how many households there are; of several, all of them and the newest day."""
    figures = list(found)
    if not figures:
        return None
    names = sorted({figure.source for figure in figures})
    return HouseholdsSource(max(figure.day for figure in figures), "; ".join(names))


def store(village: Village, figures: Figures, source: str, day: dt.date | None) -> int:
    """Keep what a source says of a thôn on a day; said again, the later word holds."""
    if figures.households is None:
        return 0
    day = day or clock.today()
    same = sa.select(VillageFigure).where(
        VillageFigure.village_id == village.id, VillageFigure.day == day, VillageFigure.source == source
    )
    row = db.session.scalars(same).first()
    if row is None:
        row = VillageFigure(village_id=village.id, day=day, source=source)
        db.session.add(row)
    row.households, row.people, row.adults = figures.households, figures.people, figures.adults
    return 1
