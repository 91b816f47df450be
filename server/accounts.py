"""People who sign in: Flask-Security with our form and words, and where each person lands."""

import contextlib
import datetime as dt
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Flask, Request, Response, current_app, make_response, redirect, request, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_babel import gettext, lazy_gettext
from flask_security import FSQLALiteUserDatastore, LoginForm, Security, uia_username_mapper
from flask_security.utils import validate_redirect_url
from limits import RateLimitItem, RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from wtforms import StringField
from wtforms.validators import DataRequired, Length

from server import auth, openrosa
from server.db import db
from server.errors import SIGN_IN_TOO_OFTEN, Problem
from server.models import Commune, Person, Role

WRONG_TRIES: RateLimitItem = RateLimitItemPerMinute(10, multiples=5)
"""Wrong passwords for one account from one address before it has to wait, and for how long. Counted by
account *and* address: a team behind one address never locks itself out. Each process counts for itself."""

_NO_SECOND_PASSWORD = dt.timedelta(-1)
"""Flask-Security's page that asks for the password again before grave acts is left out."""

_TRIES = "tungnha_wrong_tries"

people = FSQLALiteUserDatastore(db, Person, Role)
blueprint = Blueprint("accounts", __name__)


class SignInForm(LoginForm):
    """User name and password. One sentence for a wrong name and a wrong password: neither tells who exists."""

    email = None
    remember = None
    username = StringField(lazy_gettext("Tên đăng nhập"), validators=[DataRequired(), Length(max=64)])

    def validate(self, **kwargs: Any) -> bool:
        name = (self.username.data or "").strip().casefold()
        refuse_too_many(name)
        if not validate_redirect_url(self.next.data):
            self.next.data = (
                ""  # another site's address is dropped without a word: it is not this person's mistake
            )
        self.ifield = self.username
        self.user = people.find_user(username=name) if name else None
        if super().validate(**kwargs):
            return True
        if not self.user_authenticated:
            wrong_tries().hit(WRONG_TRIES, name, request.remote_addr or "")
        self.form_errors = [self._sentence()]
        return False

    def _sentence(self) -> str:
        if self.user_authenticated:
            return str(
                gettext("Tài khoản này đã ngừng dùng. Hãy báo quản trị viên của xã nếu anh/chị vẫn cần.")
            )
        wrong = gettext(
            "Tên đăng nhập hoặc mật khẩu chưa đúng. Hãy tắt bộ gõ tiếng Việt và phím Caps Lock rồi nhập lại; "
            "nếu quên, hãy nhờ quản trị viên cấp lại mật khẩu."
        )
        return str(wrong)


def refuse_too_many(name: str) -> None:
    """Problem SIGN_IN_TOO_OFTEN while this account has too many wrong tries from this address."""
    counted = (name, request.remote_addr or "")
    if wrong_tries().test(WRONG_TRIES, *counted):
        return
    seconds = WRONG_TRIES.get_expiry()
    wait = (("Retry-After", str(seconds)),)
    raise Problem(SIGN_IN_TOO_OFTEN, wait, minutes=seconds // 60)


def wrong_tries() -> FixedWindowRateLimiter:
    """This process's count of wrong passwords."""
    counter: FixedWindowRateLimiter = current_app.extensions[_TRIES]
    return counter


class PeopleSessions(SecureCookieSessionInterface):
    """Sessions for pages and the API. Phones keep no cookies: for them nothing is opened, signed or sent."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if openrosa.speaks(request.path) or request.path.startswith("/static/"):
            return None
        return super().open_session(app, request)


def landing() -> str:
    """The first page of the person who has signed in: his commune, the city, or the front page."""
    person = auth.caller()
    if person is None:
        return url_for("security.login")
    if person.commune_id is not None:
        commune = db.session.get_one(Commune, person.commune_id)
        return f"/xa/{commune.code}"
    return "/thanh-pho" if _exists("/thanh-pho") else "/"


@blueprint.get("/bat-dau")
@auth.needs(*auth.ROLES)
def start() -> Response:
    """Where sign-in leads to when no page was asked for before it."""
    return make_response(redirect(landing()))


def register(app: Flask) -> None:
    """Add sign-in to the application."""
    configure(app)
    app.session_interface = PeopleSessions()
    # Flask-Security puts a JSON provider of its own in its place, which sorts keys and escapes marks
    provider = app.json
    app.extensions[_TRIES] = FixedWindowRateLimiter(MemoryStorage())
    with _without_hooks(app):
        auth.csrf.init_app(app)
        security = Security(app, people, login_form=SignInForm)
    app.json = provider
    security.want_json(lambda _request: False)
    security.login_manager.request_loader(lambda _request: None)  # programs have tokens of their own
    for endpoint in ("security.login", "security.logout"):
        app.view_functions[endpoint] = auth.public(app.view_functions[endpoint])
    app.register_blueprint(blueprint)


def configure(app: Flask) -> None:
    """What Flask-Security and its CSRF protection read: sign in, sign out, nothing else."""
    app.config.update(
        SECURITY_LOGIN_URL="/dang-nhap",
        SECURITY_LOGOUT_URL="/dang-xuat",
        SECURITY_LOGOUT_METHODS=["POST"],
        SECURITY_LOGIN_USER_TEMPLATE="sign_in.html",
        SECURITY_POST_LOGIN_VIEW="/bat-dau",
        SECURITY_POST_LOGOUT_VIEW="/dang-nhap",
        SECURITY_USER_IDENTITY_ATTRIBUTES=[{"username": {"mapper": uia_username_mapper}}],
        SECURITY_PASSWORD_SCHEMES=["argon2"],
        # argon2 needs no second secret: passwords outlive a lost secret key
        SECURITY_PASSWORD_SINGLE_HASH=["argon2"],
        # the least that OWASP names: a commune's server is small and many may sign in at eight o'clock
        SECURITY_PASSWORD_HASH_PASSLIB_OPTIONS={
            "argon2__memory_cost": 19456, "argon2__rounds": 2, "argon2__parallelism": 1
        },
        SECURITY_PASSWORD_LENGTH_MIN=12,
        SECURITY_FLASH_MESSAGES=False,
        SECURITY_STATIC_FOLDER=None,
        SECURITY_FRESHNESS=_NO_SECOND_PASSWORD,
        SECURITY_CLI_USERS_NAME="",
        SECURITY_CLI_ROLES_NAME="",
        WTF_CSRF_CHECK_DEFAULT=False,  # every view's declaration asks for it (server/auth.py)
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form left open over lunch still counts
    )  # fmt: skip


@contextlib.contextmanager
def _without_hooks(app: Flask) -> Iterator[None]:
    """Let extensions register, but drop what they would run before and after every request.

    Flask-Principal would load the person for every picture and for every phone, Flask-Login would read the
    session to renew a cookie that we do not set. Declarations in server/auth.py ask for what they need.
    """
    by_scope = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    kept = [list(hooks[None]) for hooks in by_scope]
    yield
    for hooks, before in zip(by_scope, kept, strict=True):
        hooks[None] = before  # type: ignore[index]


def _exists(path: str) -> bool:
    return any(rule.rule == path for rule in current_app.url_map.iter_rules())
