"""The page of programs' keys: for sums of one commune or all, or for submissions in a person's name; revoked here."""

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response as BaseResponse

from server import clock
from server.accounts import access, person_keys, program_keys
from server.accounts.account_problems import AccountProblem
from server.accounts.program_keys import READS, UNLESS_SAID, TokenRejected
from server.accounts.roles import Right
from server.db import begin_writing, db
from server.errors import Problem
from server.models import ApiToken, Commune, Person
from server.office import one_time_secret
from server.office.people_pages import actor, communes_to_choose

blueprint = Blueprint("token_pages", __name__)

BASE = "/quan-tri/khoa-truy-cap"
DAYS = {30: "30 ngày", 90: "90 ngày", 365: "1 năm", 730: "2 năm"}
DEFAULT_DAYS = 365


@blueprint.get(BASE)
@access.needs(Right.MANAGE_TOKENS)
def listing() -> Response:
    """The keys of the reader's commune, or all of them."""
    return _page(one_time_secret.take())


@blueprint.post(BASE)
@access.needs(Right.MANAGE_TOKENS)
def add() -> BaseResponse | tuple[Response, int]:
    """Make a key; it is told once, on the page that follows."""
    begin_writing()
    days = request.form.get("han", DEFAULT_DAYS, type=int)
    try:
        made = program_keys.add(
            request.form.get("ten", "")[:120],
            commune=_commune(),
            reads=request.form.getlist("doc"),
            days=days if days in DAYS else DEFAULT_DAYS,
            by=actor(),
        )
    except TokenRejected as rejected:
        db.session.rollback()
        return _page(wrong=str(rejected)), 422
    return _told(made.token, f"Đã tạo khóa cho {made.record.name}.")


@blueprint.post(f"{BASE}/phieu")
@access.needs(Right.READ_LABELS)
def add_own() -> BaseResponse | tuple[Response, int]:
    """Make a key that reads, and where chosen changes, single submissions in the officer's own name."""
    begin_writing()
    days = request.form.get("han", DEFAULT_DAYS, type=int)
    try:
        made = person_keys.add(
            _person(),
            request.form.get("ten", "")[:120],
            request.form.getlist("quyen"),
            days if days in DAYS else DEFAULT_DAYS,
            by=actor(),
        )
    except TokenRejected as rejected:
        db.session.rollback()
        return _page(wrong_own=str(rejected)), 422
    return _told(made.token, f"Đã tạo khóa cho {made.record.name}.")


@blueprint.post(f"{BASE}/phieu/doi")
@access.needs(Right.READ_LABELS)
def roll_over() -> BaseResponse:
    """Another key in place of the one that `/token` tells programs by name and password; that one dies at once."""
    begin_writing()
    token = person_keys.make_told_again(_person(), by=actor())
    return _told(token, "Đã đổi khóa. Khóa trước không dùng được nữa.")


def _person() -> Person:
    return db.session.get_one(Person, access.signed_in().person_id)


def _told(token: str, sentence: str) -> BaseResponse:
    db.session.commit()
    one_time_secret.keep(token)
    flash(sentence)
    return redirect(url_for(".listing"))


@blueprint.post(f"{BASE}/<int:token_id>/thu-hoi")
@access.needs(Right.MANAGE_TOKENS)
def revoke(token_id: int) -> BaseResponse:
    """Refuse a key from now on."""
    begin_writing()
    found = db.session.scalars(sa.select(ApiToken).where(ApiToken.id == token_id)).unique().first()
    own = access.signed_in().commune_id
    if found is None or (own is not None and found.commune_id != own):
        raise Problem(AccountProblem.TOKEN_GONE)
    program_keys.revoke(found, by=actor())
    db.session.commit()
    flash(f"Đã thu hồi khóa của {found.name}: chương trình ấy không đọc được gì nữa.")
    return redirect(url_for(".listing"))


def _commune() -> Commune | None:
    """The commune that the key is for; an officer's own, whatever is sent; None for all."""
    code = access.signed_in().commune_code or request.form.get("xa", "")
    return access.open_commune(code) if code else None


def _page(secret: str = "", wrong: str = "", wrong_own: str = "") -> Response:
    page = render_template(
        "office/tokens.html",
        rows=program_keys.listed(access.signed_in().commune_id),
        now=clock.now(),
        communes=communes_to_choose(),
        reads=READS,
        own=person_keys.OF_PERSONS if access.signed_in().may(Right.READ_LABELS) else {},
        words={
            **READS,
            **person_keys.OF_PERSONS,
            person_keys.SESSION: "Phiên đăng nhập, hết khi đăng xuất nơi khác",
        },
        days=DAYS,
        default_days=DEFAULT_DAYS,
        given=request.form,
        chosen=request.form.getlist("doc") if request.form else UNLESS_SAID,
        secret=secret,
        wrong=wrong,
        wrong_own=wrong_own,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response
