"""The figures of how many households, people and adults a thôn has, each of a day and from a source."""

import datetime as dt
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from geo.boundaries import Figures
from geo.compute_coverage import HouseholdsSource
from server import clock
from server.db import db
from server.models import Village, VillageFigure


@dataclass(frozen=True)
class HouseholdNumber:
    """A thôn's number of households, the day it was true and who says so."""

    households: int
    day: dt.date
    source: str


def newest(village_ids: Sequence[int] | None, as_of: dt.date) -> dict[int, HouseholdNumber]:
    """The newest figure of each of these thôn (None: of all) not later than a day."""
    return {
        row.village_id: HouseholdNumber(row.households, row.day, row.source)
        for row in figures(village_ids, as_of)
    }


def figures(village_ids: Collection[int] | None, as_of: dt.date) -> Sequence[sa.Row[*tuple[Any, ...]]]:
    """All figures of these thôn (None: of all) not later than a day, the newest last."""
    query = sa.select(
        VillageFigure.village_id, VillageFigure.households, VillageFigure.day, VillageFigure.source
    ).where(VillageFigure.day <= as_of)
    if village_ids is not None:
        query = query.where(VillageFigure.village_id.in_(village_ids))
    return db.session.execute(query.order_by(VillageFigure.day, VillageFigure.id)).all()


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
