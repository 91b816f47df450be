"""The page of what officers threw away in the last 30 days, and of putting it back."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import Problem
from server.office import form_pages
from server.privacy import deleted_bin, thrown_away
from server.privacy.privacy_problems import PrivacyProblem

blueprint = Blueprint("bin_pages", __name__)
WORDS = {thrown_away.DRAFT: "bản nháp biểu mẫu", thrown_away.HOOK: "nơi nhận phiếu"}


@blueprint.get("/quan-tri/thung-rac")
@access.needs(Right.MANAGE_FORMS)
def listing() -> str:
    """What was thrown away, and until when it can be put back."""
    commune = form_pages.own_commune()
    found = thrown_away.listed(commune, _kinds())
    days = deleted_bin.KEPT.days
    return render_template("office/bin.html", commune=commune, found=found, words=WORDS, days=days)


@blueprint.post("/quan-tri/thung-rac")
@access.needs(Right.MANAGE_FORMS)
def put_back() -> Redirect:
    """Put one thing back as it was."""
    number = request.form.get("muc", "")
    if not number.isascii() or not number.isdigit() or len(number) > 15:
        raise Problem(PrivacyProblem.NOT_IN_BIN)
    commune = form_pages.own_commune()
    begin_writing()
    told = thrown_away.put_back(int(number), commune, _kinds())
    db.session.commit()
    flash(f"Đã đưa lại {WORDS[told.kind]} “{told.name}”.")
    return redirect(url_for(".listing"))


def _kinds() -> tuple[str, ...]:
    may = access.signed_in().may(Right.MANAGE_HOOKS)
    return (thrown_away.DRAFT, thrown_away.HOOK) if may else (thrown_away.DRAFT,)
