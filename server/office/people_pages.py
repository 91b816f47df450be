"""The pages of accounts: who signs in with which role and scope, and what one does for somebody locked out."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Blueprint, Response, flash, make_response, redirect, render_template, request, url_for
from sqlalchemy.orm import load_only, selectinload
from werkzeug.wrappers import Response as BaseResponse

from server.accounts import access, account_lock, persons, roles, sessions
from server.accounts.account_problems import AccountProblem
from server.accounts.persons import PersonRejected
from server.accounts.roles import CITY_WIDE, ROLES, Right
from server.audit import Actor
from server.db import begin_writing, db, in_vietnamese_order
from server.errors import Problem
from server.models import Commune, Person, Role, Village
from server.office import one_time_secret

blueprint = Blueprint("people_pages", __name__)

BASE = "/quan-tri/tai-khoan"
PAGE = 50


@dataclass(frozen=True)
class AccountAct:
    """What one button does, and what is said when it is done."""

    label: str
    do: Callable[[Person, Actor], str | None]
    done: str


def _disable(person: Person, by: Actor) -> None:
    persons.disable(person, by=by)


def _enable(person: Person, by: Actor) -> None:
    persons.enable(person, by=by)


def _reset(person: Person, by: Actor) -> str:
    return persons.reset(person, by=by)


def _end(person: Person, by: Actor) -> None:
    persons.end_sessions(person, by=by)


def _unlock(person: Person, by: Actor) -> None:
    persons.unlock(person, by=by)


ACTS: Mapping[str, AccountAct] = {
    "cap-lai": AccountAct("Cấp lại mật khẩu", _reset, "Đã cấp mật khẩu dùng một lần; mã xác thực cũ đã bỏ."),
    "mo-khoa": AccountAct("Mở khóa", _unlock, "Đã mở khóa: người này đăng nhập lại được ngay."),
    "dang-xuat": AccountAct("Đăng xuất khỏi mọi nơi", _end, "Đã đăng xuất người này khỏi mọi trình duyệt."),
    "ngung": AccountAct("Ngừng dùng", _disable, "Đã ngừng tài khoản; các phiên đang mở đã đóng ngay."),
    "dung-lai": AccountAct("Dùng lại", _enable, "Đã cho dùng lại tài khoản."),
}


@blueprint.get(BASE)
@access.needs(Right.MANAGE_PEOPLE)
def listing() -> str:
    """The accounts that the reader looks after, 50 a page."""
    number = max(1, min(request.args.get("trang", 1, type=int), 10_000))
    search = request.args.get("tim", "").strip()[:80]
    chosen = request.args.get("vai_tro", "")
    query = _found(search, chosen).order_by(sa.not_(Person.active), Person.username)
    rows = db.session.scalars(query.offset((number - 1) * PAGE).limit(PAGE + 1)).unique().all()
    shown = rows[:PAGE]
    waiting = account_lock.waiting(person.username for person in shown)
    return render_template(
        "office/people.html",
        rows=[(person, _state(person, person.username in waiting)) for person in shown],
        roles=_givable(),
        words=ROLES,
        search=search,
        chosen=chosen,
        number=number,
        is_last=len(rows) <= PAGE,
        total=db.session.scalar(sa.select(sa.func.count()).select_from(_found("", "").subquery())),
    )


@blueprint.get(f"{BASE}/them")
@access.needs(Right.MANAGE_PEOPLE)
def adding() -> str:
    """A new account: where it belongs, then who it is."""
    return _adding(_asked_commune(request.args))


@blueprint.post(f"{BASE}/them")
@access.needs(Right.MANAGE_PEOPLE)
def add() -> BaseResponse | tuple[str, int]:
    """Make an account; its password is told once, on the page that follows."""
    begin_writing()
    commune = _asked_commune(request.form)
    try:
        made = persons.add(
            request.form.get("ten_dang_nhap", "").strip().casefold(),
            request.form.get("ho_ten", "")[:120],
            [_chosen_role()],
            commune=commune,
            more=_more(commune),
            villages=_chosen(commune),
            unit=request.form.get("don_vi", "")[:120],
            by=actor(),
        )
    except PersonRejected as rejected:
        db.session.rollback()
        return _adding(_asked_commune(request.form), wrong=str(rejected)), 422
    db.session.commit()
    one_time_secret.keep(made.password)
    flash(f"Đã thêm tài khoản {made.person.username}.")
    return redirect(url_for(".one", person_id=made.person.id))


@blueprint.get(f"{BASE}/<int:person_id>")
@access.needs(Right.MANAGE_PEOPLE)
def one(person_id: int) -> Response:
    """One account: role, scope, state, open sessions, and what may be done."""
    return _one(_person(person_id), one_time_secret.take())


@blueprint.post(f"{BASE}/<int:person_id>")
@access.needs(Right.MANAGE_PEOPLE)
def change(person_id: int) -> BaseResponse | tuple[Response, int]:
    """Give another role, scope, name or office."""
    begin_writing()
    person = _person(person_id)
    commune = _asked_commune(request.form)
    try:
        persons.change(
            person,
            _chosen_role(),
            commune,
            _chosen(commune),
            more=_more(commune),
            name=request.form.get("ho_ten", "")[:120],
            unit=request.form.get("don_vi", "")[:120],
            by=actor(),
        )
    except PersonRejected as rejected:
        db.session.rollback()
        return _one(_person(person_id), wrong=str(rejected)), 422
    db.session.commit()
    flash("Đã lưu. Nếu vai trò hoặc phạm vi thay đổi, người này phải đăng nhập lại.")
    return redirect(url_for(".one", person_id=person_id))


@blueprint.post(f"{BASE}/<int:person_id>/<any({', '.join(map(repr, ACTS))}):name>")
@access.needs(Right.MANAGE_PEOPLE)
def act(person_id: int, name: str) -> BaseResponse | tuple[Response, int]:
    """Press one of the buttons."""
    begin_writing()
    person = _person(person_id)
    try:
        secret = ACTS[name].do(person, actor())
    except PersonRejected as rejected:
        db.session.rollback()
        return _one(_person(person_id), wrong=str(rejected)), 422
    db.session.commit()
    if secret:
        one_time_secret.keep(secret)
    flash(ACTS[name].done)
    return redirect(url_for(".one", person_id=person_id))


def actor() -> Actor:
    """Who asks, for the audit."""
    return Actor(access.signed_in().actor, request.remote_addr)


def _own() -> sa.Select[Person]:
    caller = access.signed_in()
    query = persons.looked_after(caller.roles, caller.commune_id, caller.person_id)
    names = selectinload(Person.villages).load_only(Village.code, Village.name)
    return query.options(names, *sessions.NAMES_ALONE)


def _found(search: str, chosen: str) -> sa.Select[Person]:
    query = _own()
    if chosen in ROLES:
        query = query.where(Person.roles.any(Role.name == chosen))
    if search:
        spellings = {search, search.casefold(), search.upper(), search.title()}  # SQLite folds a to z alone
        columns = (Person.name, Person.username, Person.unit)
        query = query.where(sa.or_(*(each.icontains(word) for each in columns for word in spellings)))
    return query


def _person(person_id: int) -> Person:
    """An account that the reader looks after; to them there are no others."""
    found = db.session.scalars(_own().where(Person.id == person_id)).unique().first()
    if found is None:
        raise Problem(AccountProblem.PERSON_UNKNOWN)
    return found


def _givable() -> list[str]:
    given = roles.given_by(access.signed_in().roles)
    return [name for name in ROLES if name in given]


def _asked_commune(values: Mapping[str, str]) -> Commune | None:
    """The commune that the form names; always an officer's own; None for the whole city."""
    own = access.signed_in().commune_code
    code = own or values.get("xa", "")
    return access.open_commune(code) if code else None


