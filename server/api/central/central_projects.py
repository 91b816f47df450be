"""Communes as Central's projects, and their collectors as its app users (O3, O9)."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify

from server import clock
from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers import who_may_read as readers
from server.api.odata.form_routes import reading
from server.api.odata.form_rows import moment
from server.db import db
from server.errors import CommonProblem, Problem
from server.models import Collector, Commune
from server.places import communes

blueprint = Blueprint("central_projects", __name__, url_prefix="/v1/projects")

Json = dict[str, Any]


@blueprint.get("")
@client(Right.READ_SUMS)
def listing() -> Response:
    """The asker's communes."""
    own = access.signed_in().commune_ids or frozenset()
    found = db.session.scalars(sa.select(Commune).where(Commune.id.in_(own)).order_by(Commune.code)).all()
    return jsonify([project(each) for each in found])


@blueprint.get("/<code>")
@client(Right.READ_SUMS)
def one(code: str) -> Response:
    """One of them."""
    return jsonify(project(own_commune(code)))


def own_commune(code: str) -> Commune:
    """The commune with this code, if it is the asker's; Problem NOT_FOUND for any other."""
    found = communes.commune(code)
    if not access.signed_in().belongs_to(found):
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def project(commune: Commune) -> Json:
    """A commune in Central's words; its code is the number."""
    of = reading(commune)
    sent = readers.sent(of)
    last = max((each.last for each in sent.values() if each.last), default=None)
    begun = clock.start_of(commune.valid_from or clock.today())
    people = sa.select(sa.func.count()).where(
        Collector.commune_id == commune.id, Collector.revoked_at.is_(None)
    )
    return {
        "id": int(commune.code),
        "name": f"{commune.kind.capitalize()} {commune.name}",
        "description": None,
        "archived": False,
        "keyId": None,
        "createdAt": moment(begun),
        "updatedAt": None,
        "deletedAt": None,
        "forms": len(readers.forms(of)),
        "datasets": 0,
        "appUsers": db.session.scalar(people) or 0,
        "lastSubmission": moment(last) if last else None,
        "verbs": [],
    }


@blueprint.get("/<code>/app-users")
@client(Right.MANAGE_COLLECTORS)
def app_users(code: str) -> Response:
    """The commune's collectors, without their codes: those are printed on the page of collectors."""
    commune = own_commune(code)
    wanted = sa.select(Collector).where(Collector.commune_id == commune.id, Collector.revoked_at.is_(None))
    found: Sequence[Collector] = db.session.scalars(wanted.order_by(Collector.id)).all()
    return jsonify([app_user(each, commune, None) for each in found])


def app_user(each: Collector, commune: Commune, token: str | None) -> Json:
    """A collector in Central's words."""
    return {
        "projectId": int(commune.code),
        "id": each.id,
        "type": "field_key",
        "displayName": each.name,
        "token": token,
        "createdAt": moment(each.created_at),
        "updatedAt": moment(each.rotated_at) if each.rotated_at else None,
        "deletedAt": None,
    }
