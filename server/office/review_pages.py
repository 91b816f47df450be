"""The queue of submissions to look at, one of them with its answers, and what is decided about it."""

import dataclasses
import datetime as dt
import uuid
from collections import Counter
from collections.abc import Iterable

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from geo import visit_doubts
from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import db
from server.errors import CommonProblem, Problem
from server.households import door_remarks, household_search, household_states
from server.households.act_rows import Officer
from server.households.household_problems import HouseholdProblem
from server.models import Commune
from server.office import village_sketch
from server.office.photo_pages import photos_of
from server.review import (
    decisions,
    difficulties,
    fill_log_figures,
    first_look,
    floods_set_aside,
    form_checks,
    one_submission,
    review_queue,
    submission_states,
    waiting_reasons,
)
from server.review.decisions import Reviewer
from server.review.first_look import WaitsFor
from server.review.review_problems import ReviewProblem
from server.review.review_queue import QueueFilter

blueprint = Blueprint("review", __name__)

SAID = {
    "approved": "Đã duyệt phiếu.",
    "has_issues": "Đã ghi: phiếu cần xem lại.",
    "rejected": "Không nhận phiếu: phiếu không còn được tính, và hộ trở lại như trước phiếu này.",
    "received": "Đã đưa phiếu về trạng thái đã nhận.",
    "sua": "Đã lưu bản sửa và duyệt; bản cũ được giữ.",
}
UNREAD = {
    one_submission.UNKNOWN_VERSION: (
        "Máy chủ không có phiên bản biểu mẫu của phiếu này nên chưa đọc được; phiếu được giữ nguyên."
    ),
    one_submission.SEALED: "Phiếu đã mã hóa: chỉ mở được bằng khóa riêng của biểu mẫu.",
    one_submission.TOO_LARGE: (
        "Phiếu ghi vào quá nhiều hộ hoặc điểm nên máy chủ không đọc câu trả lời; phiếu được giữ nguyên."
    ),
    one_submission.NOTHING: "Phiếu không có câu trả lời nào.",
}


@blueprint.get("/quan-tri/xa/<code>/phieu")
@access.needs(Right.REVIEW, records=True)
def queue(code: str) -> str:
    """What waits in a commune, newest first, or all submissions of a state; found by number, day, name of household.

    Names of households are shown to officers who ask for them or search by them, and that is logged.
    """
    return _queue_page(access.open_own_commune(code))


def _queue_page(commune: Commune, wrong: str = "", reason: str = "") -> str:
    searched, may_see_names = request.args.get("tim", "").strip()[:100], access.sees_records(commune)
    by_name = bool(searched) and not searched.isdecimal()
    names = may_see_names and (by_name or request.args.get("ten") == "1")
    if names:
        audit.note_reading("submission.list", f"commune:{commune.code}", {"labels": True})
    wanted = _of_whom(commune, _wanted(commune, _searched(commune)))
    villages, collectors, forms = review_queue.choices(commune)
    return render_template(
        "office/review_queue.html",
        commune=commune,
        wanted=wanted,
        searched=searched,
        names=names,
        may_see_names=may_see_names,
        queue=review_queue.queue(commune, wanted),
        floods=floods_set_aside.waiting(commune),
        waiting=waiting_reasons.waiting(commune),
        by_whom=_waits_for(commune) if wanted.state == review_queue.WAITING else None,
        chosen_who=_chosen_who(commune, wanted) or "",
        states=review_queue.states(),
        decided=submission_states.WORDS,
        whole_word=submission_states.whole_word,
        flags=FLAGS,
        villages=villages,
        collectors=collectors,
        forms=forms,
        done=_bulk_words(),
        wrong=wrong,
        reason=reason,
        ticked=frozenset(request.form.getlist("phieu")),
        most=review_queue.MOST_AT_ONCE,
    )


@blueprint.get("/quan-tri/xa/<code>/phieu/<int:submission_id>")
@access.needs(Right.REVIEW, records=True)
def one(code: str, submission_id: int) -> str:
    """One submission; an officer sees names and other personal answers on request, which is logged."""
    return _one_page(access.open_own_commune(code), submission_id)


def _one_page(commune: Commune, submission_id: int, wrong: str = "", wrong_remark: str = "") -> str:
    row = review_queue.find(commune, submission_id)
    names = request.args.get("ho") == "1" and access.sees_records(commune)
    audit.note_reading("submission.read", f"submission:{submission_id}", {"label": names})
    found = one_submission.opened(row, names=names)
    chain = one_submission.chain(submission_id, names=names)
    return render_template(
        "office/review_one.html",
        commune=commune,
        found=found,
        wrong=wrong,
        comment=request.form.get("ghi_chu", ""),
        wrong_remark=wrong_remark,
        remark=request.form.get("loi_nhan", ""),
        longest=door_remarks.LONGEST,
        may_move=access.may(Right.MANAGE_HOUSEHOLDS, commune),
        household_id=row.entity_id if row.label is not None else None,
        names=names,
        may_see_names=access.sees_records(commune),
        photos=photos_of(submission_id),
        sketch=village_sketch.of(found.village_id, found.point, found.places),
        chain=chain,
        log=fill_log_figures.of_visit(submission_id, row.form_version_id),
        duration=visit_doubts.duration,
        may_correct=access.may(Right.CORRECT, commune) and access.sees_records(commune),
        unread=UNREAD,
        states=submission_states.WORDS,
        result_word=household_states.result_word,
        home_word=household_states.word,
        done=SAID.get(request.args.get("xong", "")),
    )


