"""Where households are: the point of each one's newest visit that counts, as it was stored (R21)."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.db import db
from server.households import household_parts, household_states
from server.households.household_parts import Parts
from server.households.records import HOUSEHOLDS
from server.models import Entity, EntityList, Submission


@dataclass(frozen=True)
class HouseholdPlace:
    """A household that is on the list, and its point as (latitude, longitude); None where no visit told one."""

    id: uuid.UUID
    village_id: int
    parts: Parts
    state: str
    visits: int
    last_day: dt.date | None
    point: tuple[float, float] | None


def of_villages(village_ids: Sequence[int]) -> tuple[HouseholdPlace, ...]:
    """The households of these thôn (their parts must be among them), lane by lane. Two statements."""
    rows: Any = db.session.execute(
        sa.select(Entity.id, Entity.village_id, Entity.label, Entity.data)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(Entity.village_id.in_(village_ids), EntityList.name == HOUSEHOLDS, Entity.ended_at.is_(None))
    ).all()
    points = _points(village_ids) if rows else {}
    found = [
        _household(key, village, household_parts.of_row(label, data), data, points.get(key))
        for key, village, label, data in rows
    ]
    return tuple(sorted(found, key=lambda each: (each.village_id, each.parts.walking, str(each.id))))


def _household(
    key: uuid.UUID, village: int, parts: Parts, data: Mapping[str, Any], point: tuple[float, float] | None
) -> HouseholdPlace:
    visits = str(data.get("lan_tham") or "0")
    return HouseholdPlace(
        id=key,
        village_id=village,
        parts=parts,
        state=str(data.get("tinh_trang") or household_states.NOT_VISITED),
        visits=int(visits) if visits.isascii() and visits.isdecimal() else 0,
        last_day=_day(str(data.get("ngay_cuoi") or "")),
        point=point,
    )


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _points(village_ids: Sequence[int]) -> dict[uuid.UUID, tuple[float, float]]:
    """By household the point of its newest visit that has one and counts."""
    rows: Any = db.session.execute(
        sa.select(Submission.entity_id, Submission.latitude, Submission.longitude)
        .join(Entity, Entity.id == Submission.entity_id)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(
            Entity.village_id.in_(village_ids),
            EntityList.name == HOUSEHOLDS,
            Submission.latitude.is_not(None),
            Submission.longitude.is_not(None),
            Submission.quarantine.is_(None),
            Submission.replaced_by_id.is_(None),
            Submission.review != "rejected",
        )
        .order_by(Submission.observed_at, Submission.received_at, Submission.id)
    )
    return {key: (latitude, longitude) for key, latitude, longitude in rows}
