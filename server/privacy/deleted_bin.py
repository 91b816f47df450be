"""The bin: what retention and pruning took away lies here for 30 days, as the rows that it was (R26).

What persons ask to be deleted never comes here, and takes with it what of theirs lies here already.
"""

import base64
import datetime as dt
import gzip
import uuid
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.orm import Session

from server import audit, clock
from server.audit import SHELL
from server.db import Base, Moment, again
from server.files import blobs
from server.models import (
    Attachment,
    BinnedRecord,
    Difficulty,
    DifficultyStep,
    Entity,
    EntityAct,
    EntityVersion,
    FillLogFigures,
    Finding,
    Interview,
    Submission,
    SubmissionReview,
)
from server.models.privacy import of_entity, of_submission
from server.privacy import deletion_guard
from server.privacy.deletion_guard import Share
from server.privacy.erase import Doomed

KEPT = dt.timedelta(days=30)
EMPTIED, OPTION = "bin.empty", "--yes-delete"
_AT_ONCE = 500
Rows = Mapping[str, Sequence[Mapping[str, Any]]]
"""Rows by the names of their tables."""


_Gathered = dict[Any, dict[str, list[dict[str, Any]]]]
"""Rows by what they belong to, and by table."""


@dataclass(frozen=True)
class BinDay:
    """What one day's runs put into the bin: of which form, list or log, and how many records."""

    day: dt.date
    about: str
    count: int


def keep(
    connection: sa.Connection, about: str, key: str, rows: Rows, files: Mapping[bytes, int] | None = None
) -> None:
    """Put rows that are about to be deleted into the bin, under the key by which they are found again.

    `files` are those that nothing else needs, with their sizes in bytes.
    """
    row = {
        "deleted_at": clock.now(), "about": about, "key": key, "content": _packed(rows),
        "blobs": {sha256.hex(): size for sha256, size in (files or {}).items()},
    }  # fmt: skip
    connection.execute(sa.insert(BinnedRecord), row)


def keep_doomed(connection: sa.Connection, about: str, doomed: Doomed) -> None:
    """Put households and submissions that retention is about to delete into the bin, each for itself."""
    ids, entities = list(doomed.submissions), list(doomed.entities)
    of_submissions: _Gathered = defaultdict(lambda: defaultdict(list))
    for table, key in _OF_SUBMISSION:
        _gather(connection, of_submissions, table, key, ids)
    of_entities: _Gathered = defaultdict(lambda: defaultdict(list))
    for table, key in _OF_ENTITY:
        _gather(connection, of_entities, table, key, entities)
    for entity_id in entities:
        keep(connection, about, of_entity(entity_id), of_entities[entity_id])
    for number, name in doomed.submissions.items():
        found = of_submissions[number]
        sizes = {row["stored_sha256"]: row["size"] for row in found.get("attachment", ())}
        files = {sha256: size for sha256, size in sizes.items() if sha256 in doomed.blobs}
        keep(connection, about, of_submission(name), found, files)


_OF_SUBMISSION: Sequence[tuple[type[Base], Any]] = (
    (Submission, Submission.id),
    (Attachment, Attachment.submission_id),
    (Interview, Interview.submission_id),
    (FillLogFigures, FillLogFigures.submission_id),
    (SubmissionReview, SubmissionReview.submission_id),
    (Difficulty, Difficulty.submission_id),
    (DifficultyStep, Difficulty.submission_id),
    (EntityVersion, EntityVersion.submission_id),
    (Finding, Finding.submission_id),
)
_OF_ENTITY: Sequence[tuple[type[Base], Any]] = (
    (Entity, Entity.id),
    (EntityVersion, EntityVersion.entity_id),
    (EntityAct, EntityAct.entity_id),
    (Finding, Finding.subject),
)


def _gather(
    connection: sa.Connection, found: _Gathered, model: type[Base], key: Any, wanted: Sequence[Any]
) -> None:
    """The rows of a table that belong to these, by what they belong to."""
    table = Base.metadata.tables[model.__tablename__]
    query = sa.select(table, key.label("_owner")).where(key.in_(wanted))
    if model is DifficultyStep:
        query = query.join(Difficulty, Difficulty.id == DifficultyStep.difficulty_id)
    for row in connection.execute(query).mappings():
        found[row["_owner"]][table.name].append({column.name: row[column.name] for column in table.columns})


def forget(connection: sa.Connection, names: Collection[str]) -> list[bytes]:
    """Take out of the bin all that names one of these entities or instances; files that may go. The caller commits.

    For what persons ask to be deleted. Every record is looked into: a bin holds a month of deletions.
    """
    wanted = [str(name).encode() for name in names]
    gone: list[int] = []
    files: list[bytes] = []
    for row in connection.execute(sa.select(BinnedRecord.id, BinnedRecord.content, BinnedRecord.blobs)):
        told = _all_told(row.content)
        if any(name in told for name in wanted):
            gone.append(row.id)
            files += map(bytes.fromhex, row.blobs)
    for start in range(0, len(gone), _AT_ONCE):
        these = BinnedRecord.id.in_(gone[start : start + _AT_ONCE])
        connection.execute(sa.delete(BinnedRecord).where(these))
    return files


