"""The key that a client gets for a name and a password, and who it is that asks (K1, K23)."""

from flask import Blueprint, Response, jsonify, request

from server import clock
from server.accounts import access, client_access, person_keys
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.api.kobo import asset_json, kobo_addresses
from server.audit import Actor
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem

blueprint = Blueprint("kobo_keys", __name__)


@blueprint.get("/token")
@client(Right.READ_SUMS)
def token() -> Response:
    """The asker's key, made at the first asking: the same one until it is rolled over or ends."""
    known = person_keys.told_again(client_access.person())
    return _told(jsonify(token=known or _made()))


@blueprint.post("/token")
@client(Right.READ_SUMS)
def new_token() -> tuple[Response, int]:
    """Another key in place of the one before, which is refused from now on."""
    return _told(jsonify(token=_made())), 201


def _made() -> str:
    """A new key, for persons by name and password or on a page: a key makes no other key."""
    caller = access.signed_in()
    if not caller.is_person:
        raise Problem(CommonProblem.NOT_ALLOWED)
    begin_writing()
    made = person_keys.make_told_again(client_access.person(), by=Actor(caller.actor, request.remote_addr))
    db.session.commit()
    return made


def _told(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.get("/me")
@client(Right.READ_SUMS)
def me() -> Response:
    """Who asks, in Kobo's words (K23)."""
    person = client_access.person()
    return jsonify(
        username=person.username,
        email=person.email or "",
        first_name="",
        last_name="",
        is_superuser=False,
        is_staff=False,
        server_time=asset_json.moment(clock.now()),
        date_joined=asset_json.moment(person.created_at),
        last_login=asset_json.moment(person.signed_in_at),
        projects_url=f"{kobo_addresses.root()}/",
        git_rev=False,
        extra_details={
            "name": person.name,
            "organization": person.unit or (person.commune.name if person.commune else ""),
            "sector": "",
            "country": "VNM",
        },
    )
