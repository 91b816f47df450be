"""Entities written at Central's door, by the ways of officers' lists and acts; and read as one table (O8)."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request

from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.api.central.central_datasets import (
    data_of,
    entity_json,
    is_whole,
    label_of,
    named_list,
    note_reading,
    rows_of,
)
from server.api.central.central_problems import CentralProblem
from server.api.central.central_projects import own_commune
from server.api.odata.form_rows import moment
from server.api.odata.odata_problems import ODataProblem
from server.db import db
from server.errors import CommonProblem, Problem
from server.households import written_rows
from server.households.act_rows import Officer
from server.households.list_comparison import CODE
from server.households.records import HOUSEHOLDS
from server.households.written_rows import WrittenHousehold
from server.models import Commune, Entity

blueprint = Blueprint("central_entities", __name__, url_prefix="/v1/projects/<code>/datasets")

Json = dict[str, Any]
MOST = 1000
"""Households of one request."""
_SOURCE = "API kiểu ODK Central"
_VILLAGE, _ADDRESS = "thon", "dia_chi"
_LONGEST = 200


@blueprint.post("")
@client(Right.MANAGE_HOUSEHOLDS)
def add_list(code: str) -> Response:
    """Lists are made by forms that are published."""
    own_commune(code)
    raise Problem(CentralProblem.PROPERTIES_FIXED)


@blueprint.post("/<name>/properties")
@client(Right.MANAGE_HOUSEHOLDS)
def add_property(code: str, name: str) -> Response:
    """So are their properties."""
    own_commune(code)
    named_list(name)
    raise Problem(CentralProblem.PROPERTIES_FIXED)


@blueprint.post("/<name>/entities")
@client(Right.MANAGE_HOUSEHOLDS)
def create(code: str, name: str) -> Response:
    """One household, or many (`entities`) of which all are added or none."""
    commune = _of_households(code, name)
    said = _object(request.get_json(silent=True), "body")
    many = said.get("entities")
    if many is None:
        row = _row(said)
        written_rows.add([row], commune, _SOURCE, _officer(commune))
        db.session.commit()
        return jsonify(_told(row.id))
    if not isinstance(many, list) or not 0 < len(many) <= MOST:
        raise _wrong("entities", f"1–{MOST}")
    source = said.get("source")
    filename = str(source.get("name") or _SOURCE) if isinstance(source, dict) else _SOURCE
    written_rows.add([_row(_object(each, "entities")) for each in many], commune, filename, _officer(commune))
    db.session.commit()
    return jsonify(success=True)


@blueprint.patch("/<name>/entities/<uuid:household_id>")
@client(Right.MANAGE_HOUSEHOLDS)
def change(code: str, name: str, household_id: uuid.UUID) -> Response:
    """Another name, address or thôn; of all else a household's visits alone decide."""
    commune = _of_households(code, name)
    said = _object(request.get_json(silent=True), "body")
    found = _found(household_id, commune)
    data = _object(said.get("data", {}), "data")
    values = {
        "label": _text(said, "label"),
        "address": _text(data, _ADDRESS),
        "village": _text(data, _VILLAGE),
    }
    for key, value in data.items():
        if key not in (_ADDRESS, _VILLAGE) and value != found.data.get(key):
            raise _wrong(key, str(value))
    asked = {key: value for key, value in values.items() if value}
    written_rows.change(household_id, _seen(), asked, commune, _SOURCE, _officer(commune))
    db.session.commit()
    return jsonify(_told(household_id))


@blueprint.delete("/<name>/entities/<uuid:household_id>")
@client(Right.MANAGE_HOUSEHOLDS)
def remove(code: str, name: str, household_id: uuid.UUID) -> Response:
    """The household is no longer there from today; officers can take that back."""
    commune = _of_households(code, name)
    _found(household_id, commune)
    written_rows.end(household_id, _officer(commune))
    db.session.commit()
    return jsonify(success=True)