def _all_told(content: bytes) -> bytes:
    """Everything that a record says, also in the XML that was sent."""
    inside = [value for rows in unpacked(content).values() for row in rows for value in row.values()]
    return b"\n".join([gzip.decompress(content), *(each for each in inside if isinstance(each, bytes))])


def listed(session: Session) -> list[BinDay]:
    """What lies in the bin, newest first."""
    counts: dict[tuple[dt.date, str], int] = defaultdict(int)
    for at, about in session.execute(sa.select(BinnedRecord.deleted_at, BinnedRecord.about)):
        counts[clock.day_of(at), about] += 1
    session.rollback()
    return [BinDay(day, about, count) for (day, about), count in sorted(counts.items(), reverse=True)]


def files_kept(connection: sa.Connection) -> dict[bytes, int]:
    """The files of all that lies in the bin, with their sizes in bytes."""
    found: Iterable[dict[str, int]] = connection.scalars(sa.select(BinnedRecord.blobs))
    return {bytes.fromhex(name): size for files in found for name, size in files.items()}


def files_alone(connection: sa.Connection) -> dict[bytes, int]:
    """Those of them that no attachment names."""
    kept = files_kept(connection)
    named = set(connection.scalars(sa.select(Attachment.stored_sha256))) if kept else set()
    return {sha256: size for sha256, size in kept.items() if sha256 not in named}


def empty(session: Session, confirmed: int | None = None) -> int:
    """Delete for good what has lain here for 30 days; how many records. Commits.

    DeletionStopped, and nothing deleted, where the clock may be wrong and nobody has `confirmed` so many.
    """
    old = BinnedRecord.deleted_at < clock.now() - KEPT
    count = session.scalar(sa.select(sa.func.count()).select_from(BinnedRecord).where(old)) or 0
    shares = [Share("thùng rác", count, None)]
    needed = deletion_guard.ask(session.connection(), EMPTIED, shares, confirmed, OPTION)
    session.rollback()
    done = 0
    while taken := again(lambda: _empty_some(session, old), session):
        done += taken
    if done:
        session.connection(execution_options={"writes": True})
        audit.add(SHELL.name, EMPTIED, "bin", {"rows": done}, by=session)
        if needed:
            deletion_guard.note_confirmed(deletion_guard.BIN, done)
        session.commit()
    return done


def _empty_some(session: Session, old: sa.ColumnElement[bool]) -> int:
    session.rollback()
    connection = session.connection(execution_options={"writes": True})
    query = sa.select(BinnedRecord.id, BinnedRecord.blobs).where(old).limit(_AT_ONCE)
    rows = connection.execute(query).all()
    connection.execute(sa.delete(BinnedRecord).where(BinnedRecord.id.in_([row.id for row in rows])))
    files = unneeded(connection, [bytes.fromhex(name) for row in rows for name in row.blobs])
    session.commit()
    for sha256 in files:
        blobs.delete(sha256)
    return len(rows)


def unneeded(connection: sa.Connection, files: Collection[bytes]) -> set[bytes]:
    """Those of these files that neither an attachment nor anything in the bin needs."""
    if not files:
        return set()
    named = sa.select(Attachment.stored_sha256).where(Attachment.stored_sha256.in_(files))
    return set(files) - set(connection.scalars(named)) - files_kept(connection).keys()


def _packed(rows: Rows) -> bytes:
    told = {
        str(table): [{str(name): _written(value) for name, value in row.items()} for row in found]
        for table, found in rows.items()
    }
    return gzip.compress(orjson.dumps(told), mtime=0)


def _written(value: Any) -> Any:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value


def unpacked(content: bytes) -> dict[str, list[dict[str, Any]]]:
    """The rows of a record; columns that a table does not have any more are left out."""
    tables = Base.metadata.tables
    return {
        table: [_read_row(tables[table], row) for row in found]
        for table, found in orjson.loads(gzip.decompress(content)).items()
        if table in tables
    }


def _read_row(table: sa.Table, row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: value if value is None else _reader(table.columns[name].type)(value)
        for name, value in row.items()
        if name in table.columns
    }


_READERS: Sequence[tuple[Any, Callable[[Any], Any]]] = (
    ((Moment, sa.DateTime), dt.datetime.fromisoformat),
    (sa.Date, dt.date.fromisoformat),
    (sa.LargeBinary, base64.b64decode),
    (sa.Uuid, uuid.UUID),
)


def _reader(kind: Any) -> Callable[[Any], Any]:
    return next((read for kinds, read in _READERS if isinstance(kind, kinds)), lambda value: value)


def records(session: Session, day: dt.date, about: str | None) -> Iterator[tuple[int, str]]:
    """Number and key of what a day's runs put here, households before visits."""
    within = sa.and_(
        BinnedRecord.deleted_at >= clock.start_of(day), BinnedRecord.deleted_at < clock.end_of(day)
    )
    # what officers threw away has a page of its own (server/privacy/thrown_away.py)
    by_clock = BinnedRecord.about.not_like("thrown_away:%")
    query = sa.select(BinnedRecord.id, BinnedRecord.key).where(within, by_clock)
    rows = session.execute(query if about is None else query.where(BinnedRecord.about == about)).all()
    session.rollback()
    yield from sorted(
        ((row.id, row.key) for row in rows), key=lambda each: (not each[1].startswith("entity:"), each)
    )
