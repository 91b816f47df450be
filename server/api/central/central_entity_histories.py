"""What became of an entity at Central's door: its versions, what each changed, and by which acts and visits (O8)."""

import uuid
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify

from server.accounts.client_access import client
from server.accounts.roles import Right
from server.api.central.central_datasets import data_of, is_whole, label_of, named_list, note_reading, rows_of
from server.api.central.central_projects import own_commune
from server.api.odata.form_rows import moment
from server.db import db
from server.errors import CommonProblem, Problem
from server.models import Entity, EntityAct, EntityVersion, Submission

blueprint = Blueprint(
    "central_entity_histories", __name__, url_prefix="/v1/projects/<code>/datasets/<list_name>"
)

Json = dict[str, Any]


@blueprint.get("/entities/<uuid:entity_id>/versions")
@client(Right.READ_LABELS, records=True)
def versions(code: str, list_name: str, entity_id: uuid.UUID) -> Response:
    """Its versions, the oldest first, as far as the reader may have them."""
    found, whole = _opened(code, list_name, entity_id)
    rows = _versions(found)
    return jsonify([_version(row, found, whole) for row in rows])


@blueprint.get("/entities/<uuid:entity_id>/diffs")
@client(Right.READ_LABELS, records=True)
def diffs(code: str, list_name: str, entity_id: uuid.UUID) -> Response:
    """What each version changed, in the order of the versions; the first changed everything."""
    found, whole = _opened(code, list_name, entity_id)
    every: list[Mapping[str, Any]] = [{}, *(_said(row, found, whole) for row in _versions(found))]
    return jsonify([_changed(before, after) for before, after in pairwise(every)])


@blueprint.get("/entities/<uuid:entity_id>/audits")
@client(Right.READ_LABELS, records=True)
def audits(code: str, list_name: str, entity_id: uuid.UUID) -> Response:
    """What happened to it, the newest first: by visits, lists and acts, those that were taken back included."""
    found, _ = _opened(code, list_name, entity_id)
    told = [(row.created_at, _event(row)) for row in _versions(found) if row.kind != "end"]
    acts = sa.select(EntityAct).where(EntityAct.entity_id == found.id).order_by(EntityAct.id)
    for act in db.session.scalars(acts):
        if act.kind == "end":
            told.append((act.at, _line("entity.delete", found.id, act.at, {})))
        if act.undone_at is not None:
            told.append((act.undone_at, _line(_undone(act), found.id, act.undone_at, {})))
    return jsonify([line for _, line in sorted(told, key=lambda each: each[0])][::-1])


def _opened(code: str, list_name: str, entity_id: uuid.UUID) -> tuple[Entity, bool]:
    """The entity, and whether the reader has it whole; Problem NOT_FOUND."""
    commune, listed = own_commune(code), named_list(list_name)
    found = next(iter(rows_of(listed, commune, entity_id)), None)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    whole = is_whole(listed)
    note_reading(list_name, commune, 1, whole)
    return found, whole


def _versions(found: Entity) -> Sequence[Any]:
    query = (
        sa.select(
            EntityVersion.entity_id, EntityVersion.version, EntityVersion.label, EntityVersion.data,
            EntityVersion.received, EntityVersion.base_version, EntityVersion.conflict, EntityVersion.created_at,
            Submission.instance_id, Submission.collector_id, EntityAct.kind,
        )
        .outerjoin(Submission, Submission.id == EntityVersion.submission_id)
        .outerjoin(EntityAct, EntityAct.id == EntityVersion.act_id)
        .where(EntityVersion.entity_id == found.id)
        .order_by(EntityVersion.version)
    )  # fmt: skip
    return db.session.execute(query).all()


def _version(row: Any, found: Entity, whole: bool) -> Json:
    return {
        "label": row.label if whole else label_of(found, whole),
        "data": data_of(row.data, whole),
        "current": row.version == found.version,
        "createdAt": moment(row.created_at),
        "creatorId": row.collector_id or 0,
        "userAgent": "",
        "version": row.version,
        "baseVersion": row.base_version or (row.version - 1 or None),
        "dataReceived": data_of(row.received or {}, whole),
        "conflictingProperties": None,
        "conflict": row.conflict,
        "source": {"submission": {"instanceId": row.instance_id}} if row.instance_id else {},
    }


def _said(row: Any, found: Entity, whole: bool) -> Mapping[str, Any]:
    return {"label": row.label if whole else label_of(found, whole), **data_of(row.data, whole)}


def _changed(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Json]:
    return [
        {"propertyName": name, "old": before.get(name), "new": after.get(name)}
        for name in dict.fromkeys((*before, *after))
        if before.get(name) != after.get(name)
    ]


def _event(row: Any) -> Json:
    action = "entity.create" if row.version == 1 else "entity.update.version"
    source = {"submission": {"instanceId": row.instance_id}} if row.instance_id else {}
    told = _line(action, row.entity_id, row.created_at, {"version": row.version, "source": source})
    return told | {"actorId": row.collector_id or 0}


def _undone(act: EntityAct) -> str:
    return "entity.restore" if act.kind == "end" else "entity.update.version"


def _line(action: str, entity_id: uuid.UUID, at: Any, more: Mapping[str, Any]) -> Json:
    return {
        "actorId": 0,
        "action": action,
        "acteeId": None,
        "details": {"entity": {"uuid": str(entity_id)}, **more},
        "notes": None,
        "loggedAt": moment(at),
    }
