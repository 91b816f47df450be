"""Where installations of communes send their bundles: who signed is known by the signature, nothing else is asked."""

from flask import Blueprint, Response, jsonify, request

from server.accounts import access, tries_by_address
from server.accounts.access import Access
from server.audit import UNKNOWN, Actor
from server.coverage import bundle_file, bundles_in
from server.coverage.bundle_problems import BundleProblem
from server.db import begin_writing, db
from server.errors import Problem

blueprint = Blueprint("bundles", __name__, url_prefix="/api/v1")


def _signed_by_itself() -> None:
    """Open to everybody: a bundle proves whose it is, and no session or key gives a right here."""


def take() -> Response:
    """Take a bundle in; a stranger's is refused, late where an address sends many."""
    if (request.content_length or 0) > bundle_file.LARGEST:
        raise Problem(BundleProblem.BUNDLE_UNREADABLE, why=bundle_file.TOO_LARGE)
    whole = request.get_data()
    begin_writing()
    try:
        taken = bundles_in.take(whole, by=Actor(UNKNOWN, request.remote_addr))
    except Problem as problem:
        db.session.rollback()
        if problem.kind is BundleProblem.BUNDLE_STRANGER:
            tries_by_address.refuse_often()
        raise
    db.session.commit()
    return jsonify(commune=taken.commune, as_of=taken.as_of.isoformat(), number=taken.number, new=taken.new)


blueprint.add_url_rule(
    "/rollup", "take", access.declared(take, Access("public"), _signed_by_itself), methods=["POST"]
)
