"""Changes to an entity that came before the visit that registers it (E14): held in their submissions, made up for."""

import datetime as dt
import uuid
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from server import clock
from server.counting import noted_changes, writer_lock
from server.counting.tally_after_changes import recasting
from server.households import entity_changes
from server.households.entity_changes import ChangeOrigin
from server.households.rebuild_entity import IS_ACCEPTED, restate
from server.intake import submission_place
from server.intake.batch_state import BatchState
from server.intake.write_rows import WrittenRows
from server.models import CollectorVillage, Entity, EntityVersion, Finding, Submission
from server.published_forms.read_submission import understand
from server.published_forms.registry import registry

PATIENCE = dt.timedelta(days=5)
"""How long a registration may be on its way; then what came is all that will be known of the entity."""
UNNAMED = "Chưa rõ tên"

_HELD = (
    sa.select(
        Submission.id,
        Submission.xml,
        Submission.observed_at,
        Submission.received_at,
        Submission.collector_id,
        Submission.village_id,
    )
    .where(
        Submission.entity_id == sa.bindparam("entity"),
        IS_ACCEPTED,
        ~sa.exists().where(
            EntityVersion.submission_id == Submission.id, EntityVersion.entity_id == Submission.entity_id
        ),
    )
    .order_by(Submission.observed_at, Submission.id)
)


def settle(connection: sa.Connection, entity_id: uuid.UUID | None) -> int:
    """Apply the changes that were waiting for this entity, oldest first; how many. In the caller's transaction.

    Does nothing twice: what an entity's versions name has been applied. What somebody sent who may not change the
    entity, now that it is known where it is, is set aside (R13).
    """
    if entity_id is None:
        return 0
    waiting = connection.execute(_HELD, {"entity": entity_id}).all()
    if not waiting:
        return 0
    foreign = [held.id for held in waiting if _is_foreign(connection, entity_id, held)]
    stated = sa.select(Finding.subject).where(Finding.submission_id.in_(foreign)).distinct()
    with recasting(connection, {entity_id, *connection.scalars(stated)}):
        _set_aside(connection, foreign)
        applied = sum(_apply(connection, entity_id, held) for held in waiting if held.id not in foreign)
        restate(connection, entity_id, clock.now())
    return applied


def _is_foreign(connection: sa.Connection, entity_id: uuid.UUID, held: Any) -> bool:
    """Whether a visit was sent for a thôn other than that in which its household was registered."""
    found: Any = connection.execute(entity_changes.KNOWN, {"entities": [entity_id]}).first()
    if found is None or found.village_id is None or held.village_id in (None, found.village_id):
        return False
    if found.list_id == registry().list_id(entity_changes.HOUSEHOLDS):
        own = sa.select(CollectorVillage.village_id).where(CollectorVillage.collector_id == held.collector_id)
        return found.village_id not in set(connection.scalars(own))
    return registry().commune_of(held.village_id) != registry().commune_of(found.village_id)


def _set_aside(connection: sa.Connection, submissions: Sequence[int]) -> None:
    if submissions:
        connection.execute(sa.delete(Finding).where(Finding.submission_id.in_(submissions)))
        aside = sa.update(Submission).where(Submission.id.in_(submissions))
        connection.execute(aside.values(quarantine=submission_place.OUTSIDE))
        noted_changes.note(connection, submissions)


def _apply(connection: sa.Connection, entity_id: uuid.UUID, held: Any) -> int:
    reading = understand(bytes(held.xml))
    blocks = [block for block in reading.blocks if block.id == entity_id and block.update]
    _, before = BatchState.read(connection, [reading]).before(held.id, reading)
    if not blocks or entity_id not in before.known:
        return 0
    origin = ChangeOrigin(held.id, held.received_at, held.observed_at)
    since = before.later.get(entity_id, ())
    change = entity_changes.apply(blocks[0], before.known[entity_id], None, {}, origin, since)
    WrittenRows(changes=[change] if change else []).write(connection)
    return 1


def overdue(connection: sa.Connection) -> Sequence[uuid.UUID]:
    """Entities that visits were about at least five days ago and that nobody has registered."""
    query = (
        sa.select(Submission.entity_id)
        .where(
            Submission.entity_id.is_not(None),
            Submission.received_at < clock.now() - PATIENCE,
            IS_ACCEPTED,
            ~sa.exists().where(Entity.id == Submission.entity_id),
        )
        .distinct()
    )
    return list(connection.scalars(query))


def force(connection: sa.Connection, entity_id: uuid.UUID) -> bool:
    """Register an entity by what came about it, since its registration does not; whether anything could be."""
    writer_lock.hold(connection)
    first = connection.execute(_HELD, {"entity": entity_id}).first()
    if first is None:
        return False
    blocks = [block for block in understand(bytes(first.xml)).blocks if block.id == entity_id]
    list_id = registry().list_id(blocks[0].list_name) if blocks else None
    if list_id is None:
        return False
    village_id = connection.scalar(sa.select(Submission.village_id).where(Submission.id == first.id))
    origin = ChangeOrigin(first.id, first.received_at, first.observed_at)
    unnamed = blocks[0].label or UNNAMED
    WrittenRows(
        changes=[entity_changes.create(blocks[0], list_id, village_id, {}, origin, label=unnamed)]
    ).write(connection)
    if not settle(connection, entity_id):
        restate(
            connection, entity_id, clock.now()
        )  # the one visit by which it was registered was waiting alone
    return True
