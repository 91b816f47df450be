"""Phones that were offline for a week and sync in any order: one household, the same for all (E8, E9, E11–E16)."""

import dataclasses
import datetime as dt
import itertools
import uuid

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from server import clock
from server.db import db
from server.households import phone_lists
from server.intake import before_registration
from server.models import Entity, EntityVersion, Submission
from server.phones.phone_access import PhoneCaller
from tests.server.households.test_household_acts import household, key, on, writing
from tests.server.intake.test_receive_submission import NOON, Place, Visit, differences, place, send, sums

__all__ = ["place"]  # a fixture is found by its name


def ago(days: int, **fields: object) -> Visit:
    return Visit(end=NOON - dt.timedelta(days=days), **fields)  # type: ignore[arg-type]


# A week on one thôn: A registers household 1 and visits it again before it has synced, B and C knew household 2,
# C also found household 1 on A's list and went there.
WEEK = (
    ("A1", ago(7, create=True, network="4g", stated=((1, 1), (0, 3), None, None))),
    ("A2", ago(4, network="5g", stated=((1, 1), (1, 3), None, None))),
    ("B1", ago(6, household=2, network="khong", stated=((1, 1), (2, 4), None, None))),
    ("C1", ago(3, household=2, network="5g", stated=((1, 1), (4, 4), (1, 1), None))),
    ("C2", ago(2, household=1, result="vang", stated=(None,) * 4)),
    ("B2", ago(5, household=2, result="vang", stated=(None,) * 4, network="4g")),
)


def state(place: Place) -> tuple:
    """All that a phone sees, and all that counts."""
    caller = PhoneCaller(1, place.both.commune_id, "A", "a", place.both.villages)
    with db.engine.connect() as connection:
        rows = (phone_lists.content(connection, "ho_dan.csv", caller) or b"").decode().splitlines()
    without_versions = [",".join(row.split(",")[:2] + row.split(",")[3:]) for row in rows]
    return sorted(without_versions), sums(), on(clock.today())


@given(order=st.permutations(range(len(WEEK))))
@hypothesis_settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_the_households_end_the_same_in_whatever_order_phones_find_a_network(
    place: Place, order: list[int]
) -> None:
    """Also where an update comes before the registration that it builds on (E14)."""
    _forget()
    ends = []
    for chosen in (range(len(WEEK)), order):
        send(ago(20, household=2, create=True, network="", result="vang", stated=(None,) * 4), place.both)
        for number in chosen:
            send(dataclasses.replace(WEEK[number][1], instance=f"uuid:{WEEK[number][0]}"), place.both)
            assert differences() == []
        ends.append(state(place))
        _forget()
    assert ends[0] == ends[1]
    rows, counted, _ = ends[0]
    assert any(str(key(1)) in row and ",da_gap," in row and ",5g," in row for row in rows)
    assert counted["vneid_nguoi_dan"] == (5, 7, 2)


def _forget() -> None:
    db.session.close()
    with writing() as connection:
        for table in ("entity_version", "entity", "finding", "submission", "tally", "tally_day"):
            connection.execute(sa.text(f"DELETE FROM {table}"))


def test_a_conflict_is_told_once_and_the_later_observation_stays(place: Place) -> None:
    """E15: two phones, one property, neither knew of the other."""
    for first, second in itertools.permutations([ago(3, network="5g"), ago(5, network="khong")]):
        _forget()
        send(ago(9, create=True, network="4g"), place.both)
        send(first, place.both)
        send(second, place.both)
        assert household().data["g5_viettel"] == "5g"
        hard = sa.select(sa.func.count()).where(EntityVersion.conflict == "hard")
        assert db.session.scalar(hard) == 1


def test_what_the_server_computed_meanwhile_is_no_conflict(place: Place) -> None:
    """A phone's next update builds on its own last one; that its status was told anew concerns nobody."""
    send(ago(9, create=True, network="4g"), place.both)
    send(ago(8, network="4g"), place.both)
    conflicts = sa.select(sa.func.count()).where(EntityVersion.conflict.is_not(None))
    db.session.close()
    assert db.session.scalar(conflicts) == 0


def test_an_update_that_came_first_is_made_up_for_when_the_registration_comes(place: Place) -> None:
    """E14: held in its submission; nothing of it is lost, and it counts from its own day."""
    send(ago(2, network="5g"), place.both)
    assert db.session.get(Entity, key(1)) is None
    send(ago(4, create=True, network="4g", result="vang", stated=(None,) * 4), place.both)
    after = household()
    assert (after.data["g5_viettel"], after.data["tinh_trang"], after.data["lan_tham"]) == (
        "5g",
        "da_gap",
        "2",
    )
    assert differences() == []


def test_after_five_days_what_came_is_all_that_is_known(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """E14: forced; a registration that comes later is the same household's, not a second one."""
    send(ago(2, network="5g"), place.both)
    with writing() as connection:
        assert before_registration.overdue(connection) == []
    later = clock.now() + dt.timedelta(days=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    with writing() as connection:
        assert before_registration.overdue(connection) == [key(1)]
        assert before_registration.force(connection, key(1))
    assert household().data["g5_viettel"] == "5g"
    assert household().data["tinh_trang"] == "da_gap"
    send(ago(4, create=True, network="4g"), place.both)
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Entity)) == 1
    assert differences() == []


def test_a_registration_sent_twice_under_two_ids_is_one_household(place: Place) -> None:
    """E12: the uuid exists; the second visit counts, nothing is registered again."""
    send(ago(4, create=True), place.both)
    send(ago(3, create=True), place.both)
    db.session.close()
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Entity)) == 1
    assert db.session.scalar(sa.select(sa.func.count(sa.distinct(Submission.id)))) == 2
    assert household().data["lan_tham"] == "2"
    assert uuid.UUID(int=1, version=4) == household().id
