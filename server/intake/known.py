"""What is known when a submission comes: whether it is there already, its subject, and what counts about it."""

import dataclasses
import uuid
from collections.abc import Mapping, Sequence, Set
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.compiler import compiles

from forms.instance import EntityBlock
from server.counting import tally
from server.db import BIG
from server.errors import Problem
from server.files import attachments
from server.hot_path import statements
from server.hot_path.packed_rows import moment, packed, unpacked
from server.households import records
from server.households.records import Known, Later, Visit
from server.intake import place, resend
from server.intake.sender import Sender
from server.models import Collector, Entity, Subject, Submission, Tombstone
from server.models.privacy import of_entity, of_submission
from server.phones.phone_problems import PhoneProblem
from server.published_forms.read_submission import Reading


class NextId(sa.ColumnElement[int]):
    """The key that the next submission will have."""

    inherit_cache = True
    type = BIG


@compiles(NextId, "postgresql")
def _next_on_postgresql(_element: NextId, _compiler: Any, **_kw: Any) -> str:
    return "nextval('submission_id_seq')"


@compiles(NextId, "sqlite")
def _next_on_sqlite(_element: NextId, _compiler: Any, **_kw: Any) -> str:
    return "(select coalesce((select seq from sqlite_sequence where name = 'submission'), 0) + 1)"


def _asked(dialect: str) -> sa.Executable:
    keys = [sa.bindparam(name, type_=sa.String) for name in ("own_key", "old_key", "main_key")]
    return (
        sa.select(
            NextId(),
            Submission.id,
            Submission.sha256,
            sa.exists().where(Collector.id == sa.bindparam("collector"), Collector.revoked_at.is_not(None)),
            sa.exists().where(Tombstone.key.in_(keys)),
            Subject.changes,
            packed(records.VISITS, dialect),
            packed(tally.SERIES, dialect),
            packed(records.LATER_VERSIONS, dialect),
            *records.KNOWN_COLUMNS,
        )
        .select_from(sa.select(sa.literal_column("1")).subquery())
        .outerjoin(Submission, Submission.instance_id == sa.bindparam("instance_id"))
        .outerjoin(Subject, Subject.id == sa.bindparam("subject"))
        .outerjoin(Entity, Entity.id == sa.bindparam("entity"))
    )


_ASKED = {dialect: _asked(dialect) for dialect in ("postgresql", "sqlite")}
"""All that must be known of a submission, in one snapshot: the key for a new one, the one that has its instance id
already, whether the sender was revoked, whether it, what it edits, or its entity was deleted, how often its subject
has changed, the visits to its entity, what counts about its subject, what the entity received since the version
that the phone knew, and the entity.

A process may remember for some seconds who a token is (`phones.by_sent_token`); that he may still send is asked
here.
"""


@dataclasses.dataclass(frozen=True)
class Sent:
    """A submission that has been read, with its files on disk: what is left is to store it."""

    reading: Reading
    blobs: Sequence[attachments.Blob]
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
    series: tally.Packed = dataclasses.field(default_factory=dict)
    later: Sequence[Later] = ()
    """What its main entity received since the version that the phone knew."""
    edited: resend.Edited | None = None
    merged: tuple[EntityBlock, ...] = ()
    """What an edit says anew of entities that were merged into others since: an undone merge finds it there."""
    is_revoked: bool = False
    """The sender's: a process may remember for some seconds who a token is, not that it still opens anything."""
    is_buried: bool = False
    """It, what it edits, or what it is about was deleted: nothing of it is stored again (R22)."""

    def stated_in(self, reading: Reading) -> frozenset[int | None]:
        """The thôn in which something counts about a subject that is no known entity."""
        if reading.subject in self.known:
            return frozenset()
        return frozenset(village_id for rows in self.series.values() for _, village_id, _, _ in rows)

    def says_anew(self, entity_id: uuid.UUID) -> bool:
        """Whether this is an edit, and an earlier version of it registered or changed this entity."""
        return self.edited is not None and entity_id in self.edited.changed

    @property
    def is_awaited(self) -> bool:
        """It registers what earlier arrivals were about already (E14)."""
        return not self.known and bool(self.visits)

    @property
    def is_plain(self) -> bool:
        """New, by somebody who may send, and about no household that now goes by another id."""
        merged = any(known.merged_into_id for known in self.known.values())
        is_known = self.stored is not None or self.is_buried
        return not is_known and not self.is_revoked and not merged


