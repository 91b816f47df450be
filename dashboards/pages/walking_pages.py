"""The pages of walking parts: a thôn split by lanes and numbers of households, who walks which, and sheets to carry."""

from collections.abc import Callable

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from dashboards.pages.team_pages import village_of
from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import walking_plan
from server.coverage.walking_plan import PlannedThon
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.households import areas_on_phones, door_remarks, household_states, next_try, walking_areas
from server.households.household_problems import HouseholdProblem
from server.models import Commune, Village

blueprint = Blueprint("walking", __name__, template_folder="templates")
BASE = "/xa/<code>/to/<village>/phan"
EMPTY_LINES = 4
"""For households that are found on the way."""


@blueprint.get("/xa/<code>/phan-di")
@access.needs(Right.PLAN_WALKS)
def villages(code: str) -> str:
    """The thôn of a commune, or those that one leads: how many parts each has, and how many nobody walks."""
    commune = access.open_commune(code)
    shown = walking_plan.villages(commune, access.villages_seen(commune))
    return render_template("walking_villages.html", commune=commune, thons=shown)


@blueprint.get(BASE)
@access.needs(Right.PLAN_WALKS, records=True)
def show(code: str, village: str) -> str:
    """One thôn: its parts with their lanes and members; lanes are addresses, so the reading is logged (R24)."""
    commune = access.open_commune(code)
    return _page(commune, village_of(commune, village))


@blueprint.post(BASE)
@access.needs(Right.PLAN_WALKS, records=True)
def plan(code: str, village: str) -> Response | tuple[str, int]:
    """Split (`viec` chia), join (bo), move a lane (ngo), name a part (ten), say who walks it (giao)."""
    begin_writing()
    commune = access.open_commune(code)
    found = village_of(commune, village)
    do = _DO.get(request.form.get("viec", ""))
    if do is None:
        raise Problem(CommonProblem.BAD_REQUEST, why="không rõ việc cần làm.")
    try:
        do(walking_plan.of(found))
    except Problem as problem:
        if problem.kind is not HouseholdProblem.WALKING_AREA_IMPOSSIBLE:
            raise
        db.session.rollback()
        commune = access.open_commune(code)
        return _page(commune, village_of(commune, village), problem.sentence), problem.status
    db.session.commit()
    return redirect(url_for(".show", code=code, village=village, xong=1))


@blueprint.get(f"{BASE}/<int:area_id>/to-di")
@access.needs(Right.PLAN_WALKS, records=True)
def sheet(code: str, village: str, area_id: int) -> str:
    """A part on paper, lane by lane: whom to visit, tries so far, appointments; boxes to tick. Logged as printed."""
    commune = access.open_commune(code)
    found = village_of(commune, village)
    thon = walking_plan.of(found)
    area = next((each for each in thon.areas if each.row.id == area_id), None)
    if area is None:
        raise Problem(HouseholdProblem.WALKING_AREA_UNKNOWN)
    audit.note_reading("walk.sheet", f"village:{found.code}", {"part": area.row.position, "labels": True})
    connection, parts = db.session.connection(), {home.id for home in area.homes}
    around = walking_plan.parts_of(found)
    tries = next_try.last_tries(connection, around)
    told = {key: text for key, text in door_remarks.waiting(connection, around).items() if key in parts}
    most, today = next_try.most(), clock.today()
    return render_template(
        "walking_sheet.html",
        commune=commune, village=found, area=area, today=today, remarks=told, empty=EMPTY_LINES,
        said={home.id: next_try.away_words(home.tried, tries.get(home.id), most, today) for home in area.homes},
        word=household_states.word, away=household_states.AWAY, not_visited=household_states.NOT_VISITED,
    )  # fmt: skip


def _page(commune: Commune, village: Village, wrong: str = "") -> str:
    audit.note_reading("walk.read", f"village:{village.code}")
    thon = walking_plan.of(village)
    return render_template(
        "walking_areas.html",
        commune=commune,
        village=village,
        thon=thon,
        suggested=walking_areas.suggested(len(thon.team), len(thon.homes)),
        most=min(walking_areas.MOST_PARTS, len(thon.homes)),
        longest=areas_on_phones.LONGEST_NAME,
        wrong=wrong,
        is_done=request.args.get("xong") == "1",
    )


def _split(thon: PlannedThon) -> None:
    walking_areas.divide(thon.village, thon.walked, request.form.get("so", 0, type=int))


def _join(thon: PlannedThon) -> None:
    walking_areas.join(thon.village)


def _move_lane(thon: PlannedThon) -> None:
    lane, area_id = request.form.get("ngo", ""), request.form.get("phan", 0, type=int)
    walking_areas.move_lane(thon.village, thon.walked, lane, area_id)


def _name(thon: PlannedThon) -> None:
    walking_areas.name(thon.village, request.form.get("phan", 0, type=int), request.form.get("ten", ""))


def _assign(thon: PlannedThon) -> None:
    chosen = {key for key in request.form.getlist("nguoi", type=int) if key}
    walking_areas.assign(thon.village, request.form.get("phan", 0, type=int), chosen)


_DO: dict[str, Callable[[PlannedThon], None]] = {
    "chia": _split, "bo": _join, "ngo": _move_lane, "ten": _name, "giao": _assign,
}  # fmt: skip
