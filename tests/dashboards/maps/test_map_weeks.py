"""The weeks that the map slides through."""

import dataclasses
import datetime as dt

from dashboards.maps import map_weeks
from geo.target_states import Tallied
from geo.weeks import Week, week_ends
from tests.leaders import TODAY, sample


def weeks(*met: int | None) -> tuple[Week, ...]:
    """Households met by the ends of the last weeks; None where it may not be told."""
    ends = week_ends(TODAY, len(met))
    return tuple(
        Week(end, None if number is None else Tallied(number, number, number))
        for end, number in zip(ends, met, strict=True)
    )


def test_weeks_begin_with_the_first_that_counted_something() -> None:
    table = dataclasses.replace(sample(), weeks=weeks(0, 0, None, 12, 40))
    assert map_weeks.days(table, TODAY) == week_ends(TODAY, 3)


def test_where_nothing_was_counted_there_is_the_day_alone() -> None:
    assert map_weeks.days(dataclasses.replace(sample(), weeks=weeks(0, 0)), TODAY) == (TODAY,)


def test_the_day_that_is_looked_at_is_among_them() -> None:
    """Also the end of a month, which ends no week."""
    day = dt.date(2026, 10, 31)
    table = dataclasses.replace(
        sample(as_of=day), weeks=tuple(Week(end, Tallied(9, 9, 9)) for end in week_ends(day, 3))
    )
    found = map_weeks.days(table, TODAY)
    assert day in found
    assert found[-1] == TODAY
    assert list(found) == sorted(set(found))
