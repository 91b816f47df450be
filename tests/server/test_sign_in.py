"""Signing in by the rules of level 2 (domain.md d), with a moved clock: tries, idling, 45 days, codes, first login."""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask
from passlib.totp import TOTP

from server import clock, people, second_factor, tries
from server.db import db
from server.errors import Problem
from server.models import Audit, Person
from server.settings import Settings
from tests.people import PASSWORD, Browser, browser, make_commune, make_person

START = dt.datetime(2026, 11, 25, 1, 0, tzinfo=dt.UTC)
BETTER = "Đường làng ngõ xóm 2026!"
WRONG = "sai roi nhe"

Later = Callable[..., None]


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Later:
    """A clock that stands at START and goes on only where a test says so."""
    moment = [START]
    monkeypatch.setattr(clock, "now", lambda: moment[0])

    def go_on(**passed: float) -> None:
        moment[0] += dt.timedelta(**passed)

    return go_on


@pytest.fixture
def leader(app: Flask, later: Later) -> Browser:
    """A leader who has signed in at START."""
    make_person("lanh_dao", "leader", make_commune())
    visitor = browser(app)
    visitor.sign_in("lanh_dao")
    return visitor


def is_in(visitor: Browser) -> bool:
    return not visitor.get("/bat-dau").location.startswith("/dang-nhap")


def acts() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(sa.select(Audit.act).order_by(Audit.id)))


def strict(app: Flask, **values: object) -> None:
    """The settings of an installation in earnest."""
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], **values)


# five wrong tries


def test_five_wrong_tries_lock_that_account_for_twelve_hours_and_nobody_else(
    app: Flask, later: Later
) -> None:
    commune = make_commune()
    make_person("lanh_dao", "leader", commune)
    make_person("can_bo", "officer", commune)
    visitor = browser(app)
    for left in (4, 3, 2, 1):
        assert f"Còn {left} lần thử" in visitor.sign_in("lanh_dao", WRONG).text
    assert "tạm khóa từ lúc này" in visitor.sign_in("lanh_dao", WRONG).text
    refused = visitor.sign_in("lanh_dao")
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "43200")
    assert "Hãy đợi 12 giờ" in refused.text
    assert browser(app).sign_in("can_bo").status_code == 302
    later(hours=11, minutes=59)
    assert visitor.sign_in("lanh_dao").status_code == 429
    later(minutes=1)
    assert visitor.sign_in("lanh_dao").status_code == 302


def test_the_lock_is_the_accounts_wherever_the_tries_come_from(app: Flask) -> None:
    make_person("lanh_dao", "leader", make_commune())
    for number in range(tries.MOST):
        guesser = browser(app)
        guesser.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
        guesser.sign_in("lanh_dao", WRONG)
    assert browser(app).sign_in("lanh_dao").status_code == 429


def test_of_many_guesses_sent_at_once_five_are_looked_at(app: Flask) -> None:
    """A try is taken before anything is compared."""

    def guess(_: int) -> bool:
        with app.test_request_context():
            try:
                tries.spend("lanh_dao")
            except Problem:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(24))) == tries.MOST


def test_a_name_that_nobody_has_is_locked_alike(app: Flask) -> None:
    """Waiting tells nothing about who exists."""
    make_person("lanh_dao", "leader", make_commune())
    texts = {}
    for name in ("lanh_dao", "khong_co"):
        visitor = browser(app)
        answers = [visitor.sign_in(name, WRONG) for _ in range(tries.MOST + 1)]
        texts[name] = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert texts["lanh_dao"] == texts["khong_co"]


def test_a_right_password_forgets_the_wrong_ones(app: Flask) -> None:
    make_person("lanh_dao", "leader", make_commune())
    for _ in range(3):
        visitor = browser(app)
        for _ in range(tries.MOST - 1):
            visitor.sign_in("lanh_dao", WRONG)
        assert visitor.sign_in("lanh_dao").status_code == 302


def test_wrong_tries_are_in_the_audit_without_what_was_typed(app: Flask) -> None:
    make_person("lanh_dao", "leader", make_commune())
    browser(app).sign_in("lanh_dao", WRONG)
    browser(app).sign_in("toi-go-nham-mat-khau", WRONG)
    rows = db.session.scalars(sa.select(Audit).where(Audit.act == "person.sign_in_failed")).all()
    assert [(row.actor, row.record is not None) for row in rows] == [("unknown", True), ("unknown", False)]
    assert [row.detail for row in rows] == [{"what": "password", "tries": 1}] * 2
    assert "go-nham" not in str([(row.record, row.detail) for row in rows])


