"""The pages of a team, for a phone: whom to visit next in a thôn, how it goes, and what looks wrong."""

import math

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.coverage import whom_to_visit
from server.db import db
from server.errors import CommonProblem, Problem
from server.models import Commune, Village

blueprint = Blueprint("team", __name__, template_folder="templates")


@blueprint.get("/xa/<code>/to")
@access.needs(Right.LEAD_TEAM)
def villages(code: str) -> str | Response:
    """Today: the leader of a team is led to their first thôn with anybody to visit, and goes on from thôn to thôn;
    an officer chooses among those of the commune, by code: no order of merit.
    """
    commune = access.open_commune(code)
    own = access.villages_seen(commune)
    shown = whom_to_visit.villages(commune, own)
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
    found = _village(commune, village)
    state = request.args.get("loc", whom_to_visit.TODAY)
    search = request.args.get("tim", "").strip()[:80]
    page = max(1, min(request.args.get("trang", 1, type=int), 1000))
    state = state if state in whom_to_visit.STATES else whom_to_visit.TODAY
    audit.note_reading("household.list", f"village:{found.code}", {"state": state})
    [progress] = whom_to_visit.progress(commune, [found])
    own = access.villages_seen(commune)
    needed = progress.pace.needed
    return render_template(
        "team_village.html",
        commune=commune,
        village=found,
        villages=whom_to_visit.villages(commune, own) if own is not None else (),
        progress=progress,
        needed=math.ceil(needed) if needed is not None else None,
        states={whom_to_visit.TODAY: "hôm nay"} | dict(whom_to_visit.STATES),
        numbers={whom_to_visit.TODAY: progress.to_visit} | dict(progress.by_state),
        today_list=whom_to_visit.TODAY,
        day=clock.today(),
        state=state,
        search=search,
        homes=whom_to_visit.homes(progress.parts, state, search, page),
        helped=whom_to_visit.helped(progress.parts),
        doubtful=whom_to_visit.doubtful(commune, progress.parts),
        answered=whom_to_visit.answered(progress.parts),
        is_officer=access.may(Right.READ_LABELS, commune),
    )


def _village(commune: Commune, code: str) -> Village:
    """The thôn with this code, for one who may see its records; Problem NOT_FOUND or NOT_ALLOWED."""
    query = sa.select(Village).where(
        Village.commune_id == commune.id, Village.code == code, Village.valid_to.is_(None)
    )
    found = db.session.scalars(query).first()
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    if not access.sees_records(commune, found):
        raise Problem(CommonProblem.NOT_ALLOWED)
    return found
