"""Counts what members did by month, from the submissions that count now."""

import datetime as dt
from collections import defaultdict
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from geo.vietnamese_order import sort_key
from server import clock
from server.db import db, is_among
from server.models import Collector, CollectorVillage, Commune, Finding, Indicator, Submission, Village
from server.pay.pay_sheet import TeamMember, WorkDone
from server.places import day_ends

Query = sa.Select[*tuple[Any, ...]]

_FIRST = aliased(Submission)
"""The first of a chain of edits: its sender walked there, no matter who corrects it later."""


def by_month(commune: Commune, start: dt.date, end: dt.date) -> dict[tuple[dt.date, int], WorkDone]:
    """Work by (first day of the month, member) of the days from `start` to before `end`.

    A day counts once, whatever was sent on it; a visit is one to a household with a result; helped are the people of
    all events that count (R2).
    """
    found: dict[tuple[dt.date, int], WorkDone] = defaultdict(WorkDone)
    days: dict[tuple[dt.date, int], set[dt.date]] = defaultdict(set)
    for query in _by_day(commune, start, end):
        for row in db.session.execute(query):
            key = row.day.replace(day=1), row.collector_id
            found[key] += WorkDone(row.day not in days[key], row.visits, int(row.helped))
            days[key].add(row.day)
    return found


def _by_day(commune: Commune, start: dt.date, end: dt.date) -> tuple[Query, Query]:
    """Visits and people helped, by member and day, of what counts from `start` to before `end` (UTC+7); of an
    edited visit the newest version. Two statements, of what was never edited and of edits: each begins at the
    commune's collectors, where one over both would read the submissions of the city.
    """
    since, until = clock.start_of(start), clock.start_of(end)
    dialect = db.engine.dialect.name
    theirs = db.session.scalars(sa.select(Collector.id).where(Collector.commune_id == commune.id)).all()
    counts = (
        Submission.observed_at >= since,
        Submission.observed_at < until,
        Submission.quarantine.is_(None),
        Submission.replaced_by_id.is_(None),
        Submission.review != "rejected",
    )
    events = db.session.scalars(
        sa.select(Indicator.id).where(Indicator.kind == "event", Indicator.self_of_id.is_(None))
    ).all()
    stated = sa.select(sa.func.sum(Finding.done)).where(
        Finding.submission_id == Submission.id, Finding.indicator_id.in_(events), Finding.counts
    )
    helped = sa.func.coalesce(sa.func.sum(stated.correlate(Submission).scalar_subquery()), 0)
    day = day_ends.day(Submission.observed_at, dialect).label("day")
    columns = (day, sa.func.count(Submission.result).label("visits"), helped.label("helped"))
    alone = sa.select(Submission.collector_id, *columns)
    edits = sa.select(_FIRST.collector_id, *columns).join_from(
        Submission, _FIRST, _FIRST.id == Submission.root_id
    )
    return (
        alone.where(
            Submission.root_id.is_(None), is_among(Submission.collector_id, theirs, dialect), *counts
        ).group_by(Submission.collector_id, day),
        edits.where(is_among(_FIRST.collector_id, theirs, dialect), *counts).group_by(
            _FIRST.collector_id, day
        ),
    )


def members(commune: Commune) -> list[TeamMember]:
    """All who are or were members of the commune's teams, by name, each with their thôn of now."""
    query = (
        sa.select(CollectorVillage.collector_id, Village.name)
        .join(Village, Village.id == CollectorVillage.village_id)
        .join(Collector, Collector.id == CollectorVillage.collector_id)
        .where(Collector.commune_id == commune.id, CollectorVillage.until.is_(None))
    )
    walked: dict[int, list[str]] = defaultdict(list)
    for collector_id, name in db.session.execute(query):
        walked[collector_id].append(name)
    people = db.session.execute(
        sa.select(Collector.id, Collector.name).where(Collector.commune_id == commune.id)
    )
    return [
        TeamMember(row.id, row.name, ", ".join(sorted(walked[row.id], key=sort_key)))
        for row in sorted(people, key=lambda row: (sort_key(row.name), row.id))
    ]
