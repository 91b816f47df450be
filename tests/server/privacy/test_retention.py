"""What is kept as long as its form says: with a clock moved 25 months, exactly the due rows go, and each is logged."""

import datetime as dt
import json

import pytest
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db
from server.models import Audit, Entity, EntityVersion, Finding, Form, HouseholdImport, Submission
from server.privacy import retention, tombstones
from tests.server.intake.test_receive_submission import (
    NOON,
    Place,
    Visit,
    count,
    differences,
    place,
    send,
    sums,
)

__all__ = ["place"]  # a fixture is found by its name
LATER = NOON + dt.timedelta(days=761)
"""25 months later."""


EVERYTHING = 10**6
"""Somebody has looked: how a run asks before is tried in test_deletion_guard.py."""


@pytest.fixture
def kept(place: Place, monkeypatch: pytest.MonkeyPatch) -> Place:
    """Three households met today; the form keeps its answers for 24 months; the clock then moves 25 months."""
    for number in (1, 2, 3):
        send(Visit(household=number, create=True), place.both)
    db.session.execute(sa.update(Form).values(retention_months=24))
    db.session.commit()
    db.session.close()
    move(monkeypatch, LATER)
    return place


def move(monkeypatch: pytest.MonkeyPatch, moment: dt.datetime) -> None:
    monkeypatch.setattr(clock, "now", lambda: moment)


def retained() -> dict[str, int]:
    db.session.close()
    found = {each.about: each.count for each in retention.retain(db.session, EVERYTHING)}
    db.session.close()
    return found


def test_after_25_months_exactly_what_is_due_goes(kept: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """R26. One household was met again a year ago: it stays, with that visit."""
    before = sums()
    move(monkeypatch, LATER - dt.timedelta(days=365))
    send(
        Visit(household=2, end=LATER - dt.timedelta(days=365), stated=((1, 1), (3, 4), None, None)), kept.both
    )
    again = sums()
    move(monkeypatch, LATER)
    assert again != before
    assert retained() == {"list:ho_dan": 2, "form:tham_thu": 1}
    assert (count(Submission), count(Entity)) == (1, 1)
    assert sums() == again, "what was counted stays counted"
    assert differences() == []
    assert retained() == {}


def test_numbers_stay_and_nothing_says_whose_they_were(kept: Place) -> None:
    before, stated = sums(), count(Finding)
    subjects = set(db.session.scalars(sa.select(Finding.subject)))
    retained()
    assert (count(Submission), count(Entity), count(EntityVersion)) == (0, 0, 0)
    assert (sums(), count(Finding)) == (before, stated)
    assert not subjects & set(db.session.scalars(sa.select(Finding.subject)))
    assert differences() == []


def test_each_run_is_logged_with_what_it_deleted(kept: Place) -> None:
    retained()
    rows = db.session.scalars(sa.select(Audit).where(Audit.act == "retention.delete")).all()
    assert [row.record for row in rows] == ["list:ho_dan"]
    assert all(row.at == LATER and row.actor == "system" for row in rows)


def test_a_day_before_nothing_is_due(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    send(Visit(household=1, create=True), place.both)
    db.session.execute(sa.update(Form).values(retention_months=24))
    db.session.commit()
    db.session.close()
    for moment, expected in (
        (dt.datetime(2028, 11, 20, 5, 30, tzinfo=dt.UTC), {}),
        (dt.datetime(2028, 11, 20, 6, 30, tzinfo=dt.UTC), {"list:ho_dan": 1}),
    ):
        move(monkeypatch, moment)
        assert {each.about: each.count for each in retention.due(db.session)} == {
            **expected, **({"form:tham_thu": 1} if expected else {})
        }  # fmt: skip


def test_a_phone_that_comes_back_after_years_brings_nothing_back(
    kept: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    move(monkeypatch, NOON)
    visit = Visit(household=9, create=True)
    send(visit, kept.both)
    move(monkeypatch, LATER)
    retained()
    receipt = send(visit, kept.both)
    assert not receipt.new
    assert count(Submission) == 0
    assert {line.reason for line in tombstones.read()} == {"retention"}


def test_a_form_without_retention_keeps_and_is_named(kept: Place, app: Flask) -> None:
    db.session.execute(sa.update(Form).values(retention_months=None))
    db.session.commit()
    db.session.close()
    assert retained() == {}
    answer = app.test_cli_runner().invoke(args=["privacy", "retain", "--json"])
    assert json.loads(answer.output)["without_retention"] == ["tham_thu"]


def test_a_dry_run_tells_and_deletes_nothing(kept: Place, app: Flask) -> None:
    db.session.close()
    answer = app.test_cli_runner().invoke(args=["privacy", "retain", "--dry-run"])
    assert answer.exit_code == 0, answer.output
    assert "form:tham_thu\ttrước 20/12/2026\t3" in answer.output
    assert count(Submission) == 3


def test_a_list_that_nobody_confirmed_is_dropped_after_a_month(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    commune = place.both.commune_id
    db.session.add(
        HouseholdImport(commune_id=commune, at=clock.now(), actor="person:1", name="A", filename="ho.csv",
                        content="Nguyễn".encode(), added=0)
    )  # fmt: skip
    db.session.commit()
    assert retained() == {}
    move(monkeypatch, NOON + dt.timedelta(days=31))
    assert retained() == {"household_import": 1}
    assert count(HouseholdImport) == 0


@pytest.mark.parametrize(
    ("day", "months", "before"),
    [("2028-03-31", 1, "2028-02-29"), ("2027-01-15", 24, "2025-01-15"), ("2026-12-31", 25, "2024-11-30"),
     ("2026-12-01", 12, "2025-12-01")],
)  # fmt: skip
def test_months_are_counted_by_the_calendar(day: str, months: int, before: str) -> None:
    moment = dt.datetime.combine(dt.date.fromisoformat(day), dt.time(9), clock.LOCAL)
    assert clock.day_of(retention.months_before(moment, months)).isoformat() == before
