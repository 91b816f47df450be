"""Sums of the tally by thôn, indicator and day, and when the newest submission came in: SQL and nothing else."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from geo.targets import Tallied
from server.db import db
from server.models import Entity, Submission, Tally, TallyDay, Village

RECENT = 1_000
"""How many of the city's newest submissions are looked through for a commune's newest."""

Sums = Mapping[int, Mapping[int, Tallied]]
"""What is tallied, by village (or commune) and indicator."""
Query = sa.Select[*tuple[Any, ...]]


def sums(village_ids: Sequence[int] | None, as_of: dt.date, events: Sequence[int]) -> Sums:
    """The sums of these thôn (None: of all) at the end of a day; `events` are the indicators that are events.

    States add up over all days, events over the calendar year (DESIGN 6.2, 6.7). Folded days and unfolded rows
    are read by one statement, so that a fold in between is neither missed nor seen twice.
    """
    new_year = dt.date(as_of.year, 1, 1)

    def part(source: type[Tally] | type[TallyDay]) -> Query:
        query: Query = sa.select(source.village_id, source.indicator_id, *_totals(source))
        query = query.where(source.day <= as_of).group_by(source.village_id, source.indicator_id)
        if events:
            query = query.where(sa.or_(source.indicator_id.not_in(events), source.day >= new_year))
        return query if village_ids is None else query.where(source.village_id.in_(village_ids))

    found: dict[int, dict[int, Tallied]] = {}
    for row in db.session.execute(sa.union_all(part(TallyDay), part(Tally))):
        of_village = found.setdefault(row.village_id, {})
        of_village[row.indicator_id] = of_village.get(row.indicator_id, Tallied()) + _tallied(row)
    return found


def moved(found: Sums, homes: Mapping[int, int]) -> Sums:
    """The sums under other keys, added up where several share one."""
    other: dict[int, dict[int, Tallied]] = {}
    for key, row in found.items():
        target = other.setdefault(homes[key], {})
        for indicator_id, tallied in row.items():
            target[indicator_id] = target.get(indicator_id, Tallied()) + tallied
    return other


def days(commune_id: int, indicator_id: int, until: dt.date) -> tuple[tuple[dt.date, Tallied], ...]:
    """What one indicator's sums over a commune changed by on each day, in order."""
    villages = sa.select(Village.id).where(Village.commune_id == commune_id)

    def part(source: type[Tally] | type[TallyDay]) -> Query:
        query: Query = sa.select(source.day, *_totals(source)).group_by(source.day)
        here = source.village_id.in_(villages)
        return query.where(here, source.indicator_id == indicator_id, source.day <= until)

    found: dict[dt.date, Tallied] = {}
    for row in db.session.execute(sa.union_all(part(TallyDay), part(Tally))):
        found[row.day] = found.get(row.day, Tallied()) + _tallied(row)
    return tuple(sorted(found.items()))


def _totals(source: type[Tally] | type[TallyDay]) -> tuple[sa.Label[Any], ...]:
    return tuple(
        sa.func.sum(column).label(f"all_{name}")
        for name, column in (("done", source.done), ("of", source.of), ("subjects", source.subjects))
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
