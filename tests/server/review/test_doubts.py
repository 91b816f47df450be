"""Doubts about visits: each flag with a visit that raises it and one near it that does not."""

import dataclasses
import datetime as dt
import random
import types
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
import shapely
import sqlalchemy as sa
from flask import Flask

from server import clock
from server.db import db, writing
from server.models import Entity, Interview, Submission, Village
from server.review import doubts, waiting_reasons
from tests import sample
from tests.phone import InProcess, Phone

NOON = dt.datetime(2026, 11, 20, 5, tzinfo=dt.UTC)
SQUARE = shapely.to_wkb(shapely.box(106.50, 20.80, 106.52, 20.82))

FORM = """
| survey |
| | type | name | label | calculation |
| | start | start | | |
| | end | end | | |
| | select_one_from_file thon.csv | thon | Thôn | |
| | select_one_from_file ho_dan.csv | ho | Hộ | |
| | select_one kq | ket_qua | Kết quả | |
| | geopoint | vi_tri | Vị trí | |
| | integer | c1 | Câu 1 | |
| | integer | c2 | Câu 2 | |
| | integer | c3 | Câu 3 | |
| | integer | c4 | Câu 4 | |
| | integer | c5 | Câu 5 | |
| | integer | c6 | Câu 6 | |
| | integer | c7 | Câu 7 | |
| | begin group | chi_tieu | Chỉ tiêu | |
| | calculate | doi_tuong | | ${ho} |
| | note | ghi | Xong | |
| | end group | | | |
| choices |
| | list_name | name | label |
| | kq | gap | Gặp |
| | kq | vang | Vắng |
| settings |
| | form_title | form_id | version |
| | Thăm | tham | 1 |
"""
POINT = "20.8104 106.5104 3 8"


class World:
    """A thôn with an outline, a collector, and as many households as are visited."""

    def __init__(self, app: Flask) -> None:
        sample.publish(FORM)
        commune = sample.make_commune()
        self.village: Village = sample.make_village(commune)
        self.village.outline = SQUARE
        made = sample.make_collector(commune, [self.village])
        other = sample.make_collector(commune, [self.village], name="Trần Thị Bé")
        self.phone = Phone(InProcess(app), f"http://localhost/key/{made.token}")
        self.other = Phone(InProcess(app), f"http://localhost/key/{other.token}")
        self.households = [str(entity.id) for entity in self._households(12)]
        self.sent = 0

    def _households(self, number: int) -> list[Entity]:
        return [
            sample.make_entity(self.village, f"Hộ {at}", data={"thon": "11629001"}) for at in range(number)
        ]

    def visit(
        self,
        household: int,
        *,
        seconds: int = 240,
        point: str = "",
        answers: int | None = None,
        result: str = "gap",
        questions: int = 7,
        day: int = 0,
        phone: Phone | None = None,
    ) -> None:
        """One visit; without `answers` its answers are like no other's."""
        self.sent += 1
        start = NOON - dt.timedelta(days=10 - day, minutes=30)
        end = start + dt.timedelta(seconds=seconds)
        first = answers if answers is not None else 100 + self.sent
        told = (
            "".join(f"<c{n}>{first + n}</c{n}>" for n in range(1, questions + 1)) if result == "gap" else ""
        )
        xml = sample.filled(
            f"<start>{start.isoformat()}</start><end>{end.isoformat()}</end><thon>11629001</thon>"
            f"<ho>{self.households[household]}</ho><ket_qua>{result}</ket_qua><vi_tri>{point}</vi_tri>{told}"
            f"<chi_tieu><doi_tuong>{self.households[household]}</doi_tuong></chi_tieu>",
            form_id="tham",
        )
        [answer] = (phone or self.phone).send(xml)
        assert answer.status == 201, answer.message


