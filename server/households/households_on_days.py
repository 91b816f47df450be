"""How many households each thôn has on a day, and who says so: what reach is taken of (R6)."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from geo.series import home_on
from server.counting import tally
from server.db import db
from server.households.entity_changes import HOUSEHOLDS
from server.households.household_states import GONE, MERGED, REJECTED, WITHDRAWN
from server.models import Entity, EntityList
from server.places import day_ends, household_numbers, merged_villages
from server.places.household_numbers import HouseholdNumber

LIST_SOURCE = "danh sách hộ ho_dan"


def households(village_ids: Sequence[int], as_of: dt.date) -> dict[int, HouseholdNumber]:
    """The newest figure of each thôn not later than the day, else its households on the list; none where neither."""
    return _with_listed(household_numbers.newest(village_ids, as_of), village_ids, as_of)


def on_days(homes: Mapping[dt.date, Mapping[int, int]]) -> Mapping[dt.date, dict[int, HouseholdNumber]]:
    """The same on each of several days, of the thôn as they stood then (`homes`, of `merged_villages.on_day`).

    One statement however many days, two where a thôn has no figure.
    """
    here = {key for home in homes.values() for key in home}
    rows = household_numbers.figures(here, max(homes))
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
        for row in db.session.execute(_listed_until(days).where(Entity.village_id.in_(here))):
            for number, day in enumerate(days):
                home = homes[day].get(lived_in(row, number, day) or 0)
                if home in bare[day]:
                    had = told[day].get(home, HouseholdNumber(0, day, LIST_SOURCE))
                    told[day][home] = HouseholdNumber(had.households + row.households, day, LIST_SOURCE)
    return told


def of_city(village_ids: Sequence[int], as_of: dt.date) -> dict[int, HouseholdNumber]:
    """The same for all thôn of the city, without naming each of them to the database."""
    return _with_listed(household_numbers.newest(None, as_of), village_ids, as_of)


def _with_listed(
    told: dict[int, HouseholdNumber], village_ids: Sequence[int], as_of: dt.date
) -> dict[int, HouseholdNumber]:
    bare = set(village_ids) - told.keys()
    if not bare:
        return told
    part = merged_villages.parts(village_ids, as_of)
    # a household that moved may have lived in one of these before
    is_asked = sa.or_(part.c.home.in_(bare), Entity.turns.is_not(None))
    query = _listed_until([as_of]).join(part, part.c.id == Entity.village_id).where(is_asked)
    counts: Counter[int] = Counter()
    homes: dict[int, int] = {}
    for row in db.session.execute(query.add_columns(part.c.home).group_by(part.c.home)):
        lived = lived_in(row, 0, as_of)
        if row.turns is not None and not homes:
            homes = {each.id: each.home for each in db.session.execute(sa.select(part.c.id, part.c.home))}
        home = row.home if lived == row.village_id else homes.get(lived or 0)
        if home in bare:
            counts[home] += row.households
    return told | {home: HouseholdNumber(number, as_of, LIST_SOURCE) for home, number in counts.items()}


def _listed_until(days: Sequence[dt.date]) -> sa.Select[*tuple[Any, ...]]:
    """Households by the thôn that has them now, and when they were there."""
    stay = stays(days)
    return (
        sa.select(Entity.village_id, *stay, sa.func.count().label("households"))
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(EntityList.name == HOUSEHOLDS, WAS_ONE)
        .group_by(Entity.village_id, *stay)
    )


WAS_ONE = sa.func.coalesce(Entity.ended_reason, "").not_in((MERGED, REJECTED, WITHDRAWN))
"""As known today (R8): what was merged into another, or what nobody accepted, never was an entity of its own."""


def stays(days: Sequence[dt.date]) -> tuple[sa.ColumnElement[Any], ...]:
    """Columns by which `lived_in` knows where an entity was; one registered since a day was there before, too (R8)."""
    return (
        day_ends.place(Entity.ended_at, days).label("until"),
        sa.cast(Entity.turns, sa.Text).label("turns"),
        (Entity.ended_reason == GONE).label("is_gone"),
    )


def lived_in(row: Any, number: int, day: dt.date) -> int | None:
    """The thôn in which entities were on a day, the `number`-th that was asked for; None for none (R4)."""
    if row.turns is not None:
        return home_on(tally.turns(json.loads(row.turns)), day, None if row.is_gone else row.village_id)
    return row.village_id if number < row.until else None
