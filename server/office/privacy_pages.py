"""The register of what households ask about their data, and all that is done from a request; breaches beside it."""

import datetime as dt
import uuid
from collections.abc import Callable

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from server import audit, clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.households import household_search
from server.households.act_rows import Officer
from server.models import Commune, PrivacyRequest
from server.office.audit_words import ACTS
from server.privacy import household_extract, legal_deadlines, privacy_requests
from server.privacy.household_extract import Extract
from server.privacy.privacy_problems import PrivacyProblem

blueprint = Blueprint("privacy", __name__)

BASE = "/quan-tri/du-lieu-ca-nhan"
OF_COMMUNE = "/quan-tri/xa/<code>/du-lieu-ca-nhan"
OF_HOUSEHOLD = "/quan-tri/xa/<code>/ho/<uuid:household_id>/yeu-cau"


@blueprint.get(BASE, endpoint="requests")
@access.needs(Right.READ_REQUESTS)
def register() -> str:
    """All requests of the reader's communes with their due days; an administrator's of all; no names here."""
    return render_template(
        "office/privacy.html",
        rows=privacy_requests.listed(db.session, access.signed_in().commune_ids),
        kinds=privacy_requests.KINDS,
        states=privacy_requests.STATES,
        opens=access.signed_in().may(Right.HANDLE_REQUESTS),
    )


@blueprint.get(OF_HOUSEHOLD)
@access.needs(Right.HANDLE_REQUESTS, records=True)
def new(code: str, household_id: uuid.UUID) -> str:
    """The form on which a household's request is noted, beside those it made before."""
    commune = access.open_commune(code)
    household = household_search.one(commune, household_id)
    audit.note_reading("household.read", f"entity:{household_id}", {"label": True})
    return render_template(
        "office/privacy_new.html",
        commune=commune,
        household=household,
        kinds=privacy_requests.KINDS,
        states=privacy_requests.STATES,
        today=clock.today(),
        before=privacy_requests.of_household(db.session, household_id),
    )


@blueprint.post(OF_HOUSEHOLD)
@access.needs(Right.HANDLE_REQUESTS, records=True)
def add(code: str, household_id: uuid.UUID) -> Response:
    """Note a request; its due days follow from the day on which it came."""
    household_search.one(access.open_commune(code), household_id)
    begin_writing()
    commune = access.open_commune(code)
    row = privacy_requests.add(
        db.session,
        commune,
        household_id,
        request.form.get("yeu_cau", ""),
        _day(request.form.get("ngay", "")),
        request.form.get("ai", ""),
    )
    audit.note(f"privacy.{row.kind}", f"entity:{household_id}", {"request": row.id})
    db.session.commit()
    flash(f"Đã vào sổ: yêu cầu số {row.id}. Trả lời hộ trước hết ngày {row.answer_due:%d/%m/%Y}.")
    return redirect(url_for(".one", code=code, key=row.id))


@blueprint.get(f"{OF_COMMUNE}/<int:key>")
@access.needs(Right.HANDLE_REQUESTS, records=True)
def one(code: str, key: int) -> str:
    """One request with the household it is about, and what can be done."""
    commune = access.open_commune(code)
    row = privacy_requests.one(db.session, commune, key)
    household = _household(commune, row)
    audit.note_reading("household.read", f"entity:{row.entity_id}", {"label": household is not None})
    return render_template(
        "office/privacy_one.html",
        commune=commune,
        shown=privacy_requests.shown(row, commune),
        row=row,
        household=household,
        kinds=privacy_requests.KINDS,
        states=privacy_requests.STATES,
        more_days=legal_deadlines.MORE_DAYS,
    )


@blueprint.post(f"{OF_COMMUNE}/<int:key>")
@access.needs(Right.HANDLE_REQUESTS, records=True)
def act(code: str, key: int) -> Response:
    """Do what the request asks, or note how it goes on; what cannot be undone needs a tick of its own."""
    access.open_commune(code)
    begin_writing()
    commune = access.open_commune(code)
    row = privacy_requests.one(db.session, commune, key)
    chosen = request.form.get("viec", "")
    if chosen not in _DO:
        raise Problem(PrivacyProblem.REQUEST_IMPOSSIBLE, why="không rõ việc cần làm.")
    if chosen in ("delete", "withdraw") and request.form.get("dong_y") != "1":
        raise Problem(
            PrivacyProblem.REQUEST_IMPOSSIBLE,
            why="hãy đánh dấu vào ô xác nhận, vì việc này không hoàn tác được.",
        )
    person = access.signed_in()
    officer = Officer(person.actor, person.name, commune.id, request.remote_addr)
    audit.note(f"privacy.act_{chosen}", f"entity:{row.entity_id}", {"request": row.id})
    _DO[chosen](row, officer)
    db.session.commit()
    flash("Đã làm xong và ghi vào sổ.")
    return redirect(url_for(".one", code=code, key=key))


@blueprint.get(f"{OF_COMMUNE}/<int:key>/trich")
@access.needs(Right.HANDLE_REQUESTS, records=True)
def sheet(code: str, key: int) -> Response:
    """All that is held about the household, to print and hand over; the reading is logged."""
    commune = access.open_commune(code)
    row = privacy_requests.one(db.session, commune, key)
    found: Extract | None = household_extract.gather(db.session, row.entity_id)
    if found is None:
        raise Problem(PrivacyProblem.REQUEST_IMPOSSIBLE, why="dữ liệu của hộ này đã được xóa.")
    audit.note_reading("privacy.extract", f"entity:{row.entity_id}", {"request": row.id})
    page = render_template(
        "office/privacy_extract.html", commune=commune, extract=found, acts=ACTS, now=clock.now()
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def _household(commune: Commune, row: PrivacyRequest) -> household_search.HouseholdFolder | None:
    """The household of a request; None once it is deleted."""
    try:
        return household_search.one(commune, row.entity_id)
    except Problem:
        return None


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Problem(CommonProblem.DAY_UNREADABLE, day=text[:20]) from error


def _correct(row: PrivacyRequest, officer: Officer) -> None:
    label, address = request.form.get("ten", ""), request.form.get("dia_chi", "")
    privacy_requests.correct(db.session, row, label, address, officer)


_DO: dict[str, Callable[[PrivacyRequest, Officer], None]] = {
    "answer": lambda row, _: privacy_requests.answer(row),
    "extend": lambda row, _: privacy_requests.extend(row),
    "refuse": lambda row, officer: privacy_requests.refuse(row, request.form.get("ly_do", ""), officer),
    "view": privacy_requests.hand_over,
    "correct": _correct,
    "delete": lambda row, officer: privacy_requests.delete(db.session, row, officer),
    "withdraw": lambda row, officer: privacy_requests.withdraw(db.session, row, officer),
}