# idling, and the end of a session


def test_a_browser_unused_for_fifteen_minutes_signs_in_again(leader: Browser, later: Later) -> None:
    later(minutes=14, seconds=59)
    assert is_in(leader)
    later(minutes=14, seconds=59)
    assert is_in(leader), "use keeps it awake"
    later(minutes=15)
    assert not is_in(leader)


def test_what_was_typed_for_longer_is_sent_again_after_signing_in_on_another_tab(
    leader: Browser, later: Later
) -> None:
    fields = {"csrf_token": leader.csrf_token("/tai-khoan")}
    later(minutes=16)
    refused = leader.post("/tai-khoan/dang-xuat-noi-khac", data=fields)
    assert refused.status_code == 401
    assert "chưa được ghi" in refused.text
    leader.sign_in("lanh_dao")
    assert leader.post("/tai-khoan/dang-xuat-noi-khac", data=fields).status_code == 302


def test_an_administrators_browser_sleeps_after_five(app: Flask, later: Later) -> None:
    make_person("quan_tri", "admin")
    visitor = browser(app)
    visitor.sign_in("quan_tri")
    later(minutes=4, seconds=59)
    assert is_in(visitor)
    later(minutes=5)
    assert not is_in(visitor)


def test_where_nothing_can_be_written_pages_are_still_read(app: Flask, leader: Browser, later: Later) -> None:
    """A full disk, or a database that has been made read-only: a session is not kept awake, and nothing else."""
    later(minutes=1)
    no_writing = "PRAGMA query_only=ON" if db.engine.dialect.name == "sqlite" else "SET TRANSACTION READ ONLY"

    def refuse(connection: sa.Connection) -> None:
        connection.exec_driver_sql(no_writing)

    db.session.rollback()
    sa.event.listen(db.engine, "begin", refuse)
    try:
        assert leader.get("/xa/11629").status_code == 200
    finally:
        sa.event.remove(db.engine, "begin", refuse)
        db.engine.dispose()
    later(minutes=14, seconds=30)
    assert not is_in(leader)


def test_no_session_outlasts_a_working_day(leader: Browser, later: Later) -> None:
    for _ in range(71):
        later(minutes=10)
        assert is_in(leader)
    later(minutes=10)
    assert not is_in(leader)


def test_a_session_signed_out_is_dead_for_whoever_kept_its_cookie(app: Flask, leader: Browser) -> None:
    cookie = leader.get_cookie("session")
    assert cookie is not None
    thief = browser(app)
    thief.set_cookie("session", cookie.value)
    assert is_in(thief)
    leader.sign_out()
    assert not is_in(thief)


# forty-five days


def test_forty_five_days_without_signing_in_close_an_account_until_it_is_enabled(
    app: Flask, leader: Browser, later: Later
) -> None:
    later(days=44, hours=23)
    assert browser(app).sign_in("lanh_dao").status_code == 302
    later(days=45)
    refused = browser(app).sign_in("lanh_dao")
    assert "lâu ngày không đăng nhập" in refused.text
    assert "lâu ngày" not in browser(app).sign_in("lanh_dao", WRONG).text, "told to who knows the password"


def test_an_account_never_used_is_closed_after_forty_five_days_too(app: Flask, later: Later) -> None:
    make_person("lanh_dao", "leader", make_commune())
    later(days=45)
    assert browser(app).sign_in("lanh_dao").status_code == 200


def test_the_shell_opens_what_no_page_can(app: Flask, later: Later) -> None:
    """Break-glass (level 2): the only administrator has been away, has tried too often, and lost his phone."""
    make_person("quan_tri", "admin")
    later(days=46)
    for _ in range(tries.MOST):
        browser(app).sign_in("quan_tri", WRONG)
    runner = app.test_cli_runner()
    assert runner.invoke(args=["people", "enable", "quan_tri"]).exit_code == 0
    assert browser(app).sign_in("quan_tri").status_code == 302
    said = runner.invoke(args=["people", "reset", "quan_tri"]).output
    assert browser(app).sign_in("quan_tri", said.split()[-1]).status_code == 302
    assert runner.invoke(args=["people", "disable", "quan_tri"]).exit_code == 1
    assert runner.invoke(args=["people", "reset", "khong_co"]).exit_code == 1


# the first login


@pytest.fixture
def newcomer(app: Flask, later: Later) -> tuple[Browser, str]:
    """A leader whose password the server has made, signed in with it."""
    made = people.add("moi_vao", "Người mới", ["leader"], commune=make_commune())
    db.session.commit()
    visitor = browser(app)
    visitor.sign_in("moi_vao", made.password)
    return visitor, made.password


