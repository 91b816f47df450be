"""Applies the log: one writer at a time, in its order, a batch in one transaction (docs/decisions/0039).

What is applied is a function of the log's row and of what stands in the tables: it can be done again, so its commit
need not wait for the disk. A submission that the program cannot apply is kept with the reason; its neighbours go on.
"""

import dataclasses
import datetime as dt
import logging
import time
import traceback
import uuid
from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from flask import current_app
from prometheus_client import Counter

from geo.visit_doubts import Doubt
from server.counting import changes, writer
from server.db import db, is_contended, single_statements
from server.errors import Problem
from server.hooks import outbox
from server.households import sample_list
from server.intake import as_sent, before_registration, edits_and_resends, effects, floods, place, sender
from server.intake.edits_and_resends import Edited
from server.intake.effects import Arrival
from server.intake.floods import Floods
from server.intake.place import PointSpot
from server.intake.rows import WrittenRows
from server.intake.state import BatchState
from server.models import Entity, Submission
from server.published_forms.read_submission import SubmissionReading

log = logging.getLogger(__name__)

ONE_BY_ONE = Counter(
    "tungnha_log_one_by_one", "Batches of accepted visits that had to be applied one by one.", registry=None
)

MOST = 200
"""Submissions that are applied in one transaction."""

WAITS = sa.and_(Submission.facts.is_not(sa.null()), Submission.failure.is_(None))
"""Accepted, and neither applied nor found to be beyond the program."""
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
"""Seconds for which one that the database refused is left alone: readers need not wait for who holds its household."""
_HELD_UP = "tungnha.held_up"
_NEWEST_WAITING = sa.select(Submission.id).where(WAITS).order_by(Submission.id.desc()).limit(1)


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


def try_again(ids: Sequence[int] = ()) -> int:
    """Let submissions wait again that could not be applied, all or these; how many. The next `settle` applies them."""
    failed = sa.and_(Submission.facts.is_not(sa.null()), Submission.failure.is_not(None))
    update = sa.update(Submission).where(failed, Submission.id.in_(ids) if ids else sa.true())
    with db.engine.connect().execution_options(writes=True) as connection:
        writer.hold(connection)
        count = connection.execute(update.values(failure=None, quarantine=place.PENDING)).rowcount
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


def _batch(*, waits: bool, until: int | None) -> bool | None:
    """Apply the next ones; False where none wait or none could be applied, None where another has the lock."""
    with db.engine.connect().execution_options(writes=True) as connection:
        if not writer.hold_to_apply(connection, waits=waits):
            return None
        next_ones = _NEXT if until is None else _NEXT.where(Submission.id <= until)
        rows = connection.execute(next_ones.where(~_is_held_up()).limit(MOST)).all()
        if not rows:
            return False
        try:
            _apply(connection, rows)
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
            writer.hold_to_apply(connection, waits=True)
            _apply(connection, connection.execute(_NEXT.where(Submission.id == submission_id)).all())
            connection.commit()
    except _REFUSALS as error:
        log.warning("submission %s waits: %s", submission_id, str(error).partition("\n")[0])
        _held_up()[household or submission_id] = time.monotonic() + HELD_UP
        return False
    except Exception as error:
        log.exception("submission %s cannot be applied", submission_id)
        _fail(submission_id, error)
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


def _fail(submission_id: int, error: Exception) -> None:
    """Keep a submission with why it could not be applied."""
    failed = sa.update(Submission).where(Submission.id == submission_id, WAITS)
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(failed.values(failure=reason(error), quarantine=place.FAILED))
        connection.commit()


def reason(error: Exception) -> str:
    """What went wrong and where in the program; never what an error quotes, which may be somebody's answer."""
    if isinstance(error, Problem):
        return error.sentence
    where = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} ({where.filename.rpartition('/')[2]}:{where.lineno})"


