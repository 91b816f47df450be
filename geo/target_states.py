"""A figure of a plan set against what has been counted: is it met, how far is it short, what pace does it need."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from fractions import Fraction

from geo.reach import COUNTABLE_UNITS, Enough, Reach

NEAR_POINTS = 5  # R7: less than 5 points short is at risk, 5 or more is behind
PERIODS_IN_A_YEAR = frozenset({"week", "month", "quarter"})
_ENOUGH = Enough()

COMPARATORS: Mapping[str, Callable[[Fraction, Fraction], bool]] = {
    ">=": operator.ge,
    ">": operator.gt,  # "trên 85%" is strict
    "=": operator.eq,
    "<=": operator.le,
    "<": operator.lt,
}


@dataclass(frozen=True)
class Tallied:
    """What findings add up to: `done` of `of`, stated by `subjects` households, places or points."""

    done: int = 0
    of: int = 0
    subjects: int = 0

    def __add__(self, other: "Tallied") -> "Tallied":
        return Tallied(self.done + other.done, self.of + other.of, self.subjects + other.subjects)

    def __sub__(self, other: "Tallied") -> "Tallied":
        return Tallied(self.done - other.done, self.of - other.of, self.subjects - other.subjects)

    @property
    def percent(self) -> Fraction | None:
        """The exact share among those asked, 0 to 100; None when nobody was asked (never 0 for unknown)."""
        return Fraction(100 * self.done, self.of) if self.of else None


@dataclass(frozen=True, kw_only=True)
class TargetFigure:
    """One figure of a commune's plan. `value` is in `unit`: percent (0 to 100) or count."""

    id: str
    label: str
    section: str
    comparator: str
    value: Fraction
    unit: str
    period: str
    start: date
    deadline: date
    indicator: str | None = None
    over_households: bool = False  # AL-T26: done / all households, visited or not (R6)
    how: str = "survey"  # survey | office | both
    office: str | None = None

    @property
    def judges_thon(self) -> bool:
        """Whether a thôn can be set against it: a share can, but neither a number that the commune has to reach
        together nor what is counted anew each week, month or quarter."""
        return self.unit == "percent" and self.period not in PERIODS_IN_A_YEAR

    @property
    def is_upper_limit(self) -> bool:
        """Whether it asks for no more than its value."""
        return self.comparator in ("<=", "<")

    def met_by(self, value: Fraction) -> bool:
        """Whether `value` meets the figure; "trên" is strict."""
        return COMPARATORS[self.comparator](value, self.value)

    def short(self, value: Fraction) -> Fraction:
        """How far `value` is from the figure, never negative; 0 on the figure itself, even where it is strict."""
        if self.comparator == "=":
            return abs(self.value - value)
        missing = value - self.value if self.is_upper_limit else self.value - value
        return max(Fraction(0), missing)

    def counts_all(self, unit: str) -> bool:
        """Whether it is judged over all there are, asked or not: where the plan says "all" of what can be counted.

        So are "every enterprise", "every thôn" (AL-T19, MD-T07) and "every household" (AL-T26); R6.
        """
        says_all = self.unit == "percent" and self.comparator in (">=", "=") and self.value == 100
        return self.over_households or (says_all and unit in COUNTABLE_UNITS)


class TargetState(StrEnum):
    """The five states of R7."""

    MET = "met"
    ON_TRACK = "on_track"
    AT_RISK = "at_risk"
    BEHIND = "behind"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        return _WORDS[self]


_WORDS = {
    TargetState.MET: "đạt",
    TargetState.ON_TRACK: "đúng tiến độ",
    TargetState.AT_RISK: "nguy cơ",
    TargetState.BEHIND: "chưa đạt",
    TargetState.UNKNOWN: "chưa đủ số liệu",
}


NOTHING = "chưa có số liệu"
"""Why nothing is judged where nobody has told anything yet."""


