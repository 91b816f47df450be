"""What happened to a household: each change with who made it and what it changed, each decision about its visits."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.db import db
from server.households.act_rows import KINDS
from server.households.property_words import UNSAID, PropertyWords
from server.models import Collector, Submission, SubmissionReview

NAME = "Tên"


@dataclass(frozen=True)
class ChangedProperty:
    """A property with what it was and what it became, in words."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class HouseholdStep:
    """One version of a household: who made it by what, and what changed."""

    version: int
    at: dt.datetime
    who: str
    submission_id: int | None
    changed: tuple[ChangedProperty, ...]
    conflict: str | None
    settled_by: str | None


@dataclass(frozen=True)
class VisitDecision:
    """What a person decided about a visit to the household, and why."""

    submission_id: int
    at: dt.datetime
    name: str
    before: str
    after: str
    comment: str | None


def steps(versions: Sequence[Any], acts: Sequence[Any], words: PropertyWords) -> list[HouseholdStep]:
    """The versions of a household, the newest first as given, each against the one before it."""
    senders = _senders([each.submission_id for each in versions if each.submission_id is not None])
    deeds = {act.id: f"{act.name}: {KINDS[act.kind]}" for act in acts}
    earlier = [*versions[1:], None]
    return [
        HouseholdStep(
            version.version,
            version.created_at,
            _who(version, senders, deeds),
            version.submission_id,
            _changed(before, version, words),
            version.conflict,
            version.settled_by,
        )
        for version, before in zip(
            versions, earlier, strict=False
        )  # None stands before the first of none, too
    ]


def _who(version: Any, senders: Mapping[int, str], deeds: Mapping[int, str]) -> str:
    if version.submission_id is not None:
        return senders.get(version.submission_id, "không rõ người đi")
    if version.act_id is not None:
        return deeds.get(version.act_id, "cán bộ")
    return "cán bộ hoặc danh sách" if version.received else "máy chủ tính lại"


def _changed(before: Any, after: Any, words: PropertyWords) -> tuple[ChangedProperty, ...]:
    """What a version says otherwise than the one before it; all that it says where it is the first."""
    was, now = (before.data if before is not None else {}), after.data
    names = dict.fromkeys([*was, *now])
    found = [
        ChangedProperty(words.name(name), words.value(name, was.get(name)), words.value(name, now.get(name)))
        for name in names
        if name not in UNSAID and (was.get(name) or "") != (now.get(name) or "")
    ]
    if before is not None and before.label != after.label:
        found.insert(0, ChangedProperty(NAME, before.label, after.label))
    return tuple(found)


def _senders(submissions: Sequence[int]) -> dict[int, str]:
    query = (
        sa.select(Submission.id, Collector.name)
        .join(Collector, Collector.id == Submission.collector_id)
        .where(Submission.id.in_(submissions))
    )
    return {row.id: row.name for row in db.session.execute(query)}


def decisions(entity_id: uuid.UUID) -> list[VisitDecision]:
    """What was decided about the visits to a household, the newest first."""
    query = (
        sa.select(
            SubmissionReview.submission_id, SubmissionReview.at, SubmissionReview.name,
            SubmissionReview.before, SubmissionReview.after, SubmissionReview.comment,
        )
        .join(Submission, Submission.id == SubmissionReview.submission_id)
        .where(Submission.entity_id == entity_id)
        .order_by(SubmissionReview.id.desc())
    )  # fmt: skip
    return [VisitDecision(*row) for row in db.session.execute(query)]
