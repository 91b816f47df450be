"""What of the log is not applied: what waits and since when, what failed and why, and letting it be tried again."""

import dataclasses
import datetime as dt
import traceback

import sqlalchemy as sa

from server.counting import writer_lock
from server.db import db
from server.errors import Problem
from server.intake import submission_place
from server.models import Submission

WAITS = sa.and_(Submission.facts.is_not(sa.null()), Submission.failure.is_(None))
"""Accepted, and neither applied nor found to be beyond the program."""


def try_again() -> int:
    """Let all submissions wait again that could not be applied; how many. The next `settle` applies them."""
    failed = sa.and_(Submission.facts.is_not(sa.null()), Submission.failure.is_not(None))
    update = sa.update(Submission).where(failed)
    with db.engine.connect().execution_options(writes=True) as connection:
        writer_lock.hold(connection)
        count = connection.execute(update.values(failure=None, quarantine=submission_place.PENDING)).rowcount
        connection.commit()
    return int(count)


@dataclasses.dataclass(frozen=True)
class Backlog:
    """What of the log is not applied: since when the oldest waits, and how many could not be."""

    oldest: dt.datetime | None
    """When the oldest that waits was received; None where none does."""
    waiting: int
    failed: int


@dataclasses.dataclass(frozen=True)
class Failure:
    """A submission that could not be applied, and why; nothing of what it says."""

    id: int
    received_at: dt.datetime
    reason: str


def backlog(connection: sa.Connection) -> Backlog:
    """What is not applied now; costs no more than there is."""
    is_failed = Submission.failure.is_not(None)
    query = sa.select(
        sa.func.min(Submission.received_at).filter(~is_failed),
        sa.func.count().filter(~is_failed),
        sa.func.count().filter(is_failed),
    ).where(Submission.facts.is_not(sa.null()))
    return Backlog(*connection.execute(query).one())


def failures(connection: sa.Connection, most: int = 100) -> list[Failure]:
    """Those that could not be applied, the oldest first."""
    query = sa.select(Submission.id, Submission.received_at, Submission.failure).where(
        Submission.facts.is_not(sa.null()), Submission.failure.is_not(None)
    )
    rows = connection.execute(query.order_by(Submission.id).limit(most))
    return [Failure(row.id, row.received_at, row.failure or "") for row in rows]


def keep_failure(submission_id: int, error: Exception) -> None:
    """Keep a submission with why it could not be applied."""
    failed = sa.update(Submission).where(Submission.id == submission_id, WAITS)
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(failed.values(failure=reason(error), quarantine=submission_place.FAILED))
        connection.commit()


def reason(error: Exception) -> str:
    """What went wrong and where in the program; never what an error quotes, which may be somebody's answer."""
    if isinstance(error, Problem):
        return error.sentence
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} ({where.filename.rpartition('/')[2]}:{where.lineno})"
