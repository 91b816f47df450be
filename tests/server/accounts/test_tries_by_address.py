"""Who sends many wrong codes, keys or passwords from one address is answered late; nobody else is."""

import dataclasses
from collections.abc import Iterator

import pytest
from flask import Flask

from app import create_app
from server.accounts import tries_by_address
from server.db import db
from server.settings import Settings
from tests import sample
from tests.conftest import hash_cheaply
from tests.people import PASSWORD, bearing, browser, make_person, make_token
from tests.phone import InProcess, Phone

MOST = 5
HERE, THERE = "192.0.2.1", "198.51.100.7"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How long answers were kept back; nobody waits for it."""
    kept: list[float] = []
    monkeypatch.setattr(tries_by_address.time, "sleep", kept.append)
    return kept


@pytest.fixture
def strict(settings: Settings) -> Iterator[Flask]:
    app = create_app(dataclasses.replace(settings, guesses_a_minute=MOST))
    hash_cheaply(app)
    with app.app_context():
        yield app
        db.session.close()
        db.dispose()


def _ask(app: Flask, path: str, address: str = HERE, **headers: str):
    return app.test_client().get(path, headers=headers, environ_overrides={"REMOTE_ADDR": address})


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        (f"/key/{'x' * 64}/formList", {}, 403),
        ("/key/short/formList", {}, 403),
        (f"/thu/{'x' * 64}/formList", {}, 403),
        ("/api/v1/communes", bearing("0" * 40), 401),
        ("/api/v1/communes", bearing("nonsense"), 401),
    ],
)
def test_after_some_wrong_ones_more_of_them_wait(
    strict: Flask, held: list[float], path: str, headers: dict[str, str], status: int
) -> None:
    assert [_ask(strict, path, **headers).status_code for _ in range(MOST)] == [status] * MOST
    assert held == []
    late = _ask(strict, path, **headers)
    assert late.status_code == 429
    assert 1 <= int(late.headers["Retry-After"]) <= 60
    assert held == [tries_by_address.HELD]
    assert _ask(strict, path, THERE, **headers).status_code == status, "another address is not his"


def test_right_ones_from_the_same_address_are_answered_as_ever(strict: Flask, held: list[float]) -> None:
    made = sample.make_collector()
    sample.publish_plain()
    key = make_token()
    for _ in range(MOST + 3):
        _ask(strict, f"/key/{'x' * 64}/formList")
    held.clear()
    assert _ask(strict, f"/key/{made.token}/formList").status_code == 200
    phone = Phone(InProcess(strict, REMOTE_ADDR=HERE), f"http://localhost/key/{made.token}")
    assert [answer.status for answer in phone.send(sample.filled())] == [201]
    assert _ask(strict, "/api/v1/communes", **bearing(key)).status_code == 200
    by_name = Phone(
        InProcess(strict, REMOTE_ADDR=HERE), "http://localhost", made.collector.username, made.password
    )
    assert by_name.form_list().status == 200
    assert held == []


def test_a_wrong_password_of_a_phone_is_a_guess_and_a_challenge_is_none(
    strict: Flask, held: list[float]
) -> None:
    made = sample.make_collector()
    for _ in range(MOST + 3):
        assert _ask(strict, "/formList").status_code == 401, "nothing was guessed"
    phone = Phone(InProcess(strict, REMOTE_ADDR=HERE), "http://localhost", made.collector.username, "sai")
    assert [phone.form_list().status for _ in range(MOST)] == [401] * MOST
    assert phone.form_list().status == 429


def test_a_code_that_was_revoked_is_no_guess(strict: Flask, held: list[float]) -> None:
    """A team's old phones ask on and on."""
    made = sample.make_collector()
    made.collector.revoked_at = made.collector.created_at
    db.session.commit()
    told = {_ask(strict, f"/key/{made.token}/formList").status_code for _ in range(MOST + 3)}
    assert told == {403}


def test_many_names_tried_from_one_address_wait_and_whoever_is_right_comes_in(
    strict: Flask, held: list[float]
) -> None:
    """Five tries lock one name; trying many names one by one is slowed, and locks nobody out."""
    make_person("lanh_dao", "leader", sample.make_commune())
    visitor = browser(strict)
    for number in range(MOST + 2):
        assert visitor.sign_in(f"ten_{number}", "sai roi nhe").status_code == 200
    assert held == [tries_by_address.HELD] * 2
    held.clear()
    assert visitor.sign_in("lanh_dao", PASSWORD).status_code == 302
    assert held == []


def test_one_answer_at_a_time_is_kept_back(held: list[float]) -> None:
    """Threads that phones need are not given to guessers."""
    guesses = tries_by_address.Guesses(MOST)
    with guesses._turn:
        guesses.hold()
    assert held == []
    guesses.hold()
    assert held == [tries_by_address.HELD]


def test_an_ipv6_network_is_one_address() -> None:
    assert tries_by_address.network_of("2001:db8:1:2::3") == tries_by_address.network_of(
        "2001:db8:1:2:ffff::9"
    )
    assert tries_by_address.network_of("2001:db8:1:2::3") != tries_by_address.network_of("2001:db8:1:3::3")
    assert tries_by_address.network_of("192.0.2.1") != tries_by_address.network_of("192.0.2.2")
    assert tries_by_address.network_of("") == ""
