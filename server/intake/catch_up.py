"""Where a reader waits for what phones have sent: the log is applied batch after batch, by one writer at a time.

A thread of each process does so a moment after something was accepted; a reader need not wait for it. What is applied
is a function of the log's row and of what stands in the tables: it can be done again, so its commit need not wait for
the disk (docs/decisions/0039). A submission that the program cannot apply is kept with the reason; others go on.
"""

import logging
import threading
import time
import uuid
from collections.abc import Collection

import sqlalchemy as sa
from flask import Flask, current_app
from prometheus_client import Counter

from server import background
from server.counting import writer_lock
from server.db import db, is_contended, single_statements
from server.intake import apply_batch, not_applied
from server.intake.not_applied import WAITS
from server.models import Entity, Submission

log = logging.getLogger(__name__)

ONE_BY_ONE = Counter(
    "tungnha_log_one_by_one", "Batches of accepted visits that had to be applied one by one.", registry=None
)

MOST = 200
"""Submissions that are applied in one transaction."""

_NEXT = (
    sa.select(
        Submission.id,
        Submission.xml,
        Submission.collector_id,
        Submission.entity_id,
        Submission.observed_at,
        Submission.received_at,
        Submission.flags,
        Submission.facts,
        Submission.registers,
    )
    .where(WAITS)
    .order_by(Submission.id)
)
_REFUSALS = (
    sa.exc.OperationalError, sa.exc.InterfaceError, sa.exc.InternalError, sa.exc.TimeoutError
)  # fmt: skip
"""The database is away, busy or read-only: nothing that speaks against a submission."""
HELD_UP = 5.0
"""Seconds for which one that the database refused is left alone: readers need not wait until its household is free."""
_HELD_UP = "tungnha.held_up"
_NEWEST_WAITING = sa.select(Submission.id).where(WAITS).order_by(Submission.id.desc()).limit(1)
_WOKEN = "tungnha.log_grew"
AT_LEAST_EVERY = 5.0
"""Seconds: what a process that died has accepted is applied by another one then."""


def caught_up() -> None:
    """Apply all that was accepted before now: for readers who must see what they, or others, have sent.

    One indexed question where nothing waits. Whatever comes meanwhile is left to others: where many phones send there
    is no end of it. An outage of the database is raised.
    """
    with single_statements().connect() as connection:
        newest = connection.scalar(_NEWEST_WAITING)
    if newest is not None:
        settle(until=newest)


def settle(*, waits: bool = True, until: int | None = None) -> bool:
    """Apply what waits, batch after batch, all or up to the number `until`.

    False where another is doing it and this one does not wait for them. What the database refuses for the moment (a
    household's row that somebody holds) is left for the next time.
    """
    while True:
        found = _batch(waits=waits, until=until)
        if found is None:
            return False
        if not found:
            return True


def start(app: Flask) -> threading.Thread | None:
    """Begin to apply what this process, or one that died, accepts; None where it is applied at once (`apply_ms` 0)."""
    seconds = app.config["SETTINGS"].apply_ms / 1000
    if not seconds:
        return None
    woken = app.extensions[_WOKEN] = threading.Event()
    woken.set()  # a process that was killed may have left something
    return background.for_ever(lambda: _turn(app, woken, seconds), "apply")


def wake() -> None:
    """Something was accepted: have it applied soon, or, where nothing does so in the background, now."""
    woken: threading.Event | None = current_app.extensions.get(_WOKEN)
    if woken is not None:
        woken.set()
    else:
        _try_to_settle(waits=True)


def _turn(app: Flask, woken: threading.Event, seconds: float) -> None:
    """What comes within these seconds is applied together: each batch costs some statements, however small it is."""
    woken.wait(AT_LEAST_EVERY)
    time.sleep(seconds)
    woken.clear()
    with app.app_context():
        if not _try_to_settle(waits=False):
            woken.set()


def _try_to_settle(*, waits: bool) -> bool:
    """Apply what waits; whatever goes wrong is no concern of the sender: it is tried again. False: to be asked anew."""
    try:
        return settle(waits=waits)
    except sa.exc.SQLAlchemyError as error:  # the database is away or busy
        log.warning("the log was not applied: %s", str(error).partition("\n")[0])
    except Exception:
        log.exception("the log was not applied")
    return True


def _batch(*, waits: bool, until: int | None) -> bool | None:
    """Apply the next ones; False where none wait or none could be applied, None where another has the lock."""
    with db.engine.connect().execution_options(writes=True) as connection:
        if not writer_lock.hold_to_apply(connection, waits=waits):
            return None
        next_ones = _NEXT if until is None else _NEXT.where(Submission.id <= until)
        rows = connection.execute(next_ones.where(~_is_held_up()).limit(MOST)).all()
        if not rows:
            return False
        try:
            apply_batch.apply(connection, rows)
            connection.commit()
        except Exception as error:  # whichever of them it is must not hold up the others
            connection.rollback()
            if _hold_up(error, {row.entity_id for row in rows} - {None}):
                return True
            log.warning("one of %s submissions cannot be applied: one by one", len(rows))
            ONE_BY_ONE.inc()
        else:
            return True
    done = [_alone(row.id, row.entity_id) for row in rows]
    return any(done)


def _alone(submission_id: int, household: uuid.UUID | None) -> bool:
    """Apply one submission, or say why it cannot be; False where the database refuses for the moment.

    One about a household that was refused a moment ago is not tried: it waits for its turn behind that one.
    """
    if household in _held_up():
        return False
    try:
        with db.engine.connect().execution_options(writes=True) as connection:
            writer_lock.hold_to_apply(connection, waits=True)
            apply_batch.apply(
                connection, connection.execute(_NEXT.where(Submission.id == submission_id)).all()
            )
            connection.commit()
    except _REFUSALS as error:
        log.warning("submission %s waits: %s", submission_id, str(error).partition("\n")[0])
        _held_up()[household or submission_id] = time.monotonic() + HELD_UP
        return False
    except Exception as error:
        log.exception("submission %s cannot be applied", submission_id)
        not_applied.keep_failure(submission_id, error)
    return True


def _hold_up(error: Exception, households: Collection[uuid.UUID]) -> bool:
    """Leave those households alone for a moment whose rows somebody holds; False where that is not what was wrong."""
    if not (isinstance(error, sa.exc.DBAPIError) and is_contended(error)) or not households:
        return False
    there = sa.select(Entity.id).where(Entity.id.in_(households))
    with db.engine.connect() as connection:
        free = set(connection.scalars(there.with_for_update(key_share=True, skip_locked=True)))
        held = set(connection.scalars(there)) - free
    _held_up().update(dict.fromkeys(held, time.monotonic() + HELD_UP))
    return bool(held)


def _held_up() -> dict[uuid.UUID | int, float]:
    """Households, or submissions about none, that the database refused to this process a moment ago, until when."""
    held: dict[uuid.UUID | int, float] = current_app.extensions.setdefault(_HELD_UP, {})
    for key in [each for each, until in list(held.items()) if until < time.monotonic()]:
        held.pop(key, None)
    return held


def _is_held_up() -> sa.ColumnElement[bool]:
    held = list(_held_up())
    households = [each for each in held if isinstance(each, uuid.UUID)]
    others = [each for each in held if isinstance(each, int)]
    about = sa.and_(Submission.entity_id.is_not(None), Submission.entity_id.in_(households))
    return sa.or_(Submission.id.in_(others), about)