@dataclass(frozen=True)
class PeriodCount:
    """One week, month or quarter of a figure counted by period.

    `value` and `met` are None where nobody has told it, or where it may not be told (`is_hidden`); `gone` once it is
    over. `is_empty`: nobody was visited in it, though visits had begun.
    """

    start: date
    end: date
    gone: bool
    value: Fraction | None = None
    met: bool | None = None
    is_empty: bool = False
    is_hidden: bool = False


@dataclass(frozen=True, kw_only=True)
class TargetJudgement:
    """What can be said about a target on a day.

    `met` is None where it may not be judged (too few reached, nothing known, or those not yet asked decide).
    `value` is exact and `value_shown` cut; `gap` is in the target's unit (points for percent), and what is shown of
    both adds up to the target. All three are None where withheld. `over_all`: the value is a share of all there
    are, asked or not.
    """

    state: TargetState
    met: bool | None = None
    value: Fraction | None = None
    value_shown: Decimal | None = None
    gap: Decimal | None = None
    reach: Fraction | None = None
    over_all: bool = False
    words: str = NOTHING
    source: str | None = None  # survey | office; None while nothing is known
    reported_at: date | None = None
    periods: tuple[PeriodCount, ...] = ()  # of a figure per week, month or quarter: each period begun

    def withheld(self) -> "TargetJudgement":
        """The same state without any number from which a small cell could be computed (R25)."""
        return TargetJudgement(
            state=self.state,
            met=self.met,
            reach=self.reach,
            over_all=self.over_all,
            words=self.words,
            source=self.source,
        )


