"""The page on which an officer gives a visit to the right household."""

import uuid

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import Problem
from server.households import household_search, visit_moves
from server.households.act_rows import Officer
from server.households.household_problems import HouseholdProblem
from server.households.household_search import HouseholdFilter
from server.models import Commune
from server.review import review_queue

blueprint = Blueprint("visit_moves", __name__)
BASE = "/quan-tri/xa/<code>/phieu/<int:submission_id>/ho"
SHOWN = 20


@blueprint.get(BASE)
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def choose(code: str, submission_id: int) -> str:
    """The household that a visit is written down for, and others found by name, lane or number."""
    return _page(access.open_commune(code), submission_id)


@blueprint.post(BASE)
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def give(code: str, submission_id: int) -> Response | tuple[str, int]:
    """Give the visit to the household that was chosen; where that cannot be, say so on the page."""
    begin_writing()
    commune, person = access.open_commune(code), access.signed_in()
    review_queue.find(commune, submission_id)
    officer = Officer(person.actor, person.name, commune.id, request.remote_addr)
    try:
        taker = uuid.UUID(request.form.get("ho", ""))
        visit_moves.give(db.session.connection(), submission_id, taker, officer)
    except ValueError:
        db.session.rollback()
        return _page(access.open_commune(code), submission_id, "Hãy chọn một hộ."), 422
    except Problem as problem:
        if problem.kind not in (HouseholdProblem.ACT_IMPOSSIBLE, HouseholdProblem.HOUSEHOLD_UNKNOWN):
            raise
        db.session.rollback()
        return _page(access.open_commune(code), submission_id, problem.sentence), problem.status
    db.session.commit()
    flash(f"Phiếu số {submission_id} nay tính cho hộ này. Hoàn tác được ở mục Việc đã làm với hộ.")
    return redirect(url_for("households.one", code=code, household_id=taker))


def _page(commune: Commune, submission_id: int, wrong: str = "") -> str:
    row = review_queue.find(commune, submission_id)
    text = request.args.get("tim", "").strip()[:100]
    audit.note_reading("submission.read", f"submission:{submission_id}", {"label": True})
    found = household_search.listed(commune, HouseholdFilter(text=text)).lines if text else ()
    household = household_search.one(commune, row.entity_id) if row.label is not None else None
    others = [each for each in found if each.id != row.entity_id and each.ended is None]
    return render_template(
        "office/visit_move.html",
        commune=commune, row=row, household=household, text=text, found=others[:SHOWN], wrong=wrong,
        more=len(others) > SHOWN,
    )  # fmt: skip
