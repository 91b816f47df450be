"""Two levels of review: what waits for the leader of a thôn's team first, and what for the commune's office (R37)."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import sqlalchemy as sa

from server import clock
from server.db import db
from server.errors import Problem
from server.households import door_remarks
from server.households.door_remarks import Remark
from server.models import Commune, Person, ReviewRule, Role, Submission, SubmissionReview, Village
from server.places import merged_villages
from server.review import review_queue, waiting_reasons
from server.review.review_problems import ReviewProblem
from server.review.review_queue import QueueRow

MOST = 200
"""Submissions that a leader's page lists: the oldest first."""
LEADER_DAYS = (3, 5, 7, 14)
"""After how many days a submission that no leader has looked at goes on by itself."""


class WaitsFor(StrEnum):
    """Who has to do something about a submission that waits."""

    LEADER = "leader"
    HOUSEHOLD = "household"
    """It was asked about again: a collector is to go there, or to correct it."""
    OFFICE = "office"


WORDS: Mapping[WaitsFor, str] = {
    WaitsFor.LEADER: "chờ tổ trưởng",
    WaitsFor.HOUSEHOLD: "chờ người đi hỏi lại",
    WaitsFor.OFFICE: "chờ cán bộ",
}


@dataclass(frozen=True)
class FirstLookRule:
    """Whether leaders look first in a commune, and for how many days."""

    leaders_first: bool
    days: int


def rule(commune: Commune) -> FirstLookRule:
    """As the office has set it; without a setting everything waits for the office."""
    found = db.session.get(ReviewRule, commune.id)
    return FirstLookRule(found.leaders_first, found.leader_days) if found else FirstLookRule(False, 7)


def set_rule(commune: Commune, wanted: FirstLookRule) -> None:
    """From now on; the caller commits."""
    found = db.session.get(ReviewRule, commune.id) or ReviewRule(commune_id=commune.id)
    found.leaders_first, found.leader_days = wanted.leaders_first, wanted.days
    db.session.add(found)


def led(commune: Commune) -> frozenset[int]:
    """The thôn of a commune, their parts among them, whose team has a leader who can sign in."""
    query = (
        sa.select(Village.id)
        .join(Person.villages)
        .join(Person.roles)
        .where(Village.commune_id == commune.id, Role.name == "team_leader", Person.active)
    )
    return frozenset(merged_villages.homes(set(db.session.scalars(query))))


@dataclass(frozen=True)
class Waited:
    """A submission that waits: for whom, since when, and where it is."""

    id: int
    village_id: int | None
    waits_for: WaitsFor
    since: dt.datetime
    is_answered: bool
    """It was asked about again, and somebody has been there since."""


def waiting(commune: Commune, villages: Collection[int] | None = None) -> list[Waited]:
    """All that waits in a commune, or in these thôn of it, the oldest first."""
    known, leaders = rule(commune), led(commune)
    query = sa.select(
        Submission.id, Submission.village_id, Submission.entity_id, Submission.quarantine, Submission.received_at,
        _of_history(SubmissionReview.sends_on).label("sent_on"), _of_history().label("decided"),
    ).where(waiting_reasons.OPEN, *waiting_reasons.of_commune(commune))  # fmt: skip
    if villages is not None:
        query = query.where(Submission.village_id.in_(list(villages)))
    rows = db.session.execute(query.order_by(Submission.id)).all()
    asked = door_remarks.about(
        db.session.connection(), {row.id: row.entity_id for row in rows if row.entity_id is not None}
    )
    return [_waited(row, known, leaders, asked.get(row.id)) for row in rows]


def _of_history(*wanted: sa.ColumnElement[bool] | Any) -> Any:
    """When something of this kind was last decided about a submission."""
    found = sa.select(sa.func.max(SubmissionReview.at)).where(
        SubmissionReview.submission_id == Submission.id, *wanted
    )
    return found.correlate(Submission).scalar_subquery()


def _waited(row: Any, known: FirstLookRule, leaders: Collection[int], asked: Remark | None) -> Waited:
    if asked is not None and asked.answered_by is None:
        return Waited(row.id, row.village_id, WaitsFor.HOUSEHOLD, asked.at, is_answered=False)
    since = max(each for each in (row.received_at, row.sent_on, row.decided) if each is not None)
    is_answered = asked is not None
    is_old = since < clock.now() - dt.timedelta(days=known.days) and not is_answered
    is_first = known.leaders_first and row.village_id in leaders and row.quarantine is None
    goes = WaitsFor.LEADER if is_first and row.sent_on is None and not is_old else WaitsFor.OFFICE
    return Waited(row.id, row.village_id, goes, since, is_answered)


def lines(found: Sequence[Waited]) -> list[QueueRow]:
    """The first MOST of these as the queue tells them, in their order."""
    rows = review_queue.lines(each.id for each in found[:MOST])
    return [rows[each.id] for each in found[:MOST] if each.id in rows]


def take(commune: Commune, villages: Collection[int], submission_id: int) -> Any:
    """The row of a submission that waits for the leader of one of these thôn, or for its household.

    Problem SUBMISSION_UNKNOWN where it is another thôn's, NOT_THE_LEADERS where the office has it.
    """
    row = review_queue.find(commune, submission_id)
    if row.village_id not in villages:
        raise Problem(ReviewProblem.SUBMISSION_UNKNOWN)
    mine = next((each for each in waiting(commune, [row.village_id]) if each.id == submission_id), None)
    if mine is None or mine.waits_for is WaitsFor.OFFICE:
        raise Problem(ReviewProblem.NOT_THE_LEADERS)
    return row
