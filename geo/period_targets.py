"""Figures that offices report, and figures counted by week, month or quarter: each period listed, then judged."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from fractions import Fraction

from geo.target_states import (
    NEAR_POINTS,
    NOTHING,
    PERIODS_IN_A_YEAR,
    PeriodCount,
    Tallied,
    TargetFigure,
    TargetJudgement,
    TargetState,
    cut,
    judge_amount,
    judged,
)

MONTHS = {"month": 1, "quarter": 3}
PERIOD_WORDS = {"week": "tuần", "month": "tháng", "quarter": "quý"}


@dataclass(frozen=True, kw_only=True)
class Reported:
    """What an office reported for a period: `done` of `of` (or periods met of periods gone), or a `value`.

    `value` is in the target's unit. Figures that an office reports cover all it has to report on, so they need no
    reach. `start` is None where only the day is known.
    """

    at: date
    source: str
    value: Fraction | None = None
    done: int | None = None
    of: int | None = None
    start: date | None = None
    note: str | None = None
    link: str | None = None

    @property
    def amount(self) -> Fraction | None:
        """The percent where a share was reported, else the value."""
        if self.done is not None and self.of:
            return Fraction(100 * self.done, self.of)
        return self.value if self.value is not None or self.done is None else Fraction(self.done)


def periods(kind: str, start: date, deadline: date) -> tuple[tuple[date, date], ...]:
    """The whole weeks (Monday to Sunday), months or quarters from `start` to `deadline`, first and last day each."""
    found, first = [], _first_start(kind, start)
    while (last := _next_start(kind, first) - timedelta(days=1)) <= deadline:
        found.append((first, last))
        first = last + timedelta(days=1)
    return tuple(found)


def _first_start(kind: str, day: date) -> date:
    """The first day on or after `day` on which a period begins."""
    if kind == "week":
        return day + timedelta(days=-day.weekday() % 7)
    begins = day.day == 1 and (day.month - 1) % MONTHS[kind] == 0
    return day if begins else _next_start(kind, day)


def _next_start(kind: str, day: date) -> date:
    """The day on which the period after that of `day` begins."""
    if kind == "week":
        return day + timedelta(days=7 - day.weekday())
    months = day.year * 12 + (day.month - 1) // MONTHS[kind] * MONTHS[kind] + MONTHS[kind]
    return date(months // 12, months % 12 + 1, 1)


def judge_reported(
    target: TargetFigure, reported: Sequence[Reported], *, as_of: date, over: date
) -> TargetJudgement:
    """Judge a target by what its office reported; what speaks of days after `as_of` is not known yet.

    `over` is the last day that is over: `as_of`, or the day before while `as_of` is still running.
    """
    known = sorted(
        (each for each in reported if each.at <= as_of), key=lambda each: (each.at, each.start or each.at)
    )
    newest = known[-1] if known else None
    if target.period in PERIODS_IN_A_YEAR and not (newest and newest.of):
        by_start = {each.start: each.amount for each in known if each.start and each.amount is not None}
        found = judge_each_period(target, by_start, as_of=as_of, over=over)
    elif newest is None:
        return TargetJudgement(state=TargetState.UNKNOWN)
    else:
        found = _judge_newest(target, newest, over)
    if newest is None:
        return found
    return replace(found, source="office", reported_at=newest.at)


def _judge_newest(target: TargetFigure, newest: Reported, over: date) -> TargetJudgement:
    value = newest.amount
    if target.period in PERIODS_IN_A_YEAR and newest.of:
        return _judge_share_of_periods(newest.done or 0, newest.of)
    if target.unit == "percent" and value is not None:
        return _judge_percent(target, value, over)
    return judge_amount(target, value, over, "office")


def _judge_percent(target: TargetFigure, value: Fraction, over: date) -> TargetJudgement:
    met = target.met_by(value)
    near = target.short(value) < NEAR_POINTS and over < target.deadline
    state = TargetState.MET if met else TargetState.AT_RISK if near else TargetState.BEHIND
    return judged(state, met, value, target)


def _judge_share_of_periods(met: int, gone: int) -> TargetJudgement:
    """Every period gone must have been met; one missed cannot be made up for."""
    value = Fraction(100 * met, gone)
    near = 100 - value < NEAR_POINTS
    state = TargetState.MET if met >= gone else TargetState.AT_RISK if near else TargetState.BEHIND
    shown = cut(value)
    return TargetJudgement(
        state=state, met=met >= gone, value=value, value_shown=shown, gap=100 - shown, words=state.words
    )


def judge_each_period(
    target: TargetFigure, told: Mapping[date, Fraction], *, as_of: date, over: date
) -> TargetJudgement:
    """Periods met of periods gone, each listed. `told` is what is known, by the first day of its period.

    A period is gone when its last day is `over`, or has begun by `as_of` and its office has closed its books: what it
    told is final. A period that nobody has told is not called missed: while any is open, and none is known to be
    missed, the figure is at risk and neither met nor not.
    """
    begun = [
        _counted(target, start, end, told.get(start), gone=end <= (as_of if start in told else over))
        for start, end in periods(target.period, target.start, target.deadline)
        if start <= as_of
    ]
    gone = [period for period in begun if period.gone]
    if not any(period.met is not None for period in gone):
        return TargetJudgement(state=TargetState.UNKNOWN, periods=tuple(begun))
    met = sum(period.met is True for period in gone)
    untold = sum(period.met is None for period in gone)
    found = _judge_share_of_periods(met, len(gone))
    if untold and met + untold == len(gone):
        found = replace(found, state=TargetState.AT_RISK, met=None)
    return replace(found, words=_words(target, met, len(gone), untold), periods=tuple(begun))


def _counted(
    target: TargetFigure, start: date, end: date, amount: Fraction | None, *, gone: bool
) -> PeriodCount:
    """A period and whether it met the figure; of one that goes on only what it cannot lose again is told."""
    met = None if amount is None else target.met_by(amount)
    is_kept = met and target.unit == "count" and target.comparator in (">=", ">")
    return PeriodCount(start, end, gone, amount, met if gone or is_kept else None)


def judge_surveyed_periods(
    target: TargetFigure,
    told: Mapping[date, Tallied],
    *,
    as_of: date,
    over: date,
    visited: Collection[date] = (),
    hidden: Collection[date] = (),
) -> TargetJudgement:
    """Periods met of periods in which visits counted something, each that has begun by `as_of` listed.

    One is gone when its last day is `over`: until then visits may still count in it.
    Before the first visit nothing is known, and a period without visits is empty: neither is called missed. In one of
    the `visited` periods of which visits told nothing (nobody was helped) a count is 0, and that is missed. What is
    `hidden` counts as neither met nor missed, and the state is told only where all of it could not change it (R25).
    All periods are known by their first day.
    """
    amounts = _amounts(target, told, visited)
    first = min((*amounts, *visited), default=None)
    shown = {start: amount for start, amount in amounts.items() if start not in hidden}
    begun = tuple(
        replace(
            _counted(target, start, end, shown.get(start), gone=end <= over),
            is_empty=first is not None and first < start and start not in amounts and start not in visited,
            is_hidden=start in amounts and start in hidden,
        )
        for start, end in periods(target.period, target.start, target.deadline)
        if start <= as_of
    )
    return replace(_of_known_periods(target, begun), source="survey", periods=begun)


def _amounts(
    target: TargetFigure, told: Mapping[date, Tallied], visited: Collection[date]
) -> dict[date, Fraction]:
    """What visits say of each period, by its first day; a count of a period whose visits counted nobody is 0."""
    found = {start: amount for start, each in told.items() if (amount := _amount(target, each)) is not None}
    nobody = dict.fromkeys(visited, Fraction(0)) if target.unit == "count" else {}
    return nobody | found


def _of_known_periods(target: TargetFigure, begun: Sequence[PeriodCount]) -> TargetJudgement:
    """The state by those periods that may be told, where what is hidden cannot change it; else unknown."""
    known = [period.met for period in begun if period.gone and period.met is not None]
    hidden = sum(period.gone and period.is_hidden for period in begun)
    name = PERIOD_WORDS[target.period]
    untold = f"{hidden} {name} không nêu" if hidden else ""
    if not known:
        return TargetJudgement(state=TargetState.UNKNOWN, words=untold or NOTHING)
    of_all, words = len(known) + hidden, f"đạt {sum(known)}/{len(known)} {name} có số liệu"
    worst, best = (_judge_share_of_periods(met, of_all) for met in (sum(known), sum(known) + hidden))
    is_sure = (worst.state, worst.met) == (best.state, best.met)
    found = _judge_share_of_periods(sum(known), len(known))
    found = replace(
        found, state=worst.state if is_sure else TargetState.UNKNOWN, met=worst.met if is_sure else None
    )
    return replace(found, words=", ".join(part for part in (words, untold) if part))


def _amount(target: TargetFigure, counted: Tallied) -> Fraction | None:
    """What visits of one period say in the target's unit; None where there were none."""
    if target.unit == "percent":
        return counted.percent if 0 <= counted.done <= counted.of else None
    return Fraction(counted.done) if counted.subjects > 0 else None


def _words(target: TargetFigure, met: int, gone: int, untold: int) -> str:
    name = PERIOD_WORDS[target.period]
    rest = f", {untold} {name} chưa có số liệu" if untold else ""
    return f"đạt {met}/{gone} {name}{rest}"
