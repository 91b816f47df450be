"""One household, three ways of writing it (cases house-01 to house-06): phones, the list of the same thôn, a split."""

import csv
import datetime as dt
import io
import re
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.counting import tally
from server.db import db
from server.errors import Problem
from server.households import household_acts, list_changes, list_comparison, list_import
from server.households.act_rows import Officer
from server.households.list_comparison import Compared
from server.models import Commune, Entity, FormVersion
from server.phones import app_settings, collectors
from server.published_forms import library_forms
from tests import leaders, sample
from tests.people import Browser
from tests.phone import InProcess, Phone, statuses

CASES = Path(__file__).parents[2] / "data" / "house"
NOON = dt.datetime(2026, 11, 29, 5, tzinfo=dt.UTC)


@dataclass
class World:
    """The thôn of the cases, one collector's phone, and the version of the form that it has."""

    app: Flask
    phone: Phone
    version: str

    @property
    def commune(self) -> Commune:
        return db.session.scalars(sa.select(Commune)).one()

    def send(self, xml: bytes) -> None:
        assert statuses(self.phone.send(xml.replace(b"2026112501", self.version.encode()))) == [201]

    def register_six(self) -> None:
        for number in range(1, 7):
            self.send((CASES / f"house-01-phone-{number}.xml").read_bytes())

    def choices(self) -> dict[str, dict[str, str]]:
        """The rows of the list that the phone holds, by their labels."""
        [form] = [each for each in self.phone.forms() if each.form_id == "ho_gia_dinh"]
        [file] = [each for each in self.phone.files(form) if each.name == "ho_dan.csv"]
        rows = csv.DictReader(io.StringIO(self.phone.download(file).decode()))
        return {row["label"]: row for row in rows}

    def compared(self, filename: str) -> Compared:
        rows = list_import.read((CASES / filename).read_bytes(), filename)
        return list_comparison.compare(rows, self.commune)

    def load(self, filename: str) -> None:
        kept = list_import.keep(
            self.commune, (CASES / filename).read_bytes(), filename, actor="person:1", name="Hạnh"
        )
        list_changes.store(kept, self.commune)
        db.session.commit()
        db.session.close()


