"""The queue of submissions to look at, one of them with its answers, and what is decided about it."""

from collections.abc import Iterable

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import db
from server.errors import Problem
from server.households import household_states
from server.models import Commune
from server.office import village_sketch
from server.office.photo_pages import photos_of
from server.review import (
    decisions,
    difficulties,
    one_submission,
    review_queue,
    submission_states,
    waiting_reasons,
)
from server.review.decisions import Reviewer
from server.review.review_queue import Wanted

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
    one_submission.SEALED: "Phiếu đã mã hóa: chỉ mở được bằng khóa của xã.",
    one_submission.NOTHING: "Phiếu không có câu trả lời nào.",
}


@blueprint.get("/quan-tri/xa/<code>/phieu")
@access.needs(Right.REVIEW)
def queue(code: str) -> str:
    """What waits in a commune, newest first, or all submissions of a state."""
    commune = access.open_own_commune(code)
    wanted = _wanted()
    villages, collectors, forms = review_queue.choices(commune)
    return render_template(
        "office/review_queue.html",
        commune=commune,
        wanted=wanted,
        queue=review_queue.queue(commune, wanted),
        waiting=waiting_reasons.waiting(commune),
        states=review_queue.states(),
        flags=FLAGS,
        villages=villages,
        collectors=collectors,
        forms=forms,
        done=_bulk_words(),
    )


@blueprint.get("/quan-tri/xa/<code>/phieu/<int:submission_id>")
@access.needs(Right.REVIEW, records=True)
def one(code: str, submission_id: int) -> str:
    """One submission; an officer sees names and other personal answers on request, which is logged."""
    commune = access.open_own_commune(code)
    row = review_queue.find(commune, submission_id)
    names = request.args.get("ho") == "1" and access.sees_records(commune)
    audit.note_reading("submission.read", f"submission:{submission_id}", {"label": names})
    found = one_submission.opened(row, names=names)
    chain = one_submission.chain(submission_id, names=names)
    return render_template(
        "office/review_one.html",
        commune=commune,
        found=found,
        names=names,
        may_see_names=access.sees_records(commune),
        photos=photos_of(submission_id),
        sketch=village_sketch.of(found.village_id, found.point, found.places),
        chain=chain,
        may_correct=access.may(Right.CORRECT, commune) and access.sees_records(commune),
        unread=UNREAD,
        states=submission_states.WORDS,
        result_word=household_states.result_word,
        home_word=household_states.word,
        done=SAID.get(request.args.get("xong", "")),
    )


@blueprint.post("/quan-tri/xa/<code>/phieu/<int:submission_id>")
@access.needs(Right.REVIEW)
def decide(code: str, submission_id: int) -> Response:
    """Bring one submission into a state, as the page showed it."""
    commune = access.open_own_commune(code)
    review_queue.find(commune, submission_id)
    state, seen = request.form.get("trang_thai", ""), request.form.get("dang_la", "")
    _decide(commune, submission_id, state, seen, request.form.get("ghi_chu", "")[:2000])
    return redirect(url_for(".one", code=code, submission_id=submission_id, xong=state))


@blueprint.post("/quan-tri/xa/<code>/phieu/duyet")
@access.needs(Right.REVIEW)
def approve(code: str) -> Response:
    """Approve all that were ticked; what somebody else has decided meanwhile, or cannot be counted, stays."""
    commune = access.open_own_commune(code)
    approved, left = 0, 0
    for submission_id, seen in _ticked(request.form.getlist("phieu")):
        try:
            review_queue.find(commune, submission_id)
            _decide(commune, submission_id, "approved", seen, "")
            approved += 1
        except Problem:
            left += 1
    kept = {name: value for name, value in request.args.items() if name not in ("duyet", "con")}
    return redirect(url_for(".queue", code=code, **{**kept, "duyet": approved, "con": left}))  # type: ignore[arg-type]


def _decide(commune: Commune, submission_id: int, state: str, seen: str, comment: str) -> None:
    caller = access.signed_in()
    reviewer = Reviewer(caller.actor, caller.name, commune.id, request.remote_addr)
    with db.engine.connect().execution_options(writes=True) as connection:
        decisions.decide(connection, submission_id, state, expected=seen, reviewer=reviewer, comment=comment)
        connection.commit()
    db.session.rollback()  # what this session has read was before it
    if state == "approved":
        difficulties.take_in(submission_id)


FLAGS = {
    "too_short": "điền quá nhanh",
    "point_elsewhere": "vị trí ngoài thôn",
    "same_point": "nhiều hộ một vị trí",
    "same_answers": "trả lời giống nhau",
    "clock_ahead": "đồng hồ chạy trước",
    "clock_behind": "đồng hồ chạy sau",
    "clock_backwards": "đồng hồ bị chỉnh",
    "no_village": "không rõ thôn",
    "same_day": "cùng hộ, cùng ngày",
    "edited_after_decision": "đã sửa sau khi duyệt",
}


def _wanted() -> Wanted:
    state, flag = request.args.get("trang_thai", review_queue.WAITING), request.args.get("dau_hieu")
    return Wanted(
        state=state if state in review_queue.states() else review_queue.WAITING,
        flag=flag if flag in FLAGS else None,
        village_id=request.args.get("thon", type=int),
        collector_id=request.args.get("nguoi", type=int),
        form_id=request.args.get("bieu_mau", type=int),
        quarantined=request.args.get("giu_rieng") == "1",
        before=request.args.get("truoc", type=int),
    )


def _ticked(values: Iterable[str]) -> Iterable[tuple[int, str]]:
    """`12:received` for each submission with the state that the page showed; at most a page of them."""
    for value in list(values)[: review_queue.PAGE]:
        number, _, seen = value.partition(":")
        if number.isdecimal() and len(number) < 19:
            yield int(number), seen


def _bulk_words() -> str:
    approved = request.args.get("duyet", type=int)
    if approved is None:
        return ""
    left = request.args.get("con", 0, type=int)
    rest = f" {left} phiếu chưa duyệt được: mở từng phiếu để xem lý do." if left else ""
    return f"Đã duyệt {approved} phiếu.{rest}"
