"""Submissions at Central's door: listed, one by one, decided about, their files, and as CSV (O6, O7, X15)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, request

from forms.answers_left_out import without
from forms.definition import NONE
from server import audit
from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers import submission_pages
from server.answers.expression import ALL, Expression, OrderBy, Own
from server.answers.submission_pages import AskedSubmissions
from server.answers.who_may_read import AnswersReader
from server.api import decide_by_key
from server.api.central.central_problems import CentralProblem
from server.api.central.central_projects import own_commune
from server.api.central.central_senders import or_collector
from server.api.kobo.submissions_named import NamedSubmission, one_named
from server.api.odata import filter_text, form_names
from server.api.odata.form_routes import open_form, reading
from server.api.odata.form_rows import STATES, moment
from server.api.odata.form_tables import tables
from server.db import db, reading_engine
from server.errors import CommonProblem, Problem
from server.exports import form_columns, select_submissions, stream_submissions
from server.exports.presets import BOTH, CENTRAL, SUMMARY
from server.exports.stream_submissions import Export
from server.files import blobs
from server.models import Attachment, Form, Submission, SubmissionReview
from server.phones.phone_access import PhoneCaller

blueprint = Blueprint(
    "central_submissions", __name__, url_prefix="/v1/projects/<code>/forms/<form_id>/submissions"
)

Json = dict[str, Any]
_DECIDED = "Qua API kiểu ODK Central."
_WORDS: Mapping[str, str] = {word: state for state, word in STATES.items() if word}
LISTED_TOGETHER = 2_000
"""Rows of a list that are in memory at once: they are without answers."""
COLUMNS = (
    Submission.id, Submission.instance_id, Submission.root_id, Submission.collector_id, Submission.device,
    Submission.received_at, Submission.review, Submission.user_agent, Submission.version,
)  # fmt: skip


@blueprint.get("")
@client(Right.READ_SUBMISSIONS, records=True)
def listing(code: str, form_id: str) -> Response:
    """All that the reader may see, whatever was decided of them, the newest first, streamed; or a part of them, by
    `limit` and `offset`, without reading the others."""
    of = reading(own_commune(code))
    engine, limit, offset = reading_engine(), _number("limit"), _number("offset") or 0
    asked = replace(asked_of(of, open_form(of, form_id)), order=(OrderBy(Own.ID, descending=True),))
    with select_submissions.reading(engine) as connection:
        if limit is None:
            ids = asked.ids(connection)[offset:]
        else:
            ids, _ = asked.page(connection, limit, offset)
    asked.note_reading(len(ids))
    return Response(_listed(engine, ids), content_type="application/json")


def _listed(engine: sa.Engine, ids: Sequence[int]) -> Iterator[bytes]:
    yield b"["
    comma = b""
    with select_submissions.reading(engine) as connection:
        for rows in submission_pages.rows(connection, ids, COLUMNS, LISTED_TOGETHER):
            if rows:
                yield comma + orjson.dumps([as_json(row) for row in rows])[1:-1]
                comma = b","
    yield b"]"


def _number(name: str) -> int | None:
    """A whole number of the address; None where there is none. Problem VALUE_WRONG."""
    text = request.args.get(name, "")
    if text and not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise Problem(CentralProblem.VALUE_WRONG, field=name, value=text[:40])
    return int(text) if text else None


@blueprint.get("/keys")
@client(Right.READ_SUBMISSIONS)
def encryption_keys(code: str, form_id: str) -> Response:
    """The keys that submissions are encrypted with: none here."""
    open_form(reading(own_commune(code)), form_id)
    return jsonify([])


@blueprint.get("/submitters")
@client(Right.READ_SUBMISSIONS)
def submitters(code: str, form_id: str) -> Response:
    """The commune's collectors."""
    of = reading(own_commune(code))
    open_form(of, form_id)
    people = of.names().collectors.values()
    return jsonify([{"id": each.id, "displayName": each.name, "type": "field_key"} for each in people])


@blueprint.get("/<instance>")
@client(Right.READ_SUBMISSIONS, records=True)
def one(code: str, form_id: str, instance: str) -> Response:
    """One of them, as it is now; its XML where the address ends in .xml."""
    if instance.endswith(".xml"):
        return _xml(code, form_id, instance.removesuffix(".xml"))
    of, found = named_one(code, form_id, instance)
    audit.note_reading("submission.read", f"submission:{found.id}", {"personal": of.personal})
    return jsonify(told_one(found))


