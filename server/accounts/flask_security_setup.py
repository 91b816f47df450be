"""People who sign in: what Flask-Security does for us and what it leaves out, and where each person lands."""

import contextlib
import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa
from flask import Blueprint, Flask, Request, Response, current_app, make_response, redirect, url_for
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_security import Security, uia_username_mapper

from server import addresses
from server.accounts import access, sessions, sign_in
from server.accounts.roles import Right
from server.db import db
from server.models import Commune, Submission, Village

_NO_SECOND_PASSWORD = dt.timedelta(-1)
"""Flask-Security's page that asks for the password again before grave acts is left out."""

blueprint = Blueprint("accounts", __name__)
_BEGIN = "/quan-tri/xa/<code>/bat-dau"
"""The first steps of a commune."""
_TODAY = "/xa/<code>/to"
"""Whom a team visits today."""


class PeopleSessions(SecureCookieSessionInterface):
    """Sessions for pages and the API. Phones keep no cookies: for them nothing is opened, signed or sent."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if addresses.is_of_phones(request.path) or request.path.startswith("/static/"):
            return None
        return super().open_session(app, request)


def landing() -> str:
    """The first page of the person who has signed in: their commune, the city, or the front page.

    An officer whose commune has no visit yet begins with the list of first steps, the leader of a team with whom to
    visit today.
    """
    person = access.caller()
    if person is None:
        return url_for("security.login")
    if person.commune_id is not None:
        commune = db.session.get_one(Commune, person.commune_id)
        first = f"/xa/{commune.code}"
        if person.may(Right.PREPARE_COMMUNE):
            wanted = first if _has_visits(commune) else _BEGIN
        else:
            wanted = _TODAY if person.may(Right.LEAD_TEAM) else first
        return wanted.replace("<code>", commune.code) if wanted == first or _exists(wanted) else first
    return "/thanh-pho" if _exists("/thanh-pho") else "/"


@blueprint.get("/bat-dau")
@access.needs(Right.READ_SUMS)
def start() -> Response:
    """Where sign-in leads to when no page was asked for before it."""
    return make_response(redirect(landing()))


def register(app: Flask) -> None:
    """Add sign-in to the application."""
    configure(app)
    app.session_interface = PeopleSessions()
    # Flask-Security puts a JSON provider of its own in its place, which sorts keys and escapes marks
    provider = app.json
    with _without_hooks(app):
        access.csrf.init_app(app)
        security = Security(app, sign_in.store, login_form=sign_in.SignInForm)
    app.json = provider
    security.want_json(lambda _request: False)
    security.login_manager.request_loader(lambda _request: None)  # programs have tokens of their own
    security.login_manager.user_loader(sessions.load)
    app.view_functions["security.login"] = access.public(sign_in.by_password)
    app.view_functions["security.logout"] = access.public(sign_in.sign_out)
    app.register_blueprint(blueprint)
    app.register_blueprint(sign_in.blueprint)


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
        WTF_CSRF_CHECK_DEFAULT=False,  # every view's declaration asks for it (server/accounts/access.py)
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session: a form left open over lunch still counts
    )  # fmt: skip


@contextlib.contextmanager
def _without_hooks(app: Flask) -> Iterator[None]:
    """Let extensions register, but drop what they would run before and after every request.

    Flask-Principal would load the person for every picture and for every phone, Flask-Login would read the
    session to renew a cookie that we do not set. Declarations in server/accounts/access.py ask for what they need.
    """
    by_scope = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    kept = [list(hooks[None]) for hooks in by_scope]
    yield
    for hooks, before in zip(by_scope, kept, strict=True):
        hooks[None] = before  # type: ignore[index]


def _has_visits(commune: Commune) -> bool:
    here = sa.select(Village.id).where(Village.commune_id == commune.id)
    return bool(db.session.scalar(sa.select(sa.exists().where(Submission.village_id.in_(here)))))


def _exists(path: str) -> bool:
    return any(rule.rule == path for rule in current_app.url_map.iter_rules())
