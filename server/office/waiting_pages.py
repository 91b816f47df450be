"""How long submissions wait and for whom; whether leaders look first; what is held by chance (R37)."""

from fractions import Fraction

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.models import Commune, Form
from server.review import first_look, held_shares, review_queue, submission_states, waiting_times
from server.review.first_look import FirstLookRule

blueprint = Blueprint("waiting_pages", __name__)

BASE = "/quan-tri/xa/<code>/phieu/cho-doi"


@blueprint.get(BASE)
@access.needs(Right.REVIEW)
def show(code: str) -> str:
    """What waits for whom and how long; sums alone."""
    commune = access.open_own_commune(code)
    waiting = first_look.waiting(commune)
    _, _, forms = review_queue.choices(commune)
    return render_template(
        "office/waiting.html",
        commune=commune,
        by_whom=[(first_look.WORDS[who], time) for who, time in waiting_times.by_whom(waiting).items()],
        by_village=waiting_times.by_village(commune, waiting),
        decided=[
            (submission_states.word(state), time) for state, time in waiting_times.decided(commune).items()
        ],
        days=waiting_times.words,
        late=waiting_times.LATE_DAYS,
        rule=first_look.rule(commune),
        choices=first_look.LEADER_DAYS,
        has_leaders=bool(first_look.led(commune)),
        may_set=access.may(Right.SET_REVIEW, commune),
        forms=forms,
        shares=held_shares.SHARES,
        held=held_shares.in_force(commune),
        percent=_percent,
    )


@blueprint.post(BASE)
@access.needs(Right.SET_REVIEW)
def set_rule(code: str) -> Response:
    """Whether leaders look first, and for how many days."""
    begin_writing()
    commune = access.open_own_commune(code)
    days = request.form.get("ngay", 7, type=int)
    wanted = FirstLookRule(
        leaders_first=request.form.get("to_truong") == "1", days=days if days in first_look.LEADER_DAYS else 7
    )
    first_look.set_rule(commune, wanted)
    audit.note(
        "submission.first_look", f"commune:{commune.code}", {"on": wanted.leaders_first, "days": wanted.days}
    )
    db.session.commit()
    flash(
        "Từ nay phiếu cần xem của thôn có tổ trưởng chờ tổ trưởng trước."
        if wanted.leaders_first
        else f"Từ nay mọi phiếu cần xem chờ cán bộ {commune.kind}."
    )
    return redirect(url_for(".show", code=code))


@blueprint.post(f"{BASE}/giu")
@access.needs(Right.SET_REVIEW)
def hold(code: str) -> Response:
    """Which share of a form, or of all, is held for a look from now on."""
    begin_writing()
    commune = access.open_own_commune(code)
    percent = request.form.get("phan", -1, type=int)
    if Fraction(percent, 100) not in held_shares.SHARES:
        raise Problem(CommonProblem.BAD_REQUEST, why="không rõ giữ bao nhiêu phần trăm.")
    form = _form(commune, request.form.get("bieu_mau", 0, type=int))
    actor = audit.Actor(access.signed_in().actor, request.remote_addr)
    made = held_shares.put(commune, form, Fraction(percent, 100), actor)
    db.session.commit()
    flash(f"Từ nay giữ {percent} % phiếu gửi tới để xem, mã bốc thăm {made.seed}.")
    return redirect(url_for(".show", code=code))


def _form(commune: Commune, key: int) -> Form | None:
    """A form of the commune; None: all. Problem NOT_FOUND for another commune's."""
    if not key:
        return None
    found = db.session.get(Form, key)
    if found is None or found.commune_id not in (None, commune.id):
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def _percent(share: str) -> str:
    return f"{round(100 * Fraction(share))} %"
