"""Entity lists at Central's door, to read: households, places, businesses of one commune (O8)."""

import csv
import io
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, request

from forms.odata_names import identifier
from server import audit
from server.accounts import access, client_access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.api.central.central_projects import own_commune
from server.api.odata.form_rows import moment
from server.db import db
from server.errors import CommonProblem, Problem
from server.households.entity_changes import HOUSEHOLDS
from server.households.list_comparison import own_code
from server.households.property_words import UNSAID
from server.households.rebuild_entity import COMPUTED
from server.models import Commune, Entity, EntityList, Village

blueprint = Blueprint("central_datasets", __name__, url_prefix="/v1/projects/<code>/datasets")

Json = dict[str, Any]
OPEN = frozenset(("diem_cong_cong", "doanh_nghiep"))
"""Lists of places and businesses, which are no persons: told whole. Of all others labels and what people said are
told to who may read them and asked for them."""
_OF_ANY = frozenset(("thon", *COMPUTED))


@blueprint.get("")
@client(Right.READ_LABELS)
def listing(code: str) -> Response:
    """The lists that have a row in the commune."""
    commune = own_commune(code)
    there = sa.select(Entity.list_id).join(Village).where(Village.commune_id == commune.id).distinct()
    found = db.session.scalars(
        sa.select(EntityList).where(EntityList.id.in_(there)).order_by(EntityList.name)
    )
    return jsonify([_list(each, commune) for each in found])


@blueprint.get("/<list_name>")
@client(Right.READ_LABELS)
def one(code: str, list_name: str) -> Response:
    """One of them with its properties."""
    commune = own_commune(code)
    listed = named_list(list_name)
    begun = _begun(listed, commune)
    properties = [
        {"name": each, "odataName": identifier(each), "publishedAt": begun, "forms": []}
        for each in properties_of(rows_of(listed, commune), is_whole(listed))
    ]
    return jsonify(_list(listed, commune) | {"properties": properties, "linkedForms": [], "sourceForms": []})


@blueprint.get("/<list_name>/entities")
@client(Right.READ_LABELS, records=True)
def entities(code: str, list_name: str) -> Response:
    """The rows of a list that are in force."""
    commune = own_commune(code)
    listed = named_list(list_name)
    rows, whole = rows_of(listed, commune), is_whole(listed)
    note_reading(list_name, commune, len(rows), whole)
    return jsonify([entity_json(each, whole) for each in rows])


@blueprint.get("/<list_name>/entities/<uuid:entity_id>")
@client(Right.READ_LABELS, records=True)
def entity(code: str, list_name: str, entity_id: uuid.UUID) -> Response:
    """One row with its data."""
    commune = own_commune(code)
    listed = named_list(list_name)
    found = next((each for each in rows_of(listed, commune, entity_id)), None)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    whole = is_whole(listed)
    note_reading(list_name, commune, 1, whole)
    told = entity_json(found, whole)
    told["currentVersion"]["data"] = data_of(found.data, whole)
    return jsonify(told)


@blueprint.get("/<list_name>/entities.csv")
@client(Right.READ_LABELS, records=True)
def as_csv(code: str, list_name: str) -> Response:
    """The rows as Central's CSV."""
    commune = own_commune(code)
    listed = named_list(list_name)
    rows, whole = rows_of(listed, commune), is_whole(listed)
    note_reading(list_name, commune, len(rows), whole)
    properties = properties_of(rows, whole)
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    tail = ("__createdAt", "__creatorId", "__creatorName", "__updates", "__updatedAt", "__version")
    writer.writerow(["__id", "label", *properties, *tail])
    for each in rows:
        data = data_of(each.data, whole)
        updated = moment(each.changed_at) if each.version > 1 else ""
        end = (moment(each.created_at), 0, "", each.version - 1, updated, each.version)
        writer.writerow(
            [each.id, label_of(each, whole), *(data.get(each_name, "") for each_name in properties), *end]
        )
    return Response(text.getvalue(), content_type="text/csv; charset=utf-8")


def named_list(name: str) -> EntityList:
    found = db.session.scalars(sa.select(EntityList).where(EntityList.name == name)).one_or_none()
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def rows_of(listed: EntityList, commune: Commune, key: uuid.UUID | None = None) -> Sequence[Entity]:
    wanted = (
        sa.select(Entity)
        .join(Village, Village.id == Entity.village_id)
        .where(Entity.list_id == listed.id, Village.commune_id == commune.id, Entity.ended_at.is_(None))
        .order_by(Entity.created_at, Entity.id)
    )
    return db.session.scalars(wanted if key is None else wanted.where(Entity.id == key)).all()


def is_whole(listed: EntityList) -> bool:
    """Whether labels and all properties are told."""
    wished = request.args.get("ca_nhan") == "1"
    return listed.name in OPEN or client_access.may_read_personal(access.signed_in(), wished=wished)


def label_of(each: Entity, whole: bool) -> str:
    return each.label if whole else own_code(each.id)


def data_of(data: Mapping[str, Any], whole: bool) -> Mapping[str, Any]:
    """Of the properties of an entity, or of a version of it, those that the reader is told."""
    return {name: value for name, value in data.items() if name not in UNSAID and (whole or name in _OF_ANY)}


def properties_of(rows: Sequence[Entity], whole: bool) -> list[str]:
    """The names of all that is told of them, in their order."""
    return sorted({name for each in rows for name in data_of(each.data, whole)})


def entity_json(each: Entity, whole: bool) -> Json:
    created, updated = moment(each.created_at), moment(each.changed_at) if each.version > 1 else None
    return {
        "uuid": str(each.id),
        "creatorId": 0,
        "createdAt": created,
        "updatedAt": updated,
        "deletedAt": None,
        "conflict": None,
        "currentVersion": {
            "label": label_of(each, whole), "current": True, "createdAt": updated or created, "creatorId": 0,
            "userAgent": "", "version": each.version, "baseVersion": None, "conflictingProperties": None,
        },
    }  # fmt: skip


def _list(listed: EntityList, commune: Commune) -> Json:
    return {
        "name": listed.name,
        "projectId": int(commune.code),
        "createdAt": _begun(listed, commune),
        "approvalRequired": False,
    }


def _begun(listed: EntityList, commune: Commune) -> str:
    """When the first row came; the list itself has no date."""
    first = (
        sa.select(sa.func.min(Entity.created_at))
        .join(Village, Village.id == Entity.village_id)
        .where(Entity.list_id == listed.id, Village.commune_id == commune.id)
    )
    found = db.session.scalar(first)
    return moment(found) if found else "1970-01-01T00:00:00.000Z"


def note_reading(name: str, commune: Commune, count: int, whole: bool) -> None:
    act = "household.list" if name == HOUSEHOLDS else "entity.list"
    audit.note_reading(act, f"commune:{commune.code}", {"label": whole, "rows": count})
