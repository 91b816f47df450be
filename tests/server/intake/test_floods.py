"""R13: more new households than a person can walk to are set aside together, and let count or undone together."""

import dataclasses
import datetime as dt
import uuid

import pytest
import sqlalchemy as sa
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from server.db import db
from server.intake import catch_up, receive_submission
from server.intake.floods import HOUR, spans
from server.models import Entity, EntityVersion, Submission
from server.published_forms import publishing
from server.review import decisions
from server.review.decisions import Reviewer
from tests import sample, survey
from tests.server.intake.test_sender_scope import ACTS, FORM, Sent
from tests.survey import Survey

START = dt.datetime.fromisoformat("2026-11-20T08:00:00+07:00")


@pytest.fixture
def place(app: Flask) -> Survey:
    """A commune in which five registrations within an hour, or twelve that arrive within one, are still a walk."""
    limits = {"new_per_hour": 5, "new_at_once": 12}
    app.config["SETTINGS"] = dataclasses.replace(app.config["SETTINGS"], **limits)
    found = survey.begin(("ho_gia_dinh",))
    publishing.publish(FORM.encode(), "hai.md", commune=None)
    db.session.execute(
        sa.text("UPDATE form_version SET published_at = :day"), {"day": "2026-09-20 00:00:00+00:00"}
    )
    db.session.commit()
    db.session.close()
    return found


def visit(minute: float, act: str = ACTS[0], **more: str) -> bytes:
    """A registration that ended so many minutes after eight o'clock."""
    ended = (START + dt.timedelta(minutes=minute)).isoformat()
    return again(Sent(uuid.uuid4(), "11629002", act, **more), ended)


def again(sent: Sent, ended: str) -> bytes:
    return sent.xml().replace(b"<thon>", f"<end>{ended}</end><thon>".encode(), 1)


def states() -> list[str | None]:
    return [row.quarantine for row in sample.arrived()]


def listed() -> int:
    """Households on the lists of phones."""
    with db.engine.connect() as connection:
        on_list = sa.select(sa.func.count()).select_from(Entity).where(Entity.ended_at.is_(None))
        return connection.scalar(on_list) or 0


def decide_all(place: Survey, state: str) -> tuple[list[int], int]:
    chosen = [(row.id, row.review) for row in sample.arrived() if row.replaced_by_id is None]
    db.session.close()
    reviewer = Reviewer("person:1", "Nguyễn Thị Hạnh", place.commune.id)
    with db.engine.connect().execution_options(writes=True) as connection:
        found = decisions.decide_all(connection, chosen, state, reviewer=reviewer, comment="Cả loạt")
        connection.commit()
    return found


@pytest.mark.parametrize("order", [range(8), [*reversed(range(8))], [3, 0, 7, 1, 6, 2, 5, 4]])
@pytest.mark.parametrize("together", [True, False])
def test_a_flood_is_set_aside_whole_in_whatever_order_it_comes(
    place: Survey, order: list[int], together: bool
) -> None:
    """R13: also what was counted before the flood showed: nothing of it is left in sums or on phones."""
    for number in order:
        receive_submission.accept(visit(number), [], place.second)
        if not together:
            catch_up.caught_up()
    assert states() == ["flood"] * 8
    assert survey.sums() == {}
    assert listed() == 0
    assert survey.differences() == []


def test_who_walked_for_days_without_a_network_sends_it_all_at_once(place: Survey) -> None:
    """Twelve in a minute, made in three hours: no flood. The walk of another collector is another walk."""
    for number in range(12):
        receive_submission.accept(visit(number * 15), [], place.second)
        receive_submission.accept(visit(number * 15), [], place.every)
    assert set(states()) == {None}
    assert listed() == 24


def test_what_arrives_within_an_hour_has_a_bound_whatever_times_it_states(place: Survey) -> None:
    for number in range(13):
        receive_submission.accept(visit(number * 60), [], place.second)
    assert states() == ["flood"] * 13
    assert survey.differences() == []


def test_a_household_that_nobody_registered_is_as_new_as_one_that_is(place: Survey) -> None:
    """E14: visits that come before a registration count; a thousand of them to invented households would too."""
    for number in range(6):
        receive_submission.accept(visit(number, ACTS[1]), [], place.second)
    assert states() == ["flood"] * 6