def change(visitor: Browser, old: str, new: str, again: str | None = None) -> str:
    fields = {"mat_khau": old, "mat_khau_moi": new, "nhap_lai": new if again is None else again}
    answer = visitor.post(
        "/tai-khoan/mat-khau", data={**fields, "csrf_token": visitor.csrf_token("/tai-khoan")}
    )
    return visitor.get("/tai-khoan").text if answer.status_code == 302 else answer.text


def test_the_first_thing_that_a_made_password_opens_is_the_page_to_change_it(
    newcomer: tuple[Browser, str],
) -> None:
    visitor, password = newcomer
    for path in ("/bat-dau", "/xa/11629", "/xa/11629/ban-do"):
        assert visitor.get(path).location == "/tai-khoan"
    assert visitor.get("/api/v1/communes").status_code == 403
    assert "cần <strong>đổi mật khẩu</strong>" in visitor.get("/tai-khoan").text
    assert "Đã đổi mật khẩu" in change(visitor, password, BETTER)
    assert visitor.get("/xa/11629").status_code == 200


@pytest.mark.parametrize(
    ("new", "said"),
    [
        ("Ngan 1!", "ít nhất 14 ký tự"),
        ("khong co chu hoa 1", "thiếu chữ hoa"),
        ("KHONG CO THUONG 1", "thiếu chữ thường"),
        ("Khong co chu so !", "thiếu chữ số"),
        ("KhongCoDauCau2026", "thiếu dấu câu hoặc dấu cách"),
        ("Aa1! Aa1! Aa1! A", ""),
        ("1aA!1aA!1aA!1aA!", "lặp lại"),
        ("Của moi_vao 2026!", "tên đăng nhập"),
    ],
)
def test_a_chosen_password_has_fourteen_characters_of_four_kinds(
    newcomer: tuple[Browser, str], new: str, said: str
) -> None:
    """Level 2: 8 with a second factor, else 14 of four kinds."""
    visitor, password = newcomer
    told = change(visitor, password, new)
    assert said in told
    assert ("Đã đổi mật khẩu" in told) == (said == "")


def test_a_password_is_changed_by_who_knows_the_old_one_and_types_the_new_one_twice(
    newcomer: tuple[Browser, str],
) -> None:
    visitor, password = newcomer
    assert "đang dùng chưa đúng" in change(visitor, WRONG, BETTER)
    assert "chưa giống nhau" in change(visitor, password, BETTER, "Khác hẳn đi 2026!")
    assert "khác mật khẩu đang dùng" in change(visitor, password, password)


def test_guessing_the_old_password_in_an_open_browser_costs_tries(newcomer: tuple[Browser, str]) -> None:
    visitor, password = newcomer
    for _ in range(tries.MOST):
        change(visitor, WRONG, BETTER)
    assert "tạm khóa" in change(visitor, password, BETTER)


def test_an_administrator_changes_his_password_every_two_months(app: Flask, later: Later) -> None:
    make_person("quan_tri", "admin")
    later(days=30)
    browser(app).sign_in("quan_tri")
    later(days=30)
    visitor = browser(app)
    visitor.sign_in("quan_tri")
    assert visitor.get("/thanh-pho").location == "/tai-khoan"
    change(visitor, PASSWORD, BETTER)
    assert visitor.get("/thanh-pho").status_code == 200


def test_the_demonstration_skips_the_first_change_and_the_code(app: Flask) -> None:
    """DESIGN 4."""
    strict(app, demo=True, second_factor="admin city officer")
    made = people.add("quan_tri", "A", ["admin"])
    db.session.commit()
    visitor = browser(app)
    visitor.sign_in("quan_tri", made.password)
    assert visitor.get("/thanh-pho").status_code == 200


# the code from the phone


def _secret(page: str) -> str:
    found = re.search(r'class="key-text">([A-Z2-7 ]+)<', page)
    assert found is not None
    return found.group(1).replace(" ", "")


def code(secret: str, steps: int = 0) -> str:
    moment = clock.now() + dt.timedelta(seconds=30 * steps)
    return str(TOTP(secret, format="base32").generate(time=moment).token)


def set_up(visitor: Browser) -> str:
    """The secret of an app that has just been set up."""
    page = visitor.get("/tai-khoan/ma-xac-thuc").text
    secret = _secret(page)
    fields = {
        "ma": code(secret),
        "mat_khau": PASSWORD,
        "csrf_token": visitor.csrf_token("/tai-khoan/ma-xac-thuc"),
    }
    assert visitor.post("/tai-khoan/ma-xac-thuc", data=fields).location == "/tai-khoan"
    return secret