def _more(commune: Commune | None) -> list[Commune]:
    """Other communes, by their codes; only who looks after the whole city gives them. Raises PersonRejected."""
    if access.signed_in().commune_id is not None:
        return []
    codes = dict.fromkeys(re.findall(r"\w+", request.form.get("xa_khac", "")[:600]))
    known = {each.code: each for each in communes_to_choose()}
    unknown = [code for code in codes if code not in known]
    if unknown:
        raise PersonRejected(f"Không có xã, phường nào mang mã {', '.join(unknown)}.")
    return [known[code] for code in codes if commune is None or code != commune.code]


def _chosen_role() -> str:
    name = request.form.get("vai_tro", "")
    if name not in _givable():
        raise PersonRejected("Hãy chọn một vai trò trong danh sách.")
    return name


def _villages(commune: Commune | None) -> Sequence[Village]:
    if commune is None:
        return ()
    query = sa.select(Village).where(Village.commune_id == commune.id, Village.valid_to.is_(None))
    names = load_only(Village.code, Village.name, Village.commune_id)
    return db.session.scalars(
        query.order_by(in_vietnamese_order(Village.name), Village.code).options(names)
    ).all()


def _chosen(commune: Commune | None) -> list[Village]:
    """The thôn that were ticked, for a team leader; nobody else has any."""
    wanted = set(request.form.getlist("thon", type=int)) if _chosen_role() == "team_leader" else set()
    return [village for village in _villages(commune) if village.id in wanted]


def communes_to_choose() -> Sequence[Commune]:
    """What a person of the city may choose from; an officer's commune is their own."""
    if access.signed_in().commune_id is not None:
        return ()
    query = sa.select(Commune).where(Commune.valid_to.is_(None)).order_by(in_vietnamese_order(Commune.name))
    return db.session.scalars(query.options(load_only(Commune.code, Commune.name, Commune.kind))).all()


def _roles_for(commune: Commune | None) -> list[str]:
    return [name for name in _givable() if (name in CITY_WIDE) == (commune is None)]


def _state(person: Person, is_waiting: bool) -> tuple[str, bool]:
    """Words for an account's state, and whether it is one that needs somebody."""
    if not person.active:
        return "đã ngừng", False
    if is_waiting:
        return "tạm khóa vì sai 5 lần", True
    if persons.is_unused(person):
        return "lâu ngày không đăng nhập", True
    if person.must_change:
        return "chờ đổi mật khẩu lần đầu", False
    return "đang dùng", False


def _adding(commune: Commune | None, wrong: str = "") -> str:
    return render_template(
        "office/person_add.html",
        commune=commune,
        communes=communes_to_choose(),
        is_city_wide=access.signed_in().commune_id is None,
        roles=_roles_for(commune),
        words=ROLES,
        villages=_villages(commune),
        given=request.form,
        chosen=set(request.form.getlist("thon", type=int)),
        wrong=wrong,
    )


def _one(person: Person, secret: str = "", wrong: str = "") -> Response:
    commune = _asked_commune(request.args) if "xa" in request.args else person.commune
    is_waiting = bool(account_lock.waiting([person.username]))
    state, _ = _state(person, is_waiting)
    page = render_template(
        "office/person.html",
        person=person,
        state=state,
        is_waiting=is_waiting,
        is_out=not person.active or persons.is_unused(person),
        role=person.roles[0].name if person.roles else "",
        commune=commune,
        communes=communes_to_choose(),
        roles=_roles_for(commune),
        words=ROLES,
        villages=_villages(commune),
        chosen={village.id for village in person.villages},
        sessions=sessions.open_of(person),
        acts=ACTS,
        secret=secret,
        wrong=wrong,
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response
