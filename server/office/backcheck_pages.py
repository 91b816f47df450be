"""The pages of second visits: what they found, two visits side by side, and every draw with its seed."""

import datetime as dt

import sqlalchemy as sa
from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from geo import backcheck_agreement, funnel_limits
from geo.backcheck_agreement import CollectorAgreement, QuestionKind
from geo.vietnamese_order import sort_key
from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.backchecks import kept_draws, pairs, sentences
from server.backchecks.pairs import CheckedVisit
from server.db import db
from server.errors import CommonProblem, Problem
from server.households import household_states
from server.models import BackcheckDraw, Collector, Commune

blueprint = Blueprint("backchecks", __name__)

SHOWN_DAYS = 91
MOST_DIFFERENT = 100
MOST_DRAWS = 20
KINDS = {
    QuestionKind.CAME: "Tổ có đến hay không",
    QuestionKind.FIXED: "Điều không thể đổi",
    QuestionKind.CHANGING: "Điều có thể đã đổi",
}
OUTCOMES = {
    "met": household_states.word(household_states.MET),
    "absent": household_states.word(household_states.AWAY),
    "refused": household_states.word(household_states.REFUSED),
}
REASONS = {"chance": "bốc ngẫu nhiên", "doubt": "phiếu đáng ngờ"}
DONE = {
    "boc": "Đã bốc thăm. Các hộ hiện trên điện thoại của người được giao ở lần đồng bộ tới.",
    "khong": "Từ lần bốc thăm trước chưa có lần đến nào mới để bốc.",
}


@blueprint.get("/quan-tri/xa/<code>/phuc-tra")
@access.needs(Right.REVIEW, records=True)
def show(code: str) -> str:
    """What the second visits of the last thirteen weeks found; members by name, in the order of the alphabet."""
    commune = access.open_own_commune(code)
    audit.note_reading("backcheck.list", f"commune:{commune.code}")
    today = clock.today()
    visits = pairs.drawn_between(commune, today - dt.timedelta(days=SHOWN_DAYS), today)
    found = pairs.found(visits)
    return render_template(
        "office/backchecks.html",
        commune=commune,
        has_form=kept_draws.has_form(commune),
        is_due=kept_draws.is_due(commune),
        found=found,
        sentence=sentences.sentence(found),
        kinds=[(words, found.kinds[kind]) for kind, words in KINDS.items() if kind in found.kinds],
        members=_members(visits),
        different=[each for each in reversed(visits) if each.pair.is_confirmed is False][:MOST_DIFFERENT],
        without=sum(each.check.checker_id is None and each.second is None for each in visits),
        waiting=sum(each.second is None for each in visits),
        draws=_draws(commune),
        fewest=funnel_limits.FEWEST,
        reasons=REASONS,
        percent=sentences.percent,
        interval=sentences.interval,
        done=DONE.get(request.args.get("xong", "")),
        collectors_page=_collectors_page(commune),
    )


@blueprint.post("/quan-tri/xa/<code>/phuc-tra")
@access.needs(Right.REVIEW, records=True)
def draw(code: str) -> Response:
    """Draw now, not at night: once a week, as by night."""
    commune = access.open_own_commune(code)
    if not kept_draws.is_due(commune):
        raise Problem(
            CommonProblem.BAD_REQUEST,
            why=f"tuần này đã bốc thăm, hoặc {commune.kind} chưa dùng phiếu phúc tra.",
        )
    made = kept_draws.draw_now(commune, audit.Actor(access.signed_in().actor, request.remote_addr))
    return redirect(url_for(".show", code=code, xong="boc" if made else "khong"))


@blueprint.get("/quan-tri/xa/<code>/phuc-tra/<int:check_id>")
@access.needs(Right.REVIEW, records=True)
def one(code: str, check_id: int) -> str:
    """A visit and its second one side by side; the household is named by the visits' own pages, on request."""
    commune = access.open_own_commune(code)
    found = pairs.one(commune, check_id)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    audit.note_reading("backcheck.read", f"submission:{found.check.submission_id}")
    return render_template(
        "office/backcheck.html",
        commune=commune,
        found=found,
        went=_name(found.second.collector_id) if found.second else "",
        kinds=KINDS,
        outcomes=OUTCOMES,
        reasons=REASONS,
        result_word=household_states.result_word,
    )


def _collectors_page(commune: Commune) -> str:
    """Where codes for a team's leader are made, for those who may; "" for others."""
    may = access.signed_in().may(Right.MANAGE_COLLECTORS)
    return url_for("collector_pages.listing", code=commune.code) if may else ""


def _name(collector_id: int | None) -> str:
    return db.session.scalar(sa.select(Collector.name).where(Collector.id == collector_id)) or ""


def _members(visits: list[CheckedVisit]) -> list[tuple[str, CollectorAgreement, int | None]]:
    """Each member with what is found of their visits, and how many unconfirmed ones chance explains."""
    agreements = backcheck_agreement.by_collector([each.pair for each in visits if each.is_met_again])
    names = {each.check.collector_id: each.check.collector.name for each in visits}
    marked, whole = sum(each.unconfirmed for each in agreements), sum(each.of for each in agreements)
    rows = [(names[each.collector], each, funnel_limits.limit(each.of, marked, whole)) for each in agreements]
    return sorted(rows, key=lambda row: (sort_key(row[0]), row[1].collector))


def _draws(commune: Commune) -> list[BackcheckDraw]:
    query = sa.select(BackcheckDraw).where(BackcheckDraw.commune_id == commune.id)
    return list(db.session.scalars(query.order_by(BackcheckDraw.id.desc()).limit(MOST_DRAWS)))
