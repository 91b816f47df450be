"""Of how many an indicator is asked: places and enterprises on their lists, and which are asked of people by chance."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms import plans
from server import clock
from server.db import db
from server.households.phone_lists import BUSINESSES, PLACES
from server.models import Commune, Entity, EntityList, Form, FormVersion

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

    A form that opens no entity and names no subject is filled by whoever is met: each questionnaire is one answer.
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


def on_lists(
    village_ids: Sequence[int] | None, indicators: Iterable[tuple[str, str]], as_of: dt.date
) -> dict[int, dict[str, int]]:
    """By thôn and code, how many of an indicator's unit stand on their list on a day; `indicators` as (code, unit).

    None means all thôn of the city. One statement, two for the city.
    """
    listed = [(code, LISTS[unit]) for code, unit in indicators if unit in LISTS]
    counted = _counted(village_ids, LISTS.values(), as_of)
    kinds = {spec.code: spec.place_kind for spec in plans.indicators()}
    found: dict[int, dict[str, int]] = defaultdict(dict)
    for (village, name, kind), number in counted.items():
        for code, of_list in listed:
            if of_list == name and kinds.get(code) in (None, kind):
                found[village][code] = found[village].get(code, 0) + number
    return found


def _counted(
    village_ids: Sequence[int] | None, names: Iterable[str], as_of: dt.date
) -> Mapping[tuple[int, str, str], int]:
    """Entities by thôn, list and kind of place that had not ended by a day."""
    end = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time(), clock.LOCAL)
    kind = Entity.data["loai"].as_string()
    query = (
        sa.select(Entity.village_id, EntityList.name, kind.label("kind"), sa.func.count().label("number"))
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(
            EntityList.name.in_(names),
            Entity.village_id.is_not(None),
            sa.or_(Entity.ended_at.is_(None), Entity.ended_at >= end),
        )
        .group_by(Entity.village_id, EntityList.name, kind)
    )
    if village_ids is None:
        # by their keys: a database knows how few these are among a city's households, but not by their lists' names
        keys = db.session.scalars(sa.select(EntityList.id).where(EntityList.name.in_(names))).all()
        query = query.where(Entity.list_id.in_(keys))
    else:
        query = query.where(Entity.village_id.in_(village_ids))
    rows: Iterable[Any] = db.session.execute(query)
    return {(row.village_id, row.name, row.kind or ""): row.number for row in rows}
