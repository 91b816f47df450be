"""After thôn became one, nobody loses a household: on phones, for leaders and officers, in lists (R4)."""

import csv
import datetime as dt
import io
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.boundaries import derived_outlines, merge_villages
from server.coverage import whom_to_visit
from server.db import db, single_statements, writing
from server.households import list_comparison, list_import, phone_lists
from server.models import Collector, Difficulty, Submission
from server.phones import collectors, collectors_import, phone_access
from server.phones.collectors import NewCollector
from server.places import merged_villages
from tests import sample
from tests.dashboards.pages.test_team_pages import NOON, TO, World, labels

FIRST_DAY = dt.date(2026, 11, 1)


@pytest.fixture
def world(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """Thôn Đông and Thôn Đoài, a household in each."""
    monkeypatch.setattr(clock, "now", lambda: NOON)
    made = World(app)
    made.home("Bà Đông", "Ngõ 1, số 1")
    sample.make_entity(made.west, "Ông Đoài", data={"thon": "11629002", "dia_chi": "Ngõ 2, số 2"})
    return made


def merge(world: World, first_day: dt.date = FIRST_DAY) -> None:
    """Thôn Đông goes into Thôn Đoài."""
    merge_villages.merge(world.commune, [world.east], world.west, first_day, "system")
    db.session.commit()


def on_phone(made: NewCollector, name: str) -> list[dict[str, str]]:
    phone_access.forget()
    with single_statements().connect() as connection:
        content = phone_lists.content(connection, name, phone_access.by_token(made.token))
    assert content is not None
    return list(csv.DictReader(io.StringIO(content.decode())))


def both_are_on(made: NewCollector) -> bool:
    return {row["label"] for row in on_phone(made, "ho_dan.csv")} == {"Bà Đông", "Ông Đoài"}


def test_who_is_added_afterwards_gets_the_households_of_all_parts(world: World) -> None:
    merge(world)
    assert both_are_on(sample.make_collector(world.commune, [world.west]))


def test_whose_thon_are_changed_afterwards_keeps_the_households_of_all_parts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is taken from a collector leaves his phone after 14 days; the old thôn is not taken from him."""
    third = sample.make_village(world.commune, "11629003", "Thôn Nam")
    made = sample.make_collector(world.commune, [world.east, third])
    merge(world)
    collectors.assign(db.session.get_one(Collector, made.collector.id), [world.west])
    db.session.commit()
    monkeypatch.setattr(clock, "now", lambda: NOON + dt.timedelta(days=15))
    assert both_are_on(made)
    assert {row["name"] for row in on_phone(made, "thon.csv")} == {"11629001", "11629002"}


def test_the_phone_says_where_an_old_thon_went_from_the_first_day_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = sample.make_collector(world.commune, [world.east])
    merge(world, dt.date(2026, 11, 20))
    names = {row["name"]: row["label"] for row in on_phone(made, "thon.csv")}
    assert names == {"11629001": "Thôn Đông", "11629002": "Thôn Đoài"}
    monkeypatch.setattr(clock, "now", lambda: dt.datetime(2026, 11, 20, 5, tzinfo=dt.UTC))
    names = {row["name"]: row["label"] for row in on_phone(made, "thon.csv")}
    assert names == {"11629001": "Thôn Đông (nay thuộc Thôn Đoài)", "11629002": "Thôn Đoài"}


def test_the_phone_names_the_thon_of_today_however_many_mergers_ago(world: World) -> None:
    third = sample.make_village(world.commune, "11629003", "Thôn Nam")
    made = sample.make_collector(world.commune, [world.east])
    merge(world)
    merge_villages.merge(world.commune, [world.west], third, dt.date(2026, 11, 10), "system")
    db.session.commit()
    names = {row["name"]: row["label"] for row in on_phone(made, "thon.csv")}
    assert names == {
        "11629001": "Thôn Đông (nay thuộc Thôn Nam)",
        "11629002": "Thôn Đoài (nay thuộc Thôn Nam)",
        "11629003": "Thôn Nam",
    }


def test_an_officer_reads_of_the_thon_of_today_alone(world: World) -> None:
    made = sample.make_collector(world.commune, [world.east])
    merge(world)
    known = db.session.get_one(Collector, made.collector.id)
    assert [village.code for village in collectors.walked(known)] == ["11629002"]


def test_a_leader_sees_all_parts_on_his_teams_page(world: World) -> None:
    world.doubtful(sample.make_entity(world.east, "Cô Ngờ", data={"tinh_trang": "da_gap"}))
    world.tallied("kich_hoat", "event", NOON.date(), 3)
    merge(world)
    leader = world.visitor("to_doai", "team_leader", world.west)
    page = leader.get(f"{TO}/11629002").text
    assert labels(page) == ["Bà Đông", "Ông Đoài"]
    assert "Việc kich_hoat" in page
    assert "Cô Ngờ" in page
    (progress,) = whom_to_visit.progress(world.commune, [world.west])
    assert (progress.by_state["chua_tham"], progress.met) == (2, 1)


def test_the_pace_counts_who_was_met_in_every_part(world: World) -> None:
    world.tallied("tham_ho", "state", NOON.date(), 5)
    (before,) = whom_to_visit.progress(world.commune, [world.east])
    merge(world)
    (after,) = whom_to_visit.progress(world.commune, [world.west])
    assert after.pace.recent == before.pace.recent > 0


def test_difficulties_of_every_part_are_the_new_thons(world: World) -> None:
    world.doubtful(sample.make_entity(world.east, "Cô Khó", data={}))
    told = db.session.scalars(sa.select(Submission)).one()
    db.session.add(
        Difficulty(
            id=told.id, submission_id=told.id, commune_id=world.commune.id, village_id=world.east.id, kind="mang",
            state="new", received_at=NOON, changed_at=NOON,
        )
    )  # fmt: skip
    db.session.commit()
    merge(world)
    leader = world.visitor("to_doai", "team_leader", world.west)
    assert leader.get("/quan-tri/xa/11629/phan-anh").text.count("/phan-anh/") == 1
    assert leader.get(f"/quan-tri/xa/11629/phan-anh?thon={world.west.id}").text.count("/phan-anh/") == 1
    db.session.rollback()
    writing()
    db.session.execute(sa.update(Difficulty).values(state="answered"))
    db.session.commit()
    (progress,) = whom_to_visit.progress(world.commune, [world.west])
    assert whom_to_visit.answered(progress.parts) == 1


def test_an_officer_finds_the_households_of_every_part_under_the_new_name(world: World) -> None:
    merge(world)
    officer = world.visitor("can_bo", "officer")
    page = officer.get(f"/quan-tri/xa/11629/ho?thon={world.west.id}&ten=1").text
    rows = page[page.index("<tbody") :]
    assert "Bà Đông" in rows
    assert "Ông Đoài" in rows
    assert "Thôn Đông" not in rows


def test_a_households_page_names_the_thon_of_today_and_twins_in_any_part(world: World) -> None:
    home = world.home("Nguyễn Văn Bảy", "Ngõ 3, số 3").id
    sample.make_entity(world.west, "Nguyen Van Bay", data={"dia_chi": "Ngõ 3"})
    merge(world)
    page = world.visitor("can_bo", "officer").get(f"/quan-tri/xa/11629/ho/{home}").text
    assert "Nguyen Van Bay" in page
    assert "Thôn Đoài" in page
    assert "11629001" not in page


def test_the_queue_of_the_new_thon_holds_the_visits_of_every_part_and_shows_neighbours(world: World) -> None:
    world.doubtful(world.home("Cô Ngờ", "Ngõ 2, số 9"))
    submission = db.session.scalars(sa.select(Submission.id)).one()
    merge(world)
    officer = world.visitor("can_bo", "officer")
    page = officer.get(f"/quan-tri/xa/11629/phieu?thon={world.west.id}&trang_thai=tat_ca").text
    assert f"/phieu/{submission}" in page
    assert "Ông Đoài" in officer.get(f"/quan-tri/xa/11629/phieu/{submission}?ho=1").text


def test_an_outline_is_derived_from_the_households_of_every_part(world: World) -> None:
    world.doubtful(world.home("Bà Điểm", "Ngõ 4, số 1"))
    merge(world)
    writing()
    db.session.execute(sa.update(Submission).values(latitude=20.823, longitude=106.549))
    db.session.commit()
    spots = derived_outlines._spots([world.west.id], "ho_dan")
    assert [(spot.key, spot.latitude, spot.longitude) for spot in spots] == [(world.west.id, 20.823, 106.549)]


@pytest.mark.parametrize("called", ["11629001", "Thôn Đông", "dong", "11629002"])
def test_a_list_may_call_a_thon_as_it_was_called(world: World, called: str) -> None:
    """A clerk's list from before: its households are the new thôn's, and one that is there already is a twin."""
    merge(world)
    table = f'Chủ hộ,Thôn,Địa chỉ\nBà Đông,{called},"Ngõ 1, số 1"\nBà Mới,{called},"Ngõ 9, số 9"\n'.encode()
    found = list_comparison.compare(list_import.read(table, "ho.csv"), world.commune)
    assert [twin.placed.row.parts.name for twin in found.twins] == ["Bà Đông"]
    assert {each.village.code for each in found.new} == {"11629002"}


def test_collectors_may_be_listed_under_an_old_name(world: World) -> None:
    merge(world)
    (made,) = collectors_import.add(
        collectors_import.read_text("Họ tên,Thôn\nĐỗ Văn Ất,Thôn Đông\n"), world.commune
    )
    db.session.commit()
    assert both_are_on(made)


def test_a_name_that_a_thon_of_today_has_means_that_one(world: World) -> None:
    """Names repeat (R17): where another thôn now has the old one's name, nobody guesses."""
    merge(world)
    again = sample.make_village(world.commune, "11629009", "Thôn Đông")
    found = merged_villages.by_words(world.commune)
    assert list(found.called("thon dong")) == [again]
    assert list(found.called("11629001")) == [world.west]


def test_a_thon_merged_twice_over_is_what_it_is_called_at_last(world: World) -> None:
    third = sample.make_village(world.commune, "11629003", "Thôn Nam")
    merge(world)
    merge_villages.merge(world.commune, [world.west], third, NOON.date(), "system")
    db.session.commit()
    assert merged_villages.current(world.east) == third
    assert merged_villages.homes([third.id]) == {
        world.east.id: third.id,
        world.west.id: third.id,
        third.id: third.id,
    }
    assert merged_villages.around(world.east.id) == sorted([world.east.id, world.west.id, third.id])
    assert both_are_on(sample.make_collector(world.commune, [third]))