@pytest.fixture
def world(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    monkeypatch.setattr(clock, "now", lambda: NOON - dt.timedelta(days=30))
    found = World(app)
    monkeypatch.setattr(clock, "now", lambda: NOON)
    given = app.config["SETTINGS"]
    app.config["SETTINGS"] = dataclasses.replace(given, same_point_households=3, same_answers=2)
    return found


def flags() -> list[list[str]]:
    """The codes of the flags of every visit, after a look at them, in the order of arrival."""
    doubts.once()
    return [[flag["code"] for flag in each.flags or ()] for each in sample.arrived()]


def words() -> str:
    """What a team leader reads about the newest visit."""
    [waiter] = waiting_reasons.listed(limit=1).waiters
    return "; ".join(reason.sentence for reason in waiter.reasons)


def test_a_point_outside_the_thon_is_told_with_how_far_and_one_within_accuracy_is_not(world: World) -> None:
    world.visit(0, point="20.8104 106.5104 0 8")
    world.visit(1, point="20.8201 106.5104 0 30")
    world.visit(2, point="20.8280 106.5104 0 8")
    assert flags() == [[], [], ["point_elsewhere"]]
    assert words() == "vị trí đo được cách thôn của hộ 890 m, trong khi máy báo sai số 10 m"


def test_a_clock_that_ran_backwards_is_told_and_one_that_stood_still_is_not(world: World) -> None:
    world.visit(0, seconds=0)
    world.visit(1, seconds=-5)
    assert flags() == [[], ["clock_backwards"]]


def test_a_visit_in_40_seconds_is_told_where_it_usually_takes_4_minutes(world: World) -> None:
    for household in range(5):
        world.visit(household)
    flags()
    world.visit(5, seconds=61)
    world.visit(6, seconds=40)
    assert flags()[5:] == [[], ["too_short"]]
    assert words() == "phiếu điền trong 40 giây, thường mất 4 phút"


def test_nobody_home_takes_no_time(world: World) -> None:
    for household in range(5):
        world.visit(household)
    flags()
    world.visit(5, seconds=20, result="vang")
    assert flags()[5:] == [[]]


def test_many_households_at_one_point_are_told_and_as_many_on_two_days_are_not(world: World) -> None:
    for household in range(2):
        world.visit(household, point=POINT)
    world.visit(2, point=POINT, day=1)
    world.visit(3, point=POINT, phone=world.other)
    world.visit(1, point=POINT)
    assert flags() == [[], [], [], [], []]
    world.visit(4, point=POINT)
    assert flags()[5:] == [["same_point"]]
    assert words().startswith("3 hộ do cùng một người ghi trong ngày đều ở một vị trí")


def test_the_same_answers_again_are_told_and_a_different_one_is_not(world: World) -> None:
    for household in range(2):
        world.visit(household, answers=1)
    world.visit(2, answers=1, phone=world.other)
    world.visit(1, answers=1)
    world.visit(3, answers=2)
    assert flags() == [[], [], [], [], []]
    world.visit(4, answers=1)
    assert flags()[5:] == [["same_answers"]]
    assert words() == "trả lời giống hệt 2 hộ khác do cùng một người ghi trong 7 ngày"


def test_few_answers_are_alike_by_chance(world: World) -> None:
    for household in range(3):
        world.visit(household, answers=1, questions=6)
    assert flags() == [[], [], []]


def test_answers_of_a_week_before_are_no_copies(world: World) -> None:
    world.visit(0, answers=1)
    world.visit(1, answers=1)
    world.visit(2, answers=1, day=8)
    assert flags() == [[], [], []]


def test_a_visit_is_looked_at_once_and_keeps_the_flags_it_came_with(world: World) -> None:
    world.visit(0, point="20.8280 106.5104 0 8", seconds=-5)
    assert flags() == [["point_elsewhere", "clock_backwards"]]
    assert doubts.once() == 0
    assert flags() == [["point_elsewhere", "clock_backwards"]]
    assert db.session.scalar(sa.select(sa.func.count()).select_from(Interview)) == 1


def test_what_was_set_aside_is_looked_at_without_being_compared(world: World) -> None:
    world.visit(0, answers=1)
    stored = sample.arrived()[0]
    stored.quarantine = "outside_village"
    db.session.commit()
    assert flags() == [[]]
    assert db.session.scalars(sa.select(Interview.digest)).all() == [None]


def test_nothing_of_a_flag_repeats_an_exact_point(world: World) -> None:
    """R21: household points are kept with 3 decimals."""
    world.visit(0, point="20.8280123 106.5104567 0 8")
    flags()
    db.session.rollback()
    kept = [(row.cell, row.digest) for row in db.session.scalars(sa.select(Interview))]
    told = str([kept, *db.session.scalars(sa.select(Submission.flags))])
    assert "20.828 106.510" in told
    assert "20.8280" not in told


def test_a_command_looks_at_once_where_the_server_does_not_by_itself(world: World, app: Flask) -> None:
    world.visit(0, seconds=-5)
    result = app.test_cli_runner().invoke(args=["submissions", "check", "--json"])
    assert result.exit_code == 0
    assert '"checked": 1' in result.output
    assert flags() == [["clock_backwards"]]


def looked_at_again(most: int, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The flags as they would be, had the visits been looked at so many at a time."""
    monkeypatch.setattr(doubts, "PART", dict.fromkeys(doubts.PART, most))
    db.session.rollback()
    writing()
    db.session.execute(sa.delete(Interview))
    db.session.execute(sa.update(Submission).values(flags=None))
    db.session.commit()
    return flags()


@pytest.mark.parametrize("seed", range(3))
def test_what_is_told_of_a_visit_does_not_depend_on_those_it_is_looked_at_with(
    world: World, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    rnd = random.Random(seed)
    for _ in range(40):
        world.visit(
            rnd.randrange(8),
            point=rnd.choice(["", POINT, "20.8101 106.5109 0 5"]),
            answers=rnd.choice([1, 2, None]),
            day=rnd.choice([0, 1, 7, 8]),
            phone=rnd.choice([None, world.other]),
        )
    alone = looked_at_again(1, monkeypatch)
    assert {"same_point", "same_answers"} <= {code for each in alone for code in each}
    for most in (7, 100):
        assert looked_at_again(most, monkeypatch) == alone


def test_a_visit_that_is_deleted_meanwhile_does_not_end_the_looking(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A person's data may be deleted at any moment; the background goes on with what is left."""
    world.visit(0, seconds=-5)
    seen = doubts._looked

    def and_one_that_is_gone(rows: Sequence[Any], *more: Any) -> list[doubts._Looked]:
        found = seen(rows, *more)
        gone = types.SimpleNamespace(**{**rows[0]._mapping, "id": rows[0].id + 1000})
        return [*found, dataclasses.replace(found[0], row=gone)]

    with monkeypatch.context() as patched:
        patched.setattr(doubts, "_looked", and_one_that_is_gone)
        assert doubts.once() == 0
    assert flags() == [["clock_backwards"]]
