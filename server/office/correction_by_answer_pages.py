"""The page with a field for each answer of one submission: for forms that no browser can show (docs/webform.md)."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.models import Commune
from server.review import correct_answer, correctable_questions, corrected_answer, review_queue
from server.review.correct_answer import OpenedCorrection

blueprint = Blueprint("correction_by_answer", __name__)

NO_REASON = "Hãy ghi vì sao sửa, đã hỏi lại ai."
NOTHING = "Chưa câu nào được sửa."
PREFIX, FILES = "cau:", "tep:"
"""What stands before a question's path in the names of the page's fields."""


@blueprint.get("/quan-tri/xa/<code>/phieu/<int:submission_id>/sua/tung-cau")
@access.needs(Right.CORRECT, records=True)
def show(code: str, submission_id: int) -> str:
    """The questions with what was answered; opening them is in the audit."""
    commune = access.open_own_commune(code)
    row = review_queue.find(commune, submission_id)
    audit.note_reading("submission.read", f"submission:{submission_id}", {"to_correct": True})
    return _page(commune, row.form, correct_answer.open_(submission_id), {}, "")


@blueprint.post("/quan-tri/xa/<code>/phieu/<int:submission_id>/sua/tung-cau")
@access.needs(Right.CORRECT, records=True)
def save(code: str, submission_id: int) -> Response | tuple[str, int]:
    """Put the answers in; the page again with what is wrong, or asked now, else the new submission."""
    commune = access.open_own_commune(code)
    row = review_queue.find(commune, submission_id)
    audit.note_reading("submission.read", f"submission:{submission_id}", {"to_correct": True})
    opened = correct_answer.open_(submission_id)
    given = {
        name.removeprefix(PREFIX): request.form.getlist(name)
        for name in request.form
        if name.startswith(PREFIX)
    }
    files = {
        name.removeprefix(FILES): file
        for name, file in request.files.items()
        if name.startswith(FILES) and file.filename
    }
    wrong = correct_answer.apply(opened, given, files)
    reason = request.form.get("ly_do", "").strip()[: correct_answer.LONGEST]
    if not wrong and not opened.changed:
        wrong[""] = NOTHING
    if not reason:
        wrong["ly_do"] = NO_REASON
    if wrong:
        return _page(commune, row.form, opened, wrong, reason), 422
    new = correct_answer.save(opened, reason, access.signed_in())
    return redirect(url_for("review.one", code=code, submission_id=new, xong="sua"))


def _page(commune: Commune, form: str, opened: OpenedCorrection, wrong: dict[str, str], reason: str) -> str:
    return render_template(
        "office/correction_by_answer.html",
        commune=commune,
        form=form,
        opened=opened,
        questions=correct_answer.questions(opened),
        fixed=correct_answer.fixed(opened),
        changed={each.address for each in opened.changed},
        wrong=wrong,
        reason=reason,
        prefix=PREFIX,
        longest=correct_answer.LONGEST,
        longest_answer=correctable_questions.LONGEST_ANSWER,
        files=FILES,
        removed=corrected_answer.REMOVED,
    )