@pytest.fixture
def world(app: Flask, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    commune = sample.make_commune()
    village = sample.make_village(commune, "11629002", "Đồng Xuân")
    library_forms.publish_library(["ho_gia_dinh"])
    db.session.execute(sa.update(FormVersion).values(published_at=NOON - dt.timedelta(days=30)))
    version = db.session.scalars(sa.select(FormVersion.version)).one()
    made = collectors.add("Mạc Thị Sớm", commune, [village])
    phone = Phone(InProcess(app), app_settings.server_url(made.collector, "http://localhost"))
    db.session.commit()
    db.session.close()
    return World(app, phone, version)


def test_the_list_of_the_same_six_knows_each_of_them_again(world: World) -> None:
    """Case house-01: rows 2 to 7 each with its own household; the third Phạm Thị Hoa and the cousin are new."""
    world.register_six()
    found = world.compared("house-01-list.xlsx")
    twins = {twin.placed.row.number: twin.other.label for twin in found.twins}
    assert twins == {
        2: "Lương Thị Nụ, Ngõ 14, số 3",
        3: "Mạc Đình Tấu, Ngõ 7, số 12",
        4: "Phạm Thị Hoa, Ngõ 5, số 2",
        5: "Phạm Thị Hoa, Ngõ 5, số 18",
        6: "Ứng Văn Dậu, Xóm Đình, số 9",
        7: "Đoàn Thị Hòa, Ngõ 21, số 5",
    }
    assert [each.row.parts.label for each in found.new] == [
        "Phạm Thị Hoa, Ngõ 5, số 20",
        "Lương Văn Nụ, Ngõ 14, số 33",
    ]


def test_the_other_way_round_each_phone_household_stands_beside_its_row(world: World) -> None:
    """Case house-05: the list came first; each of the six proposes its twin, and the twin proposes it."""
    world.load("house-01-list.xlsx")
    world.register_six()
    leaders.sign_up(world.commune, "officer", "can.bo")
    db.session.commit()
    nus = db.session.scalars(sa.select(Entity.id).where(Entity.label == "Lương Thị Nụ, Ngõ 14, số 3")).all()
    assert len(nus) == 2
    browser = Browser(world.app)
    browser.sign_in("can.bo", leaders.PASSWORD)
    for own, twin in (nus, nus[::-1]):
        assert str(twin) in browser.get(f"/quan-tri/xa/11629/ho/{own}").text


def test_likely_doubles_stand_on_one_page_and_are_merged_there(world: World) -> None:
    """Case house-05: the pairs of one thôn; merging needs no copied id."""
    world.load("house-01-list.xlsx")
    world.register_six()
    leaders.sign_up(world.commune, "officer", "can.bo")
    db.session.commit()
    db.session.close()
    browser = Browser(world.app)
    browser.sign_in("can.bo", leaders.PASSWORD)
    address = "/quan-tri/xa/11629/ho/trung"
    page = browser.get(address).text
    assert page.count('<th scope="row">') == 6
    kept, other = re.findall(
        r'action="/quan-tri/xa/11629/ho/([^"]+)".*?name="ho_khac" value="([^"]+)"', page, re.S
    )[0]
    given = {"csrf_token": browser.csrf_token(address), "viec": "merge", "ho_khac": other, "dong_y": "1"}
    assert browser.post(f"/quan-tri/xa/11629/ho/{kept}", data=given).status_code == 302
    assert browser.get(address).text.count('<th scope="row">') == 5
    with db.engine.connect() as connection:
        assert tally.recount(connection) == []


@pytest.mark.parametrize("address", ["Ngõ 14, số 3A", "3a ngõ 14"])
def test_a_split_household_is_called_as_registered_ones_are(world: World, address: str) -> None:
    """Case house-03."""
    world.register_six()
    officer = Officer("person:1", "Hạnh", world.commune.id)
    with db.engine.begin() as connection:
        old = connection.scalars(sa.select(Entity.id).where(Entity.label.startswith("Lương Thị Nụ"))).one()
        household_acts.split(connection, old, dt.date(2026, 11, 28), "Lương Văn Hai", officer, address)
    rows = world.choices()
    assert rows["Lương Văn Hai, Ngõ 14, số 3A"]["dia_chi"] == "Ngõ 14, số 3A"


def test_a_household_that_is_split_off_is_called_as_no_other_of_the_thon(world: World) -> None:
    """Two alike could not be told apart on a phone, and would be proposed as one."""
    world.register_six()
    officer, day = Officer("person:1", "Hạnh", world.commune.id), dt.date(2026, 11, 28)
    with db.engine.begin() as connection:
        old = connection.scalars(sa.select(Entity.id).where(Entity.label.startswith("Lương Thị Nụ"))).one()
        household_acts.split(connection, old, day, "Lương Văn Hai", officer, "Ngõ 14, số 3A")
    again = pytest.raises(Problem, match="đã có hộ “Lương Văn Hai, Ngõ 14, số 3A”")
    with again, db.engine.begin() as connection:
        household_acts.split(
            connection, old, day + dt.timedelta(days=1), "Lương Văn Hai", officer, "3a ngõ 14"
        )
    assert sum(label.startswith("Lương Văn Hai") for label in world.choices()) == 1


def test_listed_households_of_one_name_are_told_apart_on_the_phone(world: World) -> None:
    """Case house-04."""
    world.load("house-04-list.xlsx")
    rows = world.choices()
    assert rows.keys() == {f"Phạm Thị Hoa, Ngõ 5, số {number}" for number in (2, 18, 20)}
    assert rows["Phạm Thị Hoa, Ngõ 5, số 2"]["dia_chi"] == "Ngõ 5, số 2"
    assert "ngo 5 so 2" in rows["Phạm Thị Hoa, Ngõ 5, số 2"]["tim"]


def test_a_team_walks_listed_households_by_lane_and_number(world: World) -> None:
    """Case house-06."""
    world.load("house-01-list.xlsx")
    leaders.sign_up(world.commune, "officer", "can.bo")
    db.session.commit()
    browser = Browser(world.app)
    browser.sign_in("can.bo", leaders.PASSWORD)
    page = browser.get("/xa/11629/to/11629002").text
    walked = ["Ngõ 5, số 2", "Ngõ 5, số 18", "Ngõ 5, số 20", "Ngõ 7, số 12", "Ngõ 14, số 3", "Ngõ 14, số 33"]
    places = [page.index(f"{address}.") for address in walked]
    assert places == sorted(places)
    with db.engine.connect() as connection:
        assert tally.recount(connection) == []
