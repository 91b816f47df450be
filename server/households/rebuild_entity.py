"""An entity as its accepted changes make it: told anew when a visit is rejected, accepted again, edited or moved."""

import dataclasses
import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.counting.tally import turns
from server.households import household_states
from server.households.entity_changes import HOUSEHOLDS, VISITS_OF, AcceptedVisit, status
from server.models import Entity, EntityAct, EntityVersion, Submission
from server.published_forms.registry import registry

COMPUTED = frozenset(status(()))
"""Properties that the server gives a household (R5); no visit sets them."""

IS_ACCEPTED = sa.and_(
    Submission.quarantine.is_(None), Submission.replaced_by_id.is_(None), Submission.review != "rejected"
)
_VERSIONS = (
    sa.select(
        EntityVersion.label,
        EntityVersion.data,
        EntityVersion.received,
        sa.and_(
            sa.or_(EntityVersion.submission_id.is_(None), IS_ACCEPTED),
            EntityAct.undone_at.is_(None),
            sa.not_(EntityVersion.is_elsewhere),
        ).label("counts"),
        sa.func.coalesce(Submission.observed_at, EntityVersion.created_at).label("observed_at"),
        EntityVersion.named,
        sa.func.coalesce(Submission.root_id, EntityVersion.submission_id).label("chain"),
        EntityVersion.entity_id,
        EntityVersion.version,
        EntityVersion.act_id,
        EntityAct.kind.label("act"),
        EntityAct.detail,
    )
    .outerjoin(Submission, Submission.id == EntityVersion.submission_id)
    .outerjoin(EntityAct, EntityAct.id == EntityVersion.act_id)
    .where(EntityVersion.entity_id.in_(sa.bindparam("entities", expanding=True)))
    .order_by(EntityVersion.entity_id, EntityVersion.version)
)
_ENTITIES = sa.select(
    Entity.id,
    Entity.list_id,
    Entity.label,
    Entity.data,
    Entity.version,
    Entity.turns,
    Entity.ended_at,
    Entity.ended_reason,
).where(Entity.id.in_(sa.bindparam("entities", expanding=True)))
AT_ONCE = 500
"""Entities that are read with one statement."""


_TOUCHED = (
    sa.select(EntityVersion.entity_id)
    .where(EntityVersion.submission_id == sa.bindparam("submission"))
    .distinct()
)
_CHANGE = (
    sa.update(Entity)
    .where(Entity.id == sa.bindparam("entity"))
    .values(
        label=sa.bindparam("new_label"),
        data=sa.bindparam("new_data"),
        version=sa.bindparam("new_version"),
        changed_at=sa.bindparam("new_at"),
        ended_at=sa.bindparam("new_ended"),
        ended_reason=sa.bindparam("new_reason"),
    )
)
_ADD_VERSION = sa.insert(EntityVersion)


@dataclass(frozen=True)
class EntityChange:
    """One version of an entity: its label and data then, what came with it, and whether that still counts."""

    label: str
    data: Mapping[str, Any]
    received: Mapping[str, Any] | None
    counts: bool
    observed_at: dt.datetime
    named: str | None = None
    """The label that came with it, if one did."""
    chain: int | None = None
    """The first submission of the chain of edits that it belongs to; None for what no visit said."""
    fills: bool = False
    """It says only what nobody else says: it came from a household that was merged into this one."""


@dataclass(frozen=True)
class RebuiltEntity:
    """What the changes that count make of an entity; `exists` is False where none of them does."""

    label: str
    data: dict[str, Any]
    exists: bool


def tell(changes: Sequence[EntityChange]) -> RebuiltEntity:
    """The label and the properties that the changes that count leave, the later observed over the earlier.

    What only changes that count no longer have set is gone again (R5). The first change is what all others
    were made on, whatever the clock of its phone said; an edit of it stands in its place (R12). A label
    stays what the first change called it where nobody else gave one: an entity without a name could not be picked
    on a phone.
    """
    first = changes[0]
    registers = [
        change is first or (change.chain is not None and change.chain == first.chain) for change in changes
    ]
    each = [change for change, is_first in zip(changes, registers, strict=True) if is_first]
    rest = [change for change, is_first in zip(changes, registers, strict=True) if not is_first]
    label, exists = first.label, False
    data: dict[str, Any] = {}
    for change in [*each, *sorted(rest, key=lambda other: other.observed_at)]:
        if not change.counts or change.fills:
            continue
        exists = exists or change.received is not None or any(change is other for other in each)
        label = change.named or label
        data |= _set_by(change, is_first=change is first)
    for change in rest:
        if change.counts and change.fills:
            data |= {
                name: value for name, value in (change.received or {}).items() if value and not data.get(name)
            }
    return RebuiltEntity(label, data, exists)


