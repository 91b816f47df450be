"""What waits for the leader of a team, for a phone: accept, ask the household again, or send on to the office (R37)."""

from collections.abc import Sequence

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import db
from server.errors import CommonProblem, Problem
from server.households import door_remarks, household_states
from server.households.act_rows import Officer
from server.households.household_problems import HouseholdProblem
from server.models import Commune, Village
from server.places import communes, merged_villages
from server.review import decisions, first_look, one_submission, review_queue, submission_states
from server.review.decisions import Reviewer
from server.review.first_look import WaitsFor
from server.review.review_problems import ReviewProblem

blueprint = Blueprint("team_review", __name__)

BASE = "/xa/<code>/to/<village>/phieu"
ACCEPT, ASK, SEND_ON = "nhan", "hoi", "chuyen"
DONE = {
    ACCEPT: "Đã duyệt phiếu.",
    ASK: "Đã nhắn: lời nhắn hiện cạnh tên hộ trên điện thoại của tổ ở lần đồng bộ tới.",
    SEND_ON: "Đã chuyển phiếu cho cán bộ {commune}.",
}
_SAID = (
    HouseholdProblem.ACT_IMPOSSIBLE, HouseholdProblem.HOUSEHOLD_UNKNOWN, ReviewProblem.REVIEW_OVERTAKEN,
    ReviewProblem.REVIEW_IMPOSSIBLE, ReviewProblem.NOT_THE_LEADERS,
)  # fmt: skip
"""What is told on the page, with what was typed."""


@blueprint.get(BASE)
@access.needs(Right.REVIEW_FIRST, records=True)
def queue(code: str, village: str) -> str:
    """What waits of a thôn: for its leader first, then what was asked again; with labels, each view logged (R24)."""
    commune = access.open_commune(code)
    found = access.open_village(commune, village)
    audit.note_reading("submission.list", f"village:{found.code}", {"labels": True})
    every = first_look.waiting(commune, merged_villages.of(found.id))
    by_whom = {who: [each for each in every if each.waits_for is who] for who in WaitsFor}
    return render_template(
        "office/team_review.html",
        commune=commune,
        village=found,
        villages=_others(commune),
        rule=first_look.rule(commune),
        waits=first_look.lines(by_whom[WaitsFor.LEADER]),
        asked=first_look.lines(by_whom[WaitsFor.HOUSEHOLD]),
        answered={each.id for each in every if each.is_answered},
        office=len(by_whom[WaitsFor.OFFICE]),
        most=first_look.MOST,
        left=max(0, len(by_whom[WaitsFor.LEADER]) - first_look.MOST),
    )


@blueprint.get(f"{BASE}/<int:submission_id>")
@access.needs(Right.REVIEW_FIRST, records=True)
def one(code: str, village: str, submission_id: int) -> str:
    """One submission of the thôn: the household by its label, no personal answer; logged (R24)."""
    commune = access.open_commune(code)
    return _page(commune, access.open_village(commune, village), submission_id)


@blueprint.post(f"{BASE}/<int:submission_id>")
@access.needs(Right.REVIEW_FIRST, records=True)
def act(code: str, village: str, submission_id: int) -> Response | tuple[str, int]:
    """Accept it, have the household asked again, or send it on; the page again where that cannot be."""
    commune = access.open_commune(code)
    found = access.open_village(commune, village)
    wanted, text = request.form.get("viec", ""), request.form.get("loi", "").strip()
    if wanted not in DONE:
        raise Problem(CommonProblem.BAD_REQUEST, why="không rõ việc cần làm.")
    try:
        _do(commune, found, submission_id, wanted, text)
    except Problem as problem:
        if problem.kind not in _SAID:
            raise
        db.session.rollback()
        commune = access.open_commune(code)
        return (
            _page(commune, access.open_village(commune, village), submission_id, problem.sentence),
            problem.status,
        )
    flash(DONE[wanted].format(commune=commune.kind))
    return redirect(url_for(".queue", code=code, village=village))


def _do(commune: Commune, village: Village, submission_id: int, wanted: str, text: str) -> None:
    caller, expected = access.signed_in(), request.form.get("dang_la", "")
    reviewer = Reviewer(caller.actor, caller.name, commune.id, request.remote_addr)
    row = first_look.take(commune, merged_villages.of(village.id), submission_id)
    household = row.entity_id
    db.session.rollback()  # a reader of its own beside the writer's transaction
    with db.engine.connect().execution_options(writes=True) as connection:
        if wanted == SEND_ON:
            decisions.remark(connection, submission_id, text[:2000], reviewer=reviewer, sends_on=True)
        else:
            state = submission_states.APPROVED if wanted == ACCEPT else submission_states.HAS_ISSUES
            decisions.decide(
                connection, submission_id, state, expected=expected, reviewer=reviewer, comment=text[:2000]
            )
        if wanted == ASK:
            if household is None:
                raise Problem(
                    HouseholdProblem.ACT_IMPOSSIBLE,
                    why=f"phiếu này không nói về hộ nào: hãy chuyển cán bộ {commune.kind}.",
                )
            officer = Officer(reviewer.actor, reviewer.name, commune.id, reviewer.address)
            door_remarks.add(connection, household, text, officer, about=submission_id)
        connection.commit()
    db.session.rollback()  # what this session has read was before it


def _page(commune: Commune, village: Village, submission_id: int, wrong: str = "") -> str:
    row = review_queue.find(commune, submission_id)
    if row.village_id not in merged_villages.of(village.id):
        raise Problem(ReviewProblem.SUBMISSION_UNKNOWN)
    audit.note_reading("submission.read", f"submission:{submission_id}", {"label": True})
    waited = next(
        (each for each in first_look.waiting(commune, [row.village_id]) if each.id == submission_id), None
    )
    found = one_submission.opened(row, names=False)
    return render_template(
        "office/team_review_one.html",
        commune=commune,
        village=village,
        found=found,
        label=row.household,
        waited=waited,
        may_act=waited is not None and waited.waits_for is not WaitsFor.OFFICE,
        who=first_look.WORDS[waited.waits_for] if waited else "",
        wrong=wrong,
        text=request.form.get("loi", ""),
        longest=door_remarks.LONGEST,
        states=submission_states.WORDS,
        chain=one_submission.chain(submission_id, names=False),
        result_word=household_states.result_word,
    )


def _others(commune: Commune) -> Sequence[Village]:
    """The leader's own thôn, to go from one to the other; none for an officer."""
    own = access.villages_seen(commune)
    return communes.villages_by_code(commune, own) if own is not None else ()
