"""The list of what is doubtful: by weight and age, with the act proposed, each a click or two from being done."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from forms.visit_checks import ACTS, CALL, SECOND_VISIT
from geo import funnel_limits
from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.backchecks import sentences
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.households import door_remarks
from server.households.act_rows import Officer
from server.households.household_problems import HouseholdProblem
from server.models import Commune
from server.places import communes
from server.review import doubt_list, member_shares, rule_remarks
from server.review.doubt_list import DoubtFilter

blueprint = Blueprint("doubts", __name__)
BASE = "/quan-tri/xa/<code>/nghi-ngo"
SAID = {
    "nhan": "Đã nhắn: lời nhắn hiện cạnh tên hộ trên điện thoại của tổ ở lần cập nhật tới.",
    "roi": "Phiếu này đã có lời nhắn đang chờ trả lời.",
    "bat": "Từ nay kiểm tra có việc “hỏi lại” tự nhắn người đi.",
    "hoi": "Đã ghi: về việc này của người ấy chỉ tính các phiếu từ nay.",
    "tat": "Từ nay kiểm tra không tự nhắn; bấm từng phiếu ở trang này.",
}


@blueprint.get(BASE)
@access.needs(Right.READ_DOUBTS, records=True)
def listing(code: str) -> str:
    """What waits and looks doubtful; a team leader is shown that of their thôn, with the households' names."""
    return _page(access.open_own_commune(code))


def _page(commune: Commune, wrong: str = "", about: int | None = None) -> str:
    may_act = access.may(Right.REVIEW, commune)
    villages = None if may_act else access.villages_seen(commune)
    audit.note_reading("doubt.list", f"commune:{commune.code}", {"labels": not may_act})
    wanted = _wanted(villages)
    return render_template(
        "office/doubts.html",
        commune=commune,
        wanted=wanted,
        page=doubt_list.listed(commune, wanted),
        states=doubt_list.STATES,
        todo=doubt_list.TODO,
        acts=ACTS,
        second_visit=SECOND_VISIT,
        call=CALL,
        villages=communes.villages(commune, villages),
        may_act=may_act,
        patterns=member_shares.read(commune).patterns()
        if may_act and wanted.state == doubt_list.TODO
        else (),
        interval=sentences.interval,
        shows_names=not may_act,
        may_see_households=access.may(Right.MANAGE_HOUSEHOLDS, commune),
        may_set=access.may(Right.SET_CHECKS, commune),
        asks=rule_remarks.asks_by_itself(commune),
        longest=door_remarks.LONGEST,
        done=SAID.get(request.args.get("xong", "")),
        wrong=wrong,
        about=about,
        typed=request.form.get("loi_nhan", ""),
    )


@blueprint.post(f"{BASE}/<int:submission_id>/hoi-lai")
@access.needs(Right.REVIEW)
def ask_again(code: str, submission_id: int) -> Response | tuple[str, int]:
    """Send words to the phones of the household's thôn about a doubtful visit; once while they wait for an answer."""
    commune = access.open_own_commune(code)
    doubt = doubt_list.one(commune, submission_id)
    if doubt is None or doubt.household_id is None:
        raise Problem(CommonProblem.NOT_FOUND)
    back = {"thon": request.args.get("thon"), "viec": request.args.get("viec")}
    if doubt.asked is not None and doubt.asked.answered_by is None:
        return redirect(url_for(".listing", code=code, xong="roi", **back))  # type: ignore[arg-type]
    caller = access.signed_in()
    officer = Officer(caller.actor, caller.name, commune.id, request.remote_addr)
    db.session.rollback()  # a reader of its own beside the writer's transaction
    try:
        with db.engine.connect().execution_options(writes=True) as connection:
            door_remarks.add(
                connection,
                doubt.household_id,
                request.form.get("loi_nhan", "")[:500],
                officer,
                about=submission_id,
            )
            connection.commit()
    except Problem as problem:
        if problem.kind is not HouseholdProblem.ACT_IMPOSSIBLE:
            raise
        return _page(access.open_own_commune(code), problem.sentence, submission_id), problem.status
    return redirect(url_for(".listing", code=code, xong="nhan", **back))  # type: ignore[arg-type]


@blueprint.get(f"{BASE}/thanh-vien")
@access.needs(Right.REVIEW)
def members(code: str) -> str:
    """Each member beside all visits of the same thôn; by name, nobody is ranked, and each opening is logged."""
    commune = access.open_own_commune(code)
    audit.note_reading("doubt.members", f"commune:{commune.code}")
    compared = member_shares.read(commune)
    return render_template(
        "office/member_shares.html",
        commune=commune,
        tables=[(words, compared.shares(trait)) for trait, words in member_shares.TRAITS.items()],
        fewest=funnel_limits.FEWEST,
        interval=sentences.interval,
    )


@blueprint.post(f"{BASE}/da-hoi")
@access.needs(Right.REVIEW)
def settle(code: str) -> Response:
    """Somebody has spoken to a member about a pattern that the list shows now."""
    begin_writing()
    commune = access.open_own_commune(code)
    wanted = (request.form.get("nguoi", type=int), request.form.get("ma", ""))
    shown = member_shares.read(commune).patterns()
    pattern = next((each for each in shown if (each.collector_id, each.key) == wanted), None)
    if pattern is None:
        raise Problem(CommonProblem.NOT_FOUND)
    member_shares.settle(pattern.collector_id, pattern.key, access.signed_in().actor)
    audit.note("doubt.settle", f"collector:{pattern.collector_id}", {"pattern": pattern.key})
    db.session.commit()
    return redirect(url_for(".listing", code=code, xong="hoi"))


@blueprint.post(f"{BASE}/tu-nhan")
@access.needs(Right.SET_CHECKS)
def set_asking(code: str) -> Response:
    """Whether checks ask by themselves."""
    begin_writing()
    commune = access.open_own_commune(code)
    asks = request.form.get("tu_nhan") == "1"
    rule_remarks.set_asking(commune, asks)
    db.session.commit()
    return redirect(url_for(".listing", code=code, xong="bat" if asks else "tat"))


def _wanted(villages: frozenset[int] | None) -> DoubtFilter:
    state, act = request.args.get("trang_thai", doubt_list.TODO), request.args.get("viec")
    return DoubtFilter(
        state=state if state in doubt_list.STATES else doubt_list.TODO,
        village_id=request.args.get("thon", type=int),
        act=act if act in ACTS else None,
        villages=villages,
        page=max(1, min(request.args.get("trang", 1, type=int), 1_000)),
    )
