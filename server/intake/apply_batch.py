"""Applies a batch of rows of the log in one transaction: what follows from each, in its order."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from geo.visit_doubts import Doubt
from server.counting import noted_changes
from server.hooks import outbox
from server.households import sample_list
from server.intake import (
    before_registration,
    edited_submission,
    floods,
    read_for_sender,
    submission_effects,
    submission_place,
    submission_sender,
)
from server.intake.batch_state import BatchState
from server.intake.edited_submission import Edited
from server.intake.floods import Floods
from server.intake.submission_effects import Arrival
from server.intake.submission_place import PointSpot
from server.intake.write_rows import WrittenRows
from server.models import Submission
from server.published_forms.read_submission import SubmissionReading


def apply(connection: sa.Connection, rows: Sequence[Any]) -> None:
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
    noted_changes.note(connection, [row.id for row in rows])
    outbox.add(connection, [row.id for row in rows])


def _reaches_further(state: BatchState, sent: SubmissionReading) -> bool:
    """Whether it changes more than what it names: earlier submissions, or a household that was off the list."""
    reading = state.renamed(sent)
    return state.is_awaited(reading) or state.finds_again(reading)


def _understood(row: Any) -> SubmissionReading:
    sent_by = submission_sender.of_facts(row.facts["sender"], row.collector_id)
    return read_for_sender.understood(bytes(row.xml), sent_by)


def _apply_widely(connection: sa.Connection, row: Any, reading: SubmissionReading, *, is_flood: bool) -> None:
    """Apply an edit, which takes back what it replaces, a registration for which others wait (E14), or a visit that
    brings its household back to the list."""
    edited = None
    if reading.instance.deprecated_id is not None:
        edited = edited_submission.edited(connection, reading, row.collector_id)
        reading = edited_submission.followed(reading, edited)
        is_flood = is_flood or edited.is_flood
    state = BatchState.read(connection, [reading], edited)
    if edited is not None and _take_back(connection, edited, _arrival(row, reading, state, is_flood, edited)):
        state = BatchState.read(connection, [reading], edited)
    this = _arrival(row, reading, state, is_flood, edited)
    is_awaited = state.is_awaited(this.reading)
    submission_effects.rows_of(this).write(connection)
    submission_effects.retell(connection, this)
    if is_awaited and this.placed.quarantine is None:
        before_registration.settle(connection, this.reading.about)


def _take_back(connection: sa.Connection, edited: Edited, this: Arrival) -> bool:
    """Take out of the counts what an edit replaces; False where nothing followed from it, or the edit may not."""
    if this.placed.quarantine is None:
        edited_submission.replace(connection, edited, this.id)
        return True
    is_last = edited.is_theirs and not (edited.counts or edited.is_replaced)
    if is_last and edited.refused != edited_submission.EDIT_OF_SEALED:
        edited_submission.supersede(connection, edited, this.id)
    return False


def _rows_of(row: Any, reading: SubmissionReading, state: BatchState, *, is_flood: bool) -> WrittenRows:
    """What one submission writes; the state is then as it leaves it."""
    this = _arrival(row, reading, state, is_flood)
    rows = submission_effects.rows_of(this)
    state.follow(rows, this.observed_at, this.visit)
    return rows


def _arrival(
    row: Any, sent: SubmissionReading, state: BatchState, is_flood: bool, edited: Edited | None = None
) -> Arrival:
    """A submission with all that is known; one of a flood counts nowhere, if nothing else keeps it from counting."""
    reading, before = state.before(row.id, sent, edited)
    sent_by = submission_sender.of_facts(row.facts["sender"], row.collector_id)
    spot, stated_in = _spot(row.facts["spot"]), before.stated_in(reading)
    placed = submission_place.place(reading, before.known, sent_by, edited, stated_in, spot)
    if is_flood and placed.quarantine is None:
        placed = dataclasses.replace(placed, quarantine=floods.FLOOD)
    return Arrival(reading, sent_by, before, placed, row.received_at, row.observed_at, tuple(row.flags or ()))


def _spot(facts: dict[str, Any]) -> PointSpot:
    doubt = facts["doubt"]
    return PointSpot(facts["home_id"], facts["found_id"], Doubt(**doubt) if doubt else None)