def told_one(found: NamedSubmission) -> Json:
    """The submission as it is now, under the id of the first of its chain."""
    row = db.session.execute(sa.select(*COLUMNS).where(Submission.id == found.id)).one()
    return as_json(row) | {"instanceId": found.root_instance_id}


def _xml(code: str, form_id: str, instance: str) -> Response:
    of, found = named_one(code, form_id, instance)
    hidden = hidden_paths(of, open_form(of, form_id))
    audit.note_reading("submission.read", f"submission:{found.id}", {"personal": of.personal})
    kept = db.session.scalar(sa.select(Submission.xml).where(Submission.id == found.id))
    return Response(without(bytes(kept or b""), hidden, labels=not of.personal), mimetype="application/xml")


@blueprint.patch("/<instance>")
@client(Right.REVIEW)
def decide(code: str, form_id: str, instance: str) -> Response:
    """Bring it into a state of review, with all that follows for counts and household."""
    said = request.get_json(silent=True)
    word = str(said.get("reviewState") if isinstance(said, dict) else None)
    if word not in _WORDS:
        raise Problem(CentralProblem.VALUE_WRONG, field="reviewState", value=word[:40])
    _, found = named_one(code, form_id, instance)
    decide_by_key.bring(found, _WORDS[word], _DECIDED)
    return jsonify(told_one(named_one(code, form_id, instance)[1]))


@blueprint.get("/<instance>/comments")
@client(Right.READ_SUBMISSIONS)
def comments(code: str, form_id: str, instance: str) -> Response:
    """What reviewers wrote beside their decisions, the newest first."""
    _, found = named_one(code, form_id, instance)
    wanted = sa.select(SubmissionReview).where(
        SubmissionReview.submission_id.in_(chain(found.id)), SubmissionReview.comment.is_not(None)
    )
    rows = db.session.scalars(wanted.order_by(SubmissionReview.id.desc()))
    return jsonify([comment_json(each.comment or "", each.actor, moment(each.at)) for each in rows])


def chain(number: int) -> sa.Select[Any]:
    """The keys of a submission and of all that it replaced, as a query."""
    root = sa.select(sa.func.coalesce(Submission.root_id, Submission.id)).where(Submission.id == number)
    first = root.scalar_subquery()
    # each by a key of its own: what is worked out of both columns is looked for in every row of the city
    return sa.select(Submission.id).where(sa.or_(Submission.id == first, Submission.root_id == first))


def comment_json(body: str, actor: str, at: str) -> Json:
    """A comment in Central's words."""
    number = actor.rpartition(":")[2]
    return {"body": body, "actorId": int(number) if number.isdecimal() else 0, "createdAt": at}


def own_submission(caller: PhoneCaller, form_id: str, instance: str) -> Any:
    """The collector's own submission of a form, as they sent it; Problem NOT_FOUND."""
    found = db.session.execute(
        sa.select(Submission.id, Submission.missing_files)
        .join(Form, Form.id == Submission.form_id)
        .where(
            Submission.instance_id == instance,
            Submission.collector_id == caller.collector_id,
            Form.form_id == form_id,
        )
    ).first()
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def _of_collector(caller: PhoneCaller, form_id: str, instance: str) -> Response:
    """The files of the collector's own submission."""
    found = own_submission(caller, form_id, instance)
    there = db.session.scalars(sa.select(Attachment.name).where(Attachment.submission_id == found.id))
    return _files([(name, True) for name in there], found.missing_files)


@blueprint.get("/<instance>/attachments")
@or_collector(_of_collector)
@client(Right.READ_SUBMISSIONS)
def attachments(code: str, form_id: str, instance: str) -> Response:
    """The files that a submission names: those that are there, and those that its phone has not sent yet."""
    of, found = named_one(code, form_id, instance)
    there = db.session.scalars(sa.select(Attachment.name).where(Attachment.submission_id == found.id)).all()
    missing = db.session.scalar(sa.select(Submission.missing_files).where(Submission.id == found.id)) or []
    told = [(name, True) for name in there if _may_have(of, form_id, found.id, name)]
    return _files(told, missing)


def _files(there: Sequence[tuple[str, bool]], missing: Sequence[str] | None) -> Response:
    told = sorted([*there, *((name, False) for name in missing or ())])
    return jsonify([{"name": name, "exists": exists} for name, exists in told])


