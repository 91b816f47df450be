"""One household as the leader of a team sees it: where it is, each try with its hour, and what is planned."""

import datetime as dt
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import clock
from server.db import db
from server.errors import Problem
from server.households import household_parts, household_states, next_try
from server.households.entity_changes import HOUSEHOLDS
from server.households.household_problems import HouseholdProblem
from server.households.next_try import NextTry
from server.households.rebuild_entity import IS_ACCEPTED
from server.models import Collector, Entity, EntityList, Submission, Village
from server.places import merged_villages


@dataclass(frozen=True)
class HouseholdInThon:
    """A household of a thôn that is on its list."""

    id: uuid.UUID
    label: str
    address: str
    state: str
    tried: NextTry


@dataclass(frozen=True)
class TryAtDoor:
    """A visit that counts: when, what came of it, and who went (None: not known)."""

    at: dt.datetime
    result: str
    name: str | None


def found(village: Village, household_id: uuid.UUID) -> HouseholdInThon:
    """A household of a thôn or of one merged into it; Problem HOUSEHOLD_UNKNOWN for any other."""
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(Entity.label, Entity.data)
        .join(EntityList, EntityList.id == Entity.list_id)
        .where(
            Entity.id == household_id,
            Entity.village_id.in_(merged_villages.of(village.id)),
            EntityList.name == HOUSEHOLDS,
            Entity.ended_at.is_(None),
        )
    )
    row: Any = db.session.execute(query).first()
    if row is None:
        raise Problem(HouseholdProblem.HOUSEHOLD_UNKNOWN)
    own = household_parts.of_row(row.label, row.data)
    state = str(row.data.get("tinh_trang") or household_states.NOT_VISITED)
    tried = next_try.of(row.data, clock.today(), next_try.most())
    return HouseholdInThon(household_id, own.called, own.address, state, tried)


def visits(household_id: uuid.UUID) -> Sequence[TryAtDoor]:
    """The visits to a household that count, the newest first."""
    query = (
        sa.select(Submission.observed_at, Submission.result, Collector.name)
        .outerjoin(Collector, Collector.id == Submission.collector_id)
        .where(Submission.entity_id == household_id, Submission.result.is_not(None), IS_ACCEPTED)
        .order_by(Submission.observed_at.desc(), Submission.id.desc())
    )
    rows: Any = db.session.execute(query)
    return [TryAtDoor(row.observed_at, row.result, row.name) for row in rows]
