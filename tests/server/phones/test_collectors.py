"""Collectors: secrets made by the server, sealed in the database, and the QR code that sets up a phone."""

import base64
import dataclasses
import hashlib
import json
import re
import string
import zlib
from typing import Any

import pytest
from cryptography.fernet import InvalidToken
from flask import Flask

from app import create_app
from server.accounts import passwords
from server.db import db
from server.errors import Problem
from server.models import Audit, Collector
from server.phones import collectors, digest, phone_access
from server.phones.collectors import CollectorRejected, NewCollector
from server.phones.phone_problems import PhoneProblem
from server.settings import Settings
from tests import sample

BASE = "https://tn.example/tung-nha"


@pytest.fixture
def made(app: Flask) -> NewCollector:
    return sample.make_collector()


def _unpacked(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
    return found


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
    ha1 = digest.ha1(row.username, made.password)
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


def test_the_qr_code_sets_up_a_phone(made: NewCollector) -> None:
    """C59, C60, C61: base64 of zlib of JSON; the server's address with the token; locked against mishaps."""
    text = collectors.qr_text(made.collector, f"{BASE}/")
    assert set(text) <= set(string.ascii_letters + string.digits + "+/=")
    found = _unpacked(text)
    assert set(found) == {"general", "admin", "project"}
    assert found["general"]["server_url"] == f"{BASE}/key/{made.token}"
    assert found["general"]["form_update_mode"] == "match_exactly"
    assert found["general"]["autosend"] == "wifi_and_cellular"
    assert found["general"]["delete_send"] is False
    assert found["general"]["app_language"] == "vi"
    assert found["admin"]["change_server"] is False
    assert found["admin"]["delete_saved"] is False
    assert re.fullmatch(r"\d{6}", found["admin"]["admin_pw"])
    assert found["project"] == {"name": f"An Lão – {made.collector.name}", "icon": "🏠", "color": "#0a7d4f"}


def _project(made: NewCollector) -> str:
    return str(_unpacked(collectors.qr_text(made.collector, BASE))["project"]["name"])


def test_two_projects_of_a_commune_on_one_phone_are_told_apart(app: Flask) -> None:
    """Case qr-01: the person's name; thôn beside it for two of one name, user names where these are alike too."""
    commune = sample.make_commune()
    west, east = (
        sample.make_village(commune, f"1162900{n}", name) for n, name in ((1, "Vạn Phúc"), (2, "Hòa Mỹ"))
    )
    som = sample.make_collector(commune, [west], "Mạc Thị Sớm")
    khoat = sample.make_collector(commune, [west, east], "Đinh Văn Khoát")
    assert (_project(som), _project(khoat)) == ("An Lão – Mạc Thị Sớm", "An Lão – Đinh Văn Khoát")
    other = sample.make_collector(commune, [east], "Mạc Thị Sớm")
    assert (_project(som), _project(other)) == (
        "An Lão – Mạc Thị Sớm, Vạn Phúc",
        "An Lão – Mạc Thị Sớm, Hòa Mỹ",
    )
    third = sample.make_collector(commune, [west], "Mạc Thị Sớm")
    assert _project(third) == f"An Lão – Mạc Thị Sớm, {third.collector.username}"
    assert len({_project(each) for each in (som, khoat, other, third)}) == 4


@pytest.mark.parametrize("name", ["MAC THI SOM", "Mạc  Thị-Sớm.", "Mạc Thị Sớm 🌸", "Mạc Thị Sơm"])
def test_names_that_differ_in_signs_alone_are_told_apart_by_more(app: Flask, name: str) -> None:
    commune = sample.make_commune()
    west, east = (
        sample.make_village(commune, f"1162900{n}", named) for n, named in ((1, "Vạn Phúc"), (2, "Hòa Mỹ"))
    )
    first = sample.make_collector(commune, [west], "Mạc Thị Sớm")
    second = sample.make_collector(commune, [east], name)
    assert _project(first).endswith(", Vạn Phúc")
    assert _project(second).endswith(", Hòa Mỹ")


def test_what_looks_like_a_d_with_its_bar_is_one(app: Flask) -> None:
    """U+00D0, which old converters write for Đ, looks the same on a phone."""
    commune = sample.make_commune()
    village = sample.make_village(commune)
    first, second = (sample.make_collector(commune, [village], f"{d}inh Văn Khoát") for d in "Đ\u00d0")
    assert len({_project(first), _project(second)} - {"An Lão – Đinh Văn Khoát"}) == 2
    assert second.collector.username.startswith("dinh.van.khoat.")


def test_a_changed_code_makes_a_project_that_says_so(made: NewCollector) -> None:
    """Case qr-01."""
    first = _project(made)
    for number in (2, 3):
        collectors.rotate(made.collector)
        db.session.commit()
        assert _project(made) == f"{first} (mã {number})"


def test_a_made_password_has_no_letters_that_look_alike(made: NewCollector) -> None:
    others = "".join(passwords.made() for _ in range(200))
    assert not set(others + made.password) & set("Il1O0")
    assert len(made.password) == 16
    assert len(set(others)) == 57


def test_the_password_of_the_phones_settings_is_his_own_and_stays(made: NewCollector) -> None:
    """C61: without one anyone can unlock the settings."""
    other = sample.make_collector(made.collector.commune, [made.collector.villages[0].village])
    mine = collectors.admin_password(made.collector)
    assert mine == collectors.admin_password(made.collector)
    assert (mine, made.token) != (collectors.admin_password(other.collector), other.token)


def test_the_code_is_drawn_for_a_page_and_for_paper(made: NewCollector) -> None:
    text = collectors.qr_text(made.collector, BASE)
    svg, png = collectors.qr_svg(text), collectors.qr_png(text)
    assert svg.startswith("<svg")
    assert "viewBox=" in svg  # without it the sheet's style cuts the code off instead of fitting it
    assert svg.endswith("</svg>")
    assert png.startswith(b"\x89PNG")
    assert made.token not in svg