def enter(visitor: Browser, given: str) -> object:
    token = visitor.csrf_token("/dang-nhap/ma-xac-thuc")
    return visitor.post("/dang-nhap/ma-xac-thuc", data={"ma": given, "csrf_token": token})


def test_with_an_app_set_up_a_password_alone_opens_nothing(app: Flask, leader: Browser, later: Later) -> None:
    secret = set_up(leader)
    later(minutes=1)
    visitor = browser(app)
    assert visitor.sign_in("lanh_dao").location == "/dang-nhap/ma-xac-thuc"
    assert not is_in(visitor)
    assert visitor.get("/dang-nhap/ma-xac-thuc").status_code == 200
    assert "Mã chưa đúng" in enter(visitor, "000000").text  # type: ignore[attr-defined]
    assert not is_in(visitor)
    enter(visitor, code(secret))
    assert is_in(visitor)


def test_a_code_is_good_once(app: Flask, leader: Browser, later: Later) -> None:
    secret = set_up(leader)
    later(minutes=1)
    used = code(secret)
    first, second = browser(app), browser(app)
    for visitor in (first, second):
        visitor.sign_in("lanh_dao")
        enter(visitor, used)
    assert is_in(first)
    assert not is_in(second)


def test_the_code_is_asked_for_within_five_minutes_of_the_password(
    app: Flask, leader: Browser, later: Later
) -> None:
    secret = set_up(leader)
    visitor = browser(app)
    visitor.sign_in("lanh_dao")
    later(minutes=5, seconds=1)
    assert visitor.get("/dang-nhap/ma-xac-thuc").location == "/dang-nhap"
    enter(visitor, code(secret))
    assert not is_in(visitor)


def test_codes_are_guessed_five_times_at_most(app: Flask, leader: Browser, later: Later) -> None:
    secret = set_up(leader)
    later(minutes=1)
    visitor = browser(app)
    visitor.sign_in("lanh_dao")
    for _ in range(tries.MOST):
        enter(visitor, "000000")
    enter(visitor, code(secret))
    assert not is_in(visitor)
    assert browser(app).sign_in("lanh_dao").status_code == 429


def test_a_right_password_without_its_code_costs_no_try(app: Flask, leader: Browser) -> None:
    set_up(leader)
    for _ in range(tries.MOST + 1):
        assert browser(app).sign_in("lanh_dao").location == "/dang-nhap/ma-xac-thuc"


def test_the_secret_is_sealed_in_the_database(app: Flask, leader: Browser) -> None:
    secret = set_up(leader)
    db.session.rollback()
    [person] = db.session.scalars(sa.select(Person)).unique()
    assert person.totp_sealed is not None
    assert secret.encode() not in person.totp_sealed


def test_an_officer_sets_up_an_app_before_anything_else(app: Flask, later: Later) -> None:
    strict(app, second_factor=Settings().second_factor)
    commune = make_commune()
    make_person("can_bo", "officer", commune)
    make_person("lanh_dao", "leader", commune)
    officer, leader = browser(app), browser(app)
    officer.sign_in("can_bo")
    leader.sign_in("lanh_dao")
    assert leader.get("/xa/11629").status_code == 200
    assert officer.get("/xa/11629").location == "/tai-khoan"
    set_up(officer)
    assert officer.get("/xa/11629").status_code == 200


def test_a_secret_is_shown_as_apps_read_it() -> None:
    assert second_factor.pretty("ABCD2345EF") == "ABCD 2345 EF"
    assert second_factor.counter_of("JBSWY3DPEHPK3PXP", "x") is None


# one's own sessions


def test_a_person_sees_where_he_is_signed_in_and_ends_the_others(
    app: Flask, leader: Browser, later: Later
) -> None:
    later(minutes=3)
    other = browser(app)
    other.environ_base["HTTP_USER_AGENT"] = "Mozilla/5.0 (Linux; Android 14) Chrome/130.0"
    other.sign_in("lanh_dao")
    page = leader.get("/tai-khoan").text
    assert "Chrome, Android" in page
    assert "08:03 25/11/2026" in page
    leader.post("/tai-khoan/dang-xuat-noi-khac", data={"csrf_token": leader.csrf_token("/tai-khoan")})
    assert is_in(leader)
    assert not is_in(other)
    assert acts()[-1] == "person.end_sessions"
