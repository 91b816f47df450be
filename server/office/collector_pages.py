"""The pages of collectors: who walks where, their phones, their code; add one or a hundred, print, change, revoke."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Flask, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import selectinload
from werkzeug.wrappers import Response

from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db, in_vietnamese_order
from server.errors import Problem
from server.files import making_process
from server.files.made_files import MadeContent
from server.files.making_process import Progress
from server.models import Collector, CollectorVillage, Commune, MadeFile, Village
from server.office import made_file_pages
from server.phones import collectors, last_contact, qr_sheet
from server.phones.collectors import CollectorRejected
from server.phones.phone_access import outside_url
from server.phones.phone_problems import PhoneProblem
from server.places import communes

blueprint = Blueprint("collector_pages", __name__)

PAGE = 50
MOST_PRINTED = 500
MANY = 60
"""From so many codes on, more than a second of work, their PDF is made beside the server."""
CODES = 15
"""Codes on a page of the sheet in the browser, three sheets of paper: drawing one takes some ten milliseconds."""
MADE = "ma-qr"
"""What such sheets are called among the files that are made so."""
BASE = "/quan-tri/xa/<code>/thanh-vien"


@blueprint.get(BASE)
@access.needs(Right.MANAGE_COLLECTORS)
def listing(code: str) -> str:
    """A commune's collectors, 50 a page, with what their phones last told."""
    commune = access.open_commune(code)
    number = max(1, min(request.args.get("trang", 1, type=int), 10_000))
    village = request.args.get("thon", type=int)
    query = _of(commune, village).order_by(
        Collector.revoked_at.is_not(None), in_vietnamese_order(Collector.name), Collector.id
    )
    rows = db.session.scalars(query.offset((number - 1) * PAGE).limit(PAGE + 1)).all()
    shown = rows[:PAGE]
    return render_template(
        "office/collectors.html",
        commune=commune,
        rows=shown,
        places=collectors.places,
        called=communes.called(commune),
        contacts=last_contact.contacts(each.id for each in shown),
        villages=communes.villages(commune),
        village=village,
        number=number,
        is_last=len(rows) <= PAGE,
        old_phones=last_contact.old_phones(commune),
    )


@blueprint.get(f"{BASE}/them")
@access.needs(Right.MANAGE_COLLECTORS)
def adding(code: str) -> str:
    """Two ways to add: one collector, or a table of them."""
    commune = access.open_commune(code)
    return _adding(commune)


@blueprint.post(f"{BASE}/them")
@access.needs(Right.MANAGE_COLLECTORS)
def add(code: str) -> Response | tuple[str, int]:
    """Add one collector; a name that the thôn has already is asked about: the button may have been pressed twice."""
    begin_writing()
    commune = access.open_commune(code)
    name, chosen = request.form.get("ho_ten", ""), _chosen(commune)
    there = None if request.form.get("nguoi_khac") else collectors.namesake(name, chosen)
    if there is not None:
        wrong = f"{there.name} ({there.username}) đã có ở thôn này. Chưa thêm ai."
        db.session.rollback()
        return _adding(access.open_commune(code), wrong=wrong, name=name, has_namesake=True), 422
    try:
        made = collectors.add(name, commune, chosen, actor=access.signed_in().actor)
    except CollectorRejected as rejected:
        db.session.rollback()
        return _adding(access.open_commune(code), wrong=str(rejected), name=name), 422
    db.session.commit()
    flash(f"Đã thêm {made.collector.name}. Hãy in tờ mã QR để người này quét bằng điện thoại.")
    return redirect(url_for(".one", code=code, collector_id=made.collector.id))


@blueprint.get(f"{BASE}/<int:collector_id>")
@access.needs(Right.MANAGE_COLLECTORS)
def one(code: str, collector_id: int) -> str:
    """One collector: thôn, phones, the forms they hold, what is not sent as far as the server can know."""
    commune = access.open_commune(code)
    return _one(commune, _collector(commune, collector_id))


