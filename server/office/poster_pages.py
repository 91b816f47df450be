"""The pages of posters: which hang where and what they brought; make, print, close, renew; whether they are judged."""

from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from geo.vietnamese_order import sort_key
from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db, single_statements
from server.errors import CommonProblem, Problem
from server.models import Commune, Form, JudgedSelfAnswers, Poster, Village
from server.office import written_days
from server.openrosa import forms_for_phones
from server.phones import qr_sheet
from server.phones.phone_access import PhoneCaller, outside_url
from server.places import communes
from server.posters import poster_acts, poster_names, poster_places, poster_sheet, which_forms
from server.posters.poster_acts import PosterRejected
from server.posters.poster_names import PosterRow
from server.posters.poster_places import PublicPlace
from server.posters.poster_problems import PosterProblem
from server.privacy import answers_by_number

blueprint = Blueprint("poster_pages", __name__)

BASE = "/quan-tri/xa/<code>/ap-phich"


@dataclass(frozen=True)
class OfferedForm:
    """A form in use in the commune: why it cannot hang on a wall ("" where it can), and what is said of its answers."""

    id: int
    title: str
    why_not: str
    states_something: bool
    is_judged: bool


@blueprint.get(BASE)
@access.needs(Right.MANAGE_POSTERS)
def listing(code: str) -> str:
    """All posters of a commune with what they brought, and the form for new ones."""
    return _listing(access.open_own_commune(code))


@blueprint.post(BASE)
@access.needs(Right.MANAGE_POSTERS)
def make(code: str) -> Response | tuple[str, int]:
    """Make posters of one form: for thôn, for public places, or for both."""
    begin_writing()
    commune = access.open_own_commune(code)
    form = _form(commune, request.form.get("bieu_mau", type=int))
    try:
        made = poster_acts.make(
            commune,
            form,
            _villages_chosen(commune),
            _places_chosen(commune),
            ends_on=written_days.day(request.form.get("ngay_cuoi")),
        )
    except PosterRejected as rejected:
        db.session.rollback()
        return _listing(access.open_own_commune(code), wrong=str(rejected)), 422
    db.session.commit()
    flash(f"Đã tạo {len(made)} tờ áp phích. Hãy in ra và treo ở nơi đã chọn.")
    return redirect(url_for(".sheet", code=code, to=[each.id for each in made]))


@blueprint.get(f"{BASE}/to-in")
@access.needs(Right.MANAGE_POSTERS)
def sheet(code: str) -> str | Response:
    """Posters to print, an A4 page each: those named (`to`), else all that take answers; as PDF with `dang=pdf`."""
    commune = access.open_own_commune(code)
    asked = set(request.args.getlist("to", type=int))
    open_ones = [row.id for row in poster_names.of_commune(commune) if row.state == poster_names.OPEN]
    only = [each for each in open_ones if not asked or each in asked][: poster_sheet.MOST]
    audit.note_reading("poster.print", f"commune:{commune.code}", {"posters": only})
    url = outside_url()
    if request.args.get("dang") == "pdf":
        try:
            return _pdf(poster_sheet.pdf(commune, only, url), commune)
        except qr_sheet.NoPdf as error:
            flash(str(error))
    pages = poster_sheet.pages(commune, only, url)
    is_near = qr_sheet.is_near(request.host)
    return render_template(
        "office/poster_sheet.html",
        commune=commune,
        pages=pages,
        url=url,
        is_near=is_near,
        asked=sorted(asked),
    )


@blueprint.post(f"{BASE}/<int:poster_id>/dong")
@access.needs(Right.MANAGE_POSTERS)
def close(code: str, poster_id: int) -> Response:
    """It takes no more answers."""
    begin_writing()
    poster = _poster(access.open_own_commune(code), poster_id)
    poster_acts.close(poster)
    db.session.commit()
    flash(f"Đã đóng tờ áp phích ở {poster.label}. Ai quét mã được báo là tờ này đã thôi nhận.")
    return redirect(url_for(".listing", code=code))


@blueprint.post(f"{BASE}/<int:poster_id>/thay-ma")
@access.needs(Right.MANAGE_POSTERS)
def renew(code: str, poster_id: int) -> Response | tuple[str, int]:
    """A new code; the old one says that there is a new one."""
    begin_writing()
    poster = _poster(access.open_own_commune(code), poster_id)
    try:
        new = poster_acts.renew(poster)
    except PosterRejected as rejected:
        db.session.rollback()
        return _listing(access.open_own_commune(code), wrong=str(rejected)), 422
    db.session.commit()
    flash("Đã thay mã. Hãy in tờ mới treo vào chỗ cũ; ai quét tờ cũ được báo là có tờ mới.")
    return redirect(url_for(".sheet", code=code, to=new.id))


@blueprint.post(f"{BASE}/<int:poster_id>/ngay-cuoi")
@access.needs(Right.MANAGE_POSTERS)
def end(code: str, poster_id: int) -> Response | tuple[str, int]:
    """Change the last day, or take it away."""
    begin_writing()
    poster = _poster(access.open_own_commune(code), poster_id)
    try:
        poster_acts.end_on(poster, written_days.day(request.form.get("ngay_cuoi")))
    except PosterRejected as rejected:
        db.session.rollback()
        return _listing(access.open_own_commune(code), wrong=str(rejected)), 422
    db.session.commit()
    flash(f"Đã đổi ngày cuối của tờ áp phích ở {poster.label}.")
    return redirect(url_for(".listing", code=code))


