"""The weeks that the map slides through."""

import dataclasses
import datetime as dt
from typing import Any

from dashboards.maps import map_weeks
from geo.target_states import Tallied
from geo.weeks import Week, week_ends
from tests.leaders import TODAY, sample, village, visited


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


def test_what_a_thon_has_come_to_is_the_number_of_its_last_day() -> None:
    """R25: beside "> 95,0 %" no percent of an earlier week says what the thôn stands at."""
    days = week_ends(TODAY, 3)

    def thon(*done: int) -> dict[str, Any]:
        """The answer for a thôn of which so many of 100 had 5G by the ends of three weeks."""
        tables = [
            sample(
                (village(1, 120, **visited(100, each)), village(2, 200, **visited(150, 80)), village(3, 90)),
                as_of=day,
            )
            for each, day in zip(done, days, strict=True)
        ]
        row = tables[-1].indicator("phu_song_5g")
        assert row is not None
        found: dict[str, Any] = map_weeks.answer(tables, row, ["", "", ""])["thon"]["11629001"]
        return found

    assert thon(60, 70, 80)["trend"] == "60,0 % (08/11/2026) → 80,0 % (22/11/2026)".replace(" %", "\u00a0%")
    bound = thon(60, 70, 98)
    assert bound["figures"][-1].startswith(">")
    assert bound.keys().isdisjoint({"trend", "line"})
    assert thon(60, 98, 80)["trend"] == thon(60, 70, 80)["trend"]