@blueprint.post(f"{BASE}/<int:collector_id>/thon")
@access.needs(Right.MANAGE_COLLECTORS)
def assign(code: str, collector_id: int) -> Response | tuple[str, int]:
    """Change the thôn they walk."""
    begin_writing()
    commune = access.open_commune(code)
    collector = _collector(commune, collector_id)
    try:
        collectors.assign(collector, _chosen(commune), actor=access.signed_in().actor)
    except CollectorRejected as rejected:
        return _one(commune, collector, wrong=str(rejected)), 422
    db.session.commit()
    flash("Đã giao thôn. Điện thoại nhận danh sách mới trong lần cập nhật tới.")
    return redirect(url_for(".one", code=code, collector_id=collector_id))


@blueprint.post(f"{BASE}/<int:collector_id>/doi-ma")
@access.needs(Right.MANAGE_COLLECTORS)
def rotate(code: str, collector_id: int) -> Response | tuple[str, int]:
    """*Đổi mã*."""
    begin_writing()
    commune = access.open_commune(code)
    collector = _collector(commune, collector_id)
    try:
        collectors.rotate(collector, actor=access.signed_in().actor)
    except CollectorRejected as rejected:
        return _one(commune, collector, wrong=str(rejected)), 422
    db.session.commit()
    flash("Đã đổi mã. Hãy in tờ mã QR mới; phiếu đã điền trên điện thoại cũ vẫn gửi được trong 30 ngày.")
    return redirect(url_for(".one", code=code, collector_id=collector_id))


@blueprint.get(f"{BASE}/<int:collector_id>/thu-hoi")
@access.needs(Right.MANAGE_COLLECTORS)
def asking(code: str, collector_id: int) -> str:
    """What would be lost by revoking, before it is done."""
    commune = access.open_commune(code)
    collector = _collector(commune, collector_id)
    contact = last_contact.contacts([collector.id])[collector.id]
    return render_template(
        "office/collector_revoke.html", commune=commune, collector=collector, contact=contact
    )


@blueprint.post(f"{BASE}/<int:collector_id>/thu-hoi")
@access.needs(Right.MANAGE_COLLECTORS)
def revoke(code: str, collector_id: int) -> Response:
    """*Thu hồi ngay*."""
    begin_writing()
    commune = access.open_commune(code)
    collector = _collector(commune, collector_id)
    collectors.revoke(collector, actor=access.signed_in().actor)
    db.session.commit()
    flash(f"Đã thu hồi mã của {collector.name}: điện thoại không đọc, không gửi được gì nữa.")
    return redirect(url_for(".one", code=code, collector_id=collector_id))


@blueprint.get(f"{BASE}/to-in")
@access.needs(Right.MANAGE_COLLECTORS)
def sheet(code: str) -> str | Response:
    """The sheet of QR codes, of one collector (`nguoi`), of those added together (keys `tu` to `den`), of a thôn
    (`thon`) or of all, some at once (`trang`); all in one PDF with `dang=pdf`, made beside the server where it is long.
    """
    commune = access.open_commune(code)
    found, url = _printed(commune), outside_url()
    is_pdf = request.args.get("dang") == "pdf"
    if is_pdf and len(found) >= MANY:
        return made_file_pages.ask(commune, MADE, of=len(found), **_printing(commune, found), follow=".made")
    if is_pdf:
        try:
            content = qr_sheet.pdf(commune, found, url)
            _note_printing(commune, found)
            return _pdf(content, commune)
        except qr_sheet.NoPdf as error:
            flash(str(error))
    number = max(1, min(request.args.get("trang", 1, type=int), MOST_PRINTED))
    shown = qr_sheet.ordered(found)[(number - 1) * CODES : number * CODES]
    _note_printing(commune, shown)
    return render_template(
        "office/qr_sheet.html",
        commune=commune,
        cards=qr_sheet.cards(shown, url),
        url=url,
        is_near=qr_sheet.is_near(request.host),
        number=number,
        total=len(found),
        is_last=number * CODES >= len(found),
    )


def _printed(commune: Commune) -> Sequence[Collector]:
    """Those whose codes the address asks for."""
    query = _of(commune, request.args.get("thon", type=int)).where(Collector.revoked_at.is_(None))
    only = request.args.get("nguoi", type=int)
    if only is not None:
        query = query.where(Collector.id == only)
    first, last = request.args.get("tu", type=int), request.args.get("den", type=int)
    if first is not None and last is not None:
        query = query.where(Collector.id.between(first, last))
    ordered = query.order_by(in_vietnamese_order(Collector.name), Collector.id)
    return db.session.scalars(ordered.limit(MOST_PRINTED)).all()


