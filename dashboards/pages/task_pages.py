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
from server.plans import tasks
from server.plans.tasks import KINDS, STATES, TaskFilter

blueprint = Blueprint("tasks", __name__, template_folder="templates")

Page = str | tuple[str, int]


@blueprint.get("/xa/<code>/nhiem-vu")
@access.needs(Right.READ_SUMS)
def listing(code: str) -> Page:
    """The tasks of this year's plan, overdue first."""
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
        for name in ("loai", "trang_thai", "don_vi", "trang")
        if request.args.get(name)
    }


def _page(commune: Commune, open_task: str, wrong: Sequence[str]) -> Page:
    asked = _asked()
    page_asked = asked.pop("trang", "")
    number = int(page_asked) if page_asked.isascii() and page_asked.isdigit() and len(page_asked) < 6 else 1
    wanted = TaskFilter(asked.get("loai", ""), asked.get("trang_thai", ""), asked.get("don_vi", ""), number)
    page = render_template(
        "tasks.html",
        commune=commune,
        year=clock.today().year,
        found=tasks.listing(commune, clock.today().year, wanted),
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
