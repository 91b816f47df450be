"""The pages on which somebody makes links to a commune's or the city's tables, sees who read them, and ends them."""

from flask import Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from dashboards.downloads.download_pages import blueprint
from server import clock
from server.accounts import access, shared_links
from server.accounts.account_problems import AccountProblem
from server.accounts.roles import Right
from server.accounts.shared_links import LinkRejected
from server.db import begin_writing, db
from server.errors import Problem
from server.exports import select_submissions
from server.models import Commune, Form, SharedLink
from server.office import one_time_secret
from server.office.people_pages import actor

OF_COMMUNE = "/xa/<code>/tai-ve/lien-ket"
OF_CITY = "/thanh-pho/lien-ket"


@blueprint.get(OF_COMMUNE)
@access.needs(Right.READ_SUMS)
def links(code: str) -> Response:
    """The reader's links to a commune's tables."""
    return _page(access.open_commune(code), one_time_secret.take())


@blueprint.post(OF_COMMUNE)
@access.needs(Right.READ_SUMS)
def add_link(code: str) -> BaseResponse | tuple[Response, int]:
    """Make one; it is told once, on the page that follows."""
    return _add(access.open_commune(code))


@blueprint.post(f"{OF_COMMUNE}/<int:link_id>/thu-hoi")
@access.needs(Right.READ_SUMS)
def end_link(code: str, link_id: int) -> BaseResponse:
    """Refuse one from now on."""
    return _end(access.open_commune(code), link_id)


@blueprint.get(OF_CITY)
@access.needs(Right.COMPARE_COMMUNES)
def city_links() -> Response:
    """The reader's links to the city's table."""
    return _page(None, one_time_secret.take())


@blueprint.post(OF_CITY)
@access.needs(Right.COMPARE_COMMUNES)
def add_city_link() -> BaseResponse | tuple[Response, int]:
    """Make one of the city."""
    return _add(None)


@blueprint.post(f"{OF_CITY}/<int:link_id>/thu-hoi")
@access.needs(Right.COMPARE_COMMUNES)
def end_city_link(link_id: int) -> BaseResponse:
    """Refuse one of the city from now on."""
    return _end(None, link_id)


def _add(commune: Commune | None) -> BaseResponse | tuple[Response, int]:
    maker = access.signed_in()
    begin_writing()
    subject = request.form.get("bang", "")
    try:
        if subject not in _subjects(commune):
            raise LinkRejected("Hãy chọn bảng mà liên kết mở ra.")
        made = shared_links.add(
            request.form.get("ten", "")[:120],
            subject,
            maker.person_id,
            commune=commune,
            form=_form(commune) if subject == shared_links.SUBMISSIONS else None,
            days=request.form.get("han", shared_links.DEFAULT_DAYS, type=int),
            by=actor(),
        )
    except LinkRejected as rejected:
        db.session.rollback()
        return _page(commune, wrong=str(rejected)), 422
    db.session.commit()
    one_time_secret.keep(url_for("link_files.page", key=made.key, _external=True))
    flash(f"Đã tạo liên kết {made.record.name}.")
    return redirect(_here(commune))


def _end(commune: Commune | None, link_id: int) -> BaseResponse:
    begin_writing()
    found = next((each for each in _listed(commune) if each.id == link_id), None)
    if found is None:
        raise Problem(AccountProblem.LINK_UNKNOWN)
    shared_links.revoke(found, by=actor())
    db.session.commit()
    flash(f"Đã thu hồi liên kết {found.name}: từ lúc này liên kết ấy không mở được gì nữa.")
    return redirect(_here(commune))


def _listed(commune: Commune | None) -> list[SharedLink]:
    """Their own; who looks after keys sees the links of others too, and may end them."""
    reader = access.signed_in()
    of_all = reader.may(Right.MANAGE_TOKENS) and (commune is None or reader.belongs_to(commune))
    own = commune.id if commune else None
    return list(shared_links.listed(reader.person_id, own, of_all=of_all))


def _subjects(commune: Commune | None) -> dict[str, str]:
    reader = access.signed_in()
    return {
        subject: label
        for subject, label in shared_links.SUBJECTS.items()
        if access.may_link(reader, subject, commune)
    }


def _form(commune: Commune | None) -> Form | None:
    wanted = request.form.get("bieu_mau", "")
    return select_submissions.form(commune, wanted) if commune and wanted else None


def _here(commune: Commune | None) -> str:
    return url_for(".links", code=commune.code) if commune else url_for(".city_links")


def _page(commune: Commune | None, secret: str = "", wrong: str = "") -> Response:
    subjects = _subjects(commune)
    page = render_template(
        "links.html",
        commune=commune,
        place=f"{commune.kind.capitalize()} {commune.name}" if commune else "Thành phố",
        rows=_listed(commune),
        own_id=access.signed_in().person_id,
        subjects=subjects,
        names=shared_links.SUBJECTS,
        forms=select_submissions.forms(commune) if commune and shared_links.SUBMISSIONS in subjects else (),
        days=shared_links.DAYS,
        default_days=shared_links.DEFAULT_DAYS,
        now=clock.now(),
        given=request.form,
        secret=secret,
        wrong=wrong,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response