def _make(row: MadeFile, _folder: Path, _progress: Progress) -> MadeContent:
    """A long sheet as PDF, in the process beside the server."""
    commune = db.session.get_one(Commune, row.commune_id)
    try:
        content = qr_sheet.pdf(commune, _printed(commune), row.outside_url)
    except qr_sheet.NoPdf as error:
        raise Problem(PhoneProblem.NO_PDF, why=str(error)) from error
    return MadeContent(f"ma-qr-{commune.code}.pdf", "application/pdf", [content])


@blueprint.get(f"{BASE}/to-in/tep/<key>")
@access.needs(Right.MANAGE_COLLECTORS)
def made(code: str, key: str) -> Response:
    """How far a long sheet is; the sheet when it is ready."""
    commune = access.open_commune(code)
    return made_file_pages.progress(
        commune,
        MADE,
        key,
        title="Tờ mã QR của thành viên",
        back=url_for(".listing", code=code),
        content=url_for(".made_content", code=code, key=key),
    )


@blueprint.get(f"{BASE}/to-in/tep/<key>/noi-dung")
@access.needs(Right.MANAGE_COLLECTORS)
def made_content(code: str, key: str) -> Response:
    """The sheet itself; each time it is taken is in the audit."""
    name, response = made_file_pages.ready(access.open_commune(code), MADE, key)
    response.headers["Content-Disposition"] = f'inline; filename="{name}"'
    return response


def _pdf(content: bytes, commune: Commune) -> Response:
    head = {
        "Content-Disposition": f'inline; filename="ma-qr-{commune.code}.pdf"',
        "Cache-Control": "no-store",
    }
    return Response(content, content_type="application/pdf", headers=head)


def _note_printing(commune: Commune, shown: Sequence[Collector]) -> None:
    """A sheet without a code is none: it tells nobody's, and no first step is done by it."""
    if shown:
        audit.note_reading(**_printing(commune, shown))


def _printing(commune: Commune, found: Sequence[Collector]) -> dict[str, Any]:
    """Codes open phone URLs: who has seen them is written down."""
    detail = {"collectors": [each.id for each in found]}
    return {"act": "collector.print", "record": f"commune:{commune.code}", "detail": detail}


def _of(commune: Commune, village: int | None) -> sa.Select[Collector]:
    query = (
        sa.select(Collector)
        .where(Collector.commune_id == commune.id)
        .options(selectinload(Collector.villages))
    )
    if village is None:
        return query
    walks = Collector.villages.any(
        sa.and_(CollectorVillage.village_id == village, CollectorVillage.until.is_(None))
    )
    return query.where(walks)


def _collector(commune: Commune, collector_id: int) -> Collector:
    found = db.session.get(Collector, collector_id)
    if found is None or found.commune_id != commune.id:
        raise Problem(PhoneProblem.COLLECTOR_UNKNOWN)
    return found


def _chosen(commune: Commune) -> list[Village]:
    wanted = set(request.form.getlist("thon", type=int))
    return [village for village in communes.villages(commune) if village.id in wanted]


def _adding(commune: Commune, wrong: str = "", name: str = "", *, has_namesake: bool = False) -> str:
    chosen = set(request.form.getlist("thon", type=int))
    return render_template(
        "office/collector_add.html", commune=commune, villages=communes.villages(commune), chosen=chosen,
        wrong=wrong, name=name, has_namesake=has_namesake,
    )  # fmt: skip


def _one(commune: Commune, collector: Collector, wrong: str = "") -> str:
    return render_template(
        "office/collector.html",
        commune=commune,
        collector=collector,
        walked=collectors.walked(collector),
        leaving=collectors.leaving(collector),
        contact=last_contact.contacts([collector.id])[collector.id],
        villages=communes.villages(commune),
        wrong=wrong,
    )


def register(app: Flask) -> None:
    """Say who makes the long ones of these sheets."""
    making_process.register(app, MADE, _make)
