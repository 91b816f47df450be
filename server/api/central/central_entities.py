"""Entities written at Central's door, by the ways of officers' lists and acts (O8)."""

import uuid
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request

from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.api.central.central_datasets import data_of, entity_json, is_whole, named_list, rows_of
from server.api.central.central_problems import CentralProblem
from server.api.central.central_projects import own_commune
from server.db import db
from server.errors import CommonProblem, Problem
from server.households import households_by_program, places_by_program
from server.households.act_rows import Officer
from server.households.entity_changes import HOUSEHOLDS
from server.households.households_by_program import WrittenHousehold
from server.households.list_comparison import CODE
from server.households.places_by_program import WrittenPlace
from server.models import Commune, Entity

blueprint = Blueprint("central_entities", __name__, url_prefix="/v1/projects/<code>/datasets")

Json = dict[str, Any]
MOST = 1000
"""Entities of one request."""
_SOURCE = "API kiểu ODK Central"
_VILLAGE, _ADDRESS = "thon", "dia_chi"
_LONGEST = 200


@blueprint.post("")
@client(Right.MANAGE_HOUSEHOLDS)
def add_list(code: str) -> Response:
    """Lists are made by forms that are published."""
    own_commune(code)
    raise Problem(CentralProblem.PROPERTIES_FIXED)


@blueprint.post("/<list_name>/properties")
@client(Right.MANAGE_HOUSEHOLDS)
def add_property(code: str, list_name: str) -> Response:
    """So are their properties: a question that fills one says whether it is personal."""
    own_commune(code)
    named_list(list_name)
    raise Problem(CentralProblem.PROPERTIES_FIXED)


@blueprint.post("/<list_name>/entities")
@client(Right.MANAGE_HOUSEHOLDS)
def create(code: str, list_name: str) -> Response:
    """One household or place, or many (`entities`) of which all are added or none."""
    commune = _of_written_list(code, list_name)
    said = _object(request.get_json(silent=True), "body")
    many = said.get("entities")
    if many is not None and (not isinstance(many, list) or not 0 < len(many) <= MOST):
        raise _wrong("entities", f"1–{MOST}")
    source = said.get("source") if many is not None else None
    filename = str(source.get("name") or _SOURCE) if isinstance(source, dict) else _SOURCE
    keys = _add(
        [said] if many is None else [_object(each, "entities") for each in many], commune, list_name, filename
    )
    db.session.commit()
    return jsonify(success=True) if many is not None else jsonify(_told(list_name, keys[0]))


def _add(said: list[Mapping[str, Any]], commune: Commune, name: str, filename: str) -> list[uuid.UUID]:
    if name == HOUSEHOLDS:
        households = [_household(each) for each in said]
        households_by_program.add(households, commune, filename, _officer(commune))
        return [each.id for each in households]
    places = [_place(each, name) for each in said]
    places_by_program.add(places, commune, name, _officer(commune))
    return [each.id for each in places]


@blueprint.patch("/<list_name>/entities/<uuid:entity_id>")
@client(Right.MANAGE_HOUSEHOLDS)
def change(code: str, list_name: str, entity_id: uuid.UUID) -> Response:
    """Another name or thôn, or what its list says of it; of all else visits alone decide."""
    commune = _of_written_list(code, list_name)
    said = _object(request.get_json(silent=True), "body")
    found = _found(list_name, entity_id, commune)
    data = _object(said.get("data", {}), "data")
    own = (_ADDRESS,) if list_name == HOUSEHOLDS else places_by_program.PROPERTIES[list_name]
    for key, value in data.items():
        if key not in (*own, _VILLAGE) and value != found.data.get(key):
            raise _wrong(key, str(value))
    asked = {"label": _text(said, "label"), "village": _text(data, _VILLAGE)}
    asked = {key: value for key, value in asked.items() if value}
    if list_name == HOUSEHOLDS:
        if address := _text(data, _ADDRESS):
            asked["address"] = address
        households_by_program.change(entity_id, _seen(), asked, commune, _SOURCE, _officer(commune))
    else:
        asked |= {key: _text(data, key) for key in own if key in data}
        places_by_program.change(entity_id, _seen(), asked, commune, list_name, _officer(commune))
    db.session.commit()
    return jsonify(_told(list_name, entity_id))


@blueprint.delete("/<list_name>/entities/<uuid:entity_id>")
@client(Right.MANAGE_HOUSEHOLDS)
def remove(code: str, list_name: str, entity_id: uuid.UUID) -> Response:
    """The household or place is no longer there from today; `restore` takes that back."""
    commune = _of_written_list(code, list_name)
    _found(list_name, entity_id, commune)
    if list_name == HOUSEHOLDS:
        households_by_program.end(entity_id, _officer(commune))
    else:
        places_by_program.end(entity_id, list_name, _officer(commune))
    db.session.commit()
    return jsonify(success=True)


@blueprint.post("/<list_name>/entities/<uuid:entity_id>/restore")
@client(Right.MANAGE_HOUSEHOLDS)
def restore(code: str, list_name: str, entity_id: uuid.UUID) -> Response:
    """It is there after all."""
    commune = _of_written_list(code, list_name)
    if list_name == HOUSEHOLDS:
        households_by_program.bring_back(entity_id, _officer(commune))
    else:
        places_by_program.bring_back(entity_id, commune, list_name, _officer(commune))
    db.session.commit()
    return jsonify(success=True)


def _of_written_list(code: str, list_name: str) -> Commune:
    commune = own_commune(code)
    listed = named_list(list_name)
    if listed.name != HOUSEHOLDS and listed.name not in places_by_program.PROPERTIES:
        raise Problem(CentralProblem.LIST_BY_VISITS, name=list_name[:60])
    return commune


def _found(name: str, key: uuid.UUID, commune: Commune) -> Entity:
    found = next(iter(rows_of(named_list(name), commune, key)), None)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def _told(name: str, key: uuid.UUID) -> Json:
    listed = named_list(name)
    found, whole = db.session.get_one(Entity, key, populate_existing=True), is_whole(listed)
    told = entity_json(found, whole)
    told["currentVersion"]["data"] = data_of(found.data, whole)
    return told


def _officer(commune: Commune) -> Officer:
    caller = access.signed_in()
    return Officer(caller.actor, caller.name, commune.id, request.remote_addr)


def _household(said: Mapping[str, Any]) -> WrittenHousehold:
    """A household of a body; Problem VALUE_WRONG for what it cannot say of one."""
    label, data = _named(said, (_ADDRESS, _VILLAGE, CODE))
    village, address = _text(data, _VILLAGE), _text(data, _ADDRESS)
    return WrittenHousehold(_uuid(said.get("uuid")), label, village, address, _text(data, CODE))


def _place(said: Mapping[str, Any], name: str) -> WrittenPlace:
    """A place of a body; the same Problem."""
    own = places_by_program.PROPERTIES[name]
    label, data = _named(said, (_VILLAGE, *own))
    told = {key: _text(data, key) for key in own}
    return WrittenPlace(_uuid(said.get("uuid")), label, _text(data, _VILLAGE), told)


def _named(said: Mapping[str, Any], may: tuple[str, ...]) -> tuple[str, Mapping[str, Any]]:
    """The label and the data of an entity that says only what it may."""
    data = _object(said.get("data", {}), "data")
    for key, value in data.items():
        if key not in may and value not in (None, ""):
            raise _wrong(key, str(value))
    label = _text(said, "label")
    if not label:
        raise _wrong("label", "")
    return label, data


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
    text = request.args.get("baseVersion", "0")
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise _wrong("baseVersion", text)
    return int(text)


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