def cut(value: Fraction, target: TargetFigure | None = None) -> Decimal:
    """One decimal (more where the target has more), cut so that it looks met only when it is met (R7).

    Cutting is downward, for an upper limit upward. A percent that stands exactly on a strict limit ("trên 85 %" at
    85) is shown one step short of it: 84.9. A count is shown as it is: 59 persons are never 58.9.
    """
    if target and target.unit == "count" and value.denominator == 1:
        return Decimal(int(value))
    decimals = max(1, _decimals(target.value)) if target else 1
    scale = 10**decimals
    upward = target is not None and target.is_upper_limit
    steps = -((-value * scale) // 1) if upward else (value * scale) // 1
    if target and not target.met_by(value) and steps == target.value * scale:
        steps += 1 if upward or value > target.value else -1
    return Decimal(int(steps)).scaleb(-decimals)


def _decimals(value: Fraction) -> int:
    """Digits after the point that write `value` exactly, at most 6."""
    return next((digits for digits in range(6) if (value * 10**digits).denominator == 1), 6)


def share_of_time_gone(start: date, deadline: date, over: date) -> Fraction:
    """The part of the plan's days that is over, 0 to 1; both ends count as days, `over` is the last day that is."""
    days = (deadline - start).days + 1
    if days <= 0:
        return Fraction(1)
    return min(Fraction(1), max(Fraction(0), Fraction((over - start).days + 1, days)))


def judge(
    target: TargetFigure, tallied: Tallied, reach: Reach, *, over: date, enough: Enough = _ENOUGH
) -> TargetJudgement:
    """Judge a surveyed target from exact fractions (R6, R7). `over` is the last day that is over.

    This one function gives the state of any area to page, map, wall map, tooltip, legend, report, file and API.
    """
    if target.unit != "percent":
        return judge_amount(target, Fraction(tallied.done) if tallied.subjects else None, over, "survey")
    over_all = target.counts_all(reach.unit)
    asked = tallied.percent
    if asked is None:
        return TargetJudgement(state=TargetState.UNKNOWN, reach=reach.share, over_all=over_all)
    value = Fraction(100 * tallied.done, reach.whole or 1) if over_all else asked
    is_enough = reach.is_enough(enough)
    state = _survey_state(target, asked, value, reach, is_enough=is_enough, over=over)
    told = value if not over_all or reach.whole else None
    return TargetJudgement(
        state=state,
        met=_is_met(target, asked, value, state) if is_enough else None,
        value=told,
        value_shown=None if told is None else cut(told, target),
        gap=None if told is None else gap_shown(target, told),
        reach=reach.share,
        over_all=over_all,
        words=state.words if is_enough else reach.short(enough),
        source="survey",
    )


def _survey_state(
    target: TargetFigure, asked: Fraction, value: Fraction, reach: Reach, *, is_enough: bool, over: date
) -> TargetState:
    """R7 in its order; below the least reach a number is no ground to call anybody behind."""
    if is_enough and target.met_by(value):
        return TargetState.MET
    if target.deadline <= over:
        return TargetState.BEHIND
    gone = share_of_time_gone(target.start, target.deadline, over)
    keeps_pace = reach.share is not None and reach.share >= gone
    if not is_enough:
        return TargetState.ON_TRACK if target.met_by(asked) and keeps_pace else TargetState.UNKNOWN
    if target.met_by(asked):  # over all there are, and only doors not yet knocked on are missing
        return TargetState.ON_TRACK if keeps_pace else TargetState.AT_RISK
    return TargetState.AT_RISK if target.short(value) < NEAR_POINTS else TargetState.BEHIND


def _is_met(target: TargetFigure, asked: Fraction, value: Fraction, state: TargetState) -> bool | None:
    """None while all who were asked have it and only the others can tell (22 of 22 thôn, of 23)."""
    if target.met_by(value):
        return True
    return None if target.met_by(asked) and state is not TargetState.BEHIND else False


def gap_shown(target: TargetFigure, value: Fraction) -> Decimal:
    """How far the shown value is from the target, so that what a reader sees adds up; 0 where it is met."""
    if target.met_by(value):
        return Decimal(0)
    return abs(as_written(target.value) - cut(value, target))


def as_written(value: Fraction) -> Decimal:
    """A figure of a plan as the plan writes it: at most six decimals, and exact."""
    decimals = _decimals(value)
    return Decimal(int(value * 10**decimals)).scaleb(-decimals)


def judge_amount(target: TargetFigure, value: Fraction | None, over: date, source: str) -> TargetJudgement:
    """A count, cumulative in the year: its share of the figure is held against the share of time gone."""
    if value is None:
        return TargetJudgement(state=TargetState.UNKNOWN)
    met = target.met_by(value)
    gone = 100 * share_of_time_gone(target.start, target.deadline, over)
    done = 100 * value / target.value if target.value else Fraction(0)
    if met:
        state = TargetState.MET
    elif target.deadline <= over or target.comparator not in (">=", ">"):
        state = TargetState.BEHIND
    elif done >= gone:
        state = TargetState.ON_TRACK
    else:
        state = TargetState.AT_RISK if gone - done < NEAR_POINTS else TargetState.BEHIND
    return judged(state, met, value, target, source)


def judged(
    state: TargetState, met: bool, value: Fraction, target: TargetFigure, source: str = "office"
) -> TargetJudgement:
    return TargetJudgement(
        state=state,
        met=met,
        value=value,
        value_shown=cut(value, target),
        gap=gap_shown(target, value),
        words=state.words,
        source=source,
    )


@dataclass(frozen=True)
class Pace:
    """Households to meet a week until the deadline, beside those met a week of late: in four weeks, or since a day.

    `needed` is None where it cannot be told: the households are unknown, or none of the time is left.
    """

    needed: Fraction | None
    recent: Fraction
    left: int | None
    since: date | None = None
    """The first day of those that `recent` is about; None where they are the last 28."""

    @property
    def enough(self) -> bool | None:
        """Whether what was done of late, carried on, gets there; None where `needed` is unknown."""
        return None if self.needed is None else self.recent >= self.needed


def pace(
    *,
    households: int | None,
    visited: int,
    visited_in_four_weeks: int | Fraction,
    as_of: date,
    deadline: date,
    share: Fraction = Fraction(1),
) -> Pace:
    """The pace that brings the households met to `share` of all (all of them by default) by the deadline."""
    recent = Fraction(visited_in_four_weeks) / 4
    if households is None:
        return Pace(None, recent, None)
    left = max(0, -(-share * households // 1) - visited)
    if left == 0:
        return Pace(Fraction(0), recent, 0)
    days = (deadline - as_of).days
    return Pace(Fraction(7 * left, days) if days > 0 else None, recent, left)
