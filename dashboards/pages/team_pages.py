"""The pages of a team, for a phone: whom to visit next in a thôn, how it goes, and what looks wrong."""

import datetime as dt
import math
import uuid
from collections.abc import Sequence

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import one_household, walking_plan, whom_to_visit
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.households import household_states, next_try, walking_areas
from server.households.act_rows import Officer
from server.households.household_problems import HouseholdProblem
from server.households.next_try import Appointment
from server.models import Commune, Village
from server.places import communes
from server.review import first_look
from server.review.first_look import WaitsFor

blueprint = Blueprint("team", __name__, template_folder="templates")


@blueprint.get("/xa/<code>/to")
@access.needs(Right.LEAD_TEAM)
def villages(code: str) -> str | Response:
    """Today: the leader of a team is led to their first thôn with anybody to visit, and goes on from thôn to thôn;
    an officer chooses among those of the commune, by code: no order of merit.
    """
    commune = access.open_commune(code)
    own = access.villages_seen(commune)
    shown = communes.villages_by_code(commune, own)
    progress = whom_to_visit.progress(commune, shown)
    if own is not None and progress:
        first = next((each for each in progress if each.to_visit), progress[0])
        return redirect(url_for(".village", code=code, village=first.village.code))
    return render_template(
        "team_villages.html", commune=commune, progress=progress, states=whom_to_visit.STATES
    )


@blueprint.get("/xa/<code>/to/<village>")
@access.needs(Right.LEAD_TEAM, records=True)
def village(code: str, village: str) -> str:
    """One thôn: whom to visit today, lane by lane, and the other lists, with names; every view is logged (R24)."""
    commune = access.open_commune(code)
    found = village_of(commune, village)
    state = request.args.get("loc", whom_to_visit.TODAY)
    search = request.args.get("tim", "").strip()[:80]
    page = max(1, min(request.args.get("trang", 1, type=int), 1000))
    state = state if state in _lists() else whom_to_visit.TODAY
    audit.note_reading("household.list", f"village:{found.code}", {"state": state})
    [progress] = whom_to_visit.progress(commune, [found])
    areas = walking_plan.of(found).areas if walking_areas.areas(found) else ()
    area = next((each for each in areas if each.row.id == request.args.get("phan", type=int)), None)
    only = frozenset(home.id for home in area.homes) if area else None
    own = access.villages_seen(commune)
    needed = progress.pace.needed
    return render_template(
        "team_village.html",
        commune=commune,
        village=found,
        villages=communes.villages_by_code(commune, own) if own is not None else (),
        progress=progress,
        needed=math.ceil(needed) if needed is not None else None,
        states=_lists(),
        numbers=progress.listed,
        closed_list=household_states.CLOSED,
        today_list=whom_to_visit.TODAY,
        day=clock.today(),
        state=state,
        search=search,
        homes=whom_to_visit.homes(progress.parts, state, search, page, only),
        areas=areas,
        area=area,
        helped=whom_to_visit.helped(progress.parts),
        doubtful=whom_to_visit.doubtful(commune, progress.parts),
        answered=whom_to_visit.answered(progress.parts),
        to_review=_to_review(commune, progress.parts),
        is_officer=access.may(Right.READ_LABELS, commune),
    )


@blueprint.get("/xa/<code>/to/<village>/ho/<uuid:household_id>")
@access.needs(Right.LEAD_TEAM, records=True)
def household(code: str, village: str, household_id: uuid.UUID) -> str:
    """One household: each try with its hour, the appointment, and opening it again; the reading is logged (R24)."""
    commune = access.open_commune(code)
    return _household(commune, village_of(commune, village), household_id)


@blueprint.post("/xa/<code>/to/<village>/ho/<uuid:household_id>")
@access.needs(Right.LEAD_TEAM, records=True)
def plan(code: str, village: str, household_id: uuid.UUID) -> Response | tuple[str, int]:
    """Make an appointment (`viec` hen), take it away (bo_hen), or let teams go there again (mo_lai)."""
    begin_writing()
    commune = access.open_commune(code)
    found = village_of(commune, village)
    one_household.found(found, household_id)
    try:
        _do(household_id, commune)
    except Problem as problem:
        if problem.kind not in (HouseholdProblem.ACT_IMPOSSIBLE, CommonProblem.BAD_REQUEST):
            raise
        db.session.rollback()
        commune = access.open_commune(code)
        return _household(
            commune, village_of(commune, village), household_id, problem.sentence
        ), problem.status
    db.session.commit()
    return redirect(url_for(".household", code=code, village=village, household_id=household_id, xong=1))


def _do(household_id: uuid.UUID, commune: Commune) -> None:
    person, chosen = access.signed_in(), request.form.get("viec", "")
    officer = Officer(person.actor, person.name, commune.id, request.remote_addr)
    connection = db.session.connection()
    if chosen == "mo_lai":
        next_try.reopen(connection, household_id, officer)
    elif chosen in ("hen", "bo_hen"):
        next_try.appoint(connection, household_id, _appointment() if chosen == "hen" else None, officer)
    else:
        raise Problem(CommonProblem.BAD_REQUEST, why="không rõ việc cần làm.")


def _appointment() -> Appointment:
    try:
        day = dt.date.fromisoformat(request.form.get("ngay", ""))
    except ValueError as error:
        raise Problem(CommonProblem.BAD_REQUEST, why="hãy chọn ngày hẹn.") from error
    part = request.form.get("buoi", "")
    return Appointment(day, part if part in next_try.PARTS else "")


def _household(commune: Commune, village: Village, household_id: uuid.UUID, wrong: str = "") -> str:
    shown = one_household.found(village, household_id)
    audit.note_reading("household.read", f"entity:{household_id}", {"label": True})
    return render_template(
        "team_household.html",
        commune=commune,
        village=village,
        home=shown,
        visits=one_household.visits(household_id),
        day=clock.today(),
        last=clock.today() + next_try.FURTHEST,
        parts=next_try.PARTS,
        most=next_try.most(),
        word=household_states.word,
        result_word=household_states.result_word,
        short_day=next_try.short_day,
        wrong=wrong,
        given=request.form,
        is_done=request.args.get("xong") == "1",
    )


def _lists() -> dict[str, str]:
    """The lists of a thôn with their names; that of those tried often enough only where there is such a number."""
    closed = {household_states.CLOSED: f"đã thử đủ {next_try.most()} lần"} if next_try.most() else {}
    return {whom_to_visit.TODAY: "hôm nay", **whom_to_visit.STATES, **closed}


def village_of(commune: Commune, code: str) -> Village:
    """The thôn with this code, for one who may see its records; Problem NOT_FOUND or NOT_ALLOWED."""
    return access.open_village(commune, code)


def _to_review(commune: Commune, parts: Sequence[int]) -> int | None:
    """How many submissions of a thôn wait for its leader; None where the commune does not let leaders look first."""
    if not first_look.rule(commune).leaders_first:
        return None
    return sum(each.waits_for is WaitsFor.LEADER for each in first_look.waiting(commune, parts))
