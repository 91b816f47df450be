"""How long submissions wait, by whom they wait for, and how long decisions took (R37)."""

import datetime as dt
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from server import clock
from server.db import db
from server.models import Collector, Commune, Submission, SubmissionReview, Village
from server.places import communes, merged_villages
from server.review.first_look import Waited, WaitsFor

LATE_DAYS = 7
SHOWN = dt.timedelta(days=91)


@dataclass(frozen=True)
class WaitingTime:
    """How many wait, how long half of them have, and the oldest, in days."""

    number: int
    median: float
    longest: float
    late: int
    """Longer than LATE_DAYS."""


@dataclass(frozen=True)
class VillageWaiting:
    """A thôn whose leader has something to look at."""

    village: Village
    time: WaitingTime


def of(waited: Iterable[Waited]) -> WaitingTime | None:
    """None where nothing waits."""
    now = clock.now()
    days = sorted((now - each.since) / dt.timedelta(days=1) for each in waited)
    if not days:
        return None
    late = sum(each > LATE_DAYS for each in days)
    return WaitingTime(len(days), statistics.median(days), days[-1], late)


def by_whom(waiting: Sequence[Waited]) -> dict[WaitsFor, WaitingTime | None]:
    """What waits for whom, in the order in which it passes through their hands."""
    return {who: of(each for each in waiting if each.waits_for is who) for who in WaitsFor}


def by_village(commune: Commune, waiting: Sequence[Waited]) -> list[VillageWaiting]:
    """What waits for leaders, by thôn of today in the order of codes: whom to call, and no order of merit."""
    villages = communes.villages_by_code(commune)
    homes = merged_villages.homes(village.id for village in villages)
    first = [each for each in waiting if each.waits_for is WaitsFor.LEADER]
    found = [
        (village, of(each for each in first if homes.get(each.village_id or 0) == village.id))
        for village in villages
    ]
    return [VillageWaiting(village, time) for village, time in found if time is not None]


def decided(commune: Commune) -> dict[str, WaitingTime]:
    """How long the first decisions on what teams sent in the last quarter took, by what was decided."""
    earlier = aliased(SubmissionReview)
    is_first = ~sa.exists().where(
        earlier.submission_id == SubmissionReview.submission_id,
        earlier.id < SubmissionReview.id,
        earlier.before != earlier.after,
    )
    query = (
        sa.select(SubmissionReview.after, SubmissionReview.at, Submission.received_at)
        .join(Submission, Submission.id == SubmissionReview.submission_id)
        .where(
            Submission.collector_id.in_(sa.select(Collector.id).where(Collector.commune_id == commune.id)),
            Submission.received_at >= clock.now() - SHOWN,
            SubmissionReview.before != SubmissionReview.after,
            is_first,
        )
    )
    took: dict[str, list[float]] = {}
    for row in db.session.execute(query):
        took.setdefault(row.after, []).append(max(0.0, (row.at - row.received_at) / dt.timedelta(days=1)))
    return {
        state: WaitingTime(
            len(days), statistics.median(days), max(days), sum(each > LATE_DAYS for each in days)
        )
        for state, days in took.items()
    }


def words(days: float) -> str:
    """`3 giờ`, `2 ngày`: whole, never nothing."""
    return f"{max(1, round(24 * days))} giờ" if days < 2 else f"{round(days)} ngày"
