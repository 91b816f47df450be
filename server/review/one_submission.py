"""One submission with all that a decision needs: what it says, its versions, who decided, the household around it."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.db import db
from server.households import household_parts
from server.intake import edited_submission
from server.models import Collector, Entity, Submission, SubmissionReview
from server.places import merged_villages
from server.published_forms.read_submission import TOO_MANY, UNREAD
from server.review import answer_words, decisions
from server.review.answer_words import Answered, AnsweredPlace, RoundTable, Told
from server.review.review_queue import QueueRow, line_of

UNKNOWN_VERSION, SEALED, TOO_LARGE, NOTHING = "unknown_version", "sealed", "too_large", "nothing"
"""Why a submission shows no answers."""


@dataclass(frozen=True)
class VersionDifference:
    """An answer that is another one in two versions; "" where it is not there."""

    question: str
    before: str
    after: str


@dataclass(frozen=True)
class VersionStep:
    """One version of a chain of edits: what it changed against the one before, and what was decided about it."""

    number: int
    id: int
    received_at: dt.datetime
    changed: tuple[VersionDifference, ...]
    decided: tuple[SubmissionReview, ...]


@dataclass(frozen=True)
class OtherVisit:
    """Another visit to the same household."""

    id: int
    observed_at: dt.datetime
    result: str | None
    collector: str | None
    state: str


@dataclass(frozen=True)
class Neighbour:
    """A household of the same lane: whether it was met, and its label where that may be shown."""

    label: str
    state: str


@dataclass(frozen=True)
class OpenedSubmission:
    """One submission with all that a decision needs."""

    line: QueueRow
    parts: tuple[Answered | RoundTable, ...]
    places: tuple[AnsweredPlace, ...]
    unread: str
    """Why there are no answers, "" where there are."""
    hidden: int
    """Answers that are personal and not shown."""
    household: str | None
    point: tuple[float, float] | None
    village_id: int | None
    is_replaced: bool
    others: tuple[OtherVisit, ...]
    neighbours: tuple[Neighbour, ...]


CHAIN = 50
"""Versions of one submission that its page names."""


def opened(row: Any, *, names: bool) -> OpenedSubmission:
    """All that a found submission says; labels and personal answers only with `names` (R24)."""
    told = answer_words.tell(row.answers or {}, row.form_version_id, names=names)
    has_point = row.latitude is not None and row.longitude is not None
    return OpenedSubmission(
        line=line_of(row, told.called if told else {}),
        parts=tuple(told.parts) if told else (),
        places=tuple(told.places) if told else (),
        unread=_unread(row, told),
        hidden=told.hidden if told else 0,
        household=row.household if names else None,
        point=(row.latitude, row.longitude) if has_point else None,
        village_id=row.village_id,
        is_replaced=row.replaced_by_id is not None,
        others=_others(row.entity_id, row.id) if row.entity_id else (),
        neighbours=_neighbours(row) if names and row.entity_id else (),
    )


_UNREAD = {edited_submission.SEALED: SEALED, UNREAD: TOO_LARGE, TOO_MANY: TOO_LARGE}
"""Why nothing of a submission was read, by why it was set aside."""


def _unread(row: Any, told: Told | None) -> str:
    if told is None:
        return UNKNOWN_VERSION
    if told.parts:
        return ""
    return _UNREAD.get(row.quarantine, NOTHING)


def said(answers: Mapping[str, Any], version_id: int | None) -> tuple[Answered, ...]:
    """Every question that a submission answered, rounds and personal ones included, for the household itself."""
    told = answer_words.tell(answers, version_id, names=True)
    return tuple(told.every) if told else ()


def chain(submission_id: int, *, names: bool) -> tuple[VersionStep, ...]:
    """Every version of a submission, oldest first, with what it changed and what was decided about it.

    One that stands alone is one step.
    """
    found = _versions(submission_id)
    told = [answer_words.tell(row.answers or {}, row.form_version_id, names=names) for row in found]
    connection = db.session.connection()
    return tuple(
        VersionStep(
            number,
            row.id,
            row.received_at,
            _differences(told[number - 2], told[number - 1]) if number > 1 else (),
            tuple(decisions.history(connection, row.id)),
        )
        for number, row in enumerate(found, 1)
    )


def _differences(before: Told | None, after: Told | None) -> tuple[VersionDifference, ...]:
    """What two versions answer otherwise, in the order of the newer, then what only the older one has."""
    was, now = ({each.key: each for each in told.every} if told else {} for told in (before, after))
    keys = [*now, *(key for key in was if key not in now)]
    changed = ((was.get(key), now.get(key)) for key in keys)
    return tuple(
        VersionDifference((new or old).question, old.answer if old else "", new.answer if new else "")  # type: ignore[union-attr]
        for old, new in changed
        if (old and old.answer) != (new and new.answer)
    )


def _versions(submission_id: int) -> Sequence[Any]:
    """A submission with all edits of it, oldest first, those that wait beside the newest too; at most CHAIN."""
    columns = (Submission.id, Submission.received_at, Submission.answers, Submission.form_version_id)
    start = sa.select(sa.func.coalesce(Submission.root_id, Submission.id)).where(
        Submission.id == submission_id
    )
    root = db.session.scalar(start)
    of_chain = sa.or_(Submission.id == root, Submission.root_id == root)
    query = sa.select(*columns).where(of_chain).order_by(Submission.id).limit(CHAIN)
    return db.session.execute(query).all()


def _others(entity_id: uuid.UUID, submission_id: int) -> tuple[OtherVisit, ...]:
    query = (
        sa.select(Submission.id, Submission.observed_at, Submission.result, Collector.name, Submission.review)
        .outerjoin(Collector, Collector.id == Submission.collector_id)
        .where(
            Submission.entity_id == entity_id,
            Submission.id != submission_id,
            Submission.replaced_by_id.is_(None),
        )
        .order_by(Submission.observed_at.desc())
        .limit(10)
    )
    return tuple(OtherVisit(*row) for row in db.session.execute(query))


def _neighbours(row: Any) -> tuple[Neighbour, ...]:
    """Up to eight households of the same lane, in the order of walking."""
    lane = household_parts.of_row("", row.household_data or {}).lane
    if not lane:
        return ()
    query = sa.select(Entity.label, Entity.data).where(
        Entity.village_id.in_(merged_villages.around(row.village_id)),
        Entity.id != row.entity_id,
        Entity.ended_at.is_(None),
    )
    rows: Any = db.session.execute(query)
    read = [(household_parts.of_row(label, data), data) for label, data in rows]
    same = sorted((each for each in read if each[0].lane == lane), key=lambda each: each[0].walking)
    return tuple(Neighbour(own.label, data.get("tinh_trang") or "chua_tham") for own, data in same[:8])