def _apply(connection: sa.Connection, rows: Sequence[Any]) -> None:
    """Apply these in the caller's transaction; what changes more than its own rows has a turn of its own."""
    readings = {row.id: _understood(row) for row in rows}
    flood = Floods.read(connection, rows)
    floods.set_aside(connection, flood.applied)
    state, written = BatchState.read(connection, readings.values()), WrittenRows()
    for number, row in enumerate(rows):
        reading = readings[row.id]
        if state.is_buried(reading):
            connection.execute(sa.delete(Submission).where(Submission.id == row.id))
            continue
        if reading.instance.deprecated_id is None and not _reaches_further(state, reading):
            written.add(_rows_of(row, reading, state, is_flood=flood.hold(row)))
            continue
        written.write(connection)
        _apply_widely(connection, row, reading, is_flood=flood.hold(row))
        left = [readings[each.id] for each in rows[number + 1 :]]
        state, written = BatchState.read(connection, left), WrittenRows()
    written.write(connection)
    sample_list.retell_about(connection, {row.entity_id for row in rows} - {None})
    changes.note(connection, [row.id for row in rows])
    outbox.add(connection, [row.id for row in rows])


def _reaches_further(state: BatchState, sent: SubmissionReading) -> bool:
    """Whether it changes more than what it names: earlier submissions, or a household that was off the list."""
    reading = state.renamed(sent)
    return state.is_awaited(reading) or state.finds_again(reading)


def _understood(row: Any) -> SubmissionReading:
    sent_by = sender.of_facts(row.facts["sender"], row.collector_id)
    return as_sent.understood(bytes(row.xml), sent_by)


def _apply_widely(connection: sa.Connection, row: Any, reading: SubmissionReading, *, is_flood: bool) -> None:
    """Apply an edit, which takes back what it replaces, a registration for which others wait (E14), or a visit that
    brings its household back to the list."""
    edited = None
    if reading.instance.deprecated_id is not None:
        edited = edits_and_resends.edited(connection, reading, row.collector_id)
        reading = edits_and_resends.followed(reading, edited)
        is_flood = is_flood or edited.is_flood
    state = BatchState.read(connection, [reading], edited)
    if edited is not None and _take_back(connection, edited, _arrival(row, reading, state, is_flood, edited)):
        state = BatchState.read(connection, [reading], edited)
    this = _arrival(row, reading, state, is_flood, edited)
    is_awaited = state.is_awaited(this.reading)
    effects.rows_of(this).write(connection)
    effects.retell(connection, this)
    if is_awaited and this.placed.quarantine is None:
        before_registration.settle(connection, this.reading.about)


def _take_back(connection: sa.Connection, edited: Edited, this: Arrival) -> bool:
    """Take out of the counts what an edit replaces; False where nothing followed from it, or the edit may not."""
    if this.placed.quarantine is None:
        edits_and_resends.replace(connection, edited, this.id)
        return True
    is_last = edited.is_theirs and not (edited.counts or edited.is_replaced)
    if is_last and edited.refused != edits_and_resends.EDIT_OF_SEALED:
        edits_and_resends.supersede(connection, edited, this.id)
    return False


def _rows_of(row: Any, reading: SubmissionReading, state: BatchState, *, is_flood: bool) -> WrittenRows:
    """What one submission writes; the state is then as it leaves it."""
    this = _arrival(row, reading, state, is_flood)
    rows = effects.rows_of(this)
    state.follow(rows, this.observed_at, this.visit)
    return rows


def _arrival(
    row: Any, sent: SubmissionReading, state: BatchState, is_flood: bool, edited: Edited | None = None
) -> Arrival:
    """A submission with all that is known; one of a flood counts nowhere, if nothing else keeps it from counting."""
    reading, before = state.before(row.id, sent, edited)
    sent_by = sender.of_facts(row.facts["sender"], row.collector_id)
    spot, stated_in = _spot(row.facts["spot"]), before.stated_in(reading)
    placed = place.place(reading, before.known, sent_by, edited, stated_in, spot)
    if is_flood and placed.quarantine is None:
        placed = dataclasses.replace(placed, quarantine=floods.FLOOD)
    return Arrival(reading, sent_by, before, placed, row.received_at, row.observed_at, tuple(row.flags or ()))


def _spot(facts: dict[str, Any]) -> PointSpot:
    doubt = facts["doubt"]
    return PointSpot(facts["home_id"], facts["found_id"], Doubt(**doubt) if doubt else None)
