"""A thôn in parts: split on the page, seen on phones, moved, released, on paper (R35)."""

import csv
import datetime as dt
import io
import re
import uuid
from collections.abc import Sequence
from unicodedata import normalize

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db, single_statements
from server.households import household_acts, merge_households, phone_lists, walking_areas
from server.households.act_rows import Officer
from server.models import (
    Audit,
    Commune,
    Entity,
    Person,
    Village,
    WalkingArea,
    WalkingHousehold,
    WalkingMember,
)
from server.phones import collectors, phone_access
from server.phones.collectors import NewCollector
from tests import sample
from tests.asked import statements
from tests.people import Browser, browser, make_person

PAGE = "/xa/11629/to/11629001/phan"
TWO_LANES = [
    *(f"Ngõ 2, số {number}" for number in (1, 3, 5)),
    *(f"Ngõ 10, số {number}" for number in (1, 3, 5)),
]


class Thon:
    """A commune with two thôn, two members of the first, its leader, and its households by their addresses."""

    def __init__(self, app: Flask, addresses: Sequence[str] = TWO_LANES, members: int = 2) -> None:
        self.app = app
        self.commune = sample.make_commune()
        self.village = sample.make_village(self.commune)
        self.other = sample.make_village(self.commune, "11629002", "Thôn Tây")
        self.members: list[NewCollector] = [
            sample.make_collector(self.commune, [self.village], f"Người {number}")
            for number in range(members)
        ]
        self.code = self.village.code
        for number, address in enumerate(addresses):
            self.add(f"Chủ {number:03}", address)
        make_person("to_truong", "team_leader", self.commune, (self.village,))
        self.leader = self.sign_in("to_truong")

    def sign_in(self, name: str) -> Browser:
        found = browser(self.app)
        found.sign_in(name)
        return found

    def add(self, name: str, address: str) -> uuid.UUID:
        village = db.session.scalars(sa.select(Village).where(Village.code == self.code)).one()
        label = f"{name}, {address}" if address else name
        return sample.make_entity(village, label, data={"thon": self.code, "dia_chi": address}).id

    def press(self, what: str, **fields: object) -> int:
        given = {"csrf_token": self.leader.csrf_token(PAGE), "viec": what, **fields}
        return self.leader.post(PAGE, data=given).status_code

    def areas(self) -> list[WalkingArea]:
        db.session.rollback()
        return list(db.session.scalars(sa.select(WalkingArea).order_by(WalkingArea.position)))

    def on_phone(self, member: int) -> list[str]:
        """What the members of the thôn read in their list, in its order."""
        db.session.rollback()
        caller = phone_access.by_token(self.members[member].token)
        with single_statements().connect() as connection:
            text = (phone_lists.content(connection, "ho_dan.csv", caller) or b"").decode()
        return [row["hien_ten"] for row in csv.DictReader(io.StringIO(text))]


def count(table: type[WalkingHousehold | WalkingMember]) -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(table)) or 0


@pytest.fixture
def thon(app: Flask) -> Thon:
    return Thon(app)


def test_a_split_thon_is_read_own_part_first_and_no_less_than_before(thon: Thon) -> None:
    """R35, E6: everybody keeps every household of the thôn, and nobody gets another's."""
    before = thon.on_phone(0)
    assert [each.split(", ", 1)[1] for each in before] == TWO_LANES
    assert thon.press("chia", so=2) == 302
    assert thon.on_phone(0) == [*before[:3], *(f"{each} [Phần 2]" for each in before[3:])]
    assert thon.on_phone(1) == [*before[3:], *(f"{each} [Phần 1]" for each in before[:3])]
    assert thon.press("bo") == 302
    assert thon.on_phone(0) == thon.on_phone(1) == before
    acted = db.session.scalars(sa.select(Audit.act).where(Audit.act.like("walk.%"))).all()
    assert {"walk.split", "walk.join", "walk.read"} <= set(acted)


def test_bytes_on_phones_change_when_parts_do_and_only_then(thon: Thon) -> None:
    """E7."""
    assert thon.press("chia", so=2) == 302
    first, second = thon.areas()
    shown = thon.on_phone(0)
    assert thon.on_phone(0) == shown
    assert thon.press("ten", phan=second.id, ten="Xóm  Đình") == 302
    assert [each.replace("Xóm Đình", "Phần 2") for each in thon.on_phone(0)] == shown
    assert thon.press("ngo", phan=first.id, ngo="ngo 10") == 302
    assert not any("[" in each for each in thon.on_phone(0))


