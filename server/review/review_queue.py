"""The queue of submissions that a person looks at."""

import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import sqlalchemy as sa

from server import clock
from server.db import db, in_vietnamese_order
from server.errors import Problem
from server.households.entity_changes import HOUSEHOLDS
from server.intake import floods
from server.models import (
    Collector,
    Commune,
    Entity,
    EntityList,
    Form,
    Poster,
    Submission,
    SubmissionReview,
    Village,
)
from server.places import merged_villages
from server.posters import poster_names
from server.review import submission_states, waiting_reasons
from server.review.review_problems import ReviewProblem
from server.review.waiting_reasons import Reason

PAGE = 50
WAITING = "cho_soat"
"""What waits for a person: with a flag, set aside or incomplete, and not decided on yet."""
EVERY = "tat_ca"
_Rows = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class QueueFilter:
    """What the queue is asked for; None does not narrow it."""

    state: str = WAITING
    flag: str | None = None
    village_id: int | None = None
    collector_id: int | None = None
    """Who sent it, as `poster_names.SENDER_KEY` has it: below zero it is a poster."""
    form_id: int | None = None
    quarantined: bool = False
    flood: bool = False
    """Only what was set aside as part of a flood."""
    before: int | None = None
    number: int | None = None
    """Of one submission."""
    day: dt.date | None = None
    """On which the visit was, in UTC+7."""
    those: tuple[int, ...] | None = None
    """These alone: what waits for somebody (first_look)."""
    households: tuple[uuid.UUID, ...] | None = None
    """About one of these."""


@dataclass(frozen=True)
class QueueRow:
    """A submission in the queue, without anything that was answered."""

    id: int
    form: str
    village: str | None
    collector: str | None
    received_at: dt.datetime
    observed_at: dt.datetime
    state: str
    reasons: tuple[Reason, ...]
    entity_id: uuid.UUID | None = None
    household: str | None = None
    """Its label: personal, for readers of records who asked for it."""
    decided: str | None = None
    """The newest decision about it, or about an earlier version of it."""
    comment: str | None = None
    is_aside: bool = False
    """It counts nowhere until a person decides."""


@dataclass(frozen=True)
class Queue:
    """Some of those asked for, the newest first; `before` is where the next page begins, None at the end."""

    lines: tuple[QueueRow, ...]
    before: int | None


def _of_newest_decision(column: Any) -> Any:
    """What was last decided in the chain of edits that a submission belongs to."""
    root, version = sa.func.coalesce(Submission.root_id, Submission.id), sa.orm.aliased(Submission)
    chain = sa.select(version.id).where(sa.or_(version.id == root, version.root_id == root))
    newest = sa.select(column).where(SubmissionReview.submission_id.in_(chain.correlate(Submission)))
    return newest.order_by(SubmissionReview.id.desc()).limit(1).correlate(Submission).scalar_subquery()


_COLUMNS = (
    Submission.id,
    Form.title.label("form"),
    Village.name.label("village"),
    poster_names.SENDER.label("collector"),
    Submission.received_at,
    Submission.observed_at,
    Submission.review,
    Submission.quarantine,
    Submission.flags,
    Submission.missing_files,
    Submission.entity_id,
    sa.select(Entity.label)
    .join(EntityList, EntityList.id == Entity.list_id)
    .where(Entity.id == Submission.entity_id, EntityList.name == HOUSEHOLDS)
    .scalar_subquery()
    .label("label"),
    _of_newest_decision(SubmissionReview.after).label("decided"),
    _of_newest_decision(SubmissionReview.comment).label("comment"),
)
_FROM: _Rows = (
    sa.select(*_COLUMNS)
    .join(Form, Form.id == Submission.form_id)
    .outerjoin(Collector, Collector.id == Submission.collector_id)
    .outerjoin(Poster, Poster.id == Submission.poster_id)
    .outerjoin(Village, Village.id == Submission.village_id)
)


def queue(commune: Commune, wanted: QueueFilter) -> Queue:
    """A page of the queue of a commune: what its collectors sent. One statement."""
    query = _FROM.where(Submission.id.in_(_found(commune, wanted, PAGE + 1, newest=True)))
    rows = db.session.execute(query.order_by(Submission.id.desc())).all()
    lines = tuple(line_of(row) for row in rows[:PAGE])
    return Queue(lines, lines[-1].id if len(rows) > PAGE else None)


MOST_AT_ONCE = 2_000
"""Submissions that one act may decide on: what one phone can flood a commune with in a day."""


def chosen(commune: Commune, wanted: QueueFilter) -> list[tuple[int, str]]:
    """All that a filter shows, on every page of it, each with its state; at most MOST_AT_ONCE."""
    query = sa.select(Submission.id, Submission.review)
    query = query.where(Submission.id.in_(_found(commune, wanted, MOST_AT_ONCE, newest=False)))
    rows = db.session.execute(query.order_by(Submission.id))
    return [(row.id, row.review) for row in rows]


def _found(commune: Commune, wanted: QueueFilter, limit: int, *, newest: bool) -> sa.Select[Any]:
    """Keys of what a filter shows of a commune: the `limit` newest, or the oldest.

    PostgreSQL is told to ask for those of each collector: by itself it may walk through the visits of the whole city
    until it has met so many of this commune, which is all of them where the commune has been quiet for long.
    """

    def some(query: sa.Select[Any], key: Any) -> sa.Select[Any]:
        return query.order_by(key.desc() if newest else key).limit(limit)

    those = sa.select(Submission.id).where(Submission.replaced_by_id.is_(None), *_filters(wanted))
    if db.engine.dialect.name == "sqlite":
        return some(those.where(_sent_in(commune)), Submission.id).correlate(None)
    parts = []
    for table, key in ((Collector, Submission.collector_id), (Poster, Submission.poster_id)):
        each = some(those.where(key == table.id), Submission.id).correlate(table).lateral()
        parts.append(
            sa.select(each.c.id)
            .select_from(table)
            .join(each, sa.true())
            .where(table.commune_id == commune.id)
        )
    found = sa.union_all(*parts).subquery()
    return some(sa.select(found.c.id), found.c.id).correlate(None)


