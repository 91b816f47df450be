"""What acts on households have in common: who acts, the household's row, what is written of each act."""

import datetime as dt
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import audit, clock
from server.counting import writer_lock
from server.errors import Problem
from server.households.entity_changes import HOUSEHOLDS
from server.households.household_problems import HouseholdProblem
from server.models import Entity, EntityAct, EntityVersion, Village
from server.published_forms.registry import registry

KINDS: Mapping[str, str] = {
    "fix": "sửa thôn",
    "move": "chuyển đến thôn khác",
    "end": "chuyển đi, không còn",
    "split": "tách hộ",
    "merge": "gộp hộ trùng",
    "list": "sửa theo danh sách",
    "visit": "nhận phiếu của hộ khác",
    "remark": "nhắn người đi",
    "appoint": "hẹn ngày đến",
    "reopen": "mở lại để đến",
}
"""What may be done, and how people call it."""
BY_ITSELF = frozenset({"remark", "appoint", "reopen"})
"""Acts on which no other rests: each may be undone whatever came after it."""


@dataclass(frozen=True)
class Officer:
    """Who acts, as audit and pages name them, and the commune whose households they may change."""

    actor: str
    name: str
    commune_id: int
    address: str | None = None
    by_list: int | None = None
    """The list of households by which they act."""


def household_of(
    connection: sa.Connection, entity_id: uuid.UUID, officer: Officer, list_name: str = HOUSEHOLDS
) -> Any:
    """The household's row (or that of a place of another list), nobody else's to change until the transaction ends.

    Problem HOUSEHOLD_UNKNOWN in another commune.
    """
    writer_lock.hold(connection)
    query = (
        sa.select(*Entity.__table__.c)
        .join(Village, Village.id == Entity.village_id)
        .where(
            Entity.id == entity_id,
            Village.commune_id == officer.commune_id,
            Entity.list_id == registry().list_id(list_name),
        )
    )
    found = connection.execute(query).first()
    if found is None:
        raise Problem(HouseholdProblem.HOUSEHOLD_UNKNOWN)
    return found


def check_listed(household: Any) -> None:
    if household.ended_at is not None:
        raise impossible("hộ không còn trong danh sách.")


def impossible(why: str) -> Problem:
    return Problem(HouseholdProblem.ACT_IMPOSSIBLE, why=why)


def change(
    connection: sa.Connection,
    household: Any,
    values: Mapping[str, Any],
    *,
    received: Mapping[str, Any] | None = None,
    act: int | None = None,
) -> None:
    """A new version of a household, which phones get at their next sync."""
    data = {**household.data, **(received or {})}
    version, at = household.version + 1, clock.now()
    connection.execute(
        sa.update(Entity)
        .where(Entity.id == household.id)
        .values(**values, data=data, version=version, changed_at=at)
    )
    connection.execute(
        sa.insert(EntityVersion).values(
            entity_id=household.id, version=version, label=household.label, data=data, created_at=at,
            received=dict(received) if received else None, act_id=act,
        )
    )  # fmt: skip


def record(
    connection: sa.Connection,
    kind: str,
    entity_id: uuid.UUID,
    day: dt.date | None,
    officer: Officer,
    detail: Mapping[str, Any],
    *,
    subject: str = "household",
) -> int:
    """Note the act in the audit, under its `subject`, and keep what undoing it needs; the act's key."""
    note(connection, f"{subject}.{kind}", entity_id, officer)
    statement = sa.insert(EntityAct).values(
        entity_id=entity_id, kind=kind, day=day, at=clock.now(), actor=officer.actor, name=officer.name,
        detail=dict(detail), import_id=officer.by_list,
    )  # fmt: skip
    return int(connection.scalar(statement.returning(EntityAct.id)) or 0)


def note(connection: sa.Connection, act: str, entity_id: uuid.UUID, officer: Officer) -> None:
    audit.add(officer.actor, act, f"entity:{entity_id}", address=officer.address, by=connection)
