"""The page on which blocks of questions are chosen for the household form, with the minutes that a visit will take."""

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as Redirect

from forms import form_blocks, indicator_sets, visit_length
from forms.errors import FormRejected
from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.models import Commune, Form
from server.office import form_pages
from server.published_forms import catalogue, form_drafts, household_blocks, visit_minutes

blueprint = Blueprint("form_block_pages", __name__)


@blueprint.get("/quan-tri/bieu-mau/khoi")
@access.needs(Right.MANAGE_FORMS)
def blocks() -> str:
    """All blocks, what each asks and states, and how long a visit is with those that are ticked."""
    commune = form_pages.own_commune()
    form_id = household_blocks.form_id(commune)
    chosen = request.args.getlist("khoi") if "tinh" in request.args else visit_minutes.held(form_id)
    return _page(commune, form_blocks.in_order(chosen))


@blueprint.post("/quan-tri/bieu-mau/khoi")
@access.needs(Right.MANAGE_FORMS)
def compose_blocks() -> Redirect:
    """Make the household form with the ticked blocks a draft: tried and published like every other."""
    commune = form_pages.own_commune()
    if request.form.get("tao") != "1":
        raise Problem(CommonProblem.BAD_REQUEST, why="hãy chọn khối rồi bấm “Tạo bản nháp để thử”.")
    codes = form_blocks.in_order(request.form.getlist("khoi"))
    workbook, name = household_blocks.workbook(codes, commune)
    try:
        checked = form_drafts.check(workbook, name, with_java=True)
        db.session.rollback()
        begin_writing()
        draft = form_drafts.save(workbook, name, form_pages.own_commune(), access.signed_in().actor, checked)
    except FormRejected as rejected:
        db.session.rollback()
        why = "; ".join(map(str, rejected.errors[:3]))
        raise Problem(CommonProblem.BAD_REQUEST, why=why) from rejected
    detail = {"form_id": draft.form_id, "md5": draft.md5, "blocks": list(codes)}
    audit.note("form.upload", f"form_draft:{draft.id}", detail)
    db.session.commit()
    return redirect(url_for("form_pages.show_draft", draft_id=draft.id, xong="tai_len"))


def _page(commune: Commune | None, chosen: tuple[str, ...]) -> str:
    form_id, length = household_blocks.form_id(commune), visit_length.worked_out()
    serves = {
        each.code: [found.label_vi for found in indicator_sets.every() if each.code in found.blocks]
        for each in form_blocks.every()
    }
    return render_template(
        "office/form_blocks.html",
        commune=commune,
        form_id=form_id,
        blocks=form_blocks.every(),
        chosen=chosen,
        serves=serves,
        seconds={code: round(seconds) for code, seconds in length.blocks.items()},
        form_minutes=visit_length.minutes(length.form),
        most=visit_length.MOST_MINUTES,
        usual=visit_length.USUAL_VI,
        estimate=visit_minutes.estimate((form_id, form_blocks.HOUSEHOLD_FORM), chosen),
        least_measured=visit_minutes.LEAST_MEASURED,
        labels={each.code: each.label_vi for each in form_blocks.every()},
        shares_form=commune is not None and _has_shared_form(commune),
    )


def _has_shared_form(commune: Commune) -> bool:
    """Whether the commune's phones have the city's household form too."""
    shared = sa.select(Form.id).where(
        Form.form_id == form_blocks.HOUSEHOLD_FORM,
        Form.retired_at.is_(None),
        catalogue.offered_to(commune.id),
    )
    return db.session.scalar(shared) is not None
