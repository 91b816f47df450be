"""What changed since a reader last asked, as they may see it: submissions as they are now, and days that are over."""

import datetime as dt
import hashlib
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from geo.hidden_cells import allowed_day
from server import clock
from server.answers.feed_problems import FeedProblem
from server.answers.who_may_read import AnswersReader
from server.counting.noted_changes import COVERAGE, DELETED
from server.db import db, reading_engine
from server.errors import Problem
from server.exports import form_columns, select_submissions
from server.models import Change, Commune, FeedStart, Form, Submission, Village
from server.review import submission_states

WAITS, EVERY = 2.0, 0.05
"""Seconds that a reader waits for the disk of PostgreSQL, and between two questions."""
GONE = "gone"
"""What a change is told as after which the reader may no longer see the submission."""
_FOLLOWS = sa.text("SELECT pg_is_in_recovery()")
_WRITTEN = sa.text("SELECT pg_current_wal_insert_lsn()")
_IS_ON_DISK = sa.text("SELECT pg_is_in_recovery() OR pg_current_wal_flush_lsn() >= CAST(:written AS pg_lsn)")


@dataclass(frozen=True)
class FeedScope:
    """What a reader is told: submissions of an area, and of which communes the days (None: of all)."""

    of: AnswersReader
    communes: frozenset[int] | None
    all_days: bool
    """Whether each day may be asked for, not only Sundays and ends of months (R8)."""


@dataclass(frozen=True)
class FeedPage:
    """A part of the feed in its order; `next` is where it goes on, also where nothing of it is the reader's."""

    changes: tuple[dict[str, Any], ...]
    next: int
    is_last: bool


def page(scope: FeedScope, after: int, limit: int) -> FeedPage:
    """What changed after a key, at most `limit` changes. Eight statements and two for each form.

    Problem FEED_BEGUN_ANEW for a key of before a backup was restored, FEED_OF_ANOTHER for one that was never given
    here: a reader who went on from it would miss all that comes until keys have reached it.
    """
    begun = db.session.scalar(sa.select(FeedStart.after)) or 0
    if 0 < after < begun:
        raise Problem(FeedProblem.FEED_BEGUN_ANEW)
    newest = db.session.scalar(sa.select(sa.func.max(Change.id))) or 0
    if after > max(begun, newest) and not _is_copy():
        raise Problem(FeedProblem.FEED_OF_ANOTHER)
    until = max(begun, newest if not scope.of.is_nobody else _newest_day())
    found = db.session.scalars(
        sa.select(Change)
        .where(Change.id > after, Change.id <= until, _within(scope))
        .order_by(Change.id)
        .limit(limit + 1)
    ).all()
    rows, is_last = found[:limit], len(found) <= limit
    told = _told(scope, rows)
    _wait_for_the_disk()
    return FeedPage(tuple(told), max(until, after) if is_last else rows[-1].id, is_last)


def _newest_day() -> int:
    """Where days alone go on: by the newest change of all, a reader of sums would count the visits as they come."""
    return db.session.scalar(sa.select(sa.func.max(Change.id)).where(Change.kind == COVERAGE)) or 0


def position(of: AnswersReader) -> str:
    """Another text whenever a submission that the reader may see came, went, or is another than before: the area, and
    the last change in it. Three statements, which look at no submission."""
    here = of.here
    in_village = sa.select(sa.func.max(Change.id)).where(Change.village_id == Village.id).scalar_subquery()
    in_villages = sa.select(sa.func.max(in_village)).where(Village.id.in_(sorted(here.villages)))
    nowhere = (
        sa.select(Change.id)
        .where(Change.village_id.is_(None), Change.kind != COVERAGE)
        .order_by(Change.id.desc())
        .limit(1)
    )
    last = max(filter(None, (db.session.scalar(in_villages), db.session.scalar(nowhere))), default=0)
    at = db.session.scalar(
        sa.select(Change.at).where(Change.id == last)
    )  # a restored place counts on from before
    said = (sorted(here.villages), sorted(here.collectors), sorted(here.posters), last, at)
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _within(scope: FeedScope) -> sa.ColumnElement[bool]:
    """Of the reader's area, as it was when it changed; days of the reader's communes."""
    days = Change.kind == COVERAGE
    if scope.communes is not None:
        days = sa.and_(days, Change.commune_id.in_(sorted(scope.communes)))
    if scope.of.is_nobody:
        return days
    here = scope.of.here
    sent_here = sa.or_(
        Change.collector_id.in_(sorted(here.collectors)), Change.poster_id.in_(sorted(here.posters))
    )
    return sa.or_(
        days,
        Change.village_id.in_(sorted(here.villages)),
        sa.and_(Change.village_id.is_(None), sent_here),
    )


