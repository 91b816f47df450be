"""Who may see what: roles, scope, single records, tokens; and what phones are spared."""

import datetime as dt

import pytest
from flask import Blueprint, Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import event

from server import clock
from server.accounts import access, callers, flask_security_setup
from server.accounts.roles import ROLES, Right
from server.db import db
from server.models import ApiToken, Commune, Village
from server.settings import Settings
from tests.people import bearing, browser, make_commune, make_person, make_token

numbers = st.integers(1, 3)


@given(roles=st.sets(st.sampled_from(list(ROLES))), own=st.none() | numbers, asked=numbers, thon=numbers)
def test_records_are_for_the_communes_officer_and_the_thons_team_leader_alone(
    roles: set[str], own: int | None, asked: int, thon: int
) -> None:
    """R24."""
    leads = frozenset({1, 2}) if "team_leader" in roles else frozenset()
    who = callers.Caller("person:1", "A", frozenset(roles), own, leads)
    commune, village = Commune(id=asked), Village(id=thon)
    assert who.may_see(commune) == (own is None or own == asked)
    assert who.sees_records(commune) == (own == asked and "officer" in roles)
    by_thon = own == asked and "team_leader" in roles and thon in (1, 2)
    assert who.sees_records(commune, village) == (who.sees_records(commune) or by_thon)


@pytest.fixture
def guarded(app: Flask) -> Flask:
    """The application with pages as other packages write them, before its first request."""
    pages = Blueprint("guarded", __name__)

    @pages.get("/trang-thu/xa/<code>")
    @access.needs(Right.READ_SUMS)
    def commune_page(code: str) -> str:
        commune = access.open_commune(code)
        return f"{commune.name} {access.signed_in().actor} {access.sees_records(commune)}"

    @pages.post("/trang-thu/sua")
    @access.needs(Right.MANAGE_HOUSEHOLDS)
    def change() -> str:
        return "đã sửa"

    @pages.route("/key/<token>/thu", methods=["GET", "POST"])
    @access.phone
    def for_phones(token: str) -> str:
        return token

    app.register_blueprint(pages)
    return app


def test_a_person_sees_his_commune_and_no_other(guarded: Flask) -> None:
    own, other = make_commune(), make_commune("10930", "Mao Điền")
    make_person("leader_11629", "leader", own)
    visitor = browser(guarded)
    visitor.sign_in("leader_11629")
    assert "An Lão" in visitor.get(f"/trang-thu/xa/{own.code}").text
    assert visitor.get(f"/trang-thu/xa/{other.code}").status_code == 403
    assert visitor.get("/trang-thu/xa/99999").status_code == 404


@pytest.mark.parametrize("role", ["admin", "city"])
def test_the_city_and_administrators_see_sums_of_every_commune_and_no_records(
    guarded: Flask, role: str
) -> None:
    communes = make_commune(), make_commune("10930", "Mao Điền")
    make_person("nguoi_xem", role)
    visitor = browser(guarded)
    visitor.sign_in("nguoi_xem")
    for commune in communes:
        assert visitor.get(f"/trang-thu/xa/{commune.code}").text.endswith("False")


def test_a_role_that_a_page_does_not_name_is_refused(guarded: Flask) -> None:
    make_person("leader_11629", "leader", make_commune())
    visitor = browser(guarded)
    token = visitor.csrf_token()
    visitor.sign_in("leader_11629")
    assert visitor.post("/trang-thu/sua", data={"csrf_token": token}).status_code == 403


def test_changes_need_the_pages_own_form(guarded: Flask) -> None:
    make_person("officer_11629", "officer", make_commune())
    visitor = browser(guarded)
    token = visitor.csrf_token()
    visitor.sign_in("officer_11629")
    assert visitor.post("/trang-thu/sua").status_code == 400
    assert visitor.post("/trang-thu/sua", headers={"X-CSRFToken": token}).text == "đã sửa"


def test_nobody_signed_in_is_led_to_sign_in_and_his_changes_are_not_kept(guarded: Flask) -> None:
    visitor = browser(guarded)
    assert visitor.get("/trang-thu/xa/11629").location == "/dang-nhap?next=/trang-thu/xa/11629"
    assert visitor.post("/trang-thu/sua").status_code == 401


