"""Changes to one household that did not know of each other (E15): which they are, and how a person settles them."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import clock
from server.counting import writer_lock
from server.db import db
from server.errors import Problem
from server.households.household_problems import HouseholdProblem
from server.models import Commune, Entity, EntityVersion, Village

PAGE = 50


@dataclass(frozen=True)
class PropertyConflict:
    """One property that two changes set: what it was, what came, what it is now."""

    name: str
    before: str
    came: str
    now: str


@dataclass(frozen=True)
class Conflict:
    """A version that was made on an older one than the household then had."""

    entity_id: uuid.UUID
    version: int
    label: str
    village: str
    at: Any
    submission_id: int | None
    differences: tuple[PropertyConflict, ...]


_BEFORE = sa.orm.aliased(EntityVersion)


def _query(commune: Commune) -> sa.Select[*tuple[Any, ...]]:
    return (
        sa.select(
            EntityVersion.entity_id, EntityVersion.version, EntityVersion.conflict, EntityVersion.received,
            EntityVersion.created_at, EntityVersion.submission_id, _BEFORE.data.label("before"), Entity.data,
            Entity.label, Village.name.label("village"),
        )
        .join(Entity, Entity.id == EntityVersion.entity_id)
        .join(Village, Village.id == Entity.village_id)
        .outerjoin(
            _BEFORE,
            sa.and_(_BEFORE.entity_id == EntityVersion.entity_id, _BEFORE.version == EntityVersion.version - 1),
        )
        .where(
            Village.commune_id == commune.id,
            EntityVersion.conflict.is_not(None),
            EntityVersion.settled_at.is_(None),
        )
    )  # fmt: skip


def waiting(commune: Commune) -> int:
    """How many hard conflicts of a commune nobody has settled."""
    counted = _query(commune).where(EntityVersion.conflict == "hard").subquery()
    return db.session.scalar(sa.select(sa.func.count()).select_from(counted)) or 0


def listed(commune: Commune, *, hard: bool = True) -> Sequence[Conflict]:
    """The newest conflicts that nobody has settled; soft ones changed different properties and need no decision."""
    query = _query(commune).where(EntityVersion.conflict == ("hard" if hard else "soft"))
    rows = db.session.execute(query.order_by(EntityVersion.created_at.desc()).limit(PAGE))
    return [_conflict(row) for row in rows]


def _conflict(row: Any) -> Conflict:
    before, received = row.before or {}, row.received or {}
    differences = tuple(
        PropertyConflict(name, str(before.get(name) or ""), str(came or ""), str(row.data.get(name) or ""))
        for name, came in received.items()
        if (before.get(name) or "") != (came or "")
    )
    return Conflict(
        row.entity_id, row.version, row.label, row.village, row.created_at,
        row.submission_id, differences,
    )  # fmt: skip


def settle(
    connection: sa.Connection,
    commune: Commune,
    entity_id: uuid.UUID,
    version: int,
    chosen: Mapping[str, str],
    name: str,
) -> None:
    """Mark a conflict as settled; what was `chosen` differently from now becomes the household's next version.

    Only properties that the conflict is about can be chosen. Problem CONFLICT_SETTLED where another was faster.
    """
    # two officers at once wait for each other here: the second reads what the first has settled
    writer_lock.hold(connection)
    conflict = next(
        (
            each
            for each in _all(connection, commune)
            if (each.entity_id, each.version) == (entity_id, version)
        ),
        None,
    )
    if conflict is None:
        raise Problem(HouseholdProblem.CONFLICT_SETTLED)
    at = clock.now()
    connection.execute(
        sa.update(EntityVersion)
        .where(EntityVersion.entity_id == entity_id, EntityVersion.version == version)
        .values(settled_at=at, settled_by=name)
    )
    mine = {each.name: chosen[each.name] for each in conflict.differences if each.name in chosen}
    changed = {key: value for key, value in mine.items() if value != _now(conflict, key)}
    if changed:
        _next(connection, entity_id, changed, at)


def _all(connection: sa.Connection, commune: Commune) -> Sequence[Conflict]:
    return [_conflict(row) for row in connection.execute(_query(commune))]


def _now(conflict: Conflict, name: str) -> str:
    return next(each.now for each in conflict.differences if each.name == name)


def _next(connection: sa.Connection, entity_id: uuid.UUID, changed: Mapping[str, str], at: Any) -> None:
    row: Any = connection.execute(
        sa.select(Entity.label, Entity.data, Entity.version).where(Entity.id == entity_id)
    ).one()
    data, version = {**row.data, **changed}, row.version + 1
    connection.execute(
        sa.update(Entity).where(Entity.id == entity_id).values(data=data, version=version, changed_at=at)
    )
    connection.execute(
        sa.insert(EntityVersion).values(
            entity_id=entity_id,
            version=version,
            label=row.label,
            data=data,
            received=dict(changed),
            created_at=at,
        )
    )