def _told(scope: FeedScope, rows: Sequence[Change]) -> Iterable[dict[str, Any]]:
    submissions = _submissions(scope.of, {row.submission_id for row in rows if row.submission_id})
    communes = _codes({row.commune_id for row in rows if row.commune_id})
    for row in rows:
        same = {"id": str(row.id), "at": row.at.isoformat()}
        if row.day is not None and row.commune_id is not None:
            if scope.all_days or allowed_day(row.day, clock.today()) == row.day:
                yield {
                    **same,
                    "kind": COVERAGE,
                    "commune": communes[row.commune_id],
                    "day": row.day.isoformat(),
                }
            continue
        told = submissions.get(row.submission_id or 0)
        kind = DELETED if row.kind == DELETED and told is None else "submission" if told else GONE
        yield {**same, "kind": kind, "submission_id": row.submission_id, "submission": told}


def _codes(ids: Iterable[int]) -> dict[int, str]:
    rows = db.session.execute(sa.select(Commune.id, Commune.code).where(Commune.id.in_(list(ids))))
    return {row.id: row.code for row in rows}


def _submissions(of: AnswersReader, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Those of the reader's area, as they are now, by their numbers."""
    if of.is_nobody:
        return {}
    rows: Any = db.session.execute(
        sa.select(*_COLUMNS, Village.code.label("village"))
        .outerjoin(Village, Village.id == Submission.village_id)
        .where(
            Submission.id.in_(list(ids)), Submission.facts.is_(sa.null()), select_submissions.within(of.here)
        )
    ).all()
    shown = {form: _shown(form, personal=of.personal) for form in {row.form_id for row in rows}}
    named = db.session.execute(sa.select(Form.id, Form.form_id).where(Form.id.in_(list(shown))))
    names = {form.id: form.form_id for form in named}
    return {row.id: _submission(row, names[row.form_id], shown[row.form_id]) for row in rows}


_COLUMNS = (
    Submission.id, Submission.instance_id, Submission.root_id, Submission.replaced_by_id, Submission.form_id,
    Submission.version, Submission.entity_id, Submission.result, Submission.observed_at, Submission.received_at,
    Submission.review, Submission.quarantine, Submission.answers,
)  # fmt: skip


def _shown(form_id: int, *, personal: bool) -> frozenset[str]:
    """The paths of a form whose answers are told: all outside repeats, or those that are not personal."""
    whole = form_columns.merged(select_submissions.definitions(form_id))
    hidden = frozenset() if personal else {field.path for field in form_columns.withheld(whole)}
    return frozenset(field.path for field in whole.fields if field.repeat is None) - hidden


def _submission(row: Any, form: str, shown: frozenset[str]) -> dict[str, Any]:
    answers: Mapping[str, Any] = row.answers or {}
    counts = (
        row.quarantine is None and row.replaced_by_id is None and row.review != submission_states.REJECTED
    )
    return {
        "id": row.id,
        "instance_id": row.instance_id,
        "root_id": row.root_id,
        "replaced_by": row.replaced_by_id,
        "form": form,
        "version": row.version,
        "village": row.village,
        "household": str(row.entity_id) if row.entity_id else None,
        "result": row.result,
        "observed_at": _moment(row.observed_at),
        "received_at": _moment(row.received_at),
        "review": row.review,
        "counts": counts,
        "answers": {path: value for path, value in answers.items() if path in shown},
    }


def _moment(at: dt.datetime) -> str:
    return at.astimezone(dt.UTC).isoformat()


def _is_copy() -> bool:
    """Whether the database follows another one, and may not have yet what a reader was told there."""
    is_postgresql = db.session.get_bind().dialect.name == "postgresql"
    return is_postgresql and bool(db.session.scalar(_FOLLOWS))


def _wait_for_the_disk() -> None:
    """Let nobody go on from a change that a crash could still take back: what is applied is committed before it is on
    disk (docs/decisions/0039), and is applied again under a new key.
    """
    if db.engine.dialect.name != "postgresql":
        return
    pause, tries = threading.Event(), int(WAITS / EVERY)
    with reading_engine().connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        if connection.scalar(_FOLLOWS):
            return  # a copy has only what was on disk
        written = connection.scalar(_WRITTEN)
        while not connection.scalar(_IS_ON_DISK, {"written": str(written)}) and tries:
            pause.wait(EVERY)
            tries -= 1
