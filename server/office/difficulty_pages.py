"""The pages of difficulties: what people met, by state, thôn and kind, and the office's answer to each."""

from flask import Blueprint, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.models import Commune
from server.office.photo_pages import photos_of
from server.places import communes
from server.review import difficulties
from server.review.difficulties import ACTS, KINDS, STATES, DifficultyAct, DifficultyFilter, OpenedDifficulty
from server.review.review_problems import ReviewProblem

blueprint = Blueprint("difficulties", __name__)

DONE = {
    "take": "Đã ghi nhận: phản ánh đang được xử lý.",
    "answer": "Đã lưu câu trả lời. Tổ của thôn sẽ thấy để báo lại cho hộ.",
    "close": "Đã đóng phản ánh.",
    "reopen": "Đã mở lại phản ánh.",
}
MOST_TEXT = 4_000


@blueprint.get("/quan-tri/xa/<code>/phan-anh")
@access.needs(Right.READ_DIFFICULTIES)
def listing(code: str) -> str:
    """A commune's difficulties; a team leader is shown those of their thôn."""
    commune = access.open_commune(code)
    wanted = _wanted(commune)
    page = difficulties.listed(commune, wanted)
    audit.note_reading("difficulty.list", f"commune:{commune.code}")
    return render_template(
        "office/difficulties.html",
        commune=commune,
        wanted=wanted,
        page=page,
        villages=communes.villages(commune, wanted.villages),
        states=STATES,
        kinds=KINDS,
    )


@blueprint.get("/quan-tri/xa/<code>/phan-anh/<int:difficulty_id>")
@access.needs(Right.READ_DIFFICULTIES, records=True)
def one(code: str, difficulty_id: int) -> str:
    """One difficulty with its photos and what was done; the household's name is shown on request, and logged."""
    commune = access.open_commune(code)
    return _page(commune, _told(commune, difficulty_id))


@blueprint.post("/quan-tri/xa/<code>/phan-anh/<int:difficulty_id>")
@access.needs(Right.ANSWER_DIFFICULTIES, records=True)
def act(code: str, difficulty_id: int) -> Response | tuple[str, int]:
    """Take a step, as the page showed it: what has changed meanwhile is not overwritten."""
    begin_writing()
    commune = access.open_commune(code)
    told = _told(commune, difficulty_id)
    chosen, text = _chosen(), request.form.get("noi_dung", "").strip()
    if request.form.get("trang_thai") != told.state or told.state not in chosen.before:
        raise Problem(ReviewProblem.DIFFICULTY_CHANGED)
    wrong = _wrong(chosen, text)
    if wrong:
        db.session.rollback()
        return _page(commune, told, wrong=wrong, text=text), 422
    difficulties.do(told, chosen, access.signed_in().person_id, text)
    audit.note(f"difficulty.{chosen.name}", f"difficulty:{told.id}")
    db.session.commit()
    return redirect(url_for(".one", code=code, difficulty_id=told.id, xong=chosen.name))


def _page(commune: Commune, told: OpenedDifficulty, wrong: str = "", text: str = "") -> str:
    is_officer = access.may(Right.ANSWER_DIFFICULTIES, commune)
    shows_name = not is_officer or request.args.get("ho") == "1"
    audit.note_reading(
        "difficulty.read", f"difficulty:{told.id}", {"label": shows_name and told.household is not None}
    )
    return render_template(
        "office/difficulty.html",
        commune=commune,
        told=told,
        photos=photos_of(told.submission_id),
        may_act=is_officer,
        shows_name=shows_name,
        states=STATES,
        kinds=KINDS,
        acts=ACTS,
        done=DONE.get(request.args.get("xong", "")),
        wrong=wrong,
        text=text,
    )


def _told(commune: Commune, difficulty_id: int) -> OpenedDifficulty:
    return difficulties.told(commune, difficulty_id, access.villages_seen(commune))


def _wanted(commune: Commune) -> DifficultyFilter:
    kind, state = request.args.get("loai"), request.args.get("trang_thai", "open")
    return DifficultyFilter(
        state=state if state in (*STATES, "open") else None,
        village_id=request.args.get("thon", type=int),
        kind=kind if kind in KINDS else None,
        villages=access.villages_seen(commune),
        page=max(1, min(request.args.get("trang", 1, type=int), 10_000)),
    )


def _chosen() -> DifficultyAct:
    found = ACTS.get(request.form.get("viec", ""))
    if found is None:
        raise Problem(CommonProblem.BAD_REQUEST, why="không rõ việc cần làm.")
    return found


def _wrong(chosen: DifficultyAct, text: str) -> str:
    """What keeps a step from being taken, in words; "" where nothing does."""
    if len(text) > MOST_TEXT:
        return f"Nội dung dài quá {MOST_TEXT} chữ cái; hãy viết gọn lại."
    if chosen.needs_text and not text:
        return "Hãy ghi câu trả lời." if chosen.name == "answer" else "Hãy ghi lý do mở lại."
    return ""