def test_a_thon_merged_into_one_that_is_split_falls_to_its_parts_at_the_next_sync(app: Flask) -> None:
    """R35, R4: also where the same phone walked both before."""
    thon = Thon(app, members=1)
    thon.members.append(sample.make_collector(thon.commune, [thon.village, thon.other], "Người cả hai"))
    sample.make_entity(
        thon.other, "Sùng A Páo, Ngõ 2, số 9", data={"thon": "11629002", "dia_chi": "Ngõ 2, số 9"}
    )
    thon.press("chia", so=2)
    assert "Sùng A Páo, Ngõ 2, số 9" in thon.on_phone(1)
    old = db.session.scalars(sa.select(Village).where(Village.code == "11629002")).one()
    new = db.session.scalars(sa.select(Village).where(Village.code == thon.code)).one()
    old.valid_to, old.merged_into_id = clock.today() - dt.timedelta(days=1), new.id
    db.session.commit()
    assert "Sùng A Páo, Ngõ 2, số 9 [Phần 1]" in thon.on_phone(1)


def test_newcomers_fall_to_the_part_of_their_lane_or_of_the_one_before(thon: Thon) -> None:
    thon.press("chia", so=2)
    thon.add("Mới", "ngo 10, so 4")
    thon.add("Lạ", "Ngõ 7, số 1")
    assert {each.rpartition(" [")[0] or each for each in thon.on_phone(0)[:4]} >= {"Lạ, Ngõ 7, số 1"}
    assert any(each.startswith("Mới") and "[" not in each for each in thon.on_phone(1))


def test_a_long_lane_is_divided_and_given_whole_again(app: Flask) -> None:
    thon = Thon(app, [f"Ngõ 1, số {number}" for number in range(1, 11)])
    assert thon.press("chia", so=2) == 302
    page = thon.leader.get(PAGE).text
    assert "Ngõ 1, số 1–5" in page
    assert "Ngõ 1, số 6–10" in page
    assert count(WalkingHousehold) == 10
    assert thon.press("ngo", phan=thon.areas()[0].id, ngo="ngo 1") == 302
    assert count(WalkingHousehold) == 0
    assert "Không còn hộ nào" in thon.leader.get(PAGE).text


@pytest.mark.parametrize("way", ["revoked", "thôn taken"])
def test_a_part_is_released_when_its_member_leaves(thon: Thon, way: str) -> None:
    """R35."""
    thon.press("chia", so=2)
    who, other = thon.members[1].collector, db.session.merge(thon.other)
    if way == "revoked":
        collectors.revoke(who)
    else:
        collectors.assign(who, [other])
    db.session.commit()
    assert [len(area.members) for area in thon.areas()] == [1, 0]
    assert "chưa có người đi" in thon.leader.get(PAGE).text
    assert "1 phần chưa có người đi" in thon.leader.get("/xa/11629/phan-di").text


def test_the_list_of_thon_and_a_thons_page_ask_as_often_for_many_parts_as_for_few(app: Flask) -> None:
    """R18."""
    thon = Thon(app, [f"Ngõ {number}, số 1" for number in range(1, 13)], members=3)
    thon.press("chia", so=2)
    db.session.rollback()
    few = statements(thon.leader, "/xa/11629/phan-di"), statements(thon.leader, PAGE)
    thon.press("chia", so=9)
    db.session.rollback()
    leader = db.session.scalars(sa.select(Person).where(Person.username == "to_truong")).unique().one()
    leader.villages.append(db.session.merge(thon.other))
    db.session.commit()
    assert "9 phần" in thon.leader.get("/xa/11629/phan-di").text
    assert (statements(thon.leader, "/xa/11629/phan-di"), statements(thon.leader, PAGE)) == few
    assert few[0] <= 9


def test_a_household_that_moved_or_was_merged_is_in_no_part_of_before(app: Flask) -> None:
    thon = Thon(app, [f"Ngõ 1, số {number}" for number in range(1, 9)])
    thon.press("chia", so=2)
    ids = [each.id for each in db.session.scalars(sa.select(Entity).order_by(Entity.label))]
    officer = Officer("person:1", "Hạnh", thon.areas() and db.session.scalars(sa.select(Commune.id)).one())
    other = db.session.scalars(sa.select(Village.id).where(Village.code == "11629002")).one()
    db.session.rollback()
    with db.engine.begin() as connection:
        household_acts.move(connection, ids[0], other, clock.today(), officer)
        merge_households.merge(connection, ids[1], ids[7], officer)
    assert len(thon.on_phone(0)) == 7  # the merged one is marked as gone
    page = thon.leader.get(PAGE).text
    assert re.findall(r"</small></h2>|(\d+) hộ, cần đến", page)
    assert [int(each) for each in re.findall(r"<small>(\d+) hộ, cần đến", page)] == [3, 3]


