"""The team's pages: whom to visit, how it goes, what looks wrong, and who may see it (R24)."""

import datetime as dt
import re
import uuid
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.coverage import whom_to_visit
from server.db import db
from server.models import Audit, Entity, Form, Indicator, Submission, Tally, Village
from tests import sample
from tests.asked import statements
from tests.people import Browser, browser, make_person

NOON = dt.datetime(2026, 11, 18, 5, tzinfo=dt.UTC)
"""A Wednesday."""
TO = "/xa/11629/to"


class World:
    """A commune with two thôn and the households of the first."""

    def __init__(self, app: Flask) -> None:
        self.app = app
        self.commune = sample.make_commune()
        self.east: Village = sample.make_village(self.commune, "11629001", "Thôn Đông")
        self.west: Village = sample.make_village(self.commune, "11629002", "Thôn Đoài")
        self.collector = sample.make_collector(self.commune, [self.east]).collector.id

    def home(self, label: str, address: str, state: str = "chua_tham", visits: int = 0) -> Entity:
        data = {"thon": "11629001", "dia_chi": address, "tinh_trang": state, "lan_tham": str(visits)}
        return sample.make_entity(
            self.east, label, data=data | ({"ngay_cuoi": "2026-11-15"} if visits else {})
        )

    def tallied(self, code: str, kind: str, day: dt.date, people: int) -> None:
        known = db.session.scalar(sa.select(Indicator).where(Indicator.code == code))
        row = known or Indicator(code=code, label_vi=f"Việc {code}", label_en=code, unit="person", kind=kind)
        db.session.add(row)
        db.session.flush()
        amounts = {"done": people, "of": people, "subjects": people}
        db.session.add(Tally(village_id=self.east.id, indicator_id=row.id, day=day, **amounts))
        db.session.commit()

    def tried(self, home: Entity, at: dt.datetime, review: str = "received") -> None:
        """A submission about a household at a moment."""
        form = db.session.scalar(sa.select(Form)) or Form(form_id="tham", title="Phiếu thăm", versions=[])
        db.session.add(form)
        db.session.flush()
        db.session.add(
            Submission(
                instance_id=f"uuid:{uuid.uuid4()}", form_id=form.id, version="1", collector_id=self.collector,
                village_id=self.east.id, entity_id=home.id, sha256=b"", xml=b"", answers={},
                observed_at=at, received_at=NOON, review=review,
            )
        )  # fmt: skip
        db.session.commit()

    def doubtful(self, home: Entity, review: str = "received") -> None:
        form = db.session.scalar(sa.select(Form)) or Form(form_id="tham", title="Phiếu thăm", versions=[])
        db.session.add(form)
        db.session.flush()
        db.session.add(
            Submission(
                instance_id=f"uuid:{uuid.uuid4()}", form_id=form.id, version="1", collector_id=self.collector,
                village_id=self.east.id, entity_id=home.id, sha256=b"", xml=b"", answers={},
                observed_at=NOON, received_at=NOON, review=review,
                flags=[{"code": "too_short", "about": "40 giây", "detail": "4 phút"}],
            )
        )  # fmt: skip
        db.session.commit()

    def visitor(self, username: str, role: str, *villages: Village) -> Browser:
        db.session.rollback()
        make_person(username, role, self.commune, villages)
        found = browser(self.app)
        found.sign_in(username)
        return found