def test_visits_to_known_households_are_no_flood(place: Survey) -> None:
    homes = [uuid.uuid4() for _ in range(5)]
    for number, home in enumerate(homes):
        ended = (START + dt.timedelta(hours=number)).isoformat()
        receive_submission.accept(again(Sent(home, "11629002", ACTS[0]), ended), [], place.second)
    for number in range(20):
        ended = (START + dt.timedelta(hours=5, minutes=number)).isoformat()
        receive_submission.accept(
            again(Sent(homes[number % 5], "11629002", ACTS[1]), ended), [], place.second
        )
    assert set(states()) == {None}


def test_a_flood_that_is_accepted_counts_as_if_it_had_never_waited(place: Survey) -> None:
    sent = [visit(number) for number in range(8)]
    for each in sent:
        receive_submission.accept(each, [], place.second)
        catch_up.caught_up()
    assert decide_all(place, "approved") == ([row.id for row in sample.arrived()], 0)
    assert survey.sums() == {"tham_ho": (0, 8, 8)}
    assert listed() == 8
    assert survey.differences() == []
    with db.engine.connect() as connection:
        newest = sa.select(EntityVersion.version, Entity.version).join(
            Entity, Entity.id == EntityVersion.entity_id
        )
        of_newest = newest.where(EntityVersion.version == Entity.version)
        assert len(connection.execute(of_newest).all()) == 8
    receive_submission.accept(visit(9), [], place.second)
    assert states()[-1] is None


def test_a_flood_that_is_not_accepted_leaves_nothing_and_what_follows_still_waits(place: Survey) -> None:
    for number in range(8):
        receive_submission.accept(visit(number), [], place.second)
        catch_up.caught_up()
    assert decide_all(place, "rejected")[1] == 0
    assert (survey.sums(), listed()) == ({}, 0)
    receive_submission.accept(visit(9), [], place.second)
    assert states()[-1] == "flood"
    receive_submission.accept(visit(200), [], place.second)
    assert states()[-1] is None
    assert survey.differences() == []


def test_an_edit_of_what_was_set_aside_waits_with_it(place: Survey) -> None:
    """An edit is no way around: nor is the edit of an edit."""
    for number in range(6):
        receive_submission.accept(visit(number), [], place.second)
    for edited in (0, -1):
        receive_submission.accept(visit(0, edits=sample.arrived()[edited].instance_id), [], place.second)
    rows = sample.arrived()
    assert [row.quarantine for row in rows] == ["flood"] * 8
    assert [row.replaced_by_id for row in rows if row.root_id] == [rows[-1].id, None]
    assert survey.sums() == {}
    decide_all(place, "approved")
    assert survey.sums() == {"tham_ho": (0, 6, 6)}
    assert survey.differences() == []


def test_what_an_officer_approved_before_the_flood_stays(place: Survey) -> None:
    receive_submission.accept(visit(0), [], place.second)
    decide_all(place, "approved")
    for number in range(1, 7):
        receive_submission.accept(visit(number), [], place.second)
    assert states() == [None, *["flood"] * 6]
    assert listed() == 1


def test_a_setting_of_nothing_turns_it_off(place: Survey, app: Flask) -> None:
    off = dataclasses.replace(app.config["SETTINGS"], new_per_hour=0, new_at_once=0)
    app.config["SETTINGS"] = off
    for number in range(20):
        receive_submission.accept(visit(number / 10), [], place.second)
    assert set(states()) == {None}


def test_the_newest_row_of_a_flood_says_what_it_registers(place: Survey) -> None:
    receive_submission.accept(visit(0), [], place.second)
    [row] = db.session.scalars(sa.select(Submission)).all()
    assert row.registers is True


MINUTES = st.lists(st.integers(0, 300), max_size=25)


@given(MINUTES, st.integers(0, 8))
def test_a_moment_lies_in_a_flood_where_an_hour_around_it_holds_too_many(
    minutes: list[int], most: int
) -> None:
    moments = [START + dt.timedelta(minutes=each) for each in minutes]
    found = spans(moments, most)
    for moment in moments:
        hours = [[each for each in moments if first <= each <= first + HOUR] for first in moments]
        crowded = any(len(hour) > most and min(hour) <= moment <= max(hour) for hour in hours)
        assert found.hold(moment) is (crowded and most > 0)
