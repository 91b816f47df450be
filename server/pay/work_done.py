"""Counts what members did by month, from the submissions that count now."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from geo.vietnamese_order import sort_key
from server import clock
from server.db import db
from server.models import Collector, CollectorVillage, Commune, Finding, Indicator, Submission, Village
from server.pay.pay_sheet import TeamMember, WorkDone

_FIRST = aliased(Submission)
"""The first of a chain of edits: whoever sent that walked there, whoever corrects it later."""


def _counted(columns: Any, commune: Commune, start: dt.date, end: dt.date) -> Any:
    """What counts of the days from `start` to before `end` (UTC+7); of an edited visit the newest version."""
    since, until = (dt.datetime.combine(day, dt.time(), clock.LOCAL) for day in (start, end))
    return (
        sa.select(*columns)
        .select_from(Submission)
        .join(_FIRST, _FIRST.id == sa.func.coalesce(Submission.root_id, Submission.id))
        .join(Collector, Collector.id == _FIRST.collector_id)
        .where(
            Collector.commune_id == commune.id,
            Submission.observed_at >= since,
            Submission.observed_at < until,
            Submission.quarantine.is_(None),
            Submission.replaced_by_id.is_(None),
            Submission.review != "rejected",
        )
    )


def by_month(commune: Commune, start: dt.date, end: dt.date) -> dict[tuple[dt.date, int], WorkDone]:
    """Work by (first day of the month, member) of the days from `start` to before `end`.

    A day counts once, whatever was sent on it; a visit is one to a household with a result; helped are the people of
    all events that count (R2).
    """
    days: dict[tuple[dt.date, int], set[dt.date]] = defaultdict(set)
    visits: dict[tuple[dt.date, int], int] = defaultdict(int)
    helped: dict[tuple[dt.date, int], int] = defaultdict(int)
    columns = (_FIRST.collector_id, Submission.observed_at, Submission.result)
    for collector_id, observed_at, result in _rows(_counted(columns, commune, start, end)):
        day = clock.day_of(observed_at)
        days[day.replace(day=1), collector_id].add(day)
        visits[day.replace(day=1), collector_id] += result is not None
    events: Any = (
        _counted((_FIRST.collector_id, Submission.observed_at, Finding.done), commune, start, end)
        .join(Finding, Finding.submission_id == Submission.id)
        .join(Indicator, Indicator.id == Finding.indicator_id)
        .where(Indicator.kind == "event", Indicator.self_of_id.is_(None), Finding.counts)
    )
    for collector_id, observed_at, done in _rows(events):
        helped[clock.day_of(observed_at).replace(day=1), collector_id] += done
    return {key: WorkDone(len(days[key]), visits[key], helped[key]) for key in days}


def _rows(query: Any) -> Sequence[Any]:
    return db.session.execute(query).all()


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
