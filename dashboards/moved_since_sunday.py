"""What moved since the Sunday before: households met, and the surveyed targets whose number or state is another."""

import datetime as dt
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from dashboards import words
from geo.compute_coverage import CoverageTable, TargetRow
from geo.target_states import TargetState
from geo.weeks import week_ends

_SOME_DAYS = dt.timedelta(days=3)


@dataclass(frozen=True)
class MovedTarget:
    """A surveyed target then and now, in words; `way` is "up", "down" or "" where the number is the same."""

    id: str
    label: str
    before: str
    now: str
    way: str
    states: str
    """`nguy cơ → đạt`; "" where the state is the same."""


@dataclass(frozen=True)
class Moved:
    """What is another since `since`; `met` are households met since then, None where it may not be told."""

    since: dt.date
    met: int | None
    targets: tuple[MovedTarget, ...]
    thon_met: int
    """By how many more thôn reach their targets, over all surveyed targets; negative where fewer do."""


def sunday_before(day: dt.date) -> dt.date:
    """The newest Sunday some days before a day, so that a Monday tells of a week and not of one evening."""
    return next(each for each in reversed(week_ends(day, 3)) if day - each >= _SOME_DAYS)


def moved(before: CoverageTable, now: CoverageTable) -> Moved:
    """Both tables as their reader is told them, so that their difference tells nothing that is hidden."""
    met = None if before.visited is None or now.visited is None else now.visited - before.visited
    shared = _shared(before, now)
    thon_met = _thon_met(now, shared) - _thon_met(before, shared)
    return Moved(before.as_of, met, tuple(_targets(before, now)), thon_met)


def _targets(before: CoverageTable, now: CoverageTable) -> Iterable[MovedTarget]:
    for row in now.targets:
        then = before.target(row.target.id)
        if row.surveyed is None or then is None:
            continue
        found = _moved(then, row)
        if found.way or found.states:
            yield found


def _moved(then: TargetRow, row: TargetRow) -> MovedTarget:
    old, new = then.judgement.value_shown, row.judgement.value_shown
    way = "" if old is None or new is None or old == new else "up" if new > old else "down"
    is_other = then.judgement.state is not row.judgement.state
    return MovedTarget(
        id=row.target.id,
        label=row.target.label,
        before=words.judged(then.target, then.judgement) or "–",
        now=words.judged(row.target, row.judgement) or "–",
        way=way,
        states=f"{then.judgement.state.words} → {row.judgement.state.words}" if is_other else "",
    )


def _shared(before: CoverageTable, now: CoverageTable) -> frozenset[str]:
    """The indicators that are set against the same figure on both days: at New Year there is another plan, or none."""
    own = [
        {row.indicator.code: row.target.id for row in table.indicators if row.target}
        for table in (before, now)
    ]
    return frozenset(code for code, target in own[1].items() if own[0].get(code) == target)


def _thon_met(table: CoverageTable, indicators: Collection[str]) -> int:
    """How often a thôn reaches a target, over these indicators."""
    judged = (village.judgements.get(code) for village in table.villages for code in indicators)
    return sum(each is not None and each.state is TargetState.MET for each in judged)
