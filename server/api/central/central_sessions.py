"""Signing in at Central's door: a key for a name and a password, and who it is that asks (O1)."""

import datetime as dt
from typing import Any

from flask import Blueprint, Response, jsonify, request

from server import clock
from server.accounts import access, client_access, person_keys, program_keys
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.api.central import central_senders
from server.api.odata.form_rows import moment
from server.audit import Actor
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.models import ApiToken, Person

blueprint = Blueprint("central_sessions", __name__, url_prefix="/v1")
_DAYS = 1
"""A session of Central's lasts a day; its clients sign in again by themselves."""
_NAME = "Phiên của ứng dụng kiểu ODK Central"


@blueprint.post("/sessions")
@client_access.signs_in
def begin() -> Response:
    """A key for the name and the password in the body; who signs in with a code as well gives a key as password.

    A collector gives the code of their phone as password, and gets it back: with it they send, and nothing else.
    """
    said = request.get_json(silent=True)
    given: dict[str, Any] = said if isinstance(said, dict) else {}
    name, password = str(given.get("email") or ""), str(given.get("password") or "")
    if central_senders.known_code(password):
        return _told(password, clock.now() + dt.timedelta(days=_DAYS))
    found = client_access.known_as(name, password)
    if found is None:
        raise Problem(CommonProblem.AUTHENTICATION_NEEDED)
    access.admit_as(found)
    if not found.is_person:
        return _told(password, clock.now() + dt.timedelta(days=_DAYS))
    begin_writing()
    person = db.session.get_one(Person, found.person_id)
    by = Actor(found.actor, request.remote_addr)
    made = person_keys.begin_session(person, _NAME, _DAYS, by=by)
    token, until = made.token, made.record.expires_at
    db.session.commit()
    return _told(token, until)


def _told(token: str, until: dt.datetime | None) -> Response:
    response = jsonify(
        token=token, csrf="", createdAt=moment(clock.now()), expiresAt=moment(until or clock.now())
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.delete("/sessions/current")
@client(Right.READ_SUMS)
def end() -> Response:
    """Refuse the key of this request from now on."""
    caller = access.signed_in()
    kind, _, number = caller.actor.partition(":")
    if kind == "token":
        begin_writing()
        program_keys.revoke(
            db.session.get_one(ApiToken, int(number)), by=Actor(caller.actor, request.remote_addr)
        )
        db.session.commit()
    return jsonify(success=True)


@blueprint.get("/users/current")
@client(Right.READ_SUMS)
def me() -> Response:
    """Who asks."""
    found = client_access.person()
    return jsonify(
        id=found.id,
        type="user",
        displayName=found.name,
        email=found.email or found.username,
        createdAt=moment(found.created_at),
        updatedAt=None,
        deletedAt=None,
        verbs=[],
    )
