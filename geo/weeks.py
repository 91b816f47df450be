"""A commune's sums at the ends of weeks: which days those are, and what may be shown of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from geo.hidden_cells import protect, protect_together
from geo.indicator_cell import CountedIndicator
from geo.target_states import PERIODS_IN_A_YEAR, Pace, Tallied, TargetFigure, pace

FOUR_WEEKS = 4


@dataclass(frozen=True)
class Week:
    """What a commune had counted by the end of `day`: a Sunday, or the day asked for. None: not to be shown."""

    day: date
    tallied: Tallied | None


def week_ends(day: date, weeks: int) -> tuple[date, ...]:
    """`day` itself and the Sundays before it, `weeks` in all, oldest first."""
    before = day - timedelta(days=day.isoweekday())
    return (*(before - timedelta(weeks=n) for n in reversed(range(weeks - 1))), day)


def shown_weeks(
    ends: Sequence[date],
    by_village: Mapping[str, Sequence[Tallied]],
    *,
    hide: bool,
    met: Mapping[str, Sequence[Tallied]] | None = None,
) -> tuple[Week, ...]:
    """The commune's sum at each end, from those of its thôn; where it is hidden that day, none (R25).

    `met` are the households met at the same ends, beside which an indicator of households is hidden or told.
    """
    found = []
    for place, end in enumerate(ends):
        rows = {code: counted[place] for code, counted in by_village.items()}
        beside = (
            {code: met[code][place] for code in by_village} if met and met.keys() >= rows.keys() else None
        )
        hidden = hide and _hides_total(rows, beside)
        found.append(Week(end, None if hidden else sum(rows.values(), Tallied())))
    return tuple(found)


def _hides_total(rows: Mapping[str, Tallied], met: Mapping[str, Tallied] | None) -> bool:
    if met is None:
        return protect(rows).total is not None
    return protect_together(met, {"x": rows}, main={"x"})[1]["x"].total is not None


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
