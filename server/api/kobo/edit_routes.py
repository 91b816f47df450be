"""Changing submissions at Kobo's door: answers corrected as an officer would, and submissions taken out (K12)."""

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify

from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers.who_may_read import AnswersReader
from server.api import decide_by_key
from server.api.kobo.asset_routes import open_form, reading
from server.api.kobo.kobo_bodies import payload, truth
from server.api.kobo.kobo_errors import wrong
from server.api.kobo.kobo_problems import KoboProblem
from server.api.kobo.submissions_named import NamedSubmission, named, one_named
from server.db import db
from server.errors import Problem
from server.exports import form_columns, select_submissions
from server.models import Form, Submission
from server.review import correct_by_path
from server.review.review_problems import ReviewProblem
from server.review.submission_states import REJECTED

blueprint = Blueprint("kobo_edits", __name__, url_prefix="/api/v2/assets/<uid>/data")

Json = dict[str, Any]
MOST = 100
"""Submissions of one request: each is opened and worked out as a phone would, a tenth of a second of it."""
_REASON = "Sửa qua API kiểu KoboToolbox."
_DELETED = "Bỏ qua API kiểu KoboToolbox."


@blueprint.patch("/bulk")
@client(Right.CORRECT)
def correct_many(uid: str) -> tuple[Response, int]:
    """Correct the same answers in several submissions; each becomes an edit of its own, or stays and says why."""
    reader, said = reading(), payload()
    answers = said.get("data")
    if not isinstance(answers, Mapping) or not answers:
        raise wrong("payload", "`data` must be an object with the answers to change")
    form = open_form(uid, reader)
    _refuse_hidden(form, answers, reader)
    chosen = named(reader, form, said, MOST)
    results = [_corrected(each, answers) for each in chosen]
    good = sum(each["status_code"] == 201 for each in results)
    told = {
        "count": len(results), "successes": good, "failures": len(results) - good, "results": results,
    }  # fmt: skip
    return jsonify(told), 200 if good else 400


def _refuse_hidden(form: Form, answers: Mapping[str, Any], reader: AnswersReader) -> None:
    """What a reader may not have they may not change either: that nothing changed would tell what stands there."""
    if reader.personal:
        return
    hidden = {
        each.path
        for each in form_columns.withheld(form_columns.merged(select_submissions.definitions(form.id)))
    }
    for path in answers:
        if path in hidden:
            raise wrong("payload", f"`{path}` là câu riêng tư; cần khóa được đọc câu trả lời riêng tư.")


def _corrected(found: NamedSubmission, answers: Mapping[str, Any]) -> Json:
    """One line of the answer."""
    names = {"uuid": _bare(found.instance_id), "root_uuid": _bare(found.root_instance_id)}
    try:
        number = correct_by_path.correct_one(found.id, answers, _REASON, access.signed_in())
    except Problem as problem:
        db.session.rollback()
        status = 400 if problem.kind is ReviewProblem.CORRECTION_IMPOSSIBLE else problem.status
        return names | {"status_code": status, "message": problem.sentence}
    new = db.session.scalars(sa.select(Submission.instance_id).where(Submission.id == number)).one()
    return names | {"uuid": _bare(new), "status_code": 201, "message": "Successful submission."}


@blueprint.delete("/bulk")
@client(Right.REVIEW)
def take_out_many(uid: str) -> Response:
    """Take submissions out of counts and lists: they are rejected, and can be brought back where they are reviewed."""
    reader, said = reading(), payload()
    if not truth(said, "confirm", default=bool(said.get("submission_ids"))):
        raise wrong("payload", "`confirm` is required")
    chosen = named(reader, open_form(uid, reader), said)
    done = decide_by_key.bring_all(chosen, REJECTED, _DELETED)
    return jsonify(detail=f"{done} submissions have been deleted")


@blueprint.delete("/<key>")
@client(Right.REVIEW)
def take_out(uid: str, key: str) -> tuple[str, int]:
    """The same with one."""
    reader = reading()
    decide_by_key.bring_all([one_named(reader, open_form(uid, reader), key)], REJECTED, _DELETED)
    return "", 204


@blueprint.post("/<key>/duplicate")
@client(Right.CORRECT)
def duplicate(uid: str, key: str) -> Response:
    """Refused: a visit that is there twice is counted twice."""
    reader = reading()
    one_named(reader, open_form(uid, reader), key)
    raise Problem(KoboProblem.NO_TWIN)


def _bare(instance_id: str) -> str:
    return instance_id.removeprefix("uuid:")
