"""The pages on which an officer enters, corrects and takes back what offices report of the plan's figures."""

import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from geo.target_states import PERIODS_IN_A_YEAR
from geo.vietnamese_order import sort_key
from server import clock
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import coverage_table
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.models import Commune, Plan, ReportedValue, Target
from server.plans import month_of_figures, office_figures, plan_years

blueprint = Blueprint("reported", __name__)
REMINDED_DAYS = 5
"""What a reminder gives an office to answer."""

Page = str | tuple[str, int]


@blueprint.get("/quan-tri/xa/<code>/so-lieu")
@access.needs(Right.REPORT_FIGURES)
def listing(code: str) -> str:
    """Every figure of the plan with who reports it, its last value and its state; those of offices first.

    The plan is that of the chosen month's year: the figures of December come in January, when another plan is in force.
    """
    commune = access.open_commune(code)
    years = plan_years.years(commune)
    month = month_of_figures.month_of(request.args.get("thang", ""))
    if (
        "thang" not in request.args and month.year not in years
    ):  # a first January: nothing was asked for December
        month = clock.today().replace(day=1)
    day = min(clock.today(), dt.date(month.year, 12, 31))
    table = coverage_table.table(commune, day, full=access.sees_records(commune))
    rows = sorted(table.targets, key=lambda row: row.target.how == "survey")
    until = clock.today() + dt.timedelta(days=REMINDED_DAYS)
    missing = month_of_figures.unreported(commune, month)
    reminders = [
        (office, targets, month_of_figures.reminder(commune, month, office, targets, until))
        for office, targets in sorted(missing.items(), key=lambda each: sort_key(each[0]))
    ]
    return render_template(
        "office/reported.html",
        commune=commune,
        rows=rows,
        has_plan=bool(years),
        month=month,
        months=month_of_figures.recent(month),
        reminders=reminders,
    )


@blueprint.get("/quan-tri/xa/<code>/so-lieu/<target_id>")
@access.needs(Right.REPORT_FIGURES)
def one(code: str, target_id: str) -> Page:
    """One figure: a form for a period's value, and every value ever entered."""
    commune = access.open_commune(code)
    return _page(commune, _target(commune, target_id), {}, {})


@blueprint.post("/quan-tri/xa/<code>/so-lieu/<target_id>")
@access.needs(Right.REPORT_FIGURES)
def enter(code: str, target_id: str) -> Response | Page:
    """Store a period's value; one that stands for the same period is corrected by it."""
    begin_writing()
    commune = access.open_commune(code)
    target = _target(commune, target_id)
    given = request.form
    try:
        office_figures.enter(
            target, office_figures.read(target, given), access.signed_in(), why=given.get("why", "")
        )
    except office_figures.Wrong as wrong:
        db.session.rollback()
        return _page(commune, _target(commune, target_id), given, wrong.fields)
    db.session.commit()
    flash("Đã lưu số liệu. Các trang, bản đồ và tệp tải về dùng số này ngay.")
    return redirect(url_for(".one", code=code, target_id=target_id))


@blueprint.post("/quan-tri/xa/<code>/so-lieu/<target_id>/<int:value_id>/rut")
@access.needs(Right.REPORT_FIGURES)
def take_back(code: str, target_id: str, value_id: int) -> Response | Page:
    """Let a value no longer count; the history keeps it with the reason."""
    begin_writing()
    commune = access.open_commune(code)
    target = _target(commune, target_id)
    row = db.session.get(ReportedValue, value_id)
    if row is None or row.target_id != target.id or row.replaced_at is not None:
        raise Problem(CommonProblem.NOT_FOUND)
    why = request.form.get("why", "")
    if not why.strip():
        db.session.rollback()
        return _page(
            commune,
            _target(commune, target_id),
            {},
            {f"take_back_{value_id}": "Hãy ghi lý do rút số liệu này."},
        )
    office_figures.take_back(row, access.signed_in(), why)
    db.session.commit()
    flash("Đã rút số liệu; lịch sử vẫn giữ con số cũ và lý do.")
    return redirect(url_for(".one", code=code, target_id=target_id))


def _target(commune: Commune, target_id: str) -> Target:
    """A figure of any plan of the commune; Problem NOT_FOUND for any other."""
    found = sa.select(Target).join(Plan).where(Plan.commune_id == commune.id, Target.code == target_id)
    target = db.session.scalars(found).first()
    if target is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return target


def _page(commune: Commune, target: Target, given: Mapping[str, str], wrong: Mapping[str, str]) -> Page:
    page = render_template(
        "office/reported_one.html",
        commune=commune,
        target=target,
        given=given,
        wrong=wrong,
        choices=office_figures.choices(target),
        rows=office_figures.history(target),
        by_period=target.period in PERIODS_IN_A_YEAR,
    )
    return (page, 422) if wrong else page
