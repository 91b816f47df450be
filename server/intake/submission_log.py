"""The log of what was accepted: the table of submissions, to which one statement adds all that waits at a moment."""

import contextlib
import dataclasses
import datetime as dt
import functools
import threading
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import sqlite

from server import clock
from server.db import db, single_statements
from server.files.attachments import Blob
from server.intake import clock_gone_back, floods, resent_submission, submission_effects, submission_place
from server.intake.batch_state import BatchState, names
from server.intake.edited_submission import Edited
from server.intake.resent_submission import StoredSubmission
from server.intake.sender_scope import EntityHome
from server.intake.submission_place import SubmissionPlace
from server.intake.submission_sender import Sender
from server.intake.write_rows import dumped, insert, inserted
from server.models import Attachment, Collector, Entity, Submission, Tombstone
from server.models.privacy import of_entity, of_submission
from server.published_forms.read_submission import SubmissionReading, observed

MOST = 100
"""Submissions that are added by one statement."""

_TURN = threading.Lock()


@dataclasses.dataclass(frozen=True)
class Sent:
    """A submission that has been read, with its files on disk: what is left is to keep it."""

    reading: SubmissionReading
    blobs: Sequence[Blob]
    sender: Sender
    edited: Edited | None = None


@dataclasses.dataclass(frozen=True)
class Listed:
    """An entity as far as it decides where a submission belongs."""

    id: uuid.UUID
    list_id: int
    village_id: int | None
    merged_into_id: uuid.UUID | None


@dataclasses.dataclass(frozen=True)
class MetSubmission:
    """What was met when a submission came: the one with its id, why it may not be kept, what it is about."""

    stored: StoredSubmission | None
    is_revoked: bool
    """The sender: a process may remember for some seconds who a token is, not that it still opens anything."""
    is_buried: bool
    """It, what it edits, or what it is about was deleted on request: nothing of it is stored again (R22)."""
    about: Listed | None


@dataclasses.dataclass(frozen=True)
class Kept:
    """What became of a submission: `id` where it was kept now, else what stood in the way."""

    met: MetSubmission
    id: int | None = None
    quarantine: str | None = None
    """Why it will count nowhere until a person decides, as far as its arrival tells."""


def look(connection: sa.Connection, sents: Sequence[Sent]) -> list[MetSubmission]:
    """What each of these meets; one statement, however many they are."""
    document = orjson.dumps([_asked(number, sent) for number, sent in enumerate(sents)]).decode()
    rows = connection.execute(_met(connection.dialect.name), {"sent": document})
    found = {row.number: _read(row) for row in rows}
    return [_with_others(connection, sent.reading, found[number]) for number, sent in enumerate(sents)]


def keep_each(sents: Sequence[Sent]) -> list[Kept | Exception]:
    """As `keep`; where one cannot be kept the others are, one by one, and its error takes its place."""
    try:
        return [*keep(sents)]
    except sa.exc.OperationalError:
        raise  # an outage: nothing can be kept now
    except Exception as error:
        return [_kept_alone(sent) for sent in sents] if len(sents) > 1 else [error]


def _kept_alone(sent: Sent) -> Kept | Exception:
    try:
        return keep([sent])[0]
    except Exception as error:
        return error


def keep(sents: Sequence[Sent]) -> list[Kept]:
    """Add these to the log, durably, but for those that may not be kept; what became of each.

    Files make it a transaction of two statements; without any the one statement is the transaction.
    """
    with_files = any(sent.blobs for sent in sents)
    engine = db.engine if with_files or db.engine.dialect.name == "sqlite" else single_statements()
    with _turn(), engine.connect().execution_options(writes=True) as connection:
        met = look(connection, sents)
        may = {number: sent for number, sent in enumerate(sents) if _may_be_kept(sent, met[number])}
        placed = {number: _placed(connection, sent, met[number].about) for number, sent in may.items()}
        received_at = clock.now()
        rows = [
            _row(sent, placed[number], received_at, is_known=met[number].about is not None)
            for number, sent in may.items()
        ]
        ids = _add(connection, rows)
        files = [
            row
            for sent in may.values()
            if (key := ids.get(sent.reading.instance.instance_id)) is not None
            for row in resent_submission.attachment_rows(key, sent.blobs, received_at)
        ]
        insert(connection, Attachment, files)
        connection.commit()
    return [
        Kept(met[number], ids.pop(sent.reading.instance.instance_id, None), placed[number].quarantine)
        if number in may
        else Kept(met[number])
        for number, sent in enumerate(sents)
    ]


