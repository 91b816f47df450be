"""What visits counted in each week, month or quarter of a target, and in which of them anybody was visited."""

import datetime as dt
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from geo.period_targets import periods
from geo.target_states import PERIODS_IN_A_YEAR, Tallied, TargetFigure
from server import clock
from server.counting import tally_sums
from server.db import db
from server.models import Submission

_DAY = dt.timedelta(days=1)
_Period = tuple[dt.date, dt.date]


@dataclass(frozen=True)
class PeriodCounts:
    """By target, by the first day of each period that has begun: what was counted, and which periods saw visits."""

    counted: Mapping[str, Mapping[dt.date, Tallied]] = field(default_factory=dict)
    visited: Mapping[str, Collection[dt.date]] = field(default_factory=dict)


@dataclass(frozen=True)
class _TargetPeriods:
    """A target that is counted by period: the key of its indicator, and its periods up to the day."""

    target: TargetFigure
    key: int
    begun: tuple[_Period, ...]


def of_targets(
    here: Sequence[int],
    targets: Mapping[dt.date, Iterable[TargetFigure]],
    keys: Mapping[str, int],
    forms: Mapping[str, Collection[int]],
) -> Mapping[dt.date, PeriodCounts]:
    """As of each of several days, of that day's targets.

    `keys` are those of the indicators by code, `forms` those of the forms that ask for each. Two statements however
    many days, and none where no plan has such a target.
    """
    asked = {
        day: [each for target in of_day if (each := _asked(target, keys, day)) is not None]
        for day, of_day in targets.items()
    }
    every = [each for of_day in asked.values() for each in of_day]
    if not every or not here:
        return {day: PeriodCounts() for day in asked}
    sums, filled = _sums(here, every), _filled_of(here, every, forms)
    return {
        day: PeriodCounts(_counted(of_day, sums), _visited(of_day, filled, forms))
        for day, of_day in asked.items()
    }


def _asked(target: TargetFigure, keys: Mapping[str, int], as_of: dt.date) -> _TargetPeriods | None:
    key = keys.get(target.indicator or "")
    if target.how == "office" or target.period not in PERIODS_IN_A_YEAR or key is None:
        return None
    every = periods(target.period, target.start, target.deadline)
    begun = tuple((first, min(last, as_of)) for first, last in every if first <= as_of)
    return _TargetPeriods(target, key, begun) if begun else None


def _sums(here: Sequence[int], asked: Sequence[_TargetPeriods]) -> Mapping[int, Mapping[dt.date, Tallied]]:
    """By indicator, what was counted by the end of each day at which a period ends or before which one begins."""
    ends = {(first - _DAY, last) for each in asked for first, last in each.begun}
    days = sorted({day for both in ends for day in both})
    counted = tally_sums.by_ends(here, sorted({each.key for each in asked}), days)
    found: dict[int, Mapping[dt.date, Tallied]] = {}
    for key, of_villages in counted.items():
        sums = [sum(at, Tallied()) for at in zip(*of_villages.values(), strict=True)]
        found[key] = dict(zip(days, sums, strict=True)) if sums else dict.fromkeys(days, Tallied())
    return found


def _counted(
    asked: Sequence[_TargetPeriods], sums: Mapping[int, Mapping[dt.date, Tallied]]
) -> dict[str, dict[dt.date, Tallied]]:
    return {
        each.target.id: {
            first: sums[each.key][last] - sums[each.key][first - _DAY] for first, last in each.begun
        }
        for each in asked
    }


def _filled_of(
    here: Sequence[int], asked: Sequence[_TargetPeriods], forms: Mapping[str, Collection[int]]
) -> Mapping[int, Sequence[dt.date]]:
    cuts = sorted({day for each in asked for first, last in each.begun for day in (first, last + _DAY)})
    return _filled(here, {key for each in asked for key in forms.get(each.target.indicator or "", ())}, cuts)


def _visited(
    asked: Sequence[_TargetPeriods],
    filled: Mapping[int, Sequence[dt.date]],
    forms: Mapping[str, Collection[int]],
) -> dict[str, frozenset[dt.date]]:
    """The first days of the periods in which a filled form counts that could have told something.

    Sums do not tell it: a visit that helped nobody states nothing, and one that answers as before changes nothing.
    """
    of_target = {each.target.id: forms.get(each.target.indicator or "", ()) for each in asked}
    return {
        each.target.id: frozenset(
            first
            for first, last in each.begun
            if any(first <= day <= last for key in of_target[each.target.id] for day in filled.get(key, ()))
        )
        for each in asked
    }


def _filled(
    here: Sequence[int], form_ids: Collection[int], cuts: Sequence[dt.date]
) -> dict[int, list[dt.date]]:
    """By form the days of `cuts` after which, and before the next of them, one was filled that counts."""
    part = sa.case(
        *((Submission.observed_at < clock.start_of(after), n) for n, after in enumerate(cuts[1:])),
    )
    query: sa.Select[*tuple[Any, ...]] = (
        sa.select(Submission.form_id, part.label("part"))
        .where(
            Submission.village_id.in_(here),
            Submission.form_id.in_(form_ids),
            Submission.observed_at >= clock.start_of(cuts[0]),
            Submission.observed_at < clock.start_of(cuts[-1]),
            Submission.quarantine.is_(None),
            Submission.replaced_by_id.is_(None),
            Submission.review != "rejected",
        )
        .distinct()
    )
    found: dict[int, list[dt.date]] = {}
    for row in db.session.execute(query):
        found.setdefault(row.form_id, []).append(cuts[row.part])
    return found
