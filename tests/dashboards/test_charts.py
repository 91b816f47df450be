"""The geometry of bars and trends."""

import datetime as dt
import itertools
from decimal import Decimal
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from dashboards.charts import DayNumber, ThonReached, bullet, reach_columns, spark, trend

MONDAY = dt.date(2026, 9, 7)


def points(values: list[int]) -> list[DayNumber]:
    return [DayNumber(MONDAY + dt.timedelta(weeks=n), value) for n, value in enumerate(values)]


def test_the_mark_of_time_is_the_targets_share_of_the_time_gone() -> None:
    drawn = bullet(Decimal("40.0"), Fraction(80), Fraction(1, 4))
    assert (drawn.value, drawn.target, drawn.expected) == (Decimal("40.0"), Decimal(80), Decimal(20))


def test_nothing_is_drawn_for_an_unknown_value() -> None:
    assert bullet(None, Fraction(80), Fraction(1)).value is None


@given(st.lists(st.integers(0, 10**6), min_size=2, max_size=60), st.sampled_from([360, 1100]))
def test_every_point_lies_inside_the_drawing_and_higher_means_more(values: list[int], width: int) -> None:
    drawn = trend(points(values), width=width)
    for dot in drawn.dots:
        assert drawn.left <= dot.x <= drawn.width
        assert 0 < dot.y <= drawn.bottom
    by_value = sorted(drawn.dots, key=lambda dot: dot.point.value)
    assert [dot.y for dot in by_value] == sorted((dot.y for dot in by_value), reverse=True)


@given(st.integers(2, 60), st.integers(1, 7), st.sampled_from([360, 1100]))
def test_dates_under_a_chart_do_not_run_into_each_other(weeks: int, days: int, width: int) -> None:
    """The running day may come right after the end of a week; its date, the last one, ends where the line does."""
    whole = points(list(range(weeks)))
    today = DayNumber(whole[-1].day + dt.timedelta(days=days), weeks)
    ticks = trend([*whole, today], width=width).days
    assert ticks[-1].value == today.day
    assert all(later.at - sooner.at >= 60 for sooner, later in itertools.pairwise(ticks))


def test_the_axis_begins_at_zero_and_has_round_steps() -> None:
    rows = trend(points([0, 930]), [Fraction(1000), Fraction(1700)], width=1100).rows
    assert [row.value for row in rows] == [0, 500, 1000, 1500, 2000]


def test_a_small_line_is_broken_where_a_week_is_not_known() -> None:
    line = spark([Decimal(0), Decimal(100), None, Decimal(50)])
    assert line == "M4.0 36.0L68.0 4.0M196.0 20.0"
    assert spark([None, None]) == ""


thons = st.lists(
    st.builds(
        ThonReached, st.text(max_size=5), st.integers(0, 2000), st.none() | st.integers(0, 2500), st.just("")
    ),
    max_size=40,
)


@given(thons, st.sampled_from([360, 1100]))
def test_columns_are_as_wide_as_households_and_as_high_as_the_share_that_was_met(
    given_: list[ThonReached], width: int
) -> None:
    drawn = reach_columns(given_, width=width)
    households = sum(thon.households for thon in given_)
    assert [each.thon for each in drawn.columns] == [thon for thon in given_ if thon.households]
    for each in drawn.columns:
        assert abs(each.width - (drawn.right - drawn.left) * each.thon.households / households) <= 0.1
        assert (each.top is None) == (each.thon.met is None)
        if each.top is not None and each.thon.met is not None:
            share = min(1, each.thon.met / each.thon.households)
            assert abs((drawn.bottom - each.top) / (drawn.bottom - drawn.top) - share) < 0.01
    for left, right in itertools.pairwise(drawn.columns):
        assert abs(left.x + left.width - right.x) <= 0.2
    if drawn.columns:
        assert abs(drawn.columns[-1].x + drawn.columns[-1].width - drawn.right) <= 0.2
