"""How much households differ in their answers about persons: what the interval of an estimate is made of (R11).

Sums alone do not tell it, so this reads the newest answer of each household of a commune; no number that is shown as
counted comes from here.
"""

import datetime as dt
from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from geo.estimate import Squares
from server import clock
from server.db import db
from server.models import Entity, Finding


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
