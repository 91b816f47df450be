"""Counts what members did by month, from the submissions that count now."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from geo.vietnamese_order import sort_key
from server import clock
from server.db import db
from server.models import Collector, CollectorVillage, Commune, Finding, Indicator, Submission, Village
from server.pay.pay_sheet import TeamMember, WorkDone
from server.places import day_ends

_FIRST = aliased(Submission)
"""The first of a chain of edits: whoever sent that walked there, whoever corrects it later."""


def _counted(columns: Any, commune: Commune, start: dt.date, end: dt.date) -> tuple[Any, Any]:
    """Who walked, and these columns (a day and its sum), of what counts of the days from `start` to before `end`
    (UTC+7); of an edited visit the newest version. Two statements, of what was never edited and of edits: each begins
    at the commune's collectors, where one over both would read the submissions of the city.
    """
    since, until = (dt.datetime.combine(day, dt.time(), clock.LOCAL) for day in (start, end))
    theirs = sa.select(Collector.id).where(Collector.commune_id == commune.id)
    counts = (
        Submission.observed_at >= since,
        Submission.observed_at < until,
        Submission.quarantine.is_(None),
        Submission.replaced_by_id.is_(None),
        Submission.review != "rejected",
    )
    alone = sa.select(Submission.collector_id, *columns).select_from(Submission)
    edits = sa.select(_FIRST.collector_id, *columns).select_from(Submission)
    return (
        alone.where(Submission.root_id.is_(None), Submission.collector_id.in_(theirs), *counts).group_by(
            Submission.collector_id, columns[0]
        ),
        edits.join(_FIRST, _FIRST.id == Submission.root_id)
        .where(_FIRST.collector_id.in_(theirs), *counts)
        .group_by(_FIRST.collector_id, columns[0]),
    )


def by_month(commune: Commune, start: dt.date, end: dt.date) -> dict[tuple[dt.date, int], WorkDone]:
    """Work by (first day of the month, member) of the days from `start` to before `end`.

    A day counts once, whatever was sent on it; a visit is one to a household with a result; helped are the people of
    all events that count (R2).
    """
    day = day_ends.day(Submission.observed_at, db.engine.dialect.name).label("day")
    days: dict[tuple[dt.date, int], set[dt.date]] = defaultdict(set)
    visits: dict[tuple[dt.date, int], int] = defaultdict(int)
    helped: dict[tuple[dt.date, int], int] = defaultdict(int)
    walked = _counted((day, sa.func.count(Submission.result)), commune, start, end)
    for collector_id, of_day, with_result in _rows(walked):
        key = of_day.replace(day=1), collector_id
        days[key].add(of_day)
        visits[key] += with_result
    stated = _counted((day, sa.func.sum(Finding.done)), commune, start, end)
    for collector_id, of_day, done in _rows(map(_of_events, stated)):
        helped[of_day.replace(day=1), collector_id] += int(done)
    return {key: WorkDone(len(days[key]), visits[key], helped[key]) for key in days}


def _of_events(query: Any) -> Any:
    """What a statement's submissions say of people who were helped."""
    return (
        query.join(Finding, Finding.submission_id == Submission.id)
        .join(Indicator, Indicator.id == Finding.indicator_id)
        .where(Indicator.kind == "event", Indicator.self_of_id.is_(None), Finding.counts)
    )


def _rows(queries: Iterable[Any]) -> Iterator[Any]:
    for query in queries:
        yield from db.session.execute(query)


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