def _turn() -> contextlib.AbstractContextManager[object]:
    """SQLite writes one thing at a time: the next of a process is woken at once, not by a nap of the database's."""
    return _TURN if db.engine.dialect.name == "sqlite" else contextlib.nullcontext()


def _may_be_kept(sent: Sent, met: MetSubmission) -> bool:
    is_refused = met.is_revoked and sent.sender.person is None  # what they have sent may still be corrected
    return met.stored is None and not is_refused and not met.is_buried


def _placed(connection: sa.Connection, sent: Sent, about: Listed | None) -> SubmissionPlace:
    """Where it belongs by what is known now: for the phone's answer, and since the exact point is not kept."""
    if _is_plain(sent.reading, about) and sent.edited is None:
        known: Mapping[uuid.UUID, EntityHome] = {about.id: about} if about is not None else {}
        return submission_place.place(sent.reading, known, sent.sender)
    state = BatchState.read(connection, [sent.reading], sent.edited)
    reading, before = state.before(0, sent.reading, sent.edited)
    return submission_place.place(reading, before.known, sent.sender, sent.edited, before.stated_in(reading))


def _is_plain(reading: SubmissionReading, about: Listed | None) -> bool:
    """About one thing: known by the name of today, registered by it, or none at all."""
    if len(names(reading)) > 1 or (about is not None and about.merged_into_id is not None):
        return False
    registers = any(block.create and block.id == reading.subject for block in reading.blocks)
    return about is not None or reading.subject is None or registers


def _row(sent: Sent, placed: SubmissionPlace, received_at: dt.datetime, *, is_known: bool) -> dict[str, Any]:
    """The row of the log: all that the submission says, and as facts what only its arrival knows."""
    reading, sender = sent.reading, sent.sender
    moment, clock_flag = observed(reading, received_at, clock_gone_back.known(received_at))
    root = sent.edited if sent.edited is not None and sent.edited.is_theirs else None
    missing = sorted(reading.files - {blob.name for blob in sent.blobs})
    flags = [*submission_place.first_flags(reading, clock_flag), *resent_submission.broken(sent.blobs)]
    return {
        "instance_id": reading.instance.instance_id,
        "root_id": root.root_id if root is not None else None,
        "replaced_by_id": None,
        "form_id": reading.form.id,
        "version": reading.instance.version,
        "collector_id": sender.collector_id,
        "poster_id": sender.poster_id,
        "village_id": placed.village_id,
        "entity_id": placed.entity_id,
        "sha256": reading.sha256,
        "xml": reading.xml,
        "observed_at": root.observed_at if root is not None else moment,
        "received_at": received_at,
        "device": sender.device,
        "user_agent": sender.user_agent,
        "review": "received",
        "quarantine": submission_place.PENDING,
        "flags": flags or None,
        "missing_files": missing or None,
        "facts": {"sender": sender.facts, "spot": dataclasses.asdict(placed.spot)},
        "failure": None,
        "registers": floods.registers(reading, is_known=is_known) or None,
        **submission_effects.understanding(reading, placed),
    }


