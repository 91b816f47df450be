"""Sums of the tally by thôn, indicator and day, and when the newest submission came in: SQL and nothing else."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

import sqlalchemy as sa

from geo.target_states import Tallied
from server.db import db
from server.models import Entity, Submission, Tally, TallyDay, TallyMonth

RECENT = 1_000
"""How many of the city's newest submissions are looked through for a commune's newest."""

Sums = Mapping[int, Mapping[int, Tallied]]
"""What is tallied, by village (or commune) and indicator."""
Query = sa.Select[*tuple[Any, ...]]


def sums(village_ids: Sequence[int] | None, as_of: dt.date, events: Sequence[int]) -> Sums:
    """The sums of these thôn (None: of all) at the end of a day; `events` are the indicators that are events.

    States add up over all days, events over the calendar year (R2, R7). Folded days and unfolded rows
    are read by one statement, so that a fold in between is neither missed nor seen twice.
    """
    new_year = dt.date(as_of.year, 1, 1)

    def part(source: type[Tally] | type[TallyDay]) -> Query:
        query: Query = sa.select(source.village_id, source.indicator_id, *_totals(source))
        query = query.where(source.day <= as_of).group_by(source.village_id, source.indicator_id)
        if events:
            query = query.where(sa.or_(source.indicator_id.not_in(events), source.day >= new_year))
        return query if village_ids is None else query.where(source.village_id.in_(village_ids))

    return _gathered(db.session.execute(sa.union_all(part(TallyDay), part(Tally))).all())


def of_city(indicator_ids: Sequence[int], as_of: dt.date, events: Sequence[int]) -> Sums:
    """The sums of a few indicators in all thôn at the end of a day: whole months, and the days of the last one.

    What is read grows with thôn and months, not with visits.
    """
    month, new_year = as_of.replace(day=1), dt.date(as_of.year, 1, 1)

    def part(source: type[Tally] | type[TallyDay] | type[TallyMonth], *when: sa.ColumnElement[bool]) -> Query:
        amounts = (source.done, source.of, source.subjects)
        query: Query = sa.select(source.village_id, source.indicator_id, *amounts)
        return query.where(source.indicator_id.in_(indicator_ids), *when)

    this_year = sa.or_(TallyMonth.indicator_id.not_in(events), TallyMonth.month >= new_year)
    unfolded_this_year = sa.or_(Tally.indicator_id.not_in(events), Tally.day >= new_year)
    parts = sa.union_all(
        part(TallyMonth, TallyMonth.month < month, this_year),
        part(TallyDay, TallyDay.day >= month, TallyDay.day <= as_of),
        part(Tally, Tally.day <= as_of, unfolded_this_year),
    ).subquery("parts")
    keys = (parts.c.village_id, parts.c.indicator_id)
    return _gathered(db.session.execute(sa.select(*keys, *_totals(parts.c)).group_by(*keys)).all())


def _gathered(rows: Iterable[Any]) -> Sums:
    found: dict[int, dict[int, Tallied]] = {}
    for row in rows:
        of_village = found.setdefault(row.village_id, {})
        had = of_village.get(row.indicator_id)
        of_village[row.indicator_id] = had + _tallied(row) if had else _tallied(row)
    return found


def moved(found: Sums, homes: Mapping[int, int]) -> Sums:
    """The sums under other keys, added up where several share one."""
    other: dict[int, dict[int, Tallied]] = {}
    for key, row in found.items():
        target = other.setdefault(homes[key], {})
        for indicator_id, tallied in row.items():
            had = target.get(indicator_id)
            target[indicator_id] = had + tallied if had else tallied
    return other


def at_ends(
    village_ids: Sequence[int], indicator_id: int, ends: Sequence[dt.date]
) -> dict[int, tuple[Tallied, ...]]:
    """One indicator's sums in each thôn at the end of each of these days, in order; added up by the database."""
    nothing = (Tallied(),) * len(ends)
    return dict.fromkeys(village_ids, nothing) | by_ends(village_ids, [indicator_id], ends)[indicator_id]


def by_ends(
    village_ids: Sequence[int], indicator_ids: Sequence[int], ends: Sequence[dt.date]
) -> dict[int, dict[int, tuple[Tallied, ...]]]:
    """The same of several indicators in one statement: by indicator, by thôn that has some."""

    def part(source: type[Tally] | type[TallyDay]) -> Query:
        key = (source.village_id, source.indicator_id)
        rows = sa.select(*key, source.day, source.done, source.of, source.subjects)
        here = source.village_id.in_(village_ids)
        return rows.where(here, source.indicator_id.in_(indicator_ids), source.day <= ends[-1])

    changes = sa.union_all(part(TallyDay), part(Tally)).subquery("changes")
    week = sa.case(*((changes.c.day <= end, n) for n, end in enumerate(ends)))
    by_week = sa.select(changes, week.label("week")).subquery("by_week")
    keys = (by_week.c.indicator_id, by_week.c.village_id, by_week.c.week)
    gained: dict[int, dict[int, list[Tallied]]] = {key: {} for key in indicator_ids}
    for row in db.session.execute(sa.select(*keys, *_totals(by_week.c)).group_by(*keys)).all():
        gained[row.indicator_id].setdefault(row.village_id, [Tallied()] * len(ends))[row.week] = _tallied(row)
    return {
        indicator: {village: tuple(accumulate(row)) for village, row in of_indicator.items()}
        for indicator, of_indicator in gained.items()
    }


def _totals(source: Any) -> tuple[sa.Label[Any], ...]:
    return tuple(
        sa.func.sum(getattr(source, name)).label(f"all_{name}") for name in ("done", "of", "subjects")
    )


def _tallied(row: sa.Row[*tuple[Any, ...]]) -> Tallied:
    return Tallied(int(row.all_done), int(row.all_of), int(row.all_subjects))


def received_until(village_ids: Sequence[int]) -> dt.datetime | None:
    """When the newest submission of these thôn came in.

    It is nearly always among the city's newest, which are read by key; thôn that have been quiet are looked up
    by their own households instead, so that neither grows with the city.
    """
    if not village_ids:
        return None
    newest = sa.select(Submission.id, Submission.village_id).order_by(Submission.id.desc()).limit(RECENT)
    recent = newest.subquery().c
    among_recent = sa.select(sa.func.max(recent.id)).where(recent.village_id.in_(village_ids))
    of_households = (
        sa.select(sa.func.max(Submission.id))
        .join(Entity, Entity.id == Submission.entity_id)
        .where(Entity.village_id.in_(village_ids))
    )
    found = sa.func.coalesce(among_recent.scalar_subquery(), of_households.scalar_subquery())
    return db.session.scalar(sa.select(Submission.received_at).where(Submission.id == found))
