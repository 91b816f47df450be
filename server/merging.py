"""Thôn that become one: old codes with their last day, counted in the new one from its first day on (DESIGN 6.4)."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import shapely
import sqlalchemy as sa

from geo.boundaries import Outline
from geo.check_outlines import area_m2
from server import clock, figures, outlines, places
from server.db import db
from server.models import Audit, CollectorVillage, Commune, Village, VillageFigure
from server.models.people import person_village
from server.places import PlacesRejected

SOURCE = "cộng từ các thôn hợp nhất"


@dataclass(frozen=True)
class Merged:
    """What a merger changed: thôn that ended, collectors who walk all of it now."""

    ended: int
    collectors: int
    households: int | None


def merge(commune: Commune, old: Sequence[Village], new: Village, first_day: dt.date, actor: str) -> Merged:
    """End the old thôn on the day before `first_day` and count them in the new one; the caller commits.

    Old codes stay good for ever: those who walked any of these thôn walk them all, so that a phone that still has
    an old code is met, and its visit counts in the new unit. Raises PlacesRejected where that makes no sense.
    """
    _check(commune, old, new, first_day)
    every = [*old, new]
    households = _figures(every, new, first_day)
    _outline(commune, every, new, actor)
    for village in old:
        village.valid_to, village.merged_into_id = first_day - dt.timedelta(days=1), new.id
    walked = _shared(every)
    detail = {"old": [village.code for village in old], "new": new.code, "day": first_day.isoformat()}
    db.session.add(
        Audit(
            at=clock.now(),
            actor=actor,
            act="places.merge",
            record=f"village:{new.id}",
            detail=detail,
            address=None,
        )
    )
    places.forget_index()
    return Merged(len(old), walked, households)


def _check(commune: Commune, old: Sequence[Village], new: Village, first_day: dt.date) -> None:
    wrong = []
    if new in old:
        wrong.append(f"Thôn {new.name} (mã {new.code}) không thể nhập vào chính nó.")
    for village in [*old, new]:
        if village.commune_id != commune.id or village.valid_to is not None:
            wrong.append(f"Thôn {village.name} (mã {village.code}) không thuộc xã, hoặc đã hết hiệu lực.")
        elif village.valid_from >= first_day and village is not new:
            wrong.append(f"Thôn {village.name} (mã {village.code}) mới có từ {village.valid_from:%d/%m/%Y}.")
    if wrong:
        raise PlacesRejected(wrong)


def _figures(every: Sequence[Village], new: Village, first_day: dt.date) -> int | None:
    """The households of all of them together, where each has its number; None where one is missing."""
    known = figures.newest([village.id for village in every], first_day)
    if set(known) < {village.id for village in every if village is not new} or not known:
        return None
    total = sum(figure.households for figure in known.values())
    db.session.add(VillageFigure(village_id=new.id, day=first_day, source=SOURCE, households=total))
    return total


def _outline(commune: Commune, every: Sequence[Village], new: Village, actor: str) -> None:
    """The outlines of all of them together, where each that ends has one."""
    drawn = [village for village in every if village.outline is not None]
    if len(drawn) < len([village for village in every if village is not new]):
        return
    whole = shapely.union_all([shapely.from_wkb(village.outline) for village in drawn], grid_size=1e-7)
    parts = [part for part in shapely.get_parts(whole) if part.geom_type == "Polygon"]
    shape = shapely.MultiPolygon(parts)
    row = Outline(new.code, new.name, shape, area_m2(shape), 1)
    outlines.store_outlines(
        [row],
        "village",
        commune=commune,
        source="hợp của các thôn hợp nhất",
        illustrative=any(village.illustrative for village in drawn),
        derived=any(village.derived for village in drawn),
        actor=actor,
    )


def _shared(every: Sequence[Village]) -> int:
    """Let everybody who walks or leads one of these thôn have them all; how many collectors that are."""
    keys = [village.id for village in every]
    rows = db.session.scalars(sa.select(CollectorVillage).where(CollectorVillage.village_id.in_(keys))).all()
    have = {(row.collector_id, row.village_id): row for row in rows}
    collectors = {row.collector_id for row in rows if row.until is None}
    for collector in sorted(collectors):
        for key in keys:
            row = have.get((collector, key))
            if row is None:
                db.session.add(CollectorVillage(collector_id=collector, village_id=key))
            else:
                row.until = None
    leads: set[tuple[int, int]] = {
        (row.person_id, row.village_id)
        for row in db.session.execute(sa.select(person_village).where(person_village.c.village_id.in_(keys)))
    }
    missing = [
        {"person_id": person, "village_id": key}
        for person in sorted({person for person, _ in leads})
        for key in keys
        if (person, key) not in leads
    ]
    if missing:
        db.session.execute(sa.insert(person_village), missing)
    return len(collectors)