@blueprint.get("/<name>.svc/Entities")
@client(Right.READ_LABELS, records=True)
def table(code: str, name: str) -> Response:
    """The rows as OData has them; `$top`, `$skip`, `$count` and `$select` are known."""
    commune, listed = own_commune(code), named_list(name)
    unknown = [each for each in request.args if each[:1] == "$" and each not in _OPTIONS]
    if unknown:
        raise Problem(ODataProblem.OPTION_UNSUPPORTED, option=unknown[0][:40])
    rows, whole = rows_of(listed, commune), is_whole(listed)
    skip, top = _number("$skip", 0), _number("$top", len(rows))
    shown = rows[skip : skip + top]
    note_reading(name, commune, len(shown), whole)
    chosen = [each.strip() for each in request.args.get("$select", "").split(",") if each.strip()]
    told: Json = {
        "value": [_selected(_flat(each, whole), chosen) for each in shown],
        "@odata.context": f"{request.base_url.removesuffix('/Entities')}/$metadata#Entities",
    }
    if request.args.get("$count", "").lower() == "true":
        told["@odata.count"] = len(rows)
    return jsonify(told)


_OPTIONS = frozenset(("$top", "$skip", "$count", "$select"))


def _flat(each: Entity, whole: bool) -> Json:
    updated = moment(each.changed_at) if each.version > 1 else None
    system = {
        "createdAt": moment(each.created_at), "creatorId": "0", "creatorName": "", "updates": each.version - 1,
        "updatedAt": updated, "version": each.version, "conflict": None,
    }  # fmt: skip
    return {"__id": str(each.id), "label": label_of(each, whole), **data_of(each, whole), "__system": system}


def _selected(row: Json, chosen: list[str]) -> Json:
    if not chosen:
        return row
    told: Json = {name: row.get(name) for name in chosen if "/" not in name}
    inside = [name.partition("/")[2] for name in chosen if name.startswith("__system/")]
    if inside:
        told["__system"] = {name: row["__system"].get(name) for name in inside}
    return told


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise _wrong(name, text)
    return int(text)


def _of_households(code: str, name: str) -> Commune:
    commune = own_commune(code)
    if named_list(name).name != HOUSEHOLDS:
        raise Problem(CentralProblem.LIST_BY_FILE, name=name[:60])
    return commune


def _found(key: uuid.UUID, commune: Commune) -> Entity:
    found = next(iter(rows_of(named_list(HOUSEHOLDS), commune, key)), None)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def _told(key: uuid.UUID) -> Json:
    listed = named_list(HOUSEHOLDS)
    found, whole = db.session.get_one(Entity, key), is_whole(listed)
    told = entity_json(found, whole)
    told["currentVersion"]["data"] = data_of(found, whole)
    return told


def _officer(commune: Commune) -> Officer:
    caller = access.signed_in()
    return Officer(caller.actor, caller.name, commune.id, request.remote_addr)


def _row(said: Mapping[str, Any]) -> WrittenHousehold:
    """A household of a body; Problem VALUE_WRONG for what it cannot say of one."""
    data = _object(said.get("data", {}), "data")
    for key, value in data.items():
        if key not in (_ADDRESS, _VILLAGE, CODE) and value not in (None, ""):
            raise _wrong(key, str(value))
    label = _text(said, "label")
    if not label:
        raise _wrong("label", "")
    village, address = _text(data, _VILLAGE), _text(data, _ADDRESS)
    return WrittenHousehold(_uuid(said.get("uuid")), label, village, address, _text(data, CODE))


def _uuid(given: Any) -> uuid.UUID:
    if given is None:
        return uuid.uuid4()
    try:
        return uuid.UUID(str(given).removeprefix("uuid:"))
    except ValueError as wrong:
        raise _wrong("uuid", str(given)) from wrong


def _seen() -> int | None:
    """The version that the program changes; None where it forces the change."""
    if request.args.get("force", "").lower() == "true":
        return None
    return _number("baseVersion", 0)


def _text(said: Mapping[str, Any], key: str) -> str:
    value = said.get(key)
    if value is not None and (not isinstance(value, str) or len(value) > _LONGEST):
        raise _wrong(key, str(value))
    return (value or "").strip()


def _object(value: Any, name: str) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise _wrong(name, str(value))
    return value


def _wrong(field: str, value: str) -> Problem:
    return Problem(CentralProblem.VALUE_WRONG, field=field[:60], value=value[:60])