@blueprint.get("/<instance>/attachments/<path:name>")
@client(Right.READ_SUBMISSIONS, records=True)
def attachment(code: str, form_id: str, instance: str, name: str) -> Response:
    """One of the files, to readers who may have the answer that names it."""
    of, found = named_one(code, form_id, instance)
    wanted = sa.select(Attachment).where(Attachment.submission_id == found.id, Attachment.name == name)
    stored = db.session.scalars(wanted).one_or_none()
    if stored is None or not _may_have(of, form_id, found.id, name):
        raise Problem(CommonProblem.FILE_UNKNOWN, name=name[:80])
    audit.note_reading("attachment.read", f"submission:{found.id}", {"name": name})
    content = blobs.get(stored.stored_sha256)
    if content is None:
        raise Problem(CommonProblem.NOT_FOUND)
    response = Response(content, content_type=stored.media_type)
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _may_have(of: AnswersReader, form_id: str, number: int, name: str) -> bool:
    """Whether no question that the reader may not read names this file."""
    if of.personal:
        return True
    hidden = hidden_paths(of, open_form(of, form_id))
    answers = db.session.scalar(sa.select(Submission.answers).where(Submission.id == number))
    return not _names(answers, hidden, name)


def hidden_paths(of: AnswersReader, form: Form) -> set[str]:
    """Paths of the answers that the reader may not have."""
    definition = asked_of(of, form).definition
    return {each.path for each in definition.fields if each.sensitivity != NONE and not of.personal}


def _names(answers: Any, hidden: set[str], name: str) -> bool:
    if isinstance(answers, list):
        return any(_names(each, hidden, name) for each in answers)
    if not isinstance(answers, dict):
        return False
    return any(
        (path in hidden and value == name) or _names(value, hidden, name) for path, value in answers.items()
    )


def exported(code: str, form_id: str, wishes: Mapping[str, Any]) -> Export:
    """The submissions as Central's files have them, within what the reader may see (X15)."""
    commune = own_commune(code)
    of = reading(commune)
    form = open_form(of, form_id)
    asked = asked_of(of, form, str(wishes.get("$filter") or ""))
    splits = _truth(wishes, "splitSelectMultiples", default=False)
    export = stream_submissions.prepare(
        asked.chosen,
        CENTRAL,
        labels=False,
        personal=of.personal,
        made_by=access.signed_in().name,
        photos=_truth(wishes, "attachments", default=True) and of.personal,
        multiple=BOTH if splits else SUMMARY,
        groups=_truth(wishes, "groupPaths", default=True),
        newest_only=not _truth(wishes, "deletedFields", default=False),
    )
    audit.note_reading(
        "submissions.export", f"form:{form.form_id}", {"commune": commune.code, "as": "central"}
    )
    return export


def wishes() -> dict[str, Any]:
    """What a request says of a file: in its address, and in a body of JSON or of a form."""
    body = request.get_json(silent=True) if request.is_json else request.form.to_dict()
    return {**request.args.to_dict(), **(body if isinstance(body, dict) else {})}


def _truth(given: Mapping[str, Any], name: str, *, default: bool) -> bool:
    text = str(given.get(name, "")).strip().lower()
    return text == "true" if text in ("true", "false") else default


def asked_of(of: AnswersReader, form: Form, text: str = "") -> AskedSubmissions:
    """The submissions of a form that a reader may see, whatever was decided of them; `text` is a `$filter`."""
    definition = form_columns.merged(select_submissions.definitions(form.id))
    expression: Expression = ALL
    if text:
        root = tables(definition, personal=of.personal)[0]
        known = form_names.names(form_names.of_root(root), definition, of.names())
        expression = filter_text.expression(text, known)
    return submission_pages.ask(of, form, reading_engine().dialect.name, expression, any_state=True)


def named_one(code: str, form_id: str, instance: str) -> tuple[AnswersReader, NamedSubmission]:
    """Who asks, and the submission of an address; Problem NOT_FOUND."""
    of = reading(own_commune(code))
    return of, one_named(of, open_form(of, form_id), instance)


def as_json(row: Any) -> Json:
    """A submission in Central's words; `row` has COLUMNS."""
    came = moment(row.received_at)
    return {
        "instanceId": row.instance_id,
        "submitterId": row.collector_id or 0,
        "deviceId": row.device,
        "createdAt": came,
        "updatedAt": came if row.root_id is not None else None,
        "reviewState": STATES[row.review],
        "userAgent": row.user_agent,
        "instanceName": None,
    }
