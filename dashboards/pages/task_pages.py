"""The page of the plan's tasks: who leads them, until when, how far they are, what is overdue."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.models import Commune
from server.plans import plan_years, tasks
from server.plans.tasks import KINDS, STATES, TaskFilter

blueprint = Blueprint("tasks", __name__, template_folder="templates")

Page = str | tuple[str, int]


@blueprint.get("/xa/<code>/nhiem-vu")
@access.needs(Right.READ_SUMS)
def listing(code: str) -> Page:
    """The tasks of the newest plan that is in force, or of that of an earlier year; overdue first."""
    return _page(access.open_commune(code), "", ())


@blueprint.post("/xa/<code>/nhiem-vu/<task_code>")
@access.needs(Right.MOVE_TASKS)
def move_on(code: str, task_code: str) -> Response | Page:
    """Note how far a task is."""
    begin_writing()
    commune = access.open_commune(code)
    task = tasks.one(commune, task_code)
    if task is None:
        raise Problem(CommonProblem.NOT_FOUND)
    state, note, link = (request.form.get(name, "") for name in ("state", "note", "link"))
    wrong = tasks.problems(state, note, link)
    if wrong:
        db.session.rollback()
        return _page(commune, task_code, wrong)
    tasks.move_on(task, state, note, link, access.signed_in())
    db.session.commit()
    flash(f"Đã ghi tiến độ của {task_code}.")
    return redirect(url_for(".listing", code=code, **_asked(), _anchor=task_code))


def _asked() -> dict[str, Any]:
    return {
        name: request.args[name]
        for name in ("nam", "loai", "trang_thai", "don_vi", "trang")
        if request.args.get(name)
    }


def _page(commune: Commune, open_task: str, wrong: Sequence[str]) -> Page:
    asked = _asked()
    years = [each for each in plan_years.years(commune) if each <= clock.today().year]
    this_year = clock.today().year
    year = _year(asked.pop("nam", ""), years)
    if year != this_year:
        asked["nam"] = str(year)
    page_asked = asked.pop("trang", "")
    number = int(page_asked) if page_asked.isascii() and page_asked.isdigit() and len(page_asked) < 6 else 1
    wanted = TaskFilter(asked.get("loai", ""), asked.get("trang_thai", ""), asked.get("don_vi", ""), number)
    page = render_template(
        "tasks.html",
        commune=commune,
        year=year,
        this_year=this_year,
        is_missing=this_year not in years,
        other_years=[each for each in years if each != year],
        found=tasks.listing(commune, year, wanted),
        wanted=wanted,
        asked=asked,
        kinds=KINDS,
        states=STATES,
        may_write=access.may(Right.MOVE_TASKS, commune),
        open_task=open_task,
        given=request.form,
        wrong=wrong,
    )
    return (page, 422) if wrong else page


def _year(asked: str, years: Sequence[int]) -> int:
    """The year asked for, where it has a plan; else the newest that has one: work of last year is not over on 1/1."""
    named = [year for year in years if str(year) == asked]
    return next(iter((*named, *years)), clock.today().year)
