"""The pages of samples: which to choose, what each thôn needs, how far it is, what it says; every draw."""

import datetime as dt
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from geo import estimate
from geo.sampling import APART, LQAS
from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import db
from server.errors import CommonProblem, Problem
from server.models import Commune, Indicator, SampleDraw, VillageSample
from server.samples import sample_draw, sample_estimate, sample_progress
from server.samples.sample_draw import SampleMethod, SampleWish
from server.samples.sample_problems import SampleProblem

blueprint = Blueprint("sample_pages", __name__)

BASE = "/quan-tri/xa/<code>/mau"
METHODS = {
    SampleMethod.COMMUNE: "Cả {commune}, sai số chung",
    SampleMethod.VILLAGE: "Từng thôn, sai số riêng mỗi thôn",
    SampleMethod.LQAS: f"Từng thôn, {LQAS} hộ: đạt hay không đạt (LQAS)",
}
CHOICES = (
    "Muốn biết cả {commune} được bao nhiêu phần trăm chỉ sau một cuối tuần: chọn “cả {commune}”, vài trăm hộ chia cho "
    "các thôn.",
    "Muốn biết riêng từng thôn được bao nhiêu phần trăm: chọn “từng thôn”, mỗi thôn cần gần trăm hộ nên lâu hơn.",
    f"Chỉ cần biết thôn nào đã đạt một mức, thôn nào chưa, để dồn người: chọn “{LQAS} hộ”, rẻ nhất nhưng không cho "
    "phần trăm của thôn.",
    "Muốn giúp được mọi hộ thì vẫn phải đi mọi nhà: mẫu chỉ đi trước, các lần đến của mẫu vẫn được tính.",
)
"""Which to choose, in four sentences; `commune` is what the place is by law."""
MARGINS = (3, 5, 7, 10, 15)
SHARES = range(35, 101, 5)
TRIES = (1, 2, 3, 4, 5)
MOST_DRAWS = 20


@blueprint.get(BASE)
@access.needs(Right.DRAW_SAMPLES)
def show(code: str) -> str:
    """How far the newest sample of each thôn is and what they say together; what another one would need."""
    return _page(access.open_own_commune(code))


@blueprint.post(BASE)
@access.needs(Right.DRAW_SAMPLES)
def draw(code: str) -> Response | tuple[str, int]:
    """Draw as the page showed it; the page again, with why not, where that cannot be."""
    commune = access.open_own_commune(code)
    actor = audit.Actor(access.signed_in().actor, request.remote_addr)
    wish, chosen = (
        _wish(request.form),
        [int(each) for each in request.form.getlist("thon") if each.isdecimal()],
    )
    known = request.form.get("moc", 0, type=int)
    try:
        if not chosen:
            raise Problem(SampleProblem.SAMPLE_IMPOSSIBLE, why="hãy chọn ít nhất một thôn.")
        made = sample_draw.draw_now(commune, wish, chosen, actor, known=known)
    except Problem as problem:
        if problem.kind is not SampleProblem.SAMPLE_IMPOSSIBLE:
            raise
        db.session.rollback()
        return _page(access.open_own_commune(code), problem.sentence), problem.status
    flash(
        f"Đã bốc thăm, mã {made.seed}. Hộ được bốc hiện đầu danh sách, có chữ [mẫu], ở lần đồng bộ tới của điện thoại."
    )
    return redirect(url_for(".show", code=code))


@blueprint.post(f"{BASE}/<int:sample_id>/moi-nha")
@access.needs(Right.DRAW_SAMPLES)
def every_door(code: str, sample_id: int) -> Response:
    """A thôn goes on to every door; its sample stays as it is."""
    commune = access.open_own_commune(code)
    ended = sample_draw.stop_now(
        commune, sample_id, audit.Actor(access.signed_in().actor, request.remote_addr)
    )
    flash(
        f"{ended.village.name} sang đi mọi nhà: điện thoại hiện lại cả danh sách. Các lần đến của mẫu đã được tính, "
        "không phải đi lại."
    )
    return redirect(url_for(".show", code=code))


@blueprint.get(f"{BASE}/<int:draw_id>")
@access.needs(Right.DRAW_SAMPLES)
def one(code: str, draw_id: int) -> str:
    """One draw as it stands, or stood when it ended: how to draw it again, and what it says."""
    commune = access.open_own_commune(code)
    found = db.session.get(SampleDraw, draw_id)
    if found is None or found.commune_id != commune.id:
        raise Problem(CommonProblem.NOT_FOUND)
    samples = sample_progress.of_draw(found)
    return render_template(
        "office/sample.html",
        commune=commune,
        draw=found,
        told=_draw_words(found, commune),
        **_figures(commune, samples),
    )