@pytest.fixture
def world(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(clock, "now", lambda: NOON)
    return World(app)


def labels(page: str) -> list[str]:
    """The households listed, in their order."""
    listed = page[page.index('id="cac-ho"') : page.index('id="tien-do"')]
    return re.findall(r"<strong>([^<\d][^<]*)</strong>\s*<span>", listed)


def test_households_are_listed_by_what_came_of_the_visit_lane_by_lane(world: World) -> None:
    world.home("Chị Mười", "Ngõ 10, số 1")
    world.home("Anh Hai", "Ngõ 2, số 11")
    world.home("Bà Ba", "Ngõ 2, số 3")
    world.home("Ông Vắng", "Ngõ 1, số 1", "vang", 2)
    world.home("Cô Gặp", "Ngõ 1, số 2", "da_gap", 1)
    world.home("Hộ Tách", "Ngõ 1, số 3", "tham_lai", 1)
    leader = world.visitor("to_dong", "team_leader", world.east)
    assert labels(leader.get(f"{TO}/11629001?loc=chua_tham").text) == ["Bà Ba", "Anh Hai", "Chị Mười"]
    away = leader.get(f"{TO}/11629001?loc=vang").text
    assert labels(away) == ["Ông Vắng"]
    assert "Đã đến 2 lần, lần cuối 15/11/2026" in away
    assert labels(leader.get(f"{TO}/11629001?loc=da_gap").text) == ["Cô Gặp"]
    assert labels(leader.get(f"{TO}/11629001?loc=tham_lai").text) == ["Hộ Tách"]
    assert labels(leader.get(f"{TO}/11629001?loc=tu_choi").text) == []


def test_today_holds_whom_to_visit_in_the_order_of_walking_under_their_lanes(world: World) -> None:
    world.home("Chị Mười", "Ngõ 10, số 1")
    world.home("Anh Hai", "Ngõ 2, số 11", "tham_lai", 1)
    world.home("Bà Ba", "Ngõ 2, số 3", "vang", 2)
    world.home("Cô Gặp", "Ngõ 2, số 4", "da_gap", 1)
    world.home("Chú Từ", "Ngõ 2, số 5", "tu_choi", 1)
    page = world.visitor("to_dong", "team_leader", world.east).get(f"{TO}/11629001").text
    assert labels(page) == ["Bà Ba", "Anh Hai", "Chị Mười"]
    assert re.findall(r'<h3 class="lane">([^<]+) <small>([^<]+)</small>', page) == [
        ("Ngõ 2", "2 hộ"),
        ("Ngõ 10", "1 hộ"),
    ]
    assert "Cần đến 3 hộ; đã gặp 2/5" in page
    assert page.index('id="cac-ho"') < page.index('id="tien-do"')


def test_the_absent_are_told_with_the_hour_of_the_last_try(world: World) -> None:
    away = world.home("Bà Ba", "Ngõ 2, số 3", "vang", 2)
    world.tried(away, dt.datetime(2026, 11, 14, 2, 0, tzinfo=dt.UTC))
    world.tried(away, dt.datetime(2026, 11, 15, 10, 44, tzinfo=dt.UTC))
    world.tried(away, dt.datetime(2026, 11, 15, 12, 0, tzinfo=dt.UTC), review="rejected")
    page = world.visitor("to_dong", "team_leader", world.east).get(f"{TO}/11629001").text
    assert "Vắng nhà. Đã đến 2 lần, lần cuối lúc 17:44 15/11/2026" in page


def test_a_later_submission_that_was_no_visit_lends_no_hour(world: World) -> None:
    away = world.home("Bà Ba", "Ngõ 2, số 3", "vang", 2)
    world.tried(away, dt.datetime(2026, 11, 17, 3, 0, tzinfo=dt.UTC))
    page = world.visitor("to_dong", "team_leader", world.east).get(f"{TO}/11629001").text
    assert "lần cuối 15/11/2026" in page


def test_the_leader_of_a_team_lands_on_today_and_an_officer_does_not(world: World) -> None:
    world.home("Bà Ba", "Ngõ 2")
    leader = world.visitor("to_dong", "team_leader", world.east)
    landed = leader.get("/bat-dau", follow_redirects=True)
    assert landed.request.path == f"{TO}/11629001"
    assert labels(landed.text) == ["Bà Ba"]
    assert '<a href="/xa/11629/to" aria-current="page">Hôm nay</a>' in landed.text
    officer = world.visitor("can_bo", "officer")
    assert not officer.get("/bat-dau").location.startswith(TO)
    assert world.visitor("lanh_dao", "leader").get("/bat-dau").location == "/xa/11629"


def test_the_leader_of_several_thon_lands_where_somebody_is_to_be_visited_and_goes_on(world: World) -> None:
    sample.make_entity(world.west, "Bà Đoài", data={"thon": "11629002", "dia_chi": "Ngõ 1"})
    world.home("Cô Gặp", "Ngõ 1, số 2", "da_gap", 1)
    leader = world.visitor("to_hai", "team_leader", world.east, world.west)
    landed = leader.get("/bat-dau", follow_redirects=True)
    assert landed.request.path == f"{TO}/11629002"
    assert labels(landed.text) == ["Bà Đoài"]
    assert f'href="{TO}/11629001">Thôn Đông' in landed.text


def test_a_household_is_found_with_or_without_marks_by_name_lane_or_number(world: World) -> None:
    world.home("Nguyễn Thị Đào", "Ngõ 2, số 11")
    world.home("Trần Văn Ấm", "Ngõ 3, số 4")
    leader = world.visitor("to_dong", "team_leader", world.east)
    for search in ("dao", "Đào", "ngo 2", "so 11 nguyen"):
        assert labels(leader.get(f"{TO}/11629001", query_string={"tim": search}).text) == ["Nguyễn Thị Đào"]
    assert labels(leader.get(f"{TO}/11629001?tim=khong-co").text) == []


def test_long_lists_are_paged(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whom_to_visit, "PAGE", 2)
    for name in ("Một", "Hai", "Ba"):
        world.home(f"Hộ {name}", f"Ngõ {len(name)}")
    leader = world.visitor("to_dong", "team_leader", world.east)
    first = leader.get(f"{TO}/11629001").text
    second = leader.get(f"{TO}/11629001?trang=2").text
    assert len(labels(first)) == 2
    assert len(labels(second)) == 1
    assert 'rel="next"' in first
    assert 'rel="next"' not in second


def test_progress_tells_the_pace_needed_and_that_of_the_last_four_weeks(world: World) -> None:
    """R7: households met a week needed until the deadline, against the last four weeks."""
    for number in range(10):
        world.home(
            f"Hộ {number}", f"Ngõ {number}", "da_gap" if number < 4 else "chua_tham", 1 if number < 4 else 0
        )
    world.tallied("tham_ho", "state", dt.date(2026, 9, 1), 2)
    world.tallied("tham_ho", "state", dt.date(2026, 11, 10), 2)
    page = world.visitor("to_dong", "team_leader", world.east).get(f"{TO}/11629001").text
    assert re.search(r"4<small> / 10 hộ đã gặp", page)
    assert "Còn 6 hộ chưa gặp" in page
    assert "trước 31/12/2026 cần <strong>1 hộ mỗi tuần</strong>" in page
    assert "bốn tuần qua gặp thêm 0,5 hộ mỗi tuần" in page


def test_help_is_that_of_this_week_alone(world: World) -> None:
    world.tallied("cai_smart_hai_phong", "event", dt.date(2026, 11, 15), 5)
    world.tallied("cai_smart_hai_phong", "event", dt.date(2026, 11, 16), 2)
    page = world.visitor("to_dong", "team_leader", world.east).get(f"{TO}/11629001").text
    assert re.search(r"Việc cai_smart_hai_phong</dt><dd><strong>2</strong> người", page)


def test_doubtful_visits_are_told_with_their_reasons_until_somebody_decides(world: World) -> None:
    home = world.home("Bà Ba", "Ngõ 2", "da_gap", 1)
    world.doubtful(home)
    world.doubtful(world.home("Đã Duyệt", "Ngõ 3"), review="approved")
    page = world.visitor("to_dong", "team_leader", world.east).get(f"{TO}/11629001").text
    doubts = page[page.index('id="can-xem"') :]
    assert "Bà Ba" in doubts
    assert "Phiếu điền trong 40 giây, thường mất 4 phút." in doubts
    assert "Đã Duyệt" not in doubts


def test_a_team_leader_opens_his_own_thon_alone(world: World) -> None:
    """R24."""
    world.home("Bà Ba", "Ngõ 2")
    other = world.visitor("to_doai", "team_leader", world.west)
    assert other.get(TO).location == f"{TO}/11629002"
    assert other.get(f"{TO}/11629001").status_code == 403
    assert other.get(f"{TO}/99999999").status_code == 404
    officer = world.visitor("can_bo", "officer")
    assert {"Thôn Đông", "Thôn Đoài"} <= set(re.findall(r"<strong>([^<]+)</strong>", officer.get(TO).text))
    assert labels(officer.get(f"{TO}/11629001").text) == ["Bà Ba"]


@pytest.mark.parametrize("role", ["leader", "reviewer"])
def test_no_other_role_opens_the_teams_pages(world: World, role: str) -> None:
    visitor = world.visitor("nguoi_khac", role)
    assert visitor.get(TO).status_code == 403
    assert visitor.get(f"{TO}/11629001").status_code == 403


def test_every_view_of_names_is_one_row_of_the_audit(world: World) -> None:
    world.home("Bà Ba", "Ngõ 2")
    leader = world.visitor("to_dong", "team_leader", world.east)
    for _time in range(2):
        leader.get(f"{TO}/11629001?tim=ba")
    db.session.rollback()
    rows = db.session.execute(
        sa.select(Audit.record, Audit.detail).where(Audit.act == "household.list")
    ).all()
    assert [tuple(row) for row in rows] == [("village:11629001", {"state": "hom_nay"})] * 2


def test_pages_take_as_many_statements_for_many_households_and_thon_as_for_few(world: World) -> None:
    world.doubtful(world.home("Bà Ba", "Ngõ 2"))
    officer = world.visitor("can_bo", "officer")
    few = statements(officer, TO), statements(officer, f"{TO}/11629001")
    db.session.rollback()
    for number in range(12):
        world.doubtful(world.home(f"Hộ {number}", f"Ngõ {number}"))
    sample.make_village(world.commune, "11629003", "Thôn Trung")
    assert (statements(officer, TO), statements(officer, f"{TO}/11629001")) == few
    assert max(few) <= 16
