"""Collectors: secrets made by the server and sealed in the database; given thôn, a new code, revoked."""

import dataclasses
import hashlib
import re

import pytest
from cryptography.fernet import InvalidToken
from flask import Flask

from app import create_app
from server.accounts import passwords
from server.db import db
from server.errors import Problem
from server.models import Audit, Collector
from server.phones import collectors, http_digest, phone_access
from server.phones.collectors import CollectorRejected, NewCollector
from server.phones.phone_problems import PhoneProblem
from server.settings import Settings
from tests import sample

BASE = "https://tn.example/tung-nha"


@pytest.fixture
def made(app: Flask) -> NewCollector:
    return sample.make_collector()


def test_the_server_makes_token_password_and_name_in_plain_ascii(made: NewCollector) -> None:
    """C9, C12, R23: a Vietnamese password could never be sent."""
    assert re.fullmatch("[A-Za-z0-9]{64}", made.token)
    assert re.fullmatch("[A-Za-z0-9]{16}", made.password)
    assert re.fullmatch(r"nguyen\.van\.am\.\d{4}", made.collector.username)


def test_two_of_one_name_are_two(made: NewCollector) -> None:
    commune = made.collector.commune
    other = sample.make_collector(commune, [made.collector.villages[0].village])
    assert other.collector.username != made.collector.username
    assert other.token != made.token


def test_the_database_holds_no_secret_in_the_open(made: NewCollector) -> None:
    """C12: found by hash, sealed for printing again."""
    row = made.collector
    assert row.token_hash == hashlib.sha256(made.token.encode()).digest()
    ha1 = http_digest.ha1(row.username, made.password)
    for sealed in (row.token_sealed, row.password_sealed, row.ha1_sealed):
        for secret in (made.token, made.password, ha1):
            assert secret.encode() not in sealed
    assert collectors.token(row) == made.token
    assert collectors.password(row) == made.password


def test_seals_open_with_the_key_of_the_installation_alone(made: NewCollector, settings: Settings) -> None:
    other = create_app(dataclasses.replace(settings, secret_key="another installation's key, long enough"))
    with other.app_context(), pytest.raises(InvalidToken):
        collectors.token(made.collector)
    with other.app_context():
        db.dispose()


def test_who_was_made_is_on_record(made: NewCollector) -> None:
    [act] = db.session.query(Audit).filter_by(act="collector.add").all()
    assert act.record == f"collector:{made.collector.id}"
    assert made.token not in str(act.detail)


@pytest.mark.parametrize("name", ["", "   ", "x" * 200, "a\x00b"])
def test_a_name_that_cannot_be_used_is_refused(app: Flask, name: str) -> None:
    commune = sample.make_commune()
    with pytest.raises(CollectorRejected, match="không dùng được"):
        collectors.add(name, commune, [sample.make_village(commune)])


@pytest.mark.parametrize("name", ["李小龍", "...", "Đỗ  Thị   Ớt"])
def test_any_name_that_people_have_gives_a_user_name(app: Flask, name: str) -> None:
    commune = sample.make_commune()
    found = collectors.add(name, commune, [sample.make_village(commune)])
    assert re.fullmatch(r"[a-z0-9.]+\.\d{4}", found.collector.username)
    assert found.collector.username.isascii()


def test_thon_are_needed_and_must_be_of_the_commune(app: Flask) -> None:
    """R23: without a thôn there is no list to walk by."""
    commune = sample.make_commune()
    other = sample.make_village(sample.make_commune("10930", "Mao Điền"), "10930001", "Thôn xa")
    with pytest.raises(CollectorRejected, match="ít nhất một thôn"):
        collectors.add("Lê Thị Na", commune, [])
    with pytest.raises(CollectorRejected, match="10930001"):
        collectors.add("Lê Thị Na", commune, [other])
    assert db.session.query(Collector).count() == 0


def test_a_face_of_several_signs_is_a_name_and_none_of_it_is_unseen(app: Flask) -> None:
    commune = sample.make_commune()
    made = sample.make_collector(commune, [sample.make_village(commune)], "Sớm\u200b 👩\u200d🌾\n")
    assert made.collector.name == "Sớm 👩 🌾"


def test_a_thon_named_twice_counts_once(app: Flask) -> None:
    commune = sample.make_commune()
    village = sample.make_village(commune)
    found = collectors.add("Lê Thị Na", commune, [village, village])
    assert len(found.collector.villages) == 1


def test_a_revoked_collector_is_nobody(made: NewCollector) -> None:
    """C12, R23."""
    assert phone_access.by_token(made.token).village_ids == (made.collector.villages[0].village_id,)
    collectors.revoke(made.collector)
    db.session.commit()
    with pytest.raises(Problem) as told:
        phone_access.by_token(made.token)
    assert told.value.kind is PhoneProblem.KEY_UNKNOWN


def test_a_made_password_has_no_letters_that_look_alike(made: NewCollector) -> None:
    others = "".join(passwords.made() for _ in range(200))
    assert not set(others + made.password) & set("Il1O0")
    assert len(made.password) == 16
    assert len(set(others)) == 57
