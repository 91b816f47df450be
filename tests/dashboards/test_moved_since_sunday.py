"""What moved since the Sunday before, of two tables as their reader is told them."""

import datetime as dt

from dashboards.moved_since_sunday import moved, sunday_before
from geo.compute_coverage import CoverageTable
from geo.target_states import Tallied
from tests.leaders import TODAY, sample, target, village

SUNDAY = dt.date(2026, 11, 15)
TARGETS = (target("AL-T01", "phu_song_5g", label="Phủ sóng 5G"),)


def day(met: int, done: int, as_of: dt.date = TODAY) -> CoverageTable:
    row = village(1, 100, tham_ho=Tallied(met, met, met), phu_song_5g=Tallied(done, met, met))
    return sample((row,), targets=TARGETS, full=True, as_of=as_of)


def test_a_monday_tells_of_a_week_and_not_of_one_evening() -> None:
    """What moved is told since a Sunday that is three days ago at least, and nine at most."""
    assert sunday_before(dt.date(2026, 11, 18)) == SUNDAY
    assert sunday_before(dt.date(2026, 11, 22)) == SUNDAY
    assert sunday_before(dt.date(2026, 11, 24)) == SUNDAY
    assert sunday_before(dt.date(2026, 11, 16)) == SUNDAY - dt.timedelta(days=7)
    days = (SUNDAY + dt.timedelta(days=number) for number in range(14))
    assert {(day - sunday_before(day)).days for day in days} == set(range(3, 10))


def test_households_numbers_states_and_thon_that_moved_are_told() -> None:
    found = moved(day(40, 30, SUNDAY), day(60, 54))
    assert (found.since, found.met, found.thon_met) == (SUNDAY, 20, 1)
    (told,) = found.targets
    assert (told.before, told.now, told.way) == ("75,0\u00a0%", "90,0\u00a0%", "up")
    assert told.states == "chưa đủ số liệu → đạt"


def test_a_number_that_fell_is_told_as_fallen() -> None:
    (told,) = moved(day(60, 54, SUNDAY), day(80, 52)).targets
    assert (told.way, told.states) == ("down", "đạt → chưa đạt")


def test_what_is_the_same_is_not_told() -> None:
    found = moved(day(60, 54, SUNDAY), day(60, 54))
    assert (found.met, found.targets, found.thon_met) == (0, (), 0)


def test_nothing_is_told_of_a_number_that_is_withheld_on_either_day() -> None:
    rows = (village(1, 100, tham_ho=Tallied(3, 3, 3), phu_song_5g=Tallied(3, 3, 3)),)
    found = moved(sample(rows, targets=TARGETS, as_of=SUNDAY), sample(rows, targets=TARGETS))
    assert found.met is None
    assert all(each.way == "" for each in found.targets)
