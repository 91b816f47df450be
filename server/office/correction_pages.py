"""An officer corrects a submission in the form that it was filled in with (server/webform/static/correction.js).

One way in: `…/sua`. Forms that no browser can show lead on to the page with a field for each answer.
"""

import base64

import sqlalchemy as sa
from flask import Blueprint, Response, jsonify, redirect, render_template, request, url_for
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response as AnyResponse

from forms.check import phone_and_web_limits
from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import db
from server.errors import Problem
from server.models import Attachment, Submission
from server.office.correction_by_answer_pages import NO_REASON, NOTHING
from server.review import correct_answer, correct_in_form, correctable_questions, lists_of_visit, review_queue
from server.review.correct_answer import OpenedCorrection
from server.webform import page

blueprint = Blueprint("correction", __name__)

_ONE = "/quan-tri/xa/<code>/phieu/<int:submission_id>/sua"
ANSWERS, REASON, FILES = "ban_sua", "ly_do", "tep:"
"""The parts of what the form sends: answers and rounds as JSON, why, and files by the address of their question."""


@blueprint.get(_ONE)
@access.needs(Right.CORRECT, records=True)
def show(code: str, submission_id: int) -> AnyResponse:
    """The form, empty: its modules fetch the visit, and keep nothing of it on this machine."""
    opened = _opened(code, submission_id)
    if any(not need.web for need in phone_and_web_limits.of(opened.xform)):
        return redirect(url_for("correction_by_answer.show", code=code, submission_id=submission_id))
    made = render_template(
        "webform/correction.html", code=code, submission_id=submission_id, version=page.version()
    )
    return page.allowed(Response(made))


@blueprint.get(f"{_ONE}/phieu")
@access.needs(Right.CORRECT, records=True)
def visit(code: str, submission_id: int) -> Response:
    """The visit as it was sent, its form with its files, and what may not be corrected; `at` in milliseconds."""
    opened = _opened(code, submission_id)
    row = db.session.get_one(Submission, submission_id)
    photos = sa.select(Attachment.id, Attachment.name).where(Attachment.submission_id == submission_id)
    return jsonify(
        title=review_queue.find(access.open_own_commune(code), submission_id).form,
        xform=opened.xform.decode(),
        xml=opened.filling.sent.decode(),
        at=int(row.observed_at.timestamp() * 1000),
        fixed=correctable_questions.fixed(opened.filling, opened.definition, opened.served, opened.searched),
        files={name: base64.b64encode(_file(opened, name)).decode() for name in opened.media},
        photos={
            each.name: url_for("photos.show", code=code, attachment_id=each.id)
            for each in db.session.execute(photos)
        },
        csrf=generate_csrf(),
    )


def _file(opened: OpenedCorrection, name: str) -> bytes:
    """A file of the form, with what this visit chose of it; of a list of people that alone."""
    content = opened.media[name]
    if name in opened.served:
        return lists_of_visit.named_alone(name, content, opened.filling.sent)
    if not name.endswith(".csv"):
        return content
    root = opened.filling.form.root
    paths = {f"{root}/{each.path}" for each in opened.definition.fields if each.choices_file == name}
    chosen = (each.text for each in opened.filling.questions() if each.path in paths)
    return lists_of_visit.with_the_chosen(content, (code for text in chosen for code in text.split()))


@blueprint.post(_ONE)
@access.needs(Right.CORRECT, records=True)
def save(code: str, submission_id: int) -> tuple[Response, int]:
    """Merge what was touched into the visit: 201 with the address of the new submission, 422 with what is wrong."""
    try:
        opened = _opened(code, submission_id, is_begun=True)
        files = {
            name.removeprefix(FILES): each for name, each in request.files.items() if name.startswith(FILES)
        }
        wrong = correct_in_form.apply(opened, correct_in_form.read(request.form.get(ANSWERS, ""), files))
        reason = request.form.get(REASON, "").strip()[: correct_answer.LONGEST]
        if not wrong and not opened.changed:
            wrong[""] = NOTHING
        if not reason:
            wrong[REASON] = NO_REASON
        if wrong:
            return jsonify(wrong=wrong), 422
        new = correct_answer.save(opened, reason, access.signed_in())
    except Problem as problem:
        return jsonify(message=problem.sentence), problem.status
    return jsonify(location=url_for("review.one", code=code, submission_id=new, xong="sua")), 201


def _opened(code: str, submission_id: int, *, is_begun: bool = False) -> OpenedCorrection:
    """The submission of this commune, opened; that is in the audit."""
    commune = access.open_own_commune(code)
    review_queue.find(commune, submission_id)
    audit.note_reading("submission.read", f"submission:{submission_id}", {"to_correct": True})
    return correct_answer.open_(submission_id, is_begun=is_begun)