def _set_by(change: EntityChange, *, is_first: bool) -> Mapping[str, Any]:
    """The properties that a change itself set; what a list was imported with came with its first version."""
    if change.received is not None:
        return change.received
    return {k: v for k, v in change.data.items() if k not in COMPUTED} if is_first else {}


def restate(connection: sa.Connection, entity_id: uuid.UUID, at: dt.datetime) -> bool:
    """Give an entity the version that its accepted changes and visits make; whether anything changed.

    In the caller's transaction, as the one writer (`recasting`), so that phones see
    it at their next sync.
    """
    return restate_all(connection, [entity_id], at) == 1


def restate_all(connection: sa.Connection, entity_ids: Iterable[uuid.UUID], at: dt.datetime) -> int:
    """The same for many, with a few statements for AT_ONCE of them; how many changed."""
    ordered, changed = sorted(set(entity_ids)), 0
    for start in range(0, len(ordered), AT_ONCE):
        these = {"entities": ordered[start : start + AT_ONCE]}
        versions, visits = defaultdict(list), defaultdict(list)
        for version in connection.execute(_VERSIONS, these):
            versions[version.entity_id].append(version)
        for visit in connection.execute(VISITS_OF, these):
            visits[visit.entity_id].append(
                AcceptedVisit(visit.observed_at, visit.received_at, visit.id, visit.result)
            )
        told = [
            _restated(connection, row, versions[row.id], visits[row.id], at)
            for row in connection.execute(_ENTITIES, these).all()
        ]
        rows = [row for row in told if row is not None]
        if rows:
            connection.execute(_CHANGE, rows)
            connection.execute(_ADD_VERSION, [_version_of(row) for row in rows])
        changed += len(rows)
    return changed


def _restated(
    connection: sa.Connection,
    row: Any,
    versions: Sequence[Any],
    visits: Iterable[AcceptedVisit],
    at: dt.datetime,
) -> dict[str, Any] | None:
    """What an entity becomes, as `_CHANGE` has it; None where it is that already."""
    told = tell(_changes(connection, row, versions, at))
    computed: Mapping[str, str] = {}
    if row.list_id == registry().list_id(HOUSEHOLDS):
        computed = status(visits, turns(row.turns))
    data = {**told.data, **computed}
    ended_at, ended_reason = _end(row, at, exists=told.exists)
    if (row.label, row.data, row.ended_at) == (told.label, data, ended_at):
        return None
    return {
        "entity": row.id, "new_label": told.label, "new_data": data, "new_version": row.version + 1,
        "new_at": at, "new_ended": ended_at, "new_reason": ended_reason,
    }  # fmt: skip


def _version_of(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "entity_id": row["entity"], "version": row["new_version"], "label": row["new_label"],
        "data": row["new_data"], "created_at": row["new_at"],
    }  # fmt: skip


def _changes(
    connection: sa.Connection, row: Any, versions: Sequence[Any], at: dt.datetime
) -> list[EntityChange]:
    """The versions of an entity; one that was listed without a first version began with what none of them set."""
    changes = [_change(connection, version) for version in versions]
    if versions and versions[0].version == 1:
        return changes
    named = {name for change in changes for name in change.received or ()}
    listed = {name: value for name, value in row.data.items() if name not in named}
    return [EntityChange(row.label, listed, None, True, at), *changes]


def _change(connection: sa.Connection, version: Any) -> EntityChange:
    """A version; one by which another household was merged into this one says what that one says now."""
    change = EntityChange(*version[:7])
    if version.act != "merge" or not change.counts:
        return change
    merged = (
        connection.scalar(sa.select(Entity.data).where(Entity.id == uuid.UUID(version.detail["gone"]))) or {}
    )
    kept = {name: value for name, value in merged.items() if name not in COMPUTED}
    return dataclasses.replace(change, received=kept, fills=True)


def touched_by(connection: sa.Connection, submission_id: int, about: uuid.UUID | None) -> set[uuid.UUID]:
    """The entities that a submission changed, and the one that it is `about`."""
    return {*connection.scalars(_TOUCHED, {"submission": submission_id}), *([about] if about else [])}


def _end(row: Any, at: dt.datetime, *, exists: bool) -> tuple[dt.datetime | None, str | None]:
    """Whether an entity is off the list: one that nobody accepted registered is, until somebody does (E17)."""
    if not exists and row.ended_at is None:
        return at, household_states.REJECTED
    if exists and row.ended_reason == household_states.REJECTED:
        return None, None
    return row.ended_at, row.ended_reason