@blueprint.post("/quan-tri/xa/<code>/phieu/<int:submission_id>")
@access.needs(Right.REVIEW)
def decide(code: str, submission_id: int) -> Response | tuple[str, int]:
    """Bring one submission into a state, as the page showed it; the page again where a reason is missing."""
    commune = access.open_own_commune(code)
    row = review_queue.find(commune, submission_id)
    state, seen = request.form.get("trang_thai", ""), request.form.get("dang_la", "")
    comment = request.form.get("ghi_chu", "").strip()[:2000]
    if state == submission_states.REJECTED and not comment:
        return _one_page(commune, submission_id, ReviewProblem.REASON_NEEDED.sentence), 422
    told = Remarked(row.entity_id, request.form.get("loi_nhan", "").strip()[:500])
    try:
        _decide(commune, submission_id, state, seen, comment, told)
    except Problem as problem:
        if problem.kind not in (*_OF_REMARK, *_OF_DECISION):
            raise
        db.session.rollback()
        said = (problem.sentence, "") if problem.kind in _OF_DECISION else ("", problem.sentence)
        return _one_page(access.open_own_commune(code), submission_id, *said), problem.status
    return redirect(url_for(".one", code=code, submission_id=submission_id, xong=state))


@blueprint.post("/quan-tri/xa/<code>/phieu/quyet-dinh")
@access.needs(Right.REVIEW)
def decide_many(code: str) -> Response | tuple[str, int]:
    """Decide on all that were ticked, or on all that the filter shows, once and with one reason.

    What somebody else has decided meanwhile, or cannot be counted, stays.
    """
    commune = access.open_own_commune(code)
    state, comment = request.form.get("trang_thai", ""), request.form.get("ghi_chu", "").strip()[:2000]
    if state not in submission_states.WORDS:
        raise Problem(CommonProblem.BAD_REQUEST, why="không rõ quyết định.")
    if state == submission_states.REJECTED and not comment:
        return _queue_page(commune, ReviewProblem.REASON_NEEDED.sentence, comment), 422
    given = list(_ticked(request.form.getlist("phieu")))
    if request.form.get("tat_ca") == "1":
        chosen = review_queue.chosen(commune, _of_whom(commune, _wanted(commune, _searched(commune))))
    else:
        chosen = review_queue.within(commune, given)
    done, left = _decide_all(commune, chosen, state, comment)
    left += len(given) - len(chosen) if request.form.get("tat_ca") != "1" else 0
    told = ("quyet", "so", "con", *(("don_dap", "nguoi") if request.args.get("don_dap") else ()))
    kept = {name: value for name, value in request.args.items() if name not in told}
    return redirect(url_for(".queue", code=code, **{**kept, "quyet": state, "so": done, "con": left}))  # type: ignore[arg-type]


def _decide_all(commune: Commune, chosen: list[tuple[int, str]], state: str, comment: str) -> tuple[int, int]:
    db.session.rollback()  # a reader of its own beside the writer's transaction
    with db.engine.connect().execution_options(writes=True) as connection:
        done, left = decisions.decide_all(
            connection, chosen, state, reviewer=_reviewer(commune), comment=comment
        )
        connection.commit()
    if state == submission_states.APPROVED:
        for submission_id in done:
            difficulties.take_in(submission_id)
    return len(done), left


def _reviewer(commune: Commune) -> Reviewer:
    caller = access.signed_in()
    return Reviewer(caller.actor, caller.name, commune.id, request.remote_addr)


_OF_REMARK = (HouseholdProblem.ACT_IMPOSSIBLE, HouseholdProblem.HOUSEHOLD_UNKNOWN)
_OF_DECISION = (ReviewProblem.REVIEW_OVERTAKEN, ReviewProblem.REVIEW_IMPOSSIBLE)
"""What is told beside its field, with what was typed."""


@dataclasses.dataclass(frozen=True)
class Remarked:
    """What the team is told about the household of a visit that is decided on; "" for nothing."""

    household: uuid.UUID | None
    text: str


