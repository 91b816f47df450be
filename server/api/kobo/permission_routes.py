"""Who may do what with a form, told in Kobo's words out of the roles of the commune's people (K19).

Roles are given where accounts are kept; what they give already may be asked for again, nothing else is given or taken
here.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify

from server.accounts.client_access import client
from server.accounts.roles import MAY, Right
from server.answers.who_may_read import AnswersReader
from server.api.kobo import asset_json, kobo_addresses, kobo_ids
from server.api.kobo.asset_routes import open_form, reading
from server.api.kobo.kobo_bodies import given, text
from server.api.kobo.kobo_errors import wrong
from server.api.kobo.kobo_problems import KoboProblem
from server.db import db
from server.errors import CommonProblem, Problem
from server.models import Person

blueprint = Blueprint("kobo_permissions", __name__, url_prefix="/api/v2")

Json = dict[str, Any]
PARTIAL = "partial_submissions"
CODENAMES: Mapping[str, tuple[str, Right | None]] = {
    "view_asset": ("View form", Right.READ_SUMS),
    "change_asset": ("Edit form", Right.MANAGE_FORMS),
    "manage_asset": ("Manage project", Right.MANAGE_PEOPLE),
    "discover_asset": ("Discover form", None),
    "add_submissions": ("Add submissions", None),
    "view_submissions": ("View submissions", Right.REVIEW),
    PARTIAL: ("View submissions based on conditions", Right.LEAD_TEAM),
    "change_submissions": ("Edit submissions", Right.CORRECT),
    "delete_submissions": ("Delete submissions", Right.CORRECT),
    "validate_submissions": ("Validate submissions", Right.REVIEW),
}
"""Kobo's word → its label and the right of ours that gives it; None: nobody's account does."""


@dataclass(frozen=True)
class Assignment:
    """One thing that one person may do."""

    username: str
    codename: str
    villages: tuple[str, ...] = ()
    """Of a team's leader: the thôn whose submissions they see."""


@blueprint.get("/permissions")
@client(Right.MANAGE_PEOPLE)
def permissions() -> Response:
    """Kobo's words."""
    results = [_word(each) for each in CODENAMES]
    return jsonify(count=len(results), next=None, previous=None, results=results)


@blueprint.get("/permissions/<codename>")
@client(Right.MANAGE_PEOPLE)
def permission(codename: str) -> Response:
    """One of Kobo's words, as assignments point at it."""
    if codename not in CODENAMES:
        raise Problem(CommonProblem.NOT_FOUND)
    return jsonify(_word(codename))


@blueprint.get("/users/<username>")
@client(Right.MANAGE_HOOKS)
def user(username: str) -> Response:
    """A person of the asker's communes, as assignments point at them."""
    found = next((each for each in _people(reading()) if each.username == username), None)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return jsonify(
        url=kobo_addresses.address(f"/users/{found.username}"),
        username=found.username,
        date_joined=asset_json.moment(found.created_at),
        extra_details={"name": found.name},
    )


def _word(codename: str) -> Json:
    label, _ = CODENAMES[codename]
    return {
        "url": kobo_addresses.address(f"/permissions/{codename}"),
        "codename": codename,
        "name": label,
    }


@blueprint.get("/assets/<uid>/permission-assignments")
@client(Right.MANAGE_HOOKS)
def listing(uid: str) -> Response:
    """A bare list, as pykobo reads it."""
    return jsonify([_told(uid, each) for each in _assignments(uid)])


@blueprint.post("/assets/<uid>/permission-assignments")
@client(Right.MANAGE_HOOKS)
def ask(uid: str) -> tuple[Response, int]:
    """What somebody may do already; Problem ROLES_DECIDE for anything else."""
    return jsonify(_told(uid, _asked(uid, given()))), 201


@blueprint.post("/assets/<uid>/permission-assignments/bulk")
@client(Right.MANAGE_HOOKS)
def ask_many(uid: str) -> Response:
    """The same for several."""
    said = given().get("assignments", [])
    if not isinstance(said, list) or not all(isinstance(each, dict) for each in said):
        raise wrong("assignments", "Expected a list of items.")
    return jsonify([_told(uid, _asked(uid, each)) for each in said])


@blueprint.get("/assets/<uid>/permission-assignments/<assignment_uid>")
@client(Right.MANAGE_HOOKS)
def one(uid: str, assignment_uid: str) -> Response:
    """One of them."""
    return jsonify(_told(uid, _one(uid, assignment_uid)))


@blueprint.delete("/assets/<uid>/permission-assignments/<assignment_uid>")
@client(Right.MANAGE_HOOKS)
def take(uid: str, assignment_uid: str) -> Response:
    """Refused: a role gives it, and takes it with it."""
    _one(uid, assignment_uid)
    raise Problem(KoboProblem.ROLES_DECIDE)


def _assignments(uid: str) -> list[Assignment]:
    reader = reading()
    open_form(uid, reader)
    return [each for person in _people(reader) for each in _of(person)]


def _people(reader: AnswersReader) -> list[Person]:
    """Whose accounts are of the reader's communes and may be used, by name."""
    own = [each.id for each in reader.communes]
    query = sa.select(Person).where(Person.active, Person.commune_id.in_(own)).order_by(Person.username)
    return list(db.session.scalars(query).unique())


def _of(person: Person) -> Iterator[Assignment]:
    roles = {role.name for role in person.roles}
    sees_all = bool(MAY[Right.REVIEW] & roles)
    for codename, (_, right) in CODENAMES.items():
        if right is None or not MAY[right] & roles or (codename == PARTIAL and sees_all):
            continue
        villages = tuple(sorted(each.code for each in person.villages)) if codename == PARTIAL else ()
        yield Assignment(person.username, codename, villages)


def _asked(uid: str, said: Json) -> Assignment:
    """The assignment that is asked for, where it is there; fields are addresses or plain names."""
    username, codename = (text(said, name).rstrip("/").rpartition("/")[2] for name in ("user", "permission"))
    if codename not in CODENAMES:
        raise wrong("permission", "Invalid permission.")
    every = _assignments(uid)
    found = next((each for each in every if (each.username, each.codename) == (username, codename)), None)
    if found is None:
        raise Problem(KoboProblem.ROLES_DECIDE)
    return found


def _one(uid: str, assignment_uid: str) -> Assignment:
    found = next((each for each in _assignments(uid) if _uid(uid, each) == assignment_uid), None)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def _uid(uid: str, one: Assignment) -> str:
    return kobo_ids.uid("p", uid, one.username, one.codename)


def _told(uid: str, one: Assignment) -> Json:
    told = {
        "url": kobo_addresses.address(f"/assets/{uid}/permission-assignments/{_uid(uid, one)}"),
        "user": kobo_addresses.address(f"/users/{one.username}"),
        "permission": kobo_addresses.address(f"/permissions/{one.codename}"),
        "label": CODENAMES[one.codename][0],
    }
    if one.codename != PARTIAL:
        return told
    url = kobo_addresses.address("/permissions/view_submissions")
    filters = [{"thon": code} for code in one.villages]
    return told | {"partial_permissions": [{"url": url, "filters": filters}]}
