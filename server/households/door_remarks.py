"""What an officer tells teams at a household's door (“hỏi lại số người”), until a visit answers it or it is undone."""

import datetime as dt
import uuid
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.households.act_rows import Officer, change, check_listed, household_of, impossible, record
from server.households.rebuild_entity import IS_ACCEPTED
from server.models import Entity, EntityAct, Submission

LONGEST = 120
"""Letters of a remark: it stands behind the household's name on a phone."""
KIND = "remark"


@dataclass(frozen=True)
class Remark:
    """A remark, who wrote it, the visit that was sent back by it, and the visit that answered it, if one did."""

    act_id: int
    entity_id: uuid.UUID
    text: str
    at: dt.datetime
    name: str
    about: int | None
    answered_by: int | None = None


def add(
    connection: sa.Connection, entity_id: uuid.UUID, text: str, officer: Officer, about: int | None = None
) -> int:
    """Send a remark to the phones of a household's thôn; `about` is the visit that it sends back. The act's key."""
    household = household_of(connection, entity_id, officer)
    check_listed(household)
    told = " ".join(text.split())
    if not told:
        raise impossible("hãy ghi lời nhắn.")
    if len(told) > LONGEST:
        raise impossible(f"lời nhắn dài quá {LONGEST} chữ; điện thoại hiện nó ngay sau tên hộ.")
    act = record(connection, KIND, entity_id, None, officer, {"text": told, "about": about})
    change(connection, household, {})
    return act


def undo(connection: sa.Connection, household: Any) -> None:
    """After a remark was taken back: phones see it gone at their next sync."""
    change(connection, household, {})


def may_have_ended(connection: sa.Connection, entity_id: uuid.UUID) -> None:
    """After an edit that changed nothing else of a household: phones see at their next sync what it answers."""
    asked = sa.select(EntityAct.id).where(
        EntityAct.entity_id == entity_id, EntityAct.kind == KIND, EntityAct.undone_at.is_(None)
    )
    if connection.scalar(asked.limit(1)) is not None:
        change(connection, connection.execute(_ROW, {"entity": entity_id}).one(), {})


_ROW = sa.select(*Entity.__table__.c).where(Entity.id == sa.bindparam("entity"))
_WRITTEN = (
    sa.select(EntityAct.id, EntityAct.entity_id, EntityAct.detail, EntityAct.at, EntityAct.name)
    .where(EntityAct.kind == KIND, EntityAct.undone_at.is_(None))
    .order_by(EntityAct.id)
)
_ANSWERS = (
    sa.select(
        Submission.id,
        Submission.entity_id,
        Submission.observed_at,
        Submission.received_at,
        Submission.root_id,
    )
    .where(
        Submission.entity_id.in_(sa.bindparam("entities", expanding=True)),
        Submission.result == "gap",
        IS_ACCEPTED,
    )
    .order_by(Submission.id)
)


def of_household(connection: sa.Connection, entity_id: uuid.UUID) -> list[Remark]:
    """All remarks about a household that were not taken back, the newest first."""
    rows = connection.execute(_WRITTEN.where(EntityAct.entity_id == entity_id)).all()
    return _answered(connection, rows)[::-1]


def about(connection: sa.Connection, visits: Mapping[int, uuid.UUID]) -> dict[int, Remark]:
    """The newest remark by which each of these visits, given with its household, was sent back; with its answer."""
    query = _WRITTEN.where(EntityAct.entity_id.in_(set(visits.values())))
    found = _answered(connection, connection.execute(query).all()) if visits else []
    return {each.about: each for each in found if each.about is not None and each.about in visits}


def waiting(connection: sa.Connection, village_ids: Iterable[int]) -> dict[uuid.UUID, str]:
    """The newest remark of each household of these thôn that no visit has answered."""
    here = sa.select(Entity.id).where(
        Entity.village_id.in_(list(village_ids)), Entity.id == EntityAct.entity_id, Entity.ended_at.is_(None)
    )
    rows = connection.execute(_WRITTEN.where(sa.exists(here))).all()
    return {each.entity_id: each.text for each in _answered(connection, rows) if each.answered_by is None}


def _answered(connection: sa.Connection, rows: Iterable[Any]) -> list[Remark]:
    """Remarks with their answers: a visit made since that met somebody, or a visit that was corrected since."""
    remarks = [
        Remark(row.id, row.entity_id, row.detail["text"], row.at, row.name, row.detail["about"])
        for row in rows
    ]
    if not remarks:
        return []
    visits = defaultdict(list)
    for visit in connection.execute(_ANSWERS, {"entities": list({each.entity_id for each in remarks})}):
        visits[visit.entity_id].append(visit)
    return [
        Remark(
            each.act_id, each.entity_id, each.text, each.at, each.name, each.about,
            next((visit.id for visit in visits[each.entity_id] if _answers(visit, each)), None),
        )
        for each in remarks
    ]  # fmt: skip


def _answers(visit: Any, remark: Remark) -> bool:
    is_corrected = visit.root_id is not None and remark.about is not None and visit.received_at >= remark.at
    return bool(visit.observed_at >= remark.at or is_corrected)
