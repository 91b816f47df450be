"""The app on a phone as the QR code sets it up: its settings, its project's name, its lock."""

import base64
import json
import re
import string
import zlib
from typing import Any

import pytest
from flask import Flask

from server.db import db
from server.households import phone_lists
from server.phones import app_settings, collectors, qr_drawing, qr_sheet
from server.phones.collectors import NewCollector
from tests import sample

BASE = "https://tn.example/tung-nha"


@pytest.fixture
def made(app: Flask) -> NewCollector:
    return sample.make_collector()


def _unpacked(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(zlib.decompress(base64.b64decode(text, validate=True)))
    return found


def test_the_qr_code_sets_up_a_phone(made: NewCollector) -> None:
    """C59, C60, C61: base64 of zlib of JSON; the server's address with the token; locked against mishaps."""
    text = app_settings.qr_text(made.collector, f"{BASE}/")
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
    return str(_unpacked(app_settings.qr_text(made.collector, BASE))["project"]["name"])


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


def test_two_thon_of_one_name_are_told_apart_wherever_a_member_has_them(app: Flask) -> None:
    """On cards, in projects and in the list of thôn on the phone of who walks both."""
    commune = sample.make_commune()
    one, other = (sample.make_village(commune, f"1162900{n}", "Quyết Tiến") for n in (1, 2))
    both = sample.make_collector(commune, [one, other], "Mạc Thị Sớm")
    single = sample.make_collector(commune, [other], "Mạc Thị Sớm")
    assert _project(both) == "An Lão – Mạc Thị Sớm, Quyết Tiến (001), Quyết Tiến (002)"
    assert _project(single) == "An Lão – Mạc Thị Sớm, Quyết Tiến (002)"
    cards = qr_sheet.cards([both.collector, single.collector], BASE)
    assert [card.villages for card in cards] == ["Quyết Tiến (001), Quyết Tiến (002)", "Quyết Tiến (002)"]
    told = phone_lists.villages(db.session.connection(), [one.id, other.id]).decode()
    assert told.splitlines()[1:] == ["11629001,Quyết Tiến (001)", "11629002,Quyết Tiến (002)"]
    assert phone_lists.villages(db.session.connection(), [one.id]).decode().endswith("11629001,Quyết Tiến\n")


@pytest.mark.parametrize(
    ("first", "second"),
    [("Lò Thị Ún", "Lò Thị Ún (mã 2)"), ("Giàng A Dê", "GIÀNG A DÊ, Thôn Tây"), ("H'Hen Niê", "HHen Niê")],
)
def test_a_name_that_says_what_another_project_adds_is_told_apart(
    app: Flask, first: str, second: str
) -> None:
    """Codes changed or not: no phone shows two projects of a commune under one name, but for marks and signs."""
    commune = sample.make_commune()
    east = sample.make_village(commune, "11629007", "Thôn Đông")
    west = sample.make_village(commune, "11629008", "Thôn Tây")
    homes = [(first, west), (first, east), (second, east), ("Mua Thị Say", east)]
    made = [sample.make_collector(commune, [village], name).collector for name, village in homes]
    collectors.rotate(made[0])
    db.session.commit()
    names = list(app_settings.project_names(made).values())
    assert len({re.sub(r"[^\w]", "", name).casefold() for name in names}) == len(names), names
    assert names[-1].endswith("– Mua Thị Say")


def test_a_changed_code_makes_a_project_that_says_so(made: NewCollector) -> None:
    """Case qr-01."""
    first = _project(made)
    for number in (2, 3):
        collectors.rotate(made.collector)
        db.session.commit()
        assert _project(made) == f"{first} (mã {number})"


def test_the_password_of_the_phones_settings_is_his_own_and_stays(made: NewCollector) -> None:
    """C61: without one anyone can unlock the settings."""
    other = sample.make_collector(made.collector.commune, [made.collector.villages[0].village])
    mine = app_settings.admin_password(made.collector)
    assert mine == app_settings.admin_password(made.collector)
    assert (mine, made.token) != (app_settings.admin_password(other.collector), other.token)


def test_the_code_is_drawn_for_a_page_and_for_paper(made: NewCollector) -> None:
    text = app_settings.qr_text(made.collector, BASE)
    svg, png = qr_drawing.qr_svg(text), qr_drawing.qr_png(text)
    assert svg.startswith("<svg")
    assert "viewBox=" in svg  # without it the sheet's style cuts the code off instead of fitting it
    assert svg.endswith("</svg>")
    assert png.startswith(b"\x89PNG")
    assert made.token not in svg
