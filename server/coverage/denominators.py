"""Of how many an indicator is asked: places and enterprises on their lists, and which are asked of people by chance."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms import plans
from server.db import db
from server.households import households_on_days
from server.households.phone_lists import BUSINESSES, PLACES
from server.models import Commune, Entity, EntityList, Form, FormVersion
from server.places import day_ends

LISTS = {"place": PLACES, "business": BUSINESSES}
"""The list of an indicator's unit."""


@dataclass(frozen=True)
class StatedSubjects:
    """What the newest versions of the forms in use state; `by_chance` only by people without a list.

    `forms` are the keys of the forms that ask for an indicator.
    """

    asked: frozenset[str]
    by_chance: frozenset[str]
    forms: Mapping[str, frozenset[int]]


def stated(commune: Commune | None) -> StatedSubjects:
    """The indicators of the forms in use in a commune (None: of forms of the whole city); R10.

    A form that opens no entity and names no subject is filled by the people met: each questionnaire is one answer.
    """
    newest = sa.select(sa.func.max(FormVersion.id)).group_by(FormVersion.form_id)
    own = sa.or_(Form.commune_id.is_(None), Form.commune_id == commune.id if commune else sa.false())
    rows = db.session.execute(
        sa.select(
            Form.id,
            FormVersion.definition["indicators"].label("indicators"),
            FormVersion.definition["subject_path"].label("subject_path"),
            FormVersion.definition["entities"].label("entities"),
        )
        .join(Form, Form.id == FormVersion.form_id)
        .where(FormVersion.id.in_(newest), Form.retired_at.is_(None), own)
    ).all()
    with_subject, without = set[str](), set[str]()
    forms: dict[str, frozenset[int]] = {}
    for row in rows:
        found = with_subject if row.subject_path or row.entities else without
        found.update(row.indicators or ())
        forms |= {code: forms.get(code, frozenset()) | {row.id} for code in row.indicators or ()}
    return StatedSubjects(frozenset(with_subject | without), frozenset(without - with_subject), forms)


def is_sample(indicator: str, unit: str, known: StatedSubjects) -> bool:
    """Whether persons picked by chance answer it; what is asked of a household is asked of that household (R6)."""
    return unit == "person" and indicator in known.by_chance


Listed = Mapping[tuple[int, str, str], int]
"""How many stand on a list, by thôn, list and kind of place."""


def on_lists(listed: Listed, indicators: Iterable[tuple[str, str]]) -> dict[int, dict[str, int]]:
    """By thôn and code, how many of an indicator's unit stand on their list; `indicators` as (code, unit)."""
    wanted = [(code, LISTS[unit]) for code, unit in indicators if unit in LISTS]
    kinds = {spec.code: spec.place_kind for spec in plans.indicators()}
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for (village, name, kind), number in listed.items():
        for code, of_list in wanted:
            if of_list == name and kinds.get(code) in (None, kind):
                found[village][code] = found[village].get(code, 0) + number
    return found


def listed(village_ids: Sequence[int] | None, days: Sequence[dt.date]) -> Mapping[dt.date, Listed]:
    """The entities of these lists that were there at the end of each of these days, which rise.

    None means all thôn of the city. One statement however many days, two for the city.
    """
    kind, stay = Entity.data["loai"].as_string(), households_on_days.stays(days)
    query = (
        sa.select(
            Entity.village_id, EntityList.name, kind.label("kind"), *stay, sa.func.count().label("number")
        )
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(
            EntityList.name.in_(LISTS.values()),
            Entity.village_id.is_not(None),
            sa.or_(Entity.ended_at.is_(None), Entity.ended_at >= day_ends.end(days[0])),
            households_on_days.WAS_ONE,
        )
        .group_by(Entity.village_id, EntityList.name, kind, *stay)
    )
    if village_ids is None:
        # by their keys: a database knows how few these are among a city's households, but not by their lists' names
        keys = db.session.scalars(sa.select(EntityList.id).where(EntityList.name.in_(LISTS.values()))).all()
        query = query.where(Entity.list_id.in_(keys))
    else:
        query = query.where(Entity.village_id.in_(village_ids))
    found: dict[dt.date, dict[tuple[int, str, str], int]] = {day: {} for day in days}
    rows: Iterable[Any] = db.session.execute(query)
    for row in rows:
        for number, day in enumerate(days):
            village_id = households_on_days.lived_in(row, number, day)
            if village_id is not None:
                key = (village_id, row.name, row.kind or "")
                found[day][key] = found[day].get(key, 0) + row.number
    return found