def test_pages_tell_how_long_they_took(guarded: Flask) -> None:
    """R18."""
    make_person("leader_11629", "leader", make_commune())
    visitor = browser(guarded)
    visitor.sign_in("leader_11629")
    assert visitor.get("/trang-thu/xa/11629").headers["Server-Timing"].startswith("total;dur=")


@pytest.fixture
def token(app: Flask) -> str:
    return make_token(make_commune())


def _asked(app: Flask, header: str) -> int:
    return browser(app).get("/api/v1/communes/11629", headers={"Authorization": header}).status_code


def test_a_token_opens_its_commune_and_no_other(app: Flask, token: str) -> None:
    make_commune("10930", "Mao Điền")
    program = browser(app)
    assert program.get("/api/v1/communes/11629", headers=bearing(token)).status_code == 200
    assert program.get("/api/v1/communes/10930", headers=bearing(token)).status_code == 403
    listed = program.get("/api/v1/communes", headers=bearing(token)).get_json()
    assert [commune["code"] for commune in listed["communes"]] == ["11629"]


@pytest.mark.parametrize(
    "wrong",
    ["Token", "Token ", "Token 12", "Token " + "0" * 40, "Token " + "é" * 40, "Token a=b", "Bearer {}"],
)
def test_anything_else_is_no_token(app: Flask, token: str, wrong: str) -> None:
    assert _asked(app, wrong.format(token)) == 401


def test_tokens_are_exact(app: Flask, token: str) -> None:
    assert _asked(app, f"Token {token}") == 200
    assert _asked(app, f"token {token}") == 200
    assert _asked(app, f"Token {token[:-1]}") == 401
    assert _asked(app, f"Token {token}0") == 401


def test_a_revoked_or_expired_token_is_refused_at_once(
    app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = make_token(days=30)
    assert _asked(app, f"Token {ending}") == 200
    moment = clock.now() + dt.timedelta(days=31)
    monkeypatch.setattr(clock, "now", lambda: moment)
    assert _asked(app, f"Token {ending}") == 401
    assert _asked(app, f"Token {token}") == 200
    for row in db.session.query(ApiToken):
        row.revoked_at = moment
    db.session.commit()
    assert _asked(app, f"Token {token}") == 401


def test_a_wrong_token_is_not_made_good_by_a_session(app: Flask, token: str) -> None:
    make_person("city", "city")
    visitor = browser(app)
    visitor.sign_in("city")
    assert visitor.get("/api/v1/communes/11629").status_code == 200
    assert visitor.get("/api/v1/communes/11629", headers=bearing("0" * 40)).status_code == 401


def test_a_token_opens_no_page(guarded: Flask, token: str) -> None:
    assert browser(guarded).get("/trang-thu/xa/11629", headers=bearing(token)).status_code == 403


def test_a_wrong_token_on_a_page_is_told_so(guarded: Flask) -> None:
    """The page that says it has a menu, which asks who is there."""
    answer = browser(guarded).get("/trang-thu/xa/11629", headers=bearing("0" * 40))
    assert answer.status_code == 401
    assert "Khóa truy cập không đúng" in answer.text


def test_phones_open_no_session_load_no_one_and_get_no_cookie(guarded: Flask, settings: Settings) -> None:
    """Clients of openrosa.md keep no cookies; nothing of people's sign-in may cost a phone anything."""
    make_person("city", "city")
    visitor = browser(guarded)
    visitor.sign_in("city")
    statements: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda *args: statements.append(args[2]))
    for answer in (visitor.get("/key/abc/thu"), visitor.post("/key/abc/thu", data=b"<x/>")):
        assert (answer.status_code, answer.text) == (200, "abc")
        assert "Set-Cookie" not in answer.headers
        assert "Cookie" not in answer.headers.get("Vary", "")
        assert "Server-Timing" not in answer.headers
    assert statements == []
    with guarded.test_request_context("/key/abc/thu", headers={"Cookie": "session=x"}) as context:
        assert guarded.session_interface.is_null_session(context.session)


def test_no_extension_runs_at_every_request(app: Flask) -> None:
    hooks = (app.before_request_funcs, app.after_request_funcs, app.teardown_request_funcs)
    theirs = ("flask_security", "flask_login", "flask_principal", "flask_limiter", "flask_wtf")
    everywhere = [function for by_scope in hooks for function in by_scope.get(None, [])]
    assert [f for f in everywhere if getattr(f, "__module__", "").startswith(theirs)] == []
    assert isinstance(app.session_interface, flask_security_setup.PeopleSessions)