def _sent_in(commune: Commune) -> sa.ColumnElement[bool]:
    """What this commune's collectors sent, or what was answered by its posters."""
    return sa.or_(
        Submission.collector_id.in_(sa.select(Collector.id).where(Collector.commune_id == commune.id)),
        Submission.poster_id.in_(sa.select(Poster.id).where(Poster.commune_id == commune.id)),
    )


def within(commune: Commune, ticked: Iterable[tuple[int, str]]) -> list[tuple[int, str]]:
    """Those of these that this commune's collectors or posters sent."""
    given = dict(ticked)
    own = sa.select(Submission.id).where(Submission.id.in_(given), _sent_in(commune))
    return [(number, given[number]) for number in sorted(db.session.scalars(own))]


def _filters(wanted: QueueFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if wanted.state == WAITING:
        found.append(waiting_reasons.IS_OPEN)
    elif wanted.state != EVERY:
        found.append(Submission.review == wanted.state)
    if wanted.flag is not None:
        found.append(sa.cast(Submission.flags, sa.String).contains(f'"{wanted.flag}"', autoescape=True))
    if wanted.quarantined:
        found.append(waiting_reasons.IS_QUARANTINED)
    if wanted.flood:
        found.append(Submission.quarantine == floods.FLOOD)
    if wanted.before is not None:
        found.append(Submission.id < wanted.before)
    if wanted.village_id is not None:
        found.append(Submission.village_id.in_(merged_villages.of(wanted.village_id)))
    if wanted.day is not None:
        begins, ends = clock.start_of(wanted.day), clock.end_of(wanted.day)
        found += [Submission.observed_at >= begins, Submission.observed_at < ends]
    within = ((Submission.entity_id, wanted.households), (Submission.id, wanted.those))
    found += [column.in_(values) for column, values in within if values is not None]
    sender = wanted.collector_id
    equal = (
        (Submission.id, wanted.number),
        (poster_names.column_of(sender or 0), None if sender is None else abs(sender)),
        (Submission.form_id, wanted.form_id),
    )
    return [*found, *(column == value for column, value in equal if value is not None)]


def line_of(row: Any, called: Mapping[str, str] = MappingProxyType({})) -> QueueRow:
    """A row of the queue; `called` are the form's questions by path, where its words are at hand."""
    reasons = waiting_reasons.reasons(row.quarantine, row.flags or (), len(row.missing_files or ()), called)
    if row.review == submission_states.HAS_ISSUES:
        reasons = (waiting_reasons.reason(submission_states.HAS_ISSUES), *reasons)
    return QueueRow(
        row.id, row.form, row.village, row.collector, row.received_at, row.observed_at, row.review, reasons,
        row.entity_id, row.label, row.decided, row.comment, row.quarantine is not None,
    )  # fmt: skip


def find(commune: Commune, submission_id: int) -> Any:
    """The row of a submission that this commune's collectors sent; Problem SUBMISSION_UNKNOWN for any other."""
    more = (
        Submission.replaced_by_id,
        Submission.entity_id,
        Submission.form_version_id,
        Submission.answers,
        Submission.latitude,
        Submission.longitude,
        Submission.village_id,
        Form.form_id.label("form_code"),
        Entity.label.label("household"),
        Entity.data.label("household_data"),
    )
    query = _FROM.add_columns(*more).outerjoin(Entity, Entity.id == Submission.entity_id)
    row = db.session.execute(query.where(Submission.id == submission_id, _sent_in(commune))).one_or_none()
    if row is None:
        raise Problem(ReviewProblem.SUBMISSION_UNKNOWN)
    return row


def lines(numbers: Iterable[int]) -> dict[int, QueueRow]:
    """Rows of these submissions, by their numbers."""
    rows = db.session.execute(_FROM.where(Submission.id.in_(list(numbers))))
    return {row.id: line_of(row) for row in rows}


def states() -> Mapping[str, str]:
    """What the queue may be asked for, by code."""
    return {WAITING: "chờ soát", **submission_states.WORDS, EVERY: "tất cả"}


def choices(commune: Commune) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    """The thôn, the senders (collectors, then posters) and the forms by which the queue may be narrowed."""
    valid = (Village.commune_id == commune.id, Village.valid_to.is_(None))
    # names repeat within a merged commune: the code tells them apart
    named = Village.name.concat(" (").concat(Village.code).concat(")")
    villages = db.session.execute(
        sa.select(Village.id, named).where(*valid).order_by(in_vietnamese_order(Village.name), Village.code)
    )
    senders = sa.select(Collector.id, Collector.name).where(Collector.commune_id == commune.id)
    own = sa.or_(Form.commune_id.is_(None), Form.commune_id == commune.id)
    forms = sa.select(Form.id, Form.title).where(own).order_by(in_vietnamese_order(Form.title))
    return (
        villages.all(),
        [
            *db.session.execute(senders.order_by(in_vietnamese_order(Collector.name))),
            *poster_names.senders(commune.id),
        ],
        db.session.execute(forms).all(),
    )
