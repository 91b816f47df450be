"""How many households more are met each week, and how many a week would reach a target by its deadline."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

from geo.indicator_cell import CountedIndicator
from geo.target_states import PERIODS_IN_A_YEAR, Pace, TargetFigure, pace
from geo.weeks import Week

FOUR_WEEKS = 4


def is_paced(target: TargetFigure, indicator: CountedIndicator) -> bool:
    """Whether more households met bring a target nearer to being judged; a number of people helped they do not."""
    return indicator.is_at_doors and indicator.kind != "event" and target.period not in PERIODS_IN_A_YEAR


def pace_of(
    weeks: Sequence[Week], households: int | None, deadline: date, *, surplus: int = 0
) -> Pace | None:
    """The pace until a deadline, by the households met in this week and the three before it.

    None where these cannot be told. Only ends of weeks may be, so the days are 22 on a Monday and 28 on a Sunday.

    `surplus` are those met beyond what single thôn are said to have: they close no other thôn's gap.
    """
    if len(weeks) <= FOUR_WEEKS:
        return None
    first, end = weeks[-1 - FOUR_WEEKS], weeks[-1]
    if first.tallied is None or end.tallied is None:
        return None
    met, days = end.tallied.subjects - first.tallied.subjects, (end.day - first.day).days
    found = pace(
        households=households,
        visited=end.tallied.subjects - surplus,
        visited_in_four_weeks=Fraction(28 * met, days),  # the week that `end` stands in is not over
        as_of=end.day,
        deadline=deadline,
    )
    return replace(found, since=first.day + timedelta(days=1))