def _decide(
    commune: Commune, submission_id: int, state: str, seen: str, comment: str, told: Remarked
) -> None:
    reviewer = _reviewer(commune)
    with db.engine.connect().execution_options(writes=True) as connection:
        decisions.decide(connection, submission_id, state, expected=seen, reviewer=reviewer, comment=comment)
        if told.text and told.household is not None:
            officer = Officer(reviewer.actor, reviewer.name, commune.id, reviewer.address)
            door_remarks.add(connection, told.household, told.text, officer, about=submission_id)
        connection.commit()
    db.session.rollback()  # what this session has read was before it
    if state == "approved":
        difficulties.take_in(submission_id)


FLAGS = {
    form_checks.CODE: "kiểm tra của biểu mẫu",
    "too_short": "điền quá nhanh",
    "log_short": "nhật ký: điền quá nhanh",
    "changed_late": "nhật ký: sửa nhiều câu lúc cuối",
    "point_elsewhere": "vị trí ngoài thôn",
    "point_abroad": "vị trí ngoài Việt Nam",
    "place_outside_commune": "địa điểm ngoài xã",
    "same_point": "nhiều hộ một vị trí",
    "same_answers": "trả lời giống nhau",
    "clock_ahead": "đồng hồ chạy trước",
    "clock_behind": "đồng hồ chạy sau",
    "clock_backwards": "đồng hồ bị chỉnh",
    "no_village": "không rõ thôn",
    "held_by_chance": "bốc ngẫu nhiên",
    "same_day": "cùng hộ, cùng ngày",
    "says_moved": "báo đã chuyển",
    "names_other_village": "ghi thôn khác",
    "registers_known": "đăng ký lại",
    "edited_after_decision": "đã sửa sau khi duyệt",
}


def _searched(commune: Commune) -> str:
    """What is searched for: a number, or words of a household; words say nothing to those who see no names (R24)."""
    searched = request.args.get("tim", "").strip()[:100]
    return searched if searched.isdecimal() or access.sees_records(commune) else ""


def _wanted(commune: Commune, searched: str) -> QueueFilter:
    """What the address asks for; a number names one submission, whatever its state, other words a household."""
    is_number = searched.isdecimal() and len(searched) < 19
    state, flag = request.args.get("trang_thai", review_queue.WAITING), request.args.get("dau_hieu")
    return QueueFilter(
        state=review_queue.EVERY
        if is_number
        else state
        if state in review_queue.states()
        else review_queue.WAITING,
        flag=flag if flag in FLAGS else None,
        village_id=request.args.get("thon", type=int),
        collector_id=request.args.get("nguoi", type=int),
        form_id=request.args.get("bieu_mau", type=int),
        quarantined=request.args.get("giu_rieng") == "1",
        flood=request.args.get("don_dap") == "1",
        before=request.args.get("truoc", type=int),
        number=int(searched) if is_number else None,
        day=_day(request.args.get("ngay", "")),
        households=household_search.named(commune, searched) if searched and not is_number else None,
    )


def _waits_for(commune: Commune) -> dict[str, tuple[str, int]] | None:
    """How many wait for whom, by code, where leaders look first; None where everything waits for the office."""
    if not first_look.rule(commune).leaders_first:
        return None
    waiting = Counter(each.waits_for for each in first_look.waiting(commune))
    return {who.value: (words, waiting[who]) for who, words in first_look.WORDS.items()}


def _chosen_who(commune: Commune, wanted: QueueFilter) -> str | None:
    """Of whom the queue shows what waits: `cho`, the office unless another is named; None for everybody's.

    What was searched for is shown, with whichever household it is.
    """
    is_narrow = wanted.state != review_queue.WAITING or wanted.number or wanted.households is not None
    if is_narrow or wanted.flood or not first_look.rule(commune).leaders_first:
        return None
    asked = request.args.get("cho", WaitsFor.OFFICE.value)
    return asked if asked in set(WaitsFor) else None


def _of_whom(commune: Commune, wanted: QueueFilter) -> QueueFilter:
    """The same, narrowed to what waits for whom the reader chose."""
    who = _chosen_who(commune, wanted)
    if who is None:
        return wanted
    those = [each.id for each in first_look.waiting(commune) if each.waits_for == who]
    return dataclasses.replace(wanted, those=tuple(those[-MOST_NARROWED:]))


MOST_NARROWED = 5_000
"""Submissions of one who has to act that the queue goes through, the newest."""


def _day(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        return None


def _ticked(values: Iterable[str]) -> Iterable[tuple[int, str]]:
    """`12:received` for each submission with the state that the page showed; at most a page of them."""
    for value in list(values)[: review_queue.PAGE]:
        number, _, seen = value.partition(":")
        if number.isdecimal() and len(number) < 19:
            yield int(number), seen


def _bulk_words() -> str:
    state, done = request.args.get("quyet", ""), request.args.get("so", type=int)
    if done is None or state not in submission_states.WORDS:
        return ""
    left = request.args.get("con", 0, type=int)
    rest = f" {left} phiếu chưa làm được: mở từng phiếu để xem lý do." if left else ""
    return f"{done} phiếu nay là “{submission_states.word(state)}”.{rest}"
