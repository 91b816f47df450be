"""K1, K23: the key for a name and a password, and who may enter by what."""

import re

import pytest
import sqlalchemy as sa
from flask import Flask

from server import audit
from server.accounts import passwords, persons, second_factor
from server.db import db
from server.models import Audit, Commune, Person
from tests.people import PASSWORD, bearing, browser
from tests.server.api.conftest import Client, basic, token_of


def test_a_key_is_told_by_name_and_password_and_stays_the_same(app: Flask, commune: Commune) -> None:
    token = token_of(app, "officer")
    assert re.fullmatch("[0-9a-f]{40}", token)
    for path in ("/token", "/token/", "/token.json", "/token?format=json"):
        answer = browser(app).get(path, headers=basic("officer"))
        assert (answer.status_code, answer.json) == (200, {"token": token})
        assert answer.headers["Cache-Control"] == "no-store"


def test_rolling_over_makes_another_and_the_old_one_dies_at_once(app: Flask, commune: Commune) -> None:
    old = token_of(app, "officer")
    answer = browser(app).post("/token/", headers=basic("officer"))
    assert answer.status_code == 201
    assert answer.json["token"] != old
    refused = browser(app).get("/api/v2/assets.json", headers=bearing(old))
    assert (refused.status_code, refused.json) == (401, {"detail": "Invalid token."})
    assert browser(app).get("/api/v2/assets.json", headers=bearing(answer.json["token"])).status_code == 200


def test_without_credentials_both_ways_to_enter_are_named(app: Flask, commune: Commune) -> None:
    answer = browser(app).get("/api/v2/assets/")
    assert answer.status_code == 401
    assert answer.json == {"detail": "Authentication credentials were not provided."}
    ways = answer.headers.getlist("WWW-Authenticate")
    assert [way.split()[0] for way in ways] == ["Token", "Basic"]


@pytest.mark.parametrize("password", ["sai", "", "0" * 40])
def test_a_wrong_password_opens_nothing(app: Flask, commune: Commune, password: str) -> None:
    assert browser(app).get("/token/", headers=basic("officer", password)).status_code == 401


def test_five_wrong_passwords_lock_this_door_as_they_lock_the_page(app: Flask, commune: Commune) -> None:
    for _ in range(5):
        assert browser(app).get("/token/", headers=basic("officer", "sai")).status_code == 401
    assert browser(app).get("/token/", headers=basic("officer")).status_code == 429


def test_who_signs_in_with_a_code_has_keys_and_no_password_here(app: Flask, commune: Commune) -> None:
    token = token_of(app, "officer")
    person = db.session.scalars(sa.select(Person).where(Person.username == "officer")).unique().one()
    second_factor.keep(person, second_factor.new_secret(), 0)
    db.session.commit()
    assert browser(app).get("/api/v2/assets/", headers=basic("officer")).status_code == 401
    assert browser(app).get("/api/v2/assets/", headers=bearing(token)).status_code == 200
    assert browser(app).get("/api/v2/assets/", headers=basic("officer", token)).status_code == 200


def test_a_key_dies_with_its_persons_account(app: Flask, commune: Commune) -> None:
    token = token_of(app, "officer")
    person = db.session.scalars(sa.select(Person).where(Person.username == "officer")).unique().one()
    persons.disable(person, by=audit.SHELL)
    db.session.commit()
    assert browser(app).get("/me/", headers=bearing(token)).status_code == 401


def test_a_key_opens_no_page_and_makes_no_other_key(app: Flask, officer: Client) -> None:
    assert officer.get("/quan-tri/phieu").status_code in (302, 401, 403, 404)
    assert officer.get("/xa/11629").status_code in (302, 401, 403)
    assert officer.open("POST", "/token/").status_code == 403


def test_the_making_of_a_key_stands_in_the_audit(app: Flask, commune: Commune) -> None:
    token_of(app, "officer")
    row = db.session.scalars(sa.select(Audit).where(Audit.act == "token.add")).one()
    assert row.actor.startswith("person:")
    assert row.detail is not None
    assert row.detail["reads"] == ["submissions", "changes"]


def test_me_says_who_asks(officer: Client) -> None:
    told = officer.json("/me/")
    assert (told["username"], told["extra_details"]["name"]) == ("officer", "Người officer")
    assert told["extra_details"]["organization"] == "An Lão"


def test_a_key_rests_after_a_reset_until_its_person_has_a_password_of_their_own(
    app: Flask, commune: Commune
) -> None:
    token = token_of(app, "officer")
    whose = sa.select(Person).where(Person.username == "officer")
    persons.reset(db.session.scalars(whose).unique().one(), by=audit.SHELL)
    db.session.commit()
    assert browser(app).get("/token/", headers=basic("officer")).status_code == 401
    assert browser(app).get("/api/v2/assets/", headers=bearing(token)).status_code == 403
    passwords.choose(db.session.scalars(whose).unique().one(), "Hoa phuong 2026!")
    db.session.commit()
    assert browser(app).get("/api/v2/assets/", headers=bearing(token)).status_code == 200


def test_what_a_password_opened_ends_where_its_persons_sessions_do(app: Flask, commune: Commune) -> None:
    """Whoever knew the password has a session at Central's door; keys that were made for programs go on."""
    key = token_of(app, "officer")
    told = browser(app).post("/v1/sessions", json={"email": "officer", "password": PASSWORD}).get_json()

    def is_in(token: str) -> bool:
        return bool(browser(app).get("/v1/users/current", headers=bearing(token)).status_code == 200)

    assert (is_in(told["token"]), is_in(key)) == (True, True)
    own = browser(app)
    own.sign_in("officer")
    own.post("/tai-khoan/dang-xuat-noi-khac", data={"csrf_token": own.csrf_token("/tai-khoan")})
    assert (is_in(told["token"]), is_in(key)) == (False, True)
    assert own.get("/tai-khoan").status_code == 200


@pytest.mark.parametrize(
    ("said", "is_refused"),
    [
        ({}, False), ({"Sec-Fetch-Site": "none"}, False), ({"Sec-Fetch-Site": "same-origin"}, False),
        ({"Origin": "http://localhost"}, False), ({"Sec-Fetch-Site": "cross-site"}, True),
        ({"Sec-Fetch-Site": "same-site"}, True), ({"Origin": "http://elsewhere.vn"}, True), ({"Origin": "null"}, True),
    ],
)  # fmt: skip
def test_another_sites_page_changes_nothing_by_a_password_that_the_browser_remembers(
    app: Flask, commune: Commune, said: dict[str, str], is_refused: bool
) -> None:
    """A browser adds what was typed for HTTP Basic to whatever any page sends here."""
    answer = browser(app).post("/token", headers={**basic("officer"), **said})
    assert (answer.status_code == 403) == is_refused
    assert answer.status_code in (200, 201, 403)
