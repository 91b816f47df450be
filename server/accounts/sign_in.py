"""Signing in and out: the password, the code from the phone where there is one, and what the audit keeps of it."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from flask import Blueprint, Response, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext, lazy_gettext
from flask_security import FSQLALiteUserDatastore, LoginForm, current_user
from flask_security.utils import login_user, logout_user
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from server import audit, clock
from server.accounts import (
    access,
    account_lock,
    failed_sign_ins,
    passwords,
    persons,
    second_factor,
    sessions,
    tries_by_address,
)
from server.db import begin_writing, db
from server.models import Person, Role

blueprint = Blueprint("sign_in", __name__)
store = FSQLALiteUserDatastore(db, Person, Role)

_WAITING = "cho_ma"
"""Where a browser keeps, signed, whose password it has given, while the code is still to come."""
_PATIENCE = dt.timedelta(minutes=5)


class SignInForm(LoginForm):
    """User name and password. One sentence for a wrong name and a wrong password: neither tells who exists."""

    email = None
    remember = None
    person: Person | None = None
    username = StringField(lazy_gettext("Tên đăng nhập"), validators=[DataRequired(), Length(max=64)])

    def validate(self, **kwargs: Any) -> bool:
        name = (self.username.data or "").strip().casefold()
        spent = account_lock.spend(account_lock.of_request(name)) if name else 0
        if not _is_path_here(self.next.data or ""):
            self.next.data = (
                ""  # another site's address is dropped without a word: it is not this person's mistake
            )
        if not passwords.may_be_one(self.password.data or ""):
            self.password.data = ""  # nobody's: a wrong one
        self.ifield = self.username
        self.user = self.person = _find(name)
        if super().validate(**kwargs) and self.person and not persons.is_unused(self.person):
            return True
        if not self.user_authenticated:
            note_failure(self.person, "password", spent)
        self.form_errors = [self._sentence(spent)]
        return False

    def _sentence(self, spent: int) -> str:
        if self.user_authenticated:
            return str(
                gettext(
                    "Tài khoản này đã ngừng dùng, hoặc lâu ngày không đăng nhập. Hãy báo quản trị viên nếu anh/chị "
                    "vẫn cần."
                )
            )
        wrong = gettext(
            "Tên đăng nhập hoặc mật khẩu chưa đúng. Hãy tắt bộ gõ tiếng Việt và phím Caps Lock rồi nhập lại; "
            "nếu quên, hãy nhờ quản trị viên cấp lại mật khẩu."
        )
        left = account_lock.MOST - spent
        more = (
            gettext("Còn %(left)s lần thử, sau đó tài khoản tạm khóa.", left=left)
            if left
            else gettext("Tài khoản tạm khóa từ lúc này.")
        )
        return f"{wrong} {more}"


def _is_path_here(goal: str) -> bool:
    """Whether an address leads to a page of this server, whatever a browser or the framework drops of it."""
    return goal.startswith("/") and not goal.startswith("//") and "\\" not in goal and goal.isprintable()


def _find(name: str) -> Person | None:
    return db.session.scalars(sa.select(Person).where(Person.username == name)).unique().first()


def by_password() -> Response:
    """The view of Flask-Security's path for signing in."""
    if current_user.is_authenticated:
        return make_response(redirect(url_for("accounts.start")))
    form = SignInForm()
    if not form.validate_on_submit() or form.person is None:
        if form.is_submitted():
            db.session.rollback()
            tries_by_address.slow()
        return _page("sign_in.html", login_user_form=form)
    person = form.person
    goal = form.next.data or url_for("accounts.start")
    if person.totp_sealed is None:
        return _admit(person, goal)
    account_lock.give_back(account_lock.of_request(person.username))
    session[_WAITING] = [person.fs_uniquifier, clock.now().timestamp(), goal, _set_at(person)]
    return make_response(redirect(url_for("sign_in.by_code")))


@blueprint.route("/dang-nhap/ma-xac-thuc", methods=["GET", "POST"])
@access.public
def by_code() -> Response:
    """The second step, for a person who has given the right password within the last minutes."""
    person, goal = _waiting()
    if person is None:
        return make_response(redirect(url_for("security.login")))
    if request.method == "GET":
        return _page("sign_in_code.html", wrong="")
    spent = account_lock.spend(account_lock.of_request(person.username))
    begin_writing()
    if second_factor.take(person, request.form.get("ma", "")):
        return _admit(person, goal)
    db.session.rollback()
    note_failure(person, "code", spent)
    wrong = gettext("Mã chưa đúng, hoặc đã dùng rồi. Hãy đợi ứng dụng hiện mã mới rồi nhập lại.")
    return _page("sign_in_code.html", wrong=wrong)


def sign_out() -> Response:
    """The view of Flask-Security's path for signing out: the session ends on the server too."""
    found = access.caller()
    if found is not None and found.is_person:
        begin_writing()
        audit.note("person.sign_out")
        sessions.end_this()
        db.session.commit()
    logout_user()
    return make_response(redirect(url_for("security.login")))


def note_failure(person: Person | None, what: str, spent: int) -> None:
    """A wrong try, the fifth of which locks; never what was typed."""
    failed_sign_ins.note(person, what, locks=spent >= account_lock.MOST)


def _admit(person: Person, goal: str) -> Response:
    """Sign a person in, unless their password was reset or their account disabled while they were asked."""
    number, changed_at = person.id, person.password_changed_at
    if not db.session.connection().get_execution_options().get("writes"):
        begin_writing()
    found = db.session.get_one(Person, number)
    session.pop(_WAITING, None)
    if not found.active or found.password_changed_at != changed_at:
        db.session.rollback()
        return make_response(redirect(url_for("security.login")))
    found.signed_in_at = clock.now()
    account_lock.forget(account_lock.of_request(found.username))
    sessions.begin(found)
    audit.add(f"person:{number}", "person.sign_in")
    db.session.commit()
    login_user(found)
    response = make_response(redirect(goal))
    account_lock.know_browser(response, found.username)
    return response


def _waiting() -> tuple[Person | None, str]:
    kept = session.get(_WAITING)
    if not kept or len(kept) != 4 or clock.now().timestamp() - kept[1] > _PATIENCE.total_seconds():
        session.pop(_WAITING, None)
        return None, ""
    query = sa.select(Person).where(Person.fs_uniquifier == kept[0], Person.active)
    person = db.session.scalars(query).unique().first()
    if person is None or _set_at(person) != kept[3]:
        return None, ""
    return person, kept[2]


def _set_at(person: Person) -> float:
    """When the password was set that somebody has just given."""
    return person.password_changed_at.timestamp() if person.password_changed_at else 0.0


def _page(template: str, **values: object) -> Response:
    response = make_response(render_template(template, **values))
    response.headers["Cache-Control"] = "no-store"
    return response
