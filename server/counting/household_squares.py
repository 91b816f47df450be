"""How much households differ in their answers about persons: what the interval of an estimate is made of (R11).

Sums alone do not tell it, so this reads the newest answer of each household of a commune; no number that is shown as
counted comes from here. For the city, whose pages must not read a million households, it is kept every night.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from geo.estimate import Squares
from server import clock
from server.db import Base, begin_writing, db
from server.models import Entity, Finding, HouseholdSpread, Indicator, Village


def by_village(
    village_ids: Sequence[int], indicator_ids: Sequence[int], as_of: dt.date
) -> Mapping[int, Mapping[int, Squares]]:
    """By thôn and indicator, over the households asked by the end of a day. One statement, by their entities' rows."""
    if not village_ids or not indicator_ids:
        return {}
    end = dt.datetime.combine(as_of + dt.timedelta(days=1), dt.time(), clock.LOCAL)
    order = (Finding.observed_at.desc(), Finding.received_at.desc(), Finding.submission_id.desc())
    rank = sa.func.row_number().over(partition_by=(Finding.subject, Finding.indicator_id), order_by=order)
    answers = (
        sa.select(Entity.village_id, Finding.indicator_id, Finding.done, Finding.of, rank.label("rank"))
        .join(Finding, Finding.subject == Entity.id)
        .where(
            Entity.village_id.in_(village_ids),
            sa.or_(Entity.ended_at.is_(None), Entity.ended_at >= end),
            Finding.indicator_id.in_(indicator_ids),
            Finding.counts,
            Finding.observed_at < end,
        )
        .subquery("answers")
    )
    done, of = answers.c.done, answers.c.of
    sums = sa.select(
        answers.c.village_id,
        answers.c.indicator_id,
        sa.func.count().label("asked"),
        *(
            sa.func.sum(each).label(name)
            for name, each in (
                ("all_done", done),
                ("all_of", of),
                ("done2", done * done),
                ("of2", of * of),
                ("cross", done * of),
            )
        ),
    )
    found: dict[int, dict[int, Squares]] = {}
    for row in db.session.execute(
        sums.where(answers.c.rank == 1).group_by(answers.c.village_id, answers.c.indicator_id)
    ):
        found.setdefault(row.village_id, {})[row.indicator_id] = Squares(
            row.asked, int(row.all_done), int(row.all_of), int(row.done2), int(row.of2), int(row.cross)
        )
    return found


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
    found = by_village(village_ids, indicator_ids, clock.today())
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
