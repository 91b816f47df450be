"""What a person has decided about submissions, in Kobo's words: validation statuses are the states of review (K13)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify

from server.accounts.client_access import client
from server.accounts.roles import Right
from server.api import decide_by_key
from server.api.kobo.asset_routes import open_form, reading
from server.api.kobo.kobo_bodies import given, payload
from server.api.kobo.kobo_errors import wrong
from server.api.kobo.submission_json import undated, validation
from server.api.kobo.submissions_named import NamedSubmission, named, one_named
from server.db import db
from server.exports.who_columns import KOBO_STATES
from server.models import SubmissionReview
from server.review.submission_states import RECEIVED

blueprint = Blueprint("kobo_validation", __name__, url_prefix="/api/v2/assets/<uid>/data")

Json = dict[str, Any]
FIELD = "validation_status.uid"
STATES: Mapping[str, str] = {uid: state for state, uid in KOBO_STATES.items() if uid}
_REASON = "Qua API kiểu KoboToolbox."


@blueprint.get("/<key>/validation_status")
@client(Right.READ_SUBMISSIONS)
def one(uid: str, key: str) -> Response:
    """The status of a submission; empty where nobody has decided."""
    reader = reading()
    return jsonify(status_of(one_named(reader, open_form(uid, reader), key)))


@blueprint.patch("/<key>/validation_status")
@client(Right.REVIEW)
def decide(uid: str, key: str) -> Response:
    """Bring a submission into a state of review, with all that follows for counts and household."""
    reader, state = reading(), _state(given())
    form = open_form(uid, reader)
    decide_by_key.bring(one_named(reader, form, key), state, _REASON)
    return jsonify(status_of(one_named(reader, form, key)))


@blueprint.delete("/<key>/validation_status")
@client(Right.REVIEW)
def take_back(uid: str, key: str) -> tuple[str, int]:
    """A submission that nobody has decided about, again."""
    reader = reading()
    decide_by_key.bring(one_named(reader, open_form(uid, reader), key), RECEIVED, _REASON)
    return "", 204


@blueprint.patch("/validation_statuses")
@client(Right.REVIEW)
def decide_many(uid: str) -> Response:
    """The same for many, each as if alone; what cannot be brought there stays as it is and is not counted."""
    said = payload()
    return _many(uid, said, _state(said))


@blueprint.delete("/validation_statuses")
@client(Right.REVIEW)
def take_back_many(uid: str) -> Response:
    """Many that nobody has decided about, again."""
    return _many(uid, payload(), RECEIVED)


def _many(uid: str, said: Json, state: str) -> Response:
    reader = reading()
    chosen = named(reader, open_form(uid, reader), said)
    others = [each for each in chosen if each.review != state]
    done = len(chosen) - len(others) + decide_by_key.bring_all(others, state, _REASON)
    return jsonify(detail=f"{done} submissions have been updated")


def _state(fields: Json) -> str:
    """The state that is asked for; Kobo's sentence for one that there is not."""
    uid = fields.get(FIELD)
    if uid is None:
        raise wrong("detail", "No `validation_status.uid` provided")
    if not isinstance(uid, str) or uid not in STATES:
        raise wrong("detail", f"Invalid validation status: `{str(uid)[:80]}`")
    return STATES[uid]


def status_of(found: NamedSubmission) -> Json:
    """The status as Kobo tells it: when, what, by whom."""
    rows = (
        sa.select(SubmissionReview)
        .where(SubmissionReview.submission_id == found.id, SubmissionReview.after == found.review)
        .order_by(SubmissionReview.id.desc())
    )
    last = db.session.scalars(rows.limit(1)).first()
    if last is None:
        return undated(found.review)
    return validation(last.after, last.at, last.name)
