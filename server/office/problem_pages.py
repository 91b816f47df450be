"""Problems told as pages, in two languages, and what every page has in common."""

from urllib.parse import urlsplit

from flask import (
    Flask,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from jinja2 import Template

from server import languages
from server.accounts import sessions
from server.accounts.account_problems import AccountProblem
from server.errors import CommonProblem, Problem
from server.office import menu

SAFE = ("GET", "HEAD")
SIGNED_OUT_MEANWHILE = (
    "Phiên đăng nhập đã hết nên việc này chưa được ghi. Hãy mở trang đăng nhập ở một thẻ khác và đăng nhập, rồi quay "
    "lại trang trước và gửi lần nữa: chữ đã gõ thường vẫn còn ở đó."
)
"""For a person who sends a form after their session has ended; the form's own token outlives it."""


def register(app: Flask) -> None:
    """Add the pages that everybody may see, and the two languages of all pages."""
    languages.register(app)
    app.jinja_env.globals.update(layout=layout, menu=menu.menu)


def say(problem: Problem) -> Response:
    """A problem for a person: what happened and what to do. A person who has to sign in first is led there."""
    if problem.kind is CommonProblem.AUTHENTICATION_NEEDED and request.method in SAFE:
        return make_response(redirect(url_for("security.login", next=_here())))
    if problem.kind is AccountProblem.OWN_DUTY_FIRST and request.method in SAFE:
        return make_response(redirect(url_for("my_account.show")))
    sentence = gettext(problem.kind.sentence).format(**problem.fields)
    if problem.kind is CommonProblem.AUTHENTICATION_NEEDED:
        sentence = gettext(SIGNED_OUT_MEANWHILE)
    if problem.status >= 500:
        sessions.ask_no_more()
    page = render_template(
        "problem.html",
        broken=problem.status >= 500,
        sentence=sentence,
        problem=problem,
        back=_before(),
        is_sent=request.method not in SAFE,
    )
    return make_response(page, problem.status)


def layout(broken: bool = False) -> Template:
    """What a page stands in: leaders' layout where that package is loaded.

    Where the server is `broken`, a page without menus: what failed may be what the menus need.
    """
    return current_app.jinja_env.select_template(["plain.html"] if broken else ["base.html", "plain.html"])


def _before() -> str | None:
    """The page of this server from which a person came, as a path; None where a browser does not say so."""
    came = urlsplit(request.referrer or "")
    is_ours = came.netloc == request.host and came.path[:1] == "/" and came.path[:2] != "//"
    if not is_ours or (came.path == request.path and request.method in SAFE):
        return None
    return f"{came.path}?{came.query}" if came.query else came.path


def _here() -> str:
    """The page asked for, as a path of this server, to come back to after signing in."""
    return request.full_path if request.query_string else request.path
