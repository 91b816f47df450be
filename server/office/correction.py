"""The page on which an officer corrects the answers of one submission."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import auth, correcting, journal, reviewing
from server.correcting import Opened
from server.models import Commune

blueprint = Blueprint("correction", __name__)

NO_REASON = "Hãy ghi vì sao sửa, đã hỏi lại ai."
NOTHING = "Chưa câu nào được sửa."
PREFIX = "cau:"


@blueprint.get("/quan-tri/xa/<code>/phieu/<int:submission_id>/sua")
@auth.needs("officer", records=True)
def show(code: str, submission_id: int) -> str:
    """The questions with what was answered; opening them is in the audit."""
    commune = auth.open_own_commune(code)
    row = reviewing.find(commune, submission_id)
    journal.note_reading("submission.read", f"submission:{submission_id}", {"to_correct": True})
    return _page(commune, row.form, correcting.open_(submission_id), {}, "")


@blueprint.post("/quan-tri/xa/<code>/phieu/<int:submission_id>/sua")
@auth.needs("officer", records=True)
def save(code: str, submission_id: int) -> Response | tuple[str, int]:
    """Put the answers in; the page again with what is wrong, or asked now, else the new submission."""
    commune = auth.open_own_commune(code)
    row = reviewing.find(commune, submission_id)
    journal.note_reading("submission.read", f"submission:{submission_id}", {"to_correct": True})
    opened = correcting.open_(submission_id)
    given = {
        name.removeprefix(PREFIX): request.form.getlist(name)
        for name in request.form
        if name.startswith(PREFIX)
    }
    wrong = correcting.apply(opened, given)
    reason = request.form.get("ly_do", "").strip()[: correcting.LONGEST]
    if not wrong and not opened.changed:
        wrong[""] = NOTHING
    if not reason:
        wrong["ly_do"] = NO_REASON
    if wrong:
        return _page(commune, row.form, opened, wrong, reason), 422
    new = correcting.save(opened, reason, auth.signed_in())
    return redirect(url_for("review.one", code=code, submission_id=new, xong="sua"))


def _page(commune: Commune, form: str, opened: Opened, wrong: dict[str, str], reason: str) -> str:
    return render_template(
        "office/correction.html",
        commune=commune,
        form=form,
        opened=opened,
        questions=correcting.questions(opened),
        changed={each.path for each in opened.changed},
        wrong=wrong,
        reason=reason,
        prefix=PREFIX,
        longest=correcting.LONGEST,
    )
