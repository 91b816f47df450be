"""What is known when a submission comes: whether it is there already, its subject, and what counts about it."""

import dataclasses
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from server import batch, entities, media, resend, tally
from server.entities import Known, Visit
from server.errors import KEY_UNKNOWN, Problem
from server.reading import Reading
from server.sender import Sender


@dataclasses.dataclass(frozen=True)
class Sent:
    """A submission that has been read, with its files on disk: what is left is to store it."""

    reading: Reading
    blobs: Sequence[media.Blob]
    sender: Sender


@dataclasses.dataclass(frozen=True)
class Before:
    """What was known when a submission came; what it writes fails where its subject has changed since."""

    submission_id: int
    """The key that the new submission will have."""
    stored: resend.Stored | None
    """The submission that already has its instance id."""
    seen: int = 0
    """How often the subject had changed."""
    known: Mapping[uuid.UUID, Known] = dataclasses.field(default_factory=dict)
    visits: tuple[Visit, ...] = ()
    series: tally.Series = dataclasses.field(default_factory=dict)
    edited: resend.Edited | None = None
    is_revoked: bool = False
    """The sender's: a process may remember for some seconds who a token is, not that it still opens anything."""


def look(connection: sa.Connection, sent: Sent) -> Before:
    """Read what is known of the subject; an edit first takes back what it replaces."""
    reading = sent.reading
    [before] = first(connection, [sent])
    if before.is_revoked:
        raise Problem(KEY_UNKNOWN)
    if before.stored is not None:
        return before
    if reading.instance.deprecated_id is not None:
        edited = resend.replace(connection, reading, before.submission_id, sent.sender.collector_id)
        [again] = first(connection, [sent])
        before = dataclasses.replace(again, submission_id=before.submission_id, edited=edited)
    main = main_entity(reading)
    others = [{"entity": block.id} for block in reading.blocks if block.id != main]
    found = batch.read_each(connection, entities.KNOWN, others)
    known = {rows[0][0]: Known(*rows[0]) for rows in found if rows}
    return dataclasses.replace(histories(connection, [(reading, before)])[0], known={**before.known, **known})


def main_entity(reading: Reading) -> uuid.UUID | None:
    """The entity that a submission is about: that of its first block, else its subject."""
    return reading.blocks[0].id if reading.blocks else reading.subject


def first(connection: sa.Connection, sents: Sequence[Sent]) -> list[Before]:
    """What stands in the way of these submissions, and what they are about."""
    values = [
        {
            "instance_id": sent.reading.instance.instance_id,
            "collector": sent.sender.collector_id,
            "subject": sent.reading.subject,
            "entity": main_entity(sent.reading),
        }
        for sent in sents
    ]
    found = [_before(*row) for [row] in batch.read_each(connection, resend.STORED, values)]
    if connection.dialect.name != "sqlite":
        return found
    # SQLite tells each of them the same next key; whoever writes is alone and may count on
    return [
        before if before.stored else dataclasses.replace(before, submission_id=before.submission_id + place)
        for place, before in enumerate(found)
    ]


def _before(
    new_id: int,
    stored_id: int | None,
    digest: bytes | None,
    is_revoked: bool,
    changes: int | None,
    *known: Any,
) -> Before:
    if stored_id is not None:
        return Before(stored_id, resend.Stored(stored_id, bytes(digest or b"")), is_revoked=is_revoked)
    entity = {known[0]: Known(*known)} if known[0] is not None else {}
    return Before(new_id, None, changes or 0, entity, is_revoked=is_revoked)


def histories(connection: sa.Connection, known: Sequence[tuple[Reading, Before]]) -> list[Before]:
    """With the visits to each known entity, and the series of each subject that something was stated about."""
    visited = [place for place, (reading, before) in enumerate(known) if main_entity(reading) in before.known]
    counted = [place for place, (_, before) in enumerate(known) if before.seen]
    visits = batch.read_each(
        connection, entities.VISITS, [{"entity": main_entity(known[place][0])} for place in visited]
    )
    series = batch.read_each(
        connection, tally.SERIES, [{"subject": known[place][0].subject} for place in counted]
    )
    befores = [before for _, before in known]
    for place, rows in zip(visited, visits, strict=True):
        found = tuple(Visit(row[1], row[2], row[0], row[3]) for row in rows)
        befores[place] = dataclasses.replace(befores[place], visits=found)
    for place, rows in zip(counted, series, strict=True):
        befores[place] = dataclasses.replace(befores[place], series=tally.series(rows))
    return befores