def _page(commune: Commune, wrong: str = "") -> str:
    given = request.form or request.args
    wish = _wish(given)
    needs = sample_draw.needs(commune, wish)
    return render_template(
        "office/samples.html",
        commune=commune,
        wrong=wrong,
        choices=[each.format(commune=commune.kind) for each in CHOICES],
        methods={method: _called(method, commune) for method in METHODS},
        margins=MARGINS,
        shares=SHARES,
        tries=TRIES,
        indicators=sample_draw.indicators(),
        wish=wish,
        is_asked="cach" in given,
        needs=needs,
        chosen=_chosen(given, needs),
        risk_words=sample_progress.risk_words,
        today=clock.today(),
        newest=sample_draw.newest(commune),
        draws=[(each, _draw_words(each, commune)) for each in _draws(commune)],
        **_figures(commune, sample_progress.current(commune)),
    )


def _figures(commune: Commune, samples: Sequence[VillageSample]) -> dict[str, Any]:
    """What both pages show of some samples."""
    return {
        "thons": sample_progress.asked(samples),
        "found": sample_estimate.found(commune, samples),
        "method": estimate.METHODS[estimate.RATIO],
        "verdict_words": sample_progress.verdict_words,
        "remarks_on": sample_progress.remarks_on,
        "percent": _percent,
    }


def _chosen(given: Any, needs: Sequence[sample_draw.VillageNeed]) -> set[int]:
    """The thôn that are ticked: those that were, at first all without an open sample, or all."""
    if "cach" in given and "thon" in given:
        return {int(each) for each in given.getlist("thon") if each.isdecimal()}
    free = {each.village.id for each in needs if each.known is None}
    return free or {each.village.id for each in needs}


def _wish(given: Any) -> SampleWish:
    """What was asked for; what is missing or was never offered is the usual one."""
    method = SampleMethod(given["cach"]) if given.get("cach") in set(SampleMethod) else SampleMethod.COMMUNE
    tries = given.get("lan", 3, type=int)
    since, tries = _day(given.get("tu_ngay", "")), tries if tries in TRIES else 3
    indicator = _indicator(given.get("chi_tieu", "")) if method is SampleMethod.LQAS else None
    if indicator is not None:
        share = given.get("muc", 80, type=int)
        share = share if share in SHARES and Fraction(share, 100) > APART else 80
        return SampleWish(method, since, tries, indicator=indicator, share=Fraction(share, 100))
    margin = given.get("sai_so", 5, type=int)
    own = SampleMethod.COMMUNE if method is SampleMethod.LQAS else method
    return SampleWish(own, since, tries, margin=Fraction(margin if margin in MARGINS else 5, 100))


def _indicator(code: str) -> Indicator | None:
    every = sample_draw.indicators()
    return next((each for each in every if each.code == code), every[0] if every else None)


def _day(text: str) -> dt.date:
    """A day not later than today, nor more than a year ago; today for any other."""
    today = clock.today()
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        return today
    return day if today - dt.timedelta(days=365) <= day <= today else today


def _draws(commune: Commune) -> Sequence[SampleDraw]:
    query = sa.select(SampleDraw).where(SampleDraw.commune_id == commune.id)
    return db.session.scalars(query.order_by(SampleDraw.id.desc()).limit(MOST_DRAWS)).all()


def _called(method: SampleMethod, commune: Commune) -> str:
    return METHODS[method].format(commune=commune.kind)


def _draw_words(draw: SampleDraw, commune: Commune) -> str:
    """`Cả xã, sai số chung ± 5 điểm` or `LQAS 19: Smart Hải Phòng từ 80 %`."""
    if draw.share is not None and draw.indicator is not None:
        share = _percent(100 * float(Fraction(draw.share)))
        return f"{_called(SampleMethod.LQAS, commune)}: {draw.indicator.label_vi} từ {share}"
    margin = f"{100 * float(Fraction(draw.margin or 0)):.0f}"
    return f"{_called(SampleMethod(draw.method), commune)} ± {margin} điểm"


def _percent(value: float) -> str:
    """0 to 100 as `61,2 %`, to one decimal; an estimate is near, so it is rounded."""
    return f"{value:.1f}".replace(".", ",").removesuffix(",0") + "\N{NO-BREAK SPACE}%"
