"""What became of a submission at Central's door: versions, what each changed, decisions, notes, places."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, request

from server import audit, clock
from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers import submission_pages
from server.api import decide_by_key
from server.api.central.central_problems import CentralProblem
from server.api.central.central_projects import own_commune
from server.api.central.central_submissions import (
    COLUMNS,
    as_json,
    asked_of,
    chain,
    comment_json,
    hidden_paths,
    named_one,
)
from server.api.odata.form_routes import open_form, reading
from server.api.odata.form_rows import STATES, moment
from server.db import db, reading_engine
from server.errors import Problem
from server.exports import place_geometries, select_submissions, submissions_geojson
from server.models import Submission, SubmissionReview
from server.review import decisions

blueprint = Blueprint("central_histories", __name__, url_prefix="/v1/projects/<code>/forms/<form_id>")

Json = dict[str, Any]
Place = tuple[str | int, ...]
_LONGEST = 2000
"""Characters of a comment."""


@blueprint.post("/submissions/<instance>/comments")
@client(Right.REVIEW)
def add_comment(code: str, form_id: str, instance: str) -> Response:
    """A note in the history of its decisions, which changes nothing of what was decided."""
    said = request.get_json(silent=True)
    body = str(said.get("body") or "").strip() if isinstance(said, dict) else ""
    if not 0 < len(body) <= _LONGEST:
        raise Problem(CentralProblem.BODY_EMPTY, field="body", most=_LONGEST)
    _, found = named_one(code, form_id, instance)
    actor = access.signed_in().actor
    db.session.rollback()  # what is written has a connection of its own
    with db.engine.connect().execution_options(writes=True) as connection:
        decisions.remark(connection, found.id, body, reviewer=decide_by_key.reviewer(found.commune_id))
        connection.commit()
    return jsonify(comment_json(body, actor, moment(clock.now())))


@blueprint.get("/submissions/<instance>/versions")
@client(Right.READ_SUBMISSIONS, records=True)
def versions(code: str, form_id: str, instance: str) -> Response:
    """All versions of it, the newest first, each under its own id."""
    of, found = named_one(code, form_id, instance)
    rows = db.session.execute(
        sa.select(*COLUMNS).where(Submission.id.in_(chain(found.id))).order_by(Submission.id.desc())
    ).all()
    audit.note_reading("submission.read", f"submission:{found.id}", {"personal": of.personal})
    told = [as_json(row) | {"current": row.id == found.id, "formVersion": row.version} for row in rows]
    return jsonify(told)


@blueprint.get("/submissions/<instance>/diffs")
@client(Right.READ_SUBMISSIONS, records=True)
def diffs(code: str, form_id: str, instance: str) -> Response:
    """What each version changed of the answers of the one before, as far as the reader may have them."""
    of, found = named_one(code, form_id, instance)
    hidden = hidden_paths(of, open_form(of, form_id))
    rows = db.session.execute(
        sa.select(Submission.instance_id, Submission.answers)
        .where(Submission.id.in_(chain(found.id)))
        .order_by(Submission.id)
    ).all()
    audit.note_reading("submission.read", f"submission:{found.id}", {"personal": of.personal})
    every = [(row.instance_id, dict(_leaves(row.answers, hidden))) for row in rows]
    return jsonify({name: _changed(before, after) for (_, before), (name, after) in pairwise(every)})


@blueprint.get("/submissions/<instance>/audits")
@client(Right.READ_SUBMISSIONS)
def audits(code: str, form_id: str, instance: str) -> Response:
    """What happened to it, the newest first: that it came, was corrected, and was decided about."""
    _, found = named_one(code, form_id, instance)
    arrived = db.session.execute(
        sa.select(*COLUMNS).where(Submission.id.in_(chain(found.id))).order_by(Submission.id)
    ).all()
    decided = db.session.scalars(
        sa.select(SubmissionReview)
        .where(SubmissionReview.submission_id.in_(chain(found.id)))
        .order_by(SubmissionReview.id)
    ).all()
    told = [(row.received_at, _arrival(row)) for row in arrived]
    told += [(each.at, _decision(each)) for each in decided]
    return jsonify([line for _, line in sorted(told, key=lambda each: each[0])][::-1])


@blueprint.get("/submissions.geojson")
@client(Right.READ_SUBMISSIONS, records=True)
def places(code: str, form_id: str) -> Response:
    """A feature for each place that a submission names, with nothing else of it; `fieldpath` names the question.

    Where the place may not be told to this reader there is none.
    """
    of = reading(own_commune(code))
    asked = asked_of(of, open_form(of, form_id), request.args.get("$filter", ""))
    paths = _places(asked) if submissions_geojson.tells_points(asked.definition, personal=of.personal) else []
    with select_submissions.reading(reading_engine()) as connection:
        ids = asked.ids(connection, _most())[::-1]
        wanted = (Submission.id, Submission.instance_id, Submission.answers)
        rows = [row for some in submission_pages.rows(connection, ids, wanted) for row in some]
    asked.note_reading(len(rows))
    features = [feature for row in rows for feature in _features(row, paths)]
    return jsonify(type="FeatureCollection", features=features)


def _places(asked: submission_pages.AskedSubmissions) -> list[tuple[str, str]]:
    """(path, kind) of the question that is asked for, of the first of the form else."""
    wanted = request.args.get("fieldpath", "").lstrip("/")
    found = [
        (each.path, each.kind)
        for each in asked.sql.shown.values()
        if each.kind in place_geometries.KINDS and each.repeat is None
    ]
    if wanted:
        found = [each for each in found if each[0] == wanted]
        if not found:
            raise Problem(CentralProblem.VALUE_WRONG, field="fieldpath", value=wanted[:80])
    return found[:1]


def _most() -> int | None:
    text = request.args.get("limit")
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and 0 < len(text) < 10):
        raise Problem(CentralProblem.VALUE_WRONG, field="limit", value=text[:20])
    return int(text)


def _features(row: Any, paths: Sequence[tuple[str, str]]) -> Iterator[Json]:
    for path, kind in paths:
        shape = place_geometries.of(kind, (row.answers or {}).get(path))
        if shape is not None:
            told = {"fieldpath": f"/{path}"}
            yield {"type": "Feature", "id": row.instance_id, "geometry": shape, "properties": told}


def _leaves(answers: Any, hidden: set[str], path: str = "", place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """Each answer by where it stands: ('tv', 0, 'tuoi')."""
    for name, value in answers.items() if isinstance(answers, Mapping) else ():
        here = (*place, *name.removeprefix(f"{path}/" if path else "").split("/"))
        if name in hidden:
            continue
        if isinstance(value, list) and all(isinstance(each, Mapping) for each in value):
            for at, each in enumerate(value):
                yield from _leaves(each, hidden, name, (*here, at))
        else:
            yield here, value


def _changed(before: Mapping[Place, Any], after: Mapping[Place, Any]) -> list[Json]:
    return [
        {"path": list(place), "old": before.get(place), "new": after.get(place)}
        for place in dict.fromkeys((*before, *after))
        if before.get(place) != after.get(place)
    ]


def _arrival(row: Any) -> Json:
    is_first = row.root_id is None
    action = "submission.create" if is_first else "submission.update.version"
    details = {"instanceId": row.instance_id}
    return _event(action, row.collector_id or 0, details, moment(row.received_at))


def _decision(each: SubmissionReview) -> Json:
    told = comment_json(each.comment or "", each.actor, moment(each.at))
    details: Json = {"reviewState": STATES[each.after], "submissionId": each.submission_id}
    if each.comment:
        details["comment"] = each.comment
    action = "submission.comment.create" if each.before == each.after else "submission.update"
    return _event(action, told["actorId"], details, told["createdAt"])


def _event(action: str, actor: int, details: Json, at: str) -> Json:
    return {
        "actorId": actor,
        "action": action,
        "acteeId": None,
        "details": details,
        "notes": None,
        "loggedAt": at,
    }
