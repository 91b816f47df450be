"""Signing in by the rules of level 2 (docs/security.md), with a moved clock: tries, idling, 45 days."""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.accounts import account_lock, failed_sign_ins
from server.db import db
from server.errors import Problem
from server.models import Audit, FailedSignIns
from tests.people import PASSWORD, Browser, browser, make_commune, make_person

START = dt.datetime(2026, 11, 25, 1, 0, tzinfo=dt.UTC)
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


@pytest.mark.parametrize("tried", ["x" * 5_000, "ế" * 3_000, "a\0b", " "])
def test_what_can_be_nobodys_password_is_a_wrong_one_at_every_door(app: Flask, tried: str) -> None:
    """Also where it is longer than what compares passwords takes."""
    make_person("can_bo", "officer", make_commune())
    visitor = browser(app)
    assert "Còn 4 lần thử" in visitor.sign_in("can_bo", tried).text
    assert visitor.post("/v1/sessions", json={"email": "can_bo", "password": tried}).status_code == 401
    visitor.sign_in("can_bo")
    fields = {
        "hien_tai": tried,
        "mat_khau": tried,
        "moi": tried,
        "csrf_token": visitor.csrf_token("/tai-khoan"),
    }
    assert visitor.post("/tai-khoan/mat-khau", data=fields).status_code < 500


def test_the_lock_is_the_accounts_wherever_the_tries_come_from(app: Flask) -> None:
    make_person("lanh_dao", "leader", make_commune())
    for number in range(account_lock.MOST):
        guesser = browser(app)
        guesser.environ_base["REMOTE_ADDR"] = f"10.0.0.{number}"
        guesser.sign_in("lanh_dao", WRONG)
    assert browser(app).sign_in("lanh_dao").status_code == 429


def test_strangers_who_guess_do_not_lock_out_a_browser_that_signed_in_before(app: Flask) -> None:
    """trust-06. It has five tries of its own, which lock it alone; strangers stay locked whatever it does."""
    make_person("lanh_dao", "leader", make_commune())
    known = browser(app)
    assert known.sign_in("lanh_dao").status_code == 302
    known.sign_out()
    for _ in range(account_lock.MOST):
        browser(app).sign_in("lanh_dao", WRONG)
    assert browser(app).sign_in("lanh_dao").status_code == 429
    assert "Còn 4 lần thử" in known.sign_in("lanh_dao", WRONG).text
    assert known.sign_in("lanh_dao").status_code == 302
    assert browser(app).sign_in("lanh_dao").status_code == 429
    known.sign_out()
    for _ in range(account_lock.MOST):
        known.sign_in("lanh_dao", WRONG)
    assert known.sign_in("lanh_dao").status_code == 429


def test_a_browser_is_known_under_the_name_it_signed_in_with_and_by_our_own_mark_alone(app: Flask) -> None:
    commune = make_commune()
    for name in ("lanh_dao", "can_bo"):
        make_person(name, "leader", commune)
    other = browser(app)
    other.sign_in("can_bo")
    other.sign_out()
    forger = browser(app)
    forger.set_cookie(account_lock.COOKIE, '["lanh_dao","x"].AAAA')
    for _ in range(account_lock.MOST):
        browser(app).sign_in("lanh_dao", WRONG)
    assert [each.sign_in("lanh_dao").status_code for each in (other, forger)] == [429, 429]


def test_a_shell_unlocks_for_everybody_who_tries_the_name(app: Flask) -> None:
    """The second way in, where an administrator is locked out himself."""
    make_person("quan_tri", "admin")
    make_person("khac", "admin")
    known = browser(app)
    known.sign_in("quan_tri")
    known.sign_out()
    for visitor in (known, browser(app)):
        for _ in range(account_lock.MOST + 1):
            told = visitor.sign_in("quan_tri", WRONG)
        assert "flask people unlock" in told.text
    for _ in range(account_lock.MOST):
        browser(app).sign_in("khac", WRONG)
    answer = app.test_cli_runner().invoke(args=["people", "unlock", "quan_tri"])
    assert answer.exit_code == 0, answer.output
    assert [each.sign_in("quan_tri").status_code for each in (known, browser(app))] == [302, 302]
    assert browser(app).sign_in("khac").status_code == 429


def test_of_many_guesses_sent_at_once_five_are_looked_at(app: Flask) -> None:
    """A try is taken before anything is compared."""

    def guess(_: int) -> bool:
        with app.test_request_context():
            try:
                account_lock.spend(account_lock.of_request("lanh_dao"))
            except Problem:
                return False
            return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(guess, range(24))) == account_lock.MOST


def test_a_name_that_nobody_has_is_locked_alike(app: Flask) -> None:
    """Waiting tells nothing about who exists."""
    make_person("lanh_dao", "leader", make_commune())
    texts = {}
    for name in ("lanh_dao", "khong_co"):
        visitor = browser(app)
        answers = [visitor.sign_in(name, WRONG) for _ in range(account_lock.MOST + 1)]
        texts[name] = [re.sub(r'value="[^"]*"', "", answer.text) for answer in answers]
    assert texts["lanh_dao"] == texts["khong_co"]