@blueprint.post(f"{BASE}/so-muc-giao")
@access.needs(Right.MANAGE_POSTERS)
def judge(code: str) -> Response:
    """Whether what people answer by themselves in a form is set against the targets, in its own column."""
    begin_writing()
    commune = access.open_own_commune(code)
    form = _form(commune, request.form.get("bieu_mau", type=int))
    judged = request.form.get("so") == "1"
    poster_acts.judge(commune, form, judged=judged)
    db.session.commit()
    flash(
        f"Câu tự trả lời của “{form.title}” {'nay được' if judged else 'thôi'} so với mức giao, ở cột riêng. "
        "Trạng thái của chỉ tiêu vẫn theo khảo sát từng nhà."
    )
    return redirect(url_for(".listing", code=code))


@blueprint.post(f"{BASE}/xoa-phieu")
@access.needs(Right.MANAGE_POSTERS)
def delete_answer(code: str) -> Response | tuple[str, int]:
    """Delete one answer for the person who tells its number."""
    begin_writing()
    commune = access.open_own_commune(code)
    number = request.form.get("so_phieu", type=int) or 0
    try:
        answers_by_number.delete(db.session, commune, number)
    except Problem as problem:
        if problem.kind is not PosterProblem.ANSWER_UNKNOWN:
            raise
        db.session.rollback()
        return _listing(access.open_own_commune(code), wrong=problem.sentence), problem.status
    flash(f"Đã xóa câu trả lời số {number}, cả ảnh và trong các con số.")
    return redirect(url_for(".listing", code=code))


def _listing(commune: Commune, wrong: str = "") -> str:
    rows = poster_names.of_commune(commune)
    offered = _offered(commune, rows)
    return render_template(
        "office/posters.html",
        commune=commune,
        rows=rows,
        forms=offered,
        hung=[
            each for each in offered if each.states_something and any(row.form_pk == each.id for row in rows)
        ],
        villages=communes.villages(commune),
        places=poster_places.by_kind(poster_places.of_commune(commune)),
        chosen_places=set(request.form.getlist("diem")),
        chosen=set(request.form.getlist("thon", type=int)),
        given=request.form,
        wrong=wrong,
        is_open=any(row.state == poster_names.OPEN for row in rows),
    )


def _offered(commune: Commune, rows: Sequence[PosterRow]) -> list[OfferedForm]:
    """Forms in use in the commune, those that can hang on a wall first."""
    reader = PhoneCaller(0, commune.id, "", "", {})
    with single_statements().connect() as connection:
        codes = [each.form_id for each in forms_for_phones.listed(connection, reader)]
    judged = set(
        db.session.scalars(
            sa.select(JudgedSelfAnswers.form_id).where(JudgedSelfAnswers.commune_id == commune.id)
        )
    )
    hung = {row.form_pk for row in rows}
    forms = db.session.scalars(sa.select(Form).where(sa.or_(Form.form_id.in_(codes), Form.id.in_(hung))))
    found = [_offer(form, is_judged=form.id in judged) for form in forms]
    return sorted(found, key=lambda each: (bool(each.why_not), sort_key(each.title)))


def _offer(form: Form, *, is_judged: bool) -> OfferedForm:
    served = which_forms.served(form.id)
    if served is None:
        return OfferedForm(form.id, form.title, "biểu mẫu không còn dùng", False, is_judged)
    why_not = "; ".join(served.obstacles)
    return OfferedForm(form.id, form.title, why_not, bool(served.definition.indicators), is_judged)


def _form(commune: Commune, form_pk: int | None) -> Form:
    """A form that is everybody's or this commune's; Problem FORM_UNKNOWN otherwise."""
    found = db.session.get(Form, form_pk) if form_pk is not None else None
    if found is None or found.commune_id not in (None, commune.id):
        raise Problem(CommonProblem.FORM_UNKNOWN, form_id="?")
    return found


def _poster(commune: Commune, poster_id: int) -> Poster:
    found = db.session.get(Poster, poster_id)
    if found is None or found.commune_id != commune.id:
        raise Problem(PosterProblem.POSTER_OFFICE)
    return found


def _villages_chosen(commune: Commune) -> list[Village]:
    if request.form.get("moi_thon") == "1":
        return list(communes.villages(commune))
    wanted = set(request.form.getlist("thon", type=int))
    return [each for each in communes.villages(commune) if each.id in wanted]


def _places_chosen(commune: Commune) -> list[PublicPlace]:
    wanted = set(request.form.getlist("diem"))
    return [each for each in poster_places.of_commune(commune) if str(each.entity.id) in wanted]


def _pdf(content: bytes, commune: Commune) -> Response:
    head = {
        "Content-Disposition": f'inline; filename="ap-phich-{commune.code}.pdf"', "Cache-Control": "no-store"
    }  # fmt: skip
    return Response(content, content_type="application/pdf", headers=head)
