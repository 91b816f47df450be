"""The pace at which households are met."""

import dataclasses
from fractions import Fraction

from dashboards import households_met, words
from geo.target_states import Tallied
from geo.weeks import Week, week_ends
from tests.leaders import TODAY, sample


def weeks(*met: int) -> tuple[Week, ...]:
    """So many households met by the ends of the last weeks."""
    ends = week_ends(TODAY, len(met))
    return tuple(Week(end, Tallied(n, n, n)) for end, n in zip(ends, met, strict=True))


def test_the_pace_asked_for_is_a_whole_number_of_households() -> None:
    """190 of 330 met, 39 days left: 140 households in 5 4/7 weeks."""
    table = dataclasses.replace(sample(full=True), weeks=weeks(10, 30, 60, 100, 140, 190))
    found = households_met.met(table)
    assert (found.left, found.needed_a_week, found.recent_a_week) == (140, 26, Fraction(40))
    said = words.pace(Fraction(40), found.since or TODAY, table.as_of)
    assert said == "Từ 26/10 đến 22/11 gặp thêm 40 hộ mỗi tuần"  # this week and the three before it


def test_no_pace_is_told_before_five_weeks_are_counted() -> None:
    table = dataclasses.replace(sample(full=True), weeks=weeks(10, 30))
    assert households_met.met(table).needed_a_week is None
