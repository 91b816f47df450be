"""What a commune did in a period: households met for the first time, and people helped (R2: events add up).

Periods without a day in common add up: twelve months are the year.
"""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from geo.small_cell_limit import is_small
from server.counting import tally_sums
from server.db import db
from server.models import Commune, Indicator, Village


@dataclass(frozen=True)
class HelpGiven:
    """A kind of help; `people` is None where it is small and therefore not told."""

    code: str
    label: str
    people: int | None


def in_period(commune: Commune, start: dt.date, end: dt.date) -> tuple[HelpGiven, ...]:
    """Every kind of help, in the order of tables. One statement for each kind, and two."""
    here = list(db.session.scalars(sa.select(Village.id).where(Village.commune_id == commune.id)))
    events = db.session.execute(
        sa.select(Indicator.id, Indicator.code, Indicator.label_vi)
        .where(Indicator.kind == "event", Indicator.self_of_id.is_(None))
        .order_by(Indicator.position, Indicator.code)
    ).all()
    return tuple(HelpGiven(row.code, row.label_vi, _told(here, row.id, start, end)) for row in events)


def households_met(commune: Commune, indicator: str, start: dt.date, end: dt.date) -> int | None:
    """How many more households were met by the end than before the start; None where it is small."""
    here = list(db.session.scalars(sa.select(Village.id).where(Village.commune_id == commune.id)))
    known = db.session.scalar(sa.select(Indicator.id).where(Indicator.code == indicator))
    if not here or known is None or end < start:
        return 0
    days = (start - dt.timedelta(days=1), end)
    met = sum(
        after.subjects - before.subjects for before, after in tally_sums.at_ends(here, known, days).values()
    )
    return None if is_small(met) else met


def _told(here: list[int], indicator: int, start: dt.date, end: dt.date) -> int | None:
    if not here or end < start:
        return 0
    days = (start - dt.timedelta(days=1), end)
    helped = sum(
        after.done - before.done for before, after in tally_sums.at_ends(here, indicator, days).values()
    )
    return None if is_small(helped) else helped
