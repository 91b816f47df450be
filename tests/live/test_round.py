"""The whole round over real HTTP: a phone fetches, fills and sends; leaders see the new number at the next look."""

import dataclasses
import datetime as dt
from collections.abc import Iterator

import pytest
import requests
import shapely
from flask import Flask
from requests.auth import HTTPDigestAuth
from werkzeug.datastructures import Headers

from forms import plans
from forms.engine import engine
from server.accounts import program_keys
from server.db import db
from server.models import Entity, VillageFigure
from server.phones.collectors import NewCollector
from server.plans import load_plans
from server.published_forms import library_forms
from tests import sample
from tests.leaders import PASSWORD, sign_up
from tests.live.leader import Leader, Seen
from tests.live.served import Served
from tests.phone import Answer, Phone

pytestmark = pytest.mark.live

COMMUNE, VILLAGE = "11629", "11629001"
INDICATOR = "bang_rong_1gbps"


@dataclasses.dataclass(frozen=True)
class ByRequests:
    """Requests as another client sends them, with its own way to answer a challenge (C9, C10)."""

    session: requests.Session
    url: str

    def send(self, method: str, target: str, headers: Headers, body: bytes) -> Answer:
        answer = self.session.request(
            method, f"{self.url}{target}", headers=dict(headers), data=body or None, timeout=60
        )
        return Answer(answer.status_code, Headers(list(answer.headers.items())), answer.content)


@dataclasses.dataclass(frozen=True)
class Round:
    """A commune ready to be walked: its collector, its households, and who looks at it."""

    collector: NewCollector
    households: list[Entity]
    leader: Leader


@pytest.fixture
def ready(app: Flask, served: Served) -> Iterator[Round]:
    """An Lão with its plan, the library's forms, one thôn with an outline and a figure, 12 households."""
    commune = sample.make_commune(COMMUNE)
    village = sample.make_village(commune, VILLAGE)
    village.outline = shapely.to_wkb(shapely.MultiPolygon([shapely.box(106.50, 20.80, 106.52, 20.82)]))
    figure = VillageFigure(village_id=village.id, day=dt.date(2026, 1, 1), source="UBND xã", households=20)
    db.session.add(figure)
    load_plans.load_indicators()
    load_plans.load(plans.read("an_lao_2026"))
    library_forms.publish_library()
    households = [sample.make_entity(village, f"Hộ số {n}") for n in range(12)]
    sign_up(commune)
    token = program_keys.add("chương trình thử", commune=commune, reads=program_keys.READS, days=None).token
    db.session.commit()
    collector = sample.make_collector(commune, [village])
    with requests.Session() as session:
        leader = Leader(session, served.url, token)
        leader.sign_in("lanh.dao", PASSWORD)
        yield Round(collector, households, leader)
    db.session.rollback()


@pytest.fixture(params=["token", "digest"])
def phone(request: pytest.FixtureRequest, served: Served, ready: Round) -> Iterator[Phone]:
    """His phone, set up by QR code, or by hand with name and password."""
    if request.param == "token":
        yield served.phone(ready.collector.token)
        return
    with requests.Session() as session:
        session.auth = HTTPDigestAuth(ready.collector.collector.username, ready.collector.password)
        yield Phone(ByRequests(session, served.url), served.url)


def fill(form: engine.Fillable, household: str, gbps: str) -> bytes:
    """A visit that met somebody who knows whether more than 1 Gbps can be had."""
    filling = form.start()
    answers = {"thon": VILLAGE, "ho": household, "ket_qua": "gap", "gbps": gbps}
    for question, answer in answers.items():
        if filling.value(question) != answer:
            filling.answer(question, answer)
    assert filling.problems() == ()
    return filling.submission()


def visit(phone: Phone, form: engine.Fillable, household: str, gbps: str) -> None:
    """HEAD, then POST, as a phone sends a finished form."""
    [answer] = phone.send(fill(form, household, gbps))
    assert answer.status == 201
    assert [(method, status) for method, _target, status in phone.asked[-2:]] == [
        ("HEAD", 204),
        ("POST", 201),
    ]


def opened(phone: Phone) -> engine.Fillable:
    """The household form as it came, every file with the hash that was told."""
    xform, media = phone.sync()["ho_gia_dinh"]
    assert set(media) >= {"thon.csv", "ho_dan.csv"}
    return engine.open_form(xform, media)


def test_a_visit_is_seen_in_json_table_and_map_at_the_next_look(phone: Phone, ready: Round) -> None:
    """FormList → form, manifest, media → fill → HEAD → POST → the same new number."""
    form = opened(phone)
    keys = [str(household.id) for household in ready.households]
    assert {choice.name for choice in offered(form)} == set(keys)
    for number, key in enumerate(keys[:10]):
        visit(phone, form, key, "co" if number < 5 else "khong")
    before = ready.leader.see(COMMUNE, VILLAGE, INDICATOR)
    assert_shown(before, 5, 10, "50,0")

    visit(phone, form, keys[10], "co")
    after = ready.leader.see(COMMUNE, VILLAGE, INDICATOR)
    assert_shown(after, 6, 11, "54,5")
    assert "5/10" not in after.map

    told = ready.leader.coverage(COMMUNE)
    assert (told["visited"], told["households"]) == (11, 20)
    [total] = [row for row in told["indicators"] if row["code"] == INDICATOR]
    assert (total["done"], total["of"], total["reach"]) == (6, 11, 0.55)


def test_the_next_sync_tells_the_team_who_was_met(served: Served, ready: Round) -> None:
    """R15: a visit updates its household; the next sync carries that to the phones."""
    phone = served.phone(ready.collector.token)
    key = str(ready.households[0].id)
    first = phone.sync()["ho_gia_dinh"][1]["ho_dan.csv"]
    assert "da_gap" not in first.decode()
    visit(phone, opened(phone), key, "co")
    rows = [row for row in phone.sync()["ho_gia_dinh"][1]["ho_dan.csv"].decode().splitlines() if key in row]
    assert len(rows) == 1
    assert "da_gap" in rows[0]


def offered(form: engine.Fillable) -> tuple[engine.OfferedChoice, ...]:
    """The households to choose from."""
    filling = form.start()
    if filling.value("thon") != VILLAGE:
        filling.answer("thon", VILLAGE)
    return filling.choices("ho")


def assert_shown(seen: Seen, done: int, of: int, percent: str) -> None:
    """The same number in the three places."""
    assert seen.json == (done, of, float(percent.replace(",", ".")))
    assert percent in seen.table
    assert f"{done}/{of}" in seen.map
    assert percent in seen.map