def look(connection: sa.Connection, sent: Sent) -> tuple[Sent, Before]:
    """Read what is known of the subject; an edit first takes back what it replaces.

    A submission that names a household under an id that was merged into another is about that other one
    (R4); it is returned so.
    """
    [before] = first(connection, [sent])
    if before.is_revoked and sent.sender.person is None:  # what he has sent may still be corrected
        raise Problem(PhoneProblem.KEY_UNKNOWN)
    if before.stored is not None or before.is_buried or _names_buried(connection, sent.reading):
        return sent, dataclasses.replace(before, is_buried=before.stored is None)
    edited = None
    if sent.reading.instance.deprecated_id is not None:
        edited = resend.edited(connection, sent.reading, sent.sender.collector_id)
    sent, merged, named = _by_todays_names(connection, sent, edited, before)
    before = dataclasses.replace(before, edited=edited, merged=merged)
    return sent, _with_everything(connection, sent, before, named)


def look_again(
    connection: sa.Connection, sent: Sent, submission_id: int, edited: resend.Edited | None
) -> tuple[Sent, Before]:
    """What is known now for a submission that has been stored and from which nothing has followed yet.

    What it edits has been replaced by the caller, and the subjects are locked (`recast.recasting`).
    """
    sent, merged, named = _by_todays_names(connection, sent, edited, None)
    reading = sent.reading
    visits: tuple[Visit, ...] = ()
    known = read_known(connection, named)
    if reading.about in known:
        rows = connection.execute(records.VISITS, {"entity": reading.about})
        visits = tuple(Visit(row.observed_at, row.received_at, row.id, row.result) for row in rows)
    later = records.later(connection, reading.blocks[0]) if reading.blocks else ()
    return sent, Before(
        submission_id, None, known=known, visits=visits, later=later, edited=edited, merged=merged
    )


def _by_todays_names(
    connection: sa.Connection, sent: Sent, edited: resend.Edited | None, before: Before | None
) -> tuple[Sent, tuple[EntityBlock, ...], set[uuid.UUID]]:
    """The submission about what its entities are called now, its blocks about merged ones, and all it names."""
    reading = sent.reading
    named = entities_named(reading, edited)
    if before is not None and len(named) < 2 and not _is_merged(before):
        return sent, (), named
    heirs = _heirs(connection, named)
    renamed = dataclasses.replace(sent, reading=_renamed(reading, heirs)) if heirs else sent
    return renamed, _of_merged(reading, heirs, edited), named | set(heirs.values())


def _with_everything(connection: sa.Connection, sent: Sent, before: Before, named: set[uuid.UUID]) -> Before:
    """All entities that are named, and the rest as it is once the edited submission no longer counts."""
    is_renamed = sent.reading.about not in before.known and sent.reading.about in named
    known = read_known(connection, named) if len(named) > 1 or is_renamed else before.known
    before = dataclasses.replace(before, known=known)
    edited = before.edited
    if edited is not None:
        placed = place.place(sent.reading, known, sent.sender, edited, before.stated_in(sent.reading))
        if placed.quarantine is None:
            resend.replace(connection, edited, before.submission_id)
        elif edited.is_theirs and not (edited.counts or edited.is_replaced):
            resend.supersede(connection, edited, before.submission_id)
    if edited is None and not is_renamed:
        return before
    [again] = first(connection, [sent])
    return dataclasses.replace(
        again, submission_id=before.submission_id, known=known, edited=edited, merged=before.merged
    )


def entities_named(reading: Reading, edited: resend.Edited | None) -> set[uuid.UUID]:
    """Every entity that a submission could act on: its blocks', its subject, those of what it edits."""
    named = {block.id for block in reading.blocks} | ({reading.subject} if reading.subject else set())
    return named | (edited.touched if edited is not None else set())


def read_known(connection: sa.Connection, ids: Set[uuid.UUID]) -> dict[uuid.UUID, Known]:
    """Those of these that are entities."""
    found = statements.read_each(connection, records.KNOWN, [{"entity": each} for each in sorted(ids)])
    return {rows[0][0]: Known(*rows[0]) for rows in found if rows}


def _is_merged(before: Before) -> bool:
    return any(each.merged_into_id for each in before.known.values())


def _of_merged(
    reading: Reading, heirs: Mapping[uuid.UUID, uuid.UUID], edited: resend.Edited | None
) -> tuple[EntityBlock, ...]:
    """Blocks of an edit about entities that an earlier version changed and that were merged since."""
    if edited is None:
        return ()
    return tuple(block for block in reading.blocks if block.id in heirs and block.id in edited.changed)


