"""The page on which a commune gets its plan: one that comes with the software, a YAML file, or a table of Excel."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms import indicator_sets, plans
from forms.yaml_parts import MOST_BYTES, PlanRejected
from geo import vietnamese_writing
from server import clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.files.tables import tables_kept_aside
from server.models import Commune
from server.plans import load_plans, read_plan, shipped_plans
from server.plans.load_plans import PlanRefused

blueprint = Blueprint("plan_upload", __name__)
BASE = "/quan-tri/xa/<code>/ke-hoach"
SUBJECT = "ke-hoach-yaml"
Page = str | tuple[str, int]


@blueprint.get(BASE)
@access.needs(Right.PREPARE_COMMUNE)
def choose(code: str) -> str:
    """Three ways to a plan; what of it is there already."""
    return _choosing(access.open_commune(code))


@blueprint.post(BASE)
@access.needs(Right.PREPARE_COMMUNE)
def upload(code: str) -> Response | Page:
    """Set a YAML file aside and show its figures, or every line that is wrong."""
    commune = access.open_commune(code)
    file = request.files.get("tep")
    content = file.stream.read(MOST_BYTES + 1) if file and file.filename else b""
    if not content.strip():
        return _choosing(commune, ("Hãy chọn một tệp YAML.",)), 422
    wrong = _wrong_lines(content, commune)
    if wrong:
        return _choosing(commune, wrong), 422
    begin_writing()
    commune = access.open_commune(code)
    kept = tables_kept_aside.keep(commune.id, SUBJECT, access.signed_in().actor, content, "ke-hoach.yaml", {})
    db.session.commit()
    return redirect(url_for(".look", code=code, plan_id=kept.id))


@blueprint.get(f"{BASE}/<plan_id>")
@access.needs(Right.PREPARE_COMMUNE)
def look(code: str, plan_id: str) -> str:
    """The figures and tasks of a plan, before it is the commune's."""
    commune = access.open_commune(code)
    return _looking(commune, plan_id, _plan(commune, plan_id))


@blueprint.post(f"{BASE}/<plan_id>")
@access.needs(Right.PREPARE_COMMUNE)
def confirm(code: str, plan_id: str) -> Response | Page:
    """Make it the commune's."""
    plan = _plan(access.open_commune(code), plan_id)
    begin_writing()
    commune = access.open_commune(code)
    try:
        loaded = load_plans.load(plan, access.signed_in().actor)
    except PlanRefused as refused:
        db.session.rollback()
        commune = access.open_commune(code)
        return _looking(commune, plan_id, plan, str(refused)), 422
    tables_kept_aside.forget(plan_id)
    db.session.commit()
    flash(
        f"Đã lưu kế hoạch năm {loaded.plan.year}: {len(loaded.added)} con số mới, {len(loaded.changed)} thay đổi; "
        f"{len(loaded.tasks.added)} nhiệm vụ mới."
    )
    return redirect(url_for("first_steps.show", code=code))


def _plan(commune: Commune, plan_id: str) -> plans.PlanFile:
    """One that comes with the software, as this commune's; else a file that waits."""
    if plan_id in plans.PLANS:
        return shipped_plans.for_commune(plans.read(plan_id), commune, clock.today().year)
    kept = tables_kept_aside.kept(commune.id, SUBJECT, plan_id)
    try:
        return read_plan.read(kept.content)
    except PlanRejected as rejected:
        raise Problem(CommonProblem.NOT_FOUND) from rejected


def _wrong_lines(content: bytes, commune: Commune) -> tuple[str, ...]:
    try:
        plan = read_plan.read(content)
    except PlanRejected as rejected:
        return tuple(f"{vietnamese_writing.sentence(str(error))}." for error in rejected.errors[:100])
    if plan.commune_code != commune.code:
        return (f"Tệp là kế hoạch của nơi mang mã {plan.commune_code}, không phải {commune.code}.",)
    return ()


def _choosing(commune: Commune, wrong: tuple[str, ...] = ()) -> str:
    shipped = [(plan_id, plans.read(plan_id)) for plan_id in plans.PLANS]
    return render_template("office/plan_upload.html", commune=commune, shipped=shipped, wrong=wrong,
                           sets=indicator_sets.every(), year=clock.today().year)  # fmt: skip


def _looking(commune: Commune, plan_id: str, plan: plans.PlanFile, refused: str = "") -> str:
    return render_template(
        "office/plan_look.html", commune=commune, plan_id=plan_id, plan=plan, refused=refused,
        is_shipped=plan_id in plans.PLANS, year=clock.today().year,
    )  # fmt: skip
