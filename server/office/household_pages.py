"""The pages of households: find one, see its history, correct, move, end, split, merge, undo; settle conflicts."""

import datetime as dt
import uuid
from collections.abc import Callable

import sqlalchemy as sa
from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.households import (
    door_remarks,
    household_acts,
    household_conflicts,
    household_history,
    household_search,
    household_states,
    merge_households,
    next_try,
    property_words,
)
from server.households.act_rows import BY_ITSELF, KINDS, Officer
from server.households.entity_changes import HOUSEHOLDS
from server.households.household_problems import HouseholdProblem
from server.households.household_search import HouseholdFilter, HouseholdFolder
from server.models import Commune
from server.places import communes
from server.review import submission_states
from server.review.submission_states import whole_word

blueprint = Blueprint("households", __name__)
BASE = "/quan-tri/xa/<code>/ho"


@blueprint.get(BASE)
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def listing(code: str) -> str:
    """A commune's households, 50 a page; names and addresses only where they were asked for, and then logged."""
    commune = access.open_commune(code)
    wanted, shows_names = _wanted(), request.args.get("ten") == "1"
    if shows_names:
        audit.note_reading("household.list", f"commune:{commune.code}", {"labels": True})
    return render_template(
        "office/households.html",
        commune=commune,
        wanted=wanted,
        shows_names=shows_names,
        page=household_search.listed(commune, wanted),
        villages=communes.villages(commune),
        called=communes.called(commune),
        states=household_states.WORDS,
        conflicts=household_conflicts.waiting(commune),
    )


@blueprint.get(f"{BASE}/<uuid:household_id>")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def one(code: str, household_id: uuid.UUID) -> str:
    """One household with its visits, versions and acts; its name and address are shown, and the reading logged."""
    commune = access.open_commune(code)
    return _page(commune, household_search.one(commune, household_id))


@blueprint.post(f"{BASE}/<uuid:household_id>")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def act(code: str, household_id: uuid.UUID) -> Response | str | tuple[str, int]:
    """Ask once more what an act is going to change; do it where the officer has confirmed.

    What cannot be done is told beside the form of that act, with what was typed.
    """
    commune = access.open_commune(code)
    chosen = request.form.get("viec", "")
    if chosen not in _DO:
        raise Problem(CommonProblem.BAD_REQUEST, why="không rõ việc cần làm.")
    if request.form.get("dong_y") != "1":
        found = household_search.one(commune, household_id)
        audit.note_reading("household.read", f"entity:{household_id}", {"label": True})
        return render_template(
            "office/household_confirm.html",
            commune=commune, household=found, chosen=chosen, kinds=KINDS, form=request.form,
            states=household_states.WORDS,
            villages={village.id: village for village in communes.villages(commune)},
            other=_other(commune), counted=sum(not visit.replaced for visit in found.visits),
        )  # fmt: skip
    begin_writing()
    try:
        _DO[chosen](db.session.connection(), household_id, _officer(access.open_commune(code)))
    except Problem as problem:
        if problem.kind not in _TOLD_BESIDE:
            raise
        db.session.rollback()
        commune = access.open_commune(code)
        return _page(
            commune, household_search.one(commune, household_id), chosen, problem.sentence
        ), problem.status
    db.session.commit()
    flash(
        f"Đã làm xong: {KINDS.get(chosen, 'hoàn tác')}. Điện thoại của tổ nhận thay đổi ở lần cập nhật tới."
    )
    return redirect(url_for(".one", code=code, household_id=household_id))


@blueprint.get(f"{BASE}/trung")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def doubles(code: str) -> str:
    """Pairs of households that are perhaps one, side by side, each to be merged in either direction."""
    commune = access.open_commune(code)
    audit.note_reading("household.doubles", f"commune:{commune.code}", {"labels": True})
    return render_template("office/doubles.html", commune=commune, found=household_search.doubles(commune))


@blueprint.get(f"{BASE}/lech")
@access.needs(Right.MANAGE_HOUSEHOLDS, records=True)
def differing(code: str) -> str:
    """Changes that did not know of each other, side by side."""
    commune = access.open_commune(code)
    hard = request.args.get("loai") != "nhe"
    audit.note_reading("household.conflicts", f"commune:{commune.code}", {"labels": True})
    return render_template(
        "office/conflicts.html",
        commune=commune,
        hard=hard,
        found=household_conflicts.listed(commune, hard=hard),
    )


@blueprint.post(f"{BASE}/lech")
@access.needs(Right.MANAGE_HOUSEHOLDS)
def settle(code: str) -> Response:
    """Settle one conflict with the values that the officer chose."""
    begin_writing()
    commune = access.open_commune(code)
    household_id, version = _uuid(request.form.get("ho", "")), request.form.get("ban", 0, type=int)
    chosen = {
        key.removeprefix("chon:"): value.strip()[:500]
        for key, value in request.form.items()
        if key.startswith("chon:")
    }
    household_conflicts.settle(
        db.session.connection(), commune, household_id, version, chosen, access.signed_in().name
    )
    audit.note("household.settle", f"entity:{household_id}", {"version": version})
    db.session.commit()
    flash("Đã xử lý chỗ lệch.")
    return redirect(url_for(".differing", code=code))


