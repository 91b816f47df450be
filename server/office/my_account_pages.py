"""One's own account: password, authenticator app, and the browsers one is signed in with."""

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from markupsafe import Markup
from werkzeug.wrappers import Response as BaseResponse

from server import audit, sealed_secrets
from server.accounts import access, account_lock, passwords, second_factor, sessions
from server.accounts.roles import ROLES
from server.db import begin_writing, db
from server.models import Person

blueprint = Blueprint("my_account", __name__)

_NEW_SECRET = "ma_moi"  # noqa: S105
"""Where a browser keeps, sealed, the secret that its page shows until a code proves that the app has it."""
WRONG_PASSWORD = "Mật khẩu đang dùng chưa đúng."  # noqa: S105


@blueprint.get("/tai-khoan")
@access.own
def show() -> Response:
    """What the server knows of the person, and what they can change."""
    return _page()


@blueprint.post("/tai-khoan/mat-khau")
@access.own
def change_password() -> BaseResponse | tuple[Response, int]:
    """Choose another password; the other browsers have to sign in with it."""
    new = request.form.get("mat_khau_moi", "")
    person = _person()
    if not _knows_password(person):
        return _page(wrong=(WRONG_PASSWORD,)), 422
    faults = passwords.faults(person, new)
    if new != request.form.get("nhap_lai", ""):
        faults = ["Hai lần nhập mật khẩu mới chưa giống nhau."]
    if faults:
        return _page(wrong=tuple(faults)), 422
    begin_writing()
    person = _person()
    passwords.choose(person, new)
    sessions.end_all(person, but_this=True)
    audit.note("person.password", f"person:{person.id}")
    db.session.commit()
    flash("Đã đổi mật khẩu. Các trình duyệt khác phải đăng nhập lại.")
    return redirect(url_for(".show"))


@blueprint.get("/tai-khoan/ma-xac-thuc")
@access.own
def app_code() -> Response:
    """Set up an authenticator app: scan, type one code."""
    return _setting_up()


@blueprint.post("/tai-khoan/ma-xac-thuc")
@access.own
def keep_app_code() -> BaseResponse | tuple[Response, int]:
    """The app that was scanned is the person's from now on, once it has shown a right code."""
    person = _person()
    if not _knows_password(person):
        return _setting_up(WRONG_PASSWORD), 422
    secret = _new_secret()
    counter = second_factor.counter_of(secret, request.form.get("ma", ""))
    if counter is None:
        return _setting_up(
            "Mã chưa đúng. Hãy xem giờ trên điện thoại có đúng không, rồi nhập mã đang hiện."
        ), 422
    begin_writing()
    person = _person()
    second_factor.keep(person, secret, counter)
    sessions.end_all(person, but_this=True)
    audit.note("person.second_factor", f"person:{person.id}")
    db.session.commit()
    session.pop(_NEW_SECRET, None)
    flash("Đã cài mã xác thực. Từ nay đăng nhập cần mật khẩu và mã trên điện thoại.")
    return redirect(url_for(".show"))


@blueprint.post("/tai-khoan/dang-xuat-noi-khac")
@access.own
def sign_out_elsewhere() -> BaseResponse:
    """End all sessions but this one."""
    begin_writing()
    person = _person()
    count = sessions.end_all(person, but_this=True)
    audit.note("person.end_sessions", f"person:{person.id}", {"sessions": count})
    db.session.commit()
    flash(f"Đã đăng xuất khỏi {count} nơi khác." if count else "Không có nơi nào khác đang đăng nhập.")
    return redirect(url_for(".show"))


def _person() -> Person:
    return db.session.get_one(Person, access.signed_in().person_id)


def _knows_password(person: Person) -> bool:
    """Whether who sits here knows the password too; guessing costs tries, as at the door."""
    account_lock.spend(account_lock.of_request(person.username))
    if not passwords.matches(person, request.form.get("mat_khau", "")):
        return False
    account_lock.give_back(account_lock.of_request(person.username))
    return True


def _new_secret() -> str:
    if _NEW_SECRET not in session:
        session[_NEW_SECRET] = sealed_secrets.seal(second_factor.new_secret()).decode()
    return sealed_secrets.unseal(session[_NEW_SECRET].encode())


def _page(wrong: tuple[str, ...] = ()) -> Response:
    person = _person()
    return _kept_nowhere(
        render_template(
            "office/my_account.html",
            person=person,
            duty=access.signed_in().duty,
            words=ROLES,
            sessions=sessions.open_of(person),
            fewest=passwords.WITH_CODE if person.totp_sealed else passwords.ALONE,
            wrong=wrong,
        )
    )


def _setting_up(wrong: str = "") -> Response:
    person, secret = _person(), _new_secret()
    return _kept_nowhere(
        render_template(
            "office/app_code.html",
            person=person,
            svg=Markup(second_factor.qr_svg(person.username, secret)),  # noqa: S704 - drawn by us
            secret=second_factor.pretty(secret),
            wrong=wrong,
        )
    )


def _kept_nowhere(page: str) -> Response:
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response