def test_one_or_two_of_the_thons_team_walk_a_part(app: Flask) -> None:
    thon = Thon(app, members=5)
    assert thon.press("chia", so=2) == 302
    assert [len(area.members) for area in thon.areas()] == [2, 2]
    area = thon.areas()[0].id
    own = [each.collector.id for each in thon.members]
    stranger = sample.make_collector(db.session.merge(thon.commune), [db.session.merge(thon.other)], "Lạ")
    assert thon.press("giao", phan=area, nguoi=[own[4], "0"]) == 302
    assert [each.collector_id for each in thon.areas()[0].members] == [own[4]]
    assert thon.press("giao", phan=area, nguoi=own[:3]) == 409
    assert thon.press("giao", phan=area, nguoi=[stranger.collector.id]) == 409
    assert thon.press("giao", phan=area + 99, nguoi=own[:1]) == 404
    assert thon.press("giao", phan=area, nguoi=["0", "0"]) == 302
    assert count(WalkingMember) == 2  # those of the other part


@pytest.mark.parametrize("fields", [{"so": 0}, {"so": 7}, {"so": "nhiều"}, {"so": -1}, {}])
def test_a_thon_is_not_split_into_more_parts_than_it_has_households(
    thon: Thon, fields: dict[str, object]
) -> None:
    assert thon.press("chia", **fields) == 409
    assert thon.areas() == []


@pytest.mark.parametrize(
    ("name", "wanted"),
    [("", 409), ("x" * 25, 409), ("Phần 2", 409), (normalize("NFD", " Phần  2"), 409), ("Phần 1", 302)],
)
def test_a_part_has_a_short_name_of_its_own(thon: Thon, name: str, wanted: int) -> None:
    thon.press("chia", so=2)
    assert thon.press("ten", phan=thon.areas()[0].id, ten=name) == wanted


def test_thon_of_any_size_and_form_are_split(app: Flask) -> None:
    """One of three households with one member; then nine hundred without lanes."""
    thon = Thon(app, ["", "", ""], members=1)
    assert 'value="1"' in thon.leader.get(PAGE).text  # one member: one part
    assert thon.press("chia", so=3) == 302
    assert [len(each.members) for each in thon.areas()] == [1, 0, 0]
    village = db.session.scalars(sa.select(Village).where(Village.code == "11629001")).one()
    listed = db.session.scalars(sa.select(Entity.list_id)).first()
    now = clock.now()
    db.session.execute(
        sa.insert(Entity),
        [
            {
                "id": uuid.uuid4(), "list_id": listed, "village_id": village.id, "label": f"Hộ {n % 450}",
                "data": {}, "version": 1, "created_at": now, "changed_at": now,
            }
            for n in range(897)
        ],
    )  # fmt: skip
    db.session.commit()
    assert thon.press("chia", so=4) == 302
    page = thon.leader.get(PAGE).text
    assert [int(each) for each in re.findall(r"<small>(\d+) hộ, cần đến", page)] == [225] * 4
    assert "Chưa rõ ngõ" in page


def test_the_sheet_of_a_part_holds_whom_to_visit_and_nobody_else(thon: Thon) -> None:
    thon.press("chia", so=2)
    area = thon.areas()[1].id
    homes = db.session.scalars(
        sa.select(Entity).where(Entity.label.like("%Ngõ 10%")).order_by(Entity.label)
    ).all()
    day = clock.today() + dt.timedelta(days=1)
    states = ({"tinh_trang": "da_gap"}, {"tinh_trang": "vang", "lan_tham": "2"}, {"tinh_trang": "tu_choi"})
    for home, state in zip(homes, states, strict=True):
        home.data = {**home.data, **state, "hen_ngay": day.isoformat()}
    db.session.commit()
    page = thon.leader.get(f"{PAGE}/{area}/to-di").text
    assert "nộp lại tờ này cho xã" in page
    sheet = page[page.index('class="walk"') :]
    assert re.findall(r"Chủ \d+", sheet) == ["Chủ 004", "Chủ 005"]
    assert "vắng nhà, đã đến 2 lần" in sheet
    assert sheet.count("<strong>Hẹn") == 2
    assert "Người 1" in page
    assert (
        db.session.scalars(sa.select(Audit.record).where(Audit.act == "walk.sheet")).one()
        == "village:11629001"
    )
    assert thon.leader.get(f"{PAGE}/{area + 9}/to-di").status_code == 404


def test_today_shows_one_part_where_it_is_asked_for(thon: Thon) -> None:
    thon.press("chia", so=2)
    page = thon.leader.get("/xa/11629/to/11629001", query_string={"phan": thon.areas()[1].id}).text
    assert re.findall(r"<strong>(Chủ \d+)", page) == ["Chủ 003", "Chủ 004", "Chủ 005"]


def test_who_may_not_plan_walks_gets_neither_page(thon: Thon) -> None:
    for role in ("leader", "reviewer"):
        make_person(f"ai.{role}", role, db.session.merge(thon.commune))
        who = thon.sign_in(f"ai.{role}")
        assert [who.get(each).status_code for each in (PAGE, "/xa/11629/phan-di")] == [403, 403]
    assert thon.leader.get("/xa/11629/to/11629002/phan").status_code == 403
    assert walking_areas.suggested(0, 10) == 1