def test_no_door_answers_sooner_for_a_name_that_nobody_has(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What takes the time is comparing: it is done once for each try, whoever is named."""
    make_person("lanh_dao", "leader", make_commune())
    compared, context = list[str](), app.extensions["security"].pwd_context
    for way in ("verify", "hash"):
        counted = getattr(context, way)
        monkeypatch.setattr(
            context, way, lambda *given, way=way, counted=counted: (compared.append(way), counted(*given))[1]
        )
    visitor = browser(app)
    doors: tuple[Callable[[str], object], ...] = (
        lambda name: visitor.sign_in(name, WRONG),
        lambda name: visitor.get("/api/v2/assets/", auth=(name, WRONG)),
        lambda name: visitor.post("/v1/sessions", json={"email": name, "password": WRONG}),
    )
    doors[1]("khong_co")  # what stands for nobody's is made once
    for door in doors:
        counts = []
        for name in ("lanh_dao", "khong_co"):
            compared.clear()
            door(name)
            counts.append(len(compared))
        assert counts == [1, 1]


@pytest.mark.parametrize("way", ["form", "address"])
def test_signing_in_leads_to_pages_of_this_server_alone(app: Flask, way: str) -> None:
    """Browsers and the framework drop letters that nobody sees: the third of these became `//evil.vn` on its way."""
    make_person("lanh_dao", "leader", make_commune())

    def led(goal: str) -> str:
        visitor = browser(app)
        if way == "form":
            return str(visitor.sign_in("lanh_dao", next=goal).location)
        fields = {"username": "lanh_dao", "password": PASSWORD, "csrf_token": visitor.csrf_token()}
        return str(visitor.post("/dang-nhap", query_string={"next": goal}, data=fields).location)

    for goal in (
        "//evil.vn", "https://evil.vn", "\x19////evil.vn", "\x00//evil.vn", "/\\evil.vn", "\\\\evil.vn", "/\t/evil.vn",
        " //evil.vn", "///evil.vn", "evil.vn", "javascript:alert(1)", "https:evil.vn", "/\x19/evil.vn",
        "\u200b//evil.vn",
    ):  # fmt: skip
        assert led(goal) == "/bat-dau", goal
    assert led("/xa/11629?ngay=2026-11-22") == "/xa/11629?ngay=2026-11-22"


def test_a_right_password_forgets_the_wrong_ones(app: Flask) -> None:
    make_person("lanh_dao", "leader", make_commune())
    for _ in range(3):
        visitor = browser(app)
        for _ in range(account_lock.MOST - 1):
            visitor.sign_in("lanh_dao", WRONG)
        assert visitor.sign_in("lanh_dao").status_code == 302


def failures() -> list[tuple[str, str | None, object]]:
    db.session.close()
    rows = db.session.scalars(sa.select(Audit).where(Audit.act == "person.sign_in_failed").order_by(Audit.id))
    return [(row.actor, row.record, row.detail) for row in rows]


def test_wrong_tries_of_a_day_are_one_row_of_the_audit_without_what_was_typed(
    app: Flask, later: Later
) -> None:
    """lock-2: however many names a stranger tries."""
    number = make_person("lanh_dao", "leader", make_commune())
    browser(app).sign_in("lanh_dao", WRONG)
    for guessed in range(6):
        browser(app).sign_in(f"toi-go-nham-mat-khau-{guessed}", WRONG)
    failed_sign_ins.add_up()
    assert failures() == [], "the day goes on"
    assert db.session.scalar(sa.select(sa.func.count()).select_from(FailedSignIns)) == 2
    day = clock.today()
    later(days=1)
    failed_sign_ins.add_up()
    failed_sign_ins.add_up()
    told = {
        "day": day.isoformat(), "tries": 7, "unknown_names": 6, "persons": {f"person:{number}": 1}, "others": 0,
    }  # fmt: skip
    assert failures() == [("unknown", None, told)]
    later(days=32)
    failed_sign_ins.add_up()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(FailedSignIns)) == 0


def test_a_try_that_locks_somebody_out_is_in_the_audit_at_once(app: Flask) -> None:
    number = make_person("lanh_dao", "leader", make_commune())
    for name in ("lanh_dao", "khong_co"):
        visitor = browser(app)
        for _ in range(account_lock.MOST + 1):
            visitor.sign_in(name, WRONG)
    assert failures() == [("unknown", f"person:{number}", {"what": "password", "locks": True})]


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
    for _ in range(account_lock.MOST):
        browser(app).sign_in("quan_tri", WRONG)
    runner = app.test_cli_runner()
    assert runner.invoke(args=["people", "enable", "quan_tri"]).exit_code == 0
    assert browser(app).sign_in("quan_tri").status_code == 302
    said = runner.invoke(args=["people", "reset", "quan_tri"]).output
    assert browser(app).sign_in("quan_tri", said.split()[-1]).status_code == 302
    assert runner.invoke(args=["people", "disable", "quan_tri"]).exit_code == 1
    assert runner.invoke(args=["people", "reset", "khong_co"]).exit_code == 1