def _add(connection: sa.Connection, rows: Sequence[dict[str, Any]]) -> dict[str, int]:
    """Add these rows, but for those whose instance id another process has added meanwhile; the keys of the others.

    In the order of their ids: two processes that add the same ones wait for each other and never in a ring.
    """
    if not rows:
        return {}
    ordered = sorted(rows, key=lambda row: row["instance_id"])
    is_document = connection.dialect.name == "postgresql"
    statement = _added(connection.dialect.name, tuple(ordered[0]))
    added = connection.execute(statement, {"rows": dumped(ordered)} if is_document else ordered)
    return {row.instance_id: row.id for row in added}


@functools.cache
def _added(dialect: str, names: tuple[str, ...]) -> sa.Executable:
    """The statement that adds them, made once for each way of being sent."""
    adds = inserted(Submission, names) if dialect == "postgresql" else sqlite.insert(Submission)
    return adds.on_conflict_do_nothing().returning(Submission.instance_id, Submission.id)


_ASKED = {
    "number": sa.Integer, "instance_id": sa.String, "collector": sa.Integer, "entity": sa.Uuid,
    "own_key": sa.String, "old_key": sa.String, "main_key": sa.String,
}  # fmt: skip


def _asked(number: int, sent: Sent) -> dict[str, Any]:
    reading = sent.reading
    instance, about = reading.instance, reading.about
    return {
        "number": number,
        "instance_id": instance.instance_id,
        "collector": sent.sender.collector_id,
        "entity": about.hex if about else None,
        "own_key": of_submission(instance.instance_id),
        "old_key": of_submission(instance.deprecated_id) if instance.deprecated_id else None,
        "main_key": of_entity(about) if about else None,
    }


@functools.cache
def _met(dialect: str) -> sa.Select[*tuple[Any, ...]]:
    """What those in the document `sent` meet, one row each."""
    sent = _sent(dialect).c
    keys = (sent.own_key, sent.old_key, sent.main_key)
    return (
        sa.select(
            sent.number,
            Submission.id.label("stored"),
            Submission.sha256,
            Submission.collector_id,
            Submission.village_id.label("stored_village_id"),
            sa.exists()
            .where(Collector.id == sent.collector, Collector.revoked_at.is_not(None))
            .label("is_revoked"),
            sa.exists().where(Tombstone.key.in_(keys)).label("is_buried"),
            Entity.id,
            Entity.list_id,
            Entity.village_id,
            Entity.merged_into_id,
        )
        .select_from(sent.number.table)
        .outerjoin(Submission, Submission.instance_id == sent.instance_id)
        .outerjoin(Entity, Entity.id == sent.entity)
    )


def _sent(dialect: str) -> Any:
    """The document's rows: each database has a function of its own for them."""
    text = sa.bindparam("sent", type_=sa.Text)
    columns = [sa.column(name, kind()) for name, kind in _ASKED.items()]
    if dialect == "postgresql":
        rows = sa.func.json_to_recordset(sa.cast(text, sa.JSON)).table_valued(*columns, name="sent")
        return rows.render_derived(with_types=True)
    each = sa.func.json_each(text).table_valued("value").c.value
    own = (sa.func.json_extract(each, f"$.{column.name}", type_=column.type) for column in columns)
    named = [value.label(column.name) for value, column in zip(own, columns, strict=True)]
    return sa.select(*named).subquery("sent")


def _read(row: Any) -> MetSubmission:
    stored = None
    if row.stored is not None:
        stored = StoredSubmission(row.stored, bytes(row.sha256), row.collector_id, row.stored_village_id)
    about = Listed(row.id, row.list_id, row.village_id, row.merged_into_id) if row.id is not None else None
    return MetSubmission(stored, row.is_revoked, row.is_buried and stored is None, about)


def _with_others(connection: sa.Connection, reading: SubmissionReading, met: MetSubmission) -> MetSubmission:
    """Also whether one of several entities that it names was deleted."""
    others = names(reading) - {reading.about}
    if not others or met.stored is not None or met.is_buried:
        return met
    buried = sa.select(Tombstone.key).where(Tombstone.key.in_([of_entity(each) for each in others])).limit(1)
    return dataclasses.replace(met, is_buried=connection.scalar(buried) is not None)