def _page(commune: Commune, household: HouseholdFolder, chosen: str = "", wrong: str = "") -> str:
    audit.note_reading("household.read", f"entity:{household.row.id}", {"label": True})
    words = property_words.of_list(HOUSEHOLDS, commune.id)
    return render_template(
        "office/household.html",
        words=words,
        steps=household_history.steps(household.versions, household.acts, words),
        decisions=household_history.decisions(household.row.id),
        review_words=submission_states.WORDS,
        commune=commune,
        household=household,
        state=household_states.word(household.row.data.get("tinh_trang")),
        tried=next_try.of(household.row.data, clock.today(), next_try.most()),
        most_tries=next_try.most(),
        plan_page=_plan_page(commune, household),
        ended=household_states.ENDS.get(household.row.ended_reason or ""),
        villages=communes.villages(commune),
        kinds=KINDS,
        states=household_states.WORDS,
        result_word=household_states.result_word,
        whole_word=whole_word,
        today=clock.today(),
        undoable=_undoable(household),
        remarks=door_remarks.of_household(db.session.connection(), household.row.id),
        longest=door_remarks.LONGEST,
        chosen=chosen,
        wrong=wrong,
        given=request.form,
    )


def _plan_page(commune: Commune, household: HouseholdFolder) -> str:
    """Where the next visit is planned; "" where this server has no such page."""
    if "team.household" not in current_app.view_functions:
        return ""
    village = household.village.code
    return url_for("team.household", code=commune.code, village=village, household_id=household.row.id)


_TOLD_BESIDE = (
    HouseholdProblem.ACT_IMPOSSIBLE,
    HouseholdProblem.HOUSEHOLD_UNKNOWN,
    CommonProblem.BAD_REQUEST,
)


def _undoable(household: HouseholdFolder) -> set[int]:
    """The acts that may be undone now: the newest of those that rest on each other, and all others."""
    own = [each for each in household.acts if each.entity_id == household.row.id]
    open_acts = [each for each in own if each.undone_at is None]
    newest = next((each.id for each in open_acts if each.kind not in BY_ITSELF), None)
    return {each.id for each in open_acts if each.kind in BY_ITSELF} | ({newest} if newest else set())


def _wanted() -> HouseholdFilter:
    state = request.args.get("trang_thai")
    return HouseholdFilter(
        text=request.args.get("tim", "")[:100] if request.args.get("ten") == "1" else "",
        village_id=request.args.get("thon", type=int),
        state=state if state in household_states.WORDS else None,
        page=max(1, min(request.args.get("trang", 1, type=int), 10_000)),
    )


def _officer(commune: Commune) -> Officer:
    person = access.signed_in()
    return Officer(person.actor, person.name, commune.id, request.remote_addr)


def _other(commune: Commune) -> HouseholdFolder | None:
    """The second household of a merge, as the confirmation names it."""
    if request.form.get("viec") != "merge":
        return None
    return household_search.one(commune, _uuid(request.form.get("ho_khac", "")))


def _uuid(text: str) -> uuid.UUID:
    try:
        return uuid.UUID(text.strip())
    except ValueError as error:
        raise Problem(HouseholdProblem.HOUSEHOLD_UNKNOWN) from error


def _village() -> int:
    found = request.form.get("thon", type=int)
    if found is None:
        raise Problem(CommonProblem.BAD_REQUEST, why="hãy chọn thôn.")
    return found


def _day() -> dt.date:
    try:
        return dt.date.fromisoformat(request.form.get("ngay", ""))
    except ValueError as error:
        raise Problem(CommonProblem.BAD_REQUEST, why="hãy chọn ngày.") from error


def _fix(connection: sa.Connection, household: uuid.UUID, officer: Officer) -> None:
    household_acts.fix_village(connection, household, _village(), officer)


def _move(connection: sa.Connection, household: uuid.UUID, officer: Officer) -> None:
    household_acts.move(connection, household, _village(), _day(), officer)


def _end(connection: sa.Connection, household: uuid.UUID, officer: Officer) -> None:
    household_acts.end(connection, household, _day(), officer)


def _split(connection: sa.Connection, household: uuid.UUID, officer: Officer) -> None:
    label, address = request.form.get("ten", "")[:200], request.form.get("dia_chi", "")[:200]
    household_acts.split(connection, household, _day(), label, officer, address.strip())


def _merge(connection: sa.Connection, household: uuid.UUID, officer: Officer) -> None:
    merge_households.merge(connection, household, _uuid(request.form.get("ho_khac", "")), officer)


def _remark(connection: sa.Connection, household: uuid.UUID, officer: Officer) -> None:
    door_remarks.add(connection, household, request.form.get("loi_nhan", "")[:500], officer)


def _undo(connection: sa.Connection, _household: uuid.UUID, officer: Officer) -> None:
    household_acts.undo(connection, request.form.get("lan", 0, type=int), officer)


_DO: dict[str, Callable[[sa.Connection, uuid.UUID, Officer], None]] = {
    "fix": _fix, "move": _move, "end": _end, "split": _split, "merge": _merge, "undo": _undo, "remark": _remark,
}  # fmt: skip
