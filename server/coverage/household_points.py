"""Where households are: the point of each one's newest visit that counts, as it was stored (R21)."""

import datetime as dt
import uuid
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import sqlalchemy as sa

from server.db import db
from server.households import household_parts, household_states
from server.households.entity_changes import ADDRESS, STATE
from server.households.household_parts import Parts
from server.households.list_comparison import is_listed
from server.models import Entity, Submission

_FEW = 1_000
"""Households that are named one by one when they are read; of more all of their thôn are."""


class HouseholdPlace(NamedTuple):
    """A household that is on the list, and its point as (latitude, longitude); None where no visit told one.

    A tuple, since there are ten thousand of them at once.
    """

    id: uuid.UUID
    village_id: int
    point: tuple[float, float] | None


@dataclass(frozen=True)
class KnownHousehold:
    """What is known of a household that is on the list."""

    parts: Parts
    state: str
    visits: int
    last_day: dt.date | None


def of_villages(
    village_ids: Collection[int], states: Collection[str] | None = None, *, only_with_point: bool = False
) -> list[HouseholdPlace]:
    """The households of these thôn (their parts must be among them), or those in some states or with a point, lane by
    lane. One statement."""
    points = _points(village_ids)
    found = sa.select(
        Entity.id, Entity.village_id, Entity.label, ADDRESS, points.c.latitude, points.c.longitude
    )
    query = found.join(points, points.c.entity_id == Entity.id, isouter=not only_with_point)
    query = query.where(*is_listed(village_ids))
    if states is not None:
        query = query.where(STATE.in_(sorted(states)))
    rows: Iterable[Any] = db.session.execute(query)
    ordered = sorted(
        (village_id, household_parts.read(label, str(address or "")).walking, key, latitude, longitude)
        for key, village_id, label, address, latitude, longitude in rows
    )
    return [
        HouseholdPlace(key, village_id, None if latitude is None else (latitude, longitude))
        for village_id, _, key, latitude, longitude in ordered
    ]


def known(keys: Collection[uuid.UUID], village_ids: Iterable[int]) -> dict[uuid.UUID, KnownHousehold]:
    """What is known of some households of these thôn. One statement."""
    query = sa.select(Entity.id, Entity.label, Entity.data).where(*is_listed(village_ids))
    if len(keys) <= _FEW:
        query = query.where(Entity.id.in_(keys))
    rows: Iterable[Any] = db.session.execute(query)
    return {key: _known(household_parts.of_row(label, data), data) for key, label, data in rows}


def villages_with_any(village_ids: Iterable[int]) -> Sequence[int]:
    """Those of some thôn that have a household on the list. One statement."""
    found = db.session.scalars(sa.select(Entity.village_id).where(*is_listed(village_ids)).distinct())
    return [key for key in found if key is not None]


def _known(parts: Parts, data: Mapping[str, Any]) -> KnownHousehold:
    visits = str(data.get("lan_tham") or "0")
    return KnownHousehold(
        parts=parts,
        state=str(data.get("tinh_trang") or household_states.NOT_VISITED),
        visits=int(visits) if visits.isascii() and visits.isdecimal() else 0,
        last_day=_day(str(data.get("ngay_cuoi") or "")),
    )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _points(village_ids: Collection[int]) -> sa.Subquery:
    """By household the point of its newest visit that has one and counts."""
    newest_first = (Submission.observed_at.desc(), Submission.received_at.desc(), Submission.id.desc())
    place = sa.func.row_number().over(partition_by=Submission.entity_id, order_by=newest_first)
    every = (
        sa.select(Submission.entity_id, Submission.latitude, Submission.longitude, place.label("place"))
        .join(Entity, Entity.id == Submission.entity_id)
        .where(
            *is_listed(village_ids),
            Submission.latitude.is_not(None),
            Submission.longitude.is_not(None),
            Submission.quarantine.is_(None),
            Submission.replaced_by_id.is_(None),
            Submission.review != "rejected",
        )
    ).subquery()
    return (
        sa.select(every.c.entity_id, every.c.latitude, every.c.longitude).where(every.c.place == 1).subquery()
    )
