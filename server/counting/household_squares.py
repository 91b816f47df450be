"""How much households differ in their answers about persons: what the interval of an estimate is made of (R11).

Sums alone do not tell it, so this reads the newest answer of each household of a commune; no number that is shown as
counted comes from here. For the city, whose pages must not read a million households, it is kept every night.
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from geo.estimate import Squares
from server import clock
from server.db import Base, begin_writing, db
from server.models import Entity, Finding, HouseholdSpread, Indicator, Village
from server.places import day_ends

Spread = Mapping[int, Mapping[int, Squares]]
"""By thôn and indicator."""


def by_village(
    village_ids: Sequence[int], indicator_ids: Sequence[int], days: Sequence[dt.date]
) -> Mapping[dt.date, Spread]:
    """Over the households asked by the end of each of these days, which rise. One statement however many they are.

    An answer counts from the first of the days that knows it, until the household's next answer or its end.
    """
    if not village_ids or not indicator_ids:
        return {day: {} for day in days}
    found: dict[dt.date, dict[int, dict[int, Squares]]] = {day: {} for day in days}
    for row in db.session.execute(_sums(village_ids, indicator_ids, days)):
        squares = Squares(
            row.asked, int(row.all_done), int(row.all_of), int(row.done2), int(row.of2), int(row.cross)
        )
        for day in days[row.first : row.until]:
            of_village = found[day].setdefault(row.village_id, {})
            of_village[row.indicator_id] = of_village.get(row.indicator_id, Squares()) + squares
    return found


def _sums(
    village_ids: Sequence[int], indicator_ids: Sequence[int], days: Sequence[dt.date]
) -> sa.Select[*tuple[Any, ...]]:
    """By thôn and indicator, of the answers that count from one of the days (`first`) until another (`until`)."""
    order = (Finding.observed_at, Finding.received_at, Finding.submission_id)
    followed = sa.func.lead(Finding.observed_at, type_=Finding.observed_at.type).over(
        partition_by=(Finding.subject, Finding.indicator_id), order_by=order
    )
    answers = (
        sa.select(
            Entity.village_id, Finding.indicator_id, Finding.done, Finding.of,
            day_ends.place(Finding.observed_at, days).label("first"),
            day_ends.place(followed, days).label("next"), day_ends.place(Entity.ended_at, days).label("ended"),
        )
        .join(Finding, Finding.subject == Entity.id)
        .where(
            Entity.village_id.in_(village_ids),
            sa.or_(Entity.ended_at.is_(None), Entity.ended_at >= day_ends.end(days[0])),
            Finding.indicator_id.in_(indicator_ids),
            Finding.counts,
            Finding.observed_at < day_ends.end(days[-1]),
        )
        .subquery("answers")
    )  # fmt: skip
    until = sa.case((answers.c.next < answers.c.ended, answers.c.next), else_=answers.c.ended)
    known = sa.select(answers, until.label("until")).where(answers.c.first < until).subquery("known")
    done, of = known.c.done, known.c.of
    keys = (known.c.village_id, known.c.indicator_id, known.c.first, known.c.until)
    amounts = {"all_done": done, "all_of": of, "done2": done * done, "of2": of * of, "cross": done * of}
    return sa.select(
        *keys,
        sa.func.count().label("asked"),
        *(sa.func.sum(amount).label(name) for name, amount in amounts.items()),
    ).group_by(*keys)


def keep() -> int:
    """Keep those of every commune as they are now, for the city's pages; how many rows. Commits, commune by commune."""
    persons = sa.select(Indicator.id).where(
        Indicator.unit.in_(("person", "adult")), Indicator.kind == "state"
    )
    indicators = list(db.session.scalars(persons))
    by_commune: dict[int, list[int]] = {}
    for row in db.session.execute(sa.select(Village.id, Village.commune_id)):
        by_commune.setdefault(row.commune_id, []).append(row.id)
    db.session.rollback()
    return sum(_keep(villages, indicators) for villages in by_commune.values())


def _keep(village_ids: Sequence[int], indicator_ids: Sequence[int]) -> int:
    today = clock.today()
    found = by_village(village_ids, indicator_ids, [today])[today]
    rows = [
        {
            "village_id": village, "indicator_id": indicator, "asked": each.asked, "done": each.done, "of": each.of,
            "done2": each.done2, "of2": each.of2, "both": each.cross,
        }
        for village, of_village in found.items()
        for indicator, each in of_village.items()
    ]  # fmt: skip
    db.session.rollback()  # what was read long ago holds up no writer
    begin_writing()
    table = Base.metadata.tables[HouseholdSpread.__tablename__]
    db.session.execute(sa.delete(table).where(table.c.village_id.in_(village_ids)))
    if rows:
        db.session.execute(sa.insert(table), rows)
    db.session.commit()
    return len(rows)


def kept(indicator_code: str) -> Mapping[int, Squares]:
    """Those of an indicator as they were last kept, by thôn. One statement, of a row a thôn."""
    spread = HouseholdSpread
    columns = (spread.asked, spread.done, spread.of, spread.done2, spread.of2, spread.both)
    query = sa.select(spread.village_id, *columns).join(Indicator, Indicator.id == spread.indicator_id)
    rows = db.session.execute(query.where(Indicator.code == indicator_code))
    return {key: Squares(*squares) for key, *squares in rows}