_MERGED = sa.select(Entity.id, Entity.merged_into_id).where(
    Entity.id.in_(sa.bindparam("ids", expanding=True)), Entity.merged_into_id.is_not(None)
)


def _heirs(connection: sa.Connection, named: Set[uuid.UUID]) -> dict[uuid.UUID, uuid.UUID]:
    """For each named entity that was merged into another, the one by which it goes now."""
    into: dict[uuid.UUID, uuid.UUID] = {}
    sought = set(named)
    while sought:
        found = {row.id: row.merged_into_id for row in connection.execute(_MERGED, {"ids": list(sought)})}
        into |= found
        sought = set(found.values()) - into.keys()
    return {old: _last(into, old) for old in named & into.keys()}


def _last(into: Mapping[uuid.UUID, uuid.UUID], entity_id: uuid.UUID) -> uuid.UUID:
    while entity_id in into:
        entity_id = into[entity_id]
    return entity_id


def _renamed(reading: Reading, heirs: Mapping[uuid.UUID, uuid.UUID]) -> Reading:
    """The submission about what its entities are called now; versions it knew were those of the old id."""
    blocks = tuple(
        dataclasses.replace(block, id=heirs[block.id], base_version=None) if block.id in heirs else block
        for block in reading.blocks
    )
    subject = heirs.get(reading.subject, reading.subject) if reading.subject else None
    return dataclasses.replace(reading, blocks=blocks, subject=subject)


def first(connection: sa.Connection, sents: Sequence[Sent]) -> list[Before]:
    """What stands in the way of these submissions, what they are about, and what is known of that."""
    values = [
        {
            "instance_id": sent.reading.instance.instance_id,
            "collector": sent.sender.collector_id,
            "subject": sent.reading.subject,
            "entity": sent.reading.about,
            "base": sent.reading.blocks[0].base_version if sent.reading.blocks else None,
            **_keys(sent.reading),
        }
        for sent in sents
    ]
    dialect = connection.dialect.name
    rows = statements.read_each(connection, _ASKED[dialect], values)
    found = [_before(sent.reading, row) for sent, [row] in zip(sents, rows, strict=True)]
    if dialect != "sqlite":
        return found
    # SQLite tells each of them the same next key; whoever writes is alone and may count on
    return [
        before if before.stored else dataclasses.replace(before, submission_id=before.submission_id + place)
        for place, before in enumerate(found)
    ]


def _keys(reading: Reading) -> dict[str, str]:
    """Under which a tombstone would stand; "" where there is nothing to ask about."""
    instance, main = reading.instance, reading.about
    return {
        "own_key": of_submission(instance.instance_id),
        "old_key": of_submission(instance.deprecated_id) if instance.deprecated_id else "",
        "main_key": of_entity(main) if main else "",
    }


def _names_buried(connection: sa.Connection, reading: Reading) -> bool:
    """Whether one of several entities that a submission names was deleted."""
    others = {block.id for block in reading.blocks} | ({reading.subject} if reading.subject else set())
    others -= {reading.about}
    if not others:
        return False
    keys = [of_entity(entity) for entity in others]
    return connection.scalar(sa.select(Tombstone.key).where(Tombstone.key.in_(keys)).limit(1)) is not None


def _before(reading: Reading, row: Sequence[Any]) -> Before:
    new_id, stored_id, digest, is_revoked, is_buried, changes, visits, series, later, *known = row
    if stored_id is not None:
        return Before(stored_id, resend.Stored(stored_id, bytes(digest or b"")), is_revoked=is_revoked)
    is_known = known[0] is not None
    return Before(
        new_id,
        None,
        changes or 0,
        {known[0]: Known(*known)} if is_known else {},
        # a visit to a household that nobody registered yet is one of those that wait for it (E14)
        _visits(visits) if is_known or any(block.create for block in reading.blocks) else (),
        tally.by_indicator(unpacked(series)) if changes else {},
        [Later(received, moment(at)) for received, at in unpacked(later)],
        is_revoked=is_revoked,
        is_buried=is_buried,
    )


def _visits(text: str | None) -> tuple[Visit, ...]:
    return tuple(
        Visit(moment(observed_at), moment(received_at), submission_id, result)
        for submission_id, observed_at, received_at, result in unpacked(text)
    )
