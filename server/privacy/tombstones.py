"""What was deleted stays deleted: a table asked at every arrival, and a file that outlives a restored backup.

The file is written before the rows are deleted. A process that dies in between leaves lines without a deletion;
`apply_tombstones` makes up for it, as it does after a backup of before the deletion was restored.
"""

import datetime as dt
import json
import os
import uuid
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from server import audit, clock
from server.files import attachments, blobs
from server.models import Attachment, Entity, Submission, Tombstone
from server.models.privacy import of_blob, of_entity, of_points, of_submission
from server.privacy import deleted_bin, erase
from server.privacy.erase import Doomed
from server.privacy.remove_positions import forget_positions

FILE = "tombstones.jsonl"
REQUEST, RETENTION = "request", "retention"
"""Why something was deleted: the household asked for it, or it had been kept long enough."""
RETURNED = "returned"
"""In the file alone: what retention had deleted is there again, and its line holds no more."""
_RETAINED = ("entity", "submission")
_AT_ONCE = 500


@dataclass(frozen=True)
class TombstoneLine:
    """One line of the file."""

    key: str
    at: dt.datetime
    reason: str


def forget(session: Session, doomed: Doomed, reason: str, about: str = "") -> None:
    """Delete, with whatever else the session holds, and commit; then take the files off the disk.

    What persons ask for goes for good; what had been kept long enough goes into the bin, files and all, as `about`.
    """
    lines = [TombstoneLine(key, clock.now(), reason) for key in _keys(doomed)]
    _append(lines)
    connection = session.connection()
    _remember(connection, lines)
    is_retention = reason == RETENTION
    names = [*map(str, doomed.entities), *doomed.submissions.values()]
    if is_retention:
        deleted_bin.keep_doomed(connection, about, doomed)
    files = set() if is_retention else {*doomed.blobs, *deleted_bin.forget(connection, names)}
    erase.erase(connection, doomed, keeps_counts=is_retention)
    gone = deleted_bin.unneeded(connection, files)
    audit.redact(doomed.records)
    session.commit()
    for sha256 in gone:
        blobs.delete(sha256)
    _settle(session)


def forget_points(session: Session, doomed: Doomed) -> int:
    """Take the positions out of these submissions for good, with whatever else the session holds; how many. Commits."""
    lines = [TombstoneLine(of_points(name), clock.now(), REQUEST) for name in doomed.submissions.values()]
    _append(lines)
    connection = session.connection()
    _remember(connection, lines)
    logs = forget_positions(connection, doomed)
    session.commit()
    for sha256 in logs:
        blobs.delete(sha256)
    _settle(session)
    return len(lines)


def apply_tombstones(session: Session) -> int:
    """Delete again what households had asked to be deleted and a backup brought back; how many rows of them. Commits.

    Table and file each get what only the other has. What had only been kept long enough stays: retention decides
    about it at its next run, which asks where the clock may be wrong.
    """
    newest = {line.key: line for line in read()}
    in_file = {key: line for key, line in newest.items() if line.reason != RETURNED}
    in_table = {
        row.key: TombstoneLine(row.key, row.at, row.reason) for row in session.scalars(sa.select(Tombstone))
    }
    session.rollback()
    lines = _without_returned(session, in_table | in_file)
    _append(line for key, line in in_table.items() if key not in in_file)
    session.connection(execution_options={"writes": True})
    _remember(session.connection(), lines.values())
    session.commit()
    return _again(session, [line.key for line in lines.values() if line.reason == REQUEST], REQUEST)


def take_back(session: Session, keys: Collection[str]) -> None:
    """What had only been kept long enough is there again: its lines hold no more. The caller commits."""
    _append(TombstoneLine(key, clock.now(), RETURNED) for key in keys)
    session.execute(sa.delete(Tombstone).where(Tombstone.key.in_(keys), Tombstone.reason == RETENTION))


def _without_returned(session: Session, lines: Mapping[str, TombstoneLine]) -> dict[str, TombstoneLine]:
    """The lines but for those of what retention had deleted and a backup brought back: phones may send to it again."""
    there = set()
    for keys in _portions([key for key, line in lines.items() if line.reason == RETENTION]):
        names = {
            kind: [key.partition(":")[2] for key in keys if key.startswith(f"{kind}:")] for kind in _RETAINED
        }
        entities = sa.select(Entity.id).where(Entity.id.in_(map(uuid.UUID, names["entity"])))
        visits = sa.select(Submission.instance_id).where(Submission.instance_id.in_(names["submission"]))
        there |= set(map(of_entity, session.scalars(entities)))
        there |= set(map(of_submission, session.scalars(visits)))
        session.rollback()
    _append(TombstoneLine(key, clock.now(), RETURNED) for key in sorted(there))
    for keys in _portions(sorted(there)):
        session.connection(execution_options={"writes": True})
        session.execute(sa.delete(Tombstone).where(Tombstone.key.in_(keys)))
        session.commit()
    return {key: line for key, line in lines.items() if key not in there}


def read() -> Iterator[TombstoneLine]:
    """The lines of the file; one that a power cut left half written is passed over."""
    if not _path().exists():
        return
    with _path().open(encoding="utf-8") as file:
        for text in file:
            try:
                told = json.loads(text)
                yield TombstoneLine(told["key"], dt.datetime.fromisoformat(told["at"]), told["reason"])
            except (ValueError, KeyError, TypeError):
                continue


def _keys(doomed: Doomed) -> list[str]:
    return [
        *map(of_entity, doomed.entities),
        *map(of_submission, doomed.submissions.values()),
        *map(of_blob, doomed.blobs),
    ]


def _path() -> Path:
    folder: Path = current_app.config["SETTINGS"].instance
    return folder / FILE


def _append(lines: Iterable[TombstoneLine]) -> None:
    """Add lines to the file, on disk before this returns; readable by the owner alone."""
    written = "".join(
        json.dumps({"key": line.key, "at": line.at.isoformat(), "reason": line.reason}, ensure_ascii=False)
        + "\n"
        for line in lines
    )
    if not written:
        return
    handle = os.open(_path(), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        # a line feed first ends a line that was cut off
        os.write(handle, b"\n" + written.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def _remember(connection: sa.Connection, lines: Iterable[TombstoneLine]) -> None:
    rows = [{"key": line.key, "at": line.at, "reason": line.reason} for line in lines]
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    if rows:
        connection.execute(insert(Tombstone).on_conflict_do_nothing(), rows)


def _again(session: Session, keys: Iterable[str], reason: str) -> int:
    """Delete what is there under these keys, some hundred at a time."""
    count = 0
    named: dict[str, list[str]] = {"entity": [], "submission": [], "points": [], "blob": []}
    for key in keys:
        kind, _, name = key.partition(":")
        named.setdefault(kind, []).append(name)
    _out_of_the_bin(session, [*named["entity"], *named["submission"]])
    for names in _portions(named["entity"]):
        alive = session.scalars(sa.select(Entity.id).where(Entity.id.in_(map(uuid.UUID, names)))).all()
        for entity_id in alive:
            session.rollback()
            count += _forget_again(session, entity_id, reason)
    for names in _portions(named["submission"]):
        ids = session.scalars(sa.select(Submission.id).where(Submission.instance_id.in_(names))).all()
        session.rollback()
        if ids:
            connection = session.connection(execution_options={"writes": True})
            forget(session, erase.of_submissions(connection, ids), reason)
            count += len(ids)
    for names in _portions(named["points"]):
        _points_again(session, names)
    for names in _portions(named["blob"]):
        _sweep(session, [bytes.fromhex(name) for name in names])
    return count


def _out_of_the_bin(session: Session, names: Collection[str]) -> None:
    """Take out of the bin of an older backup what persons have asked to be deleted since."""
    if names:
        connection = session.connection(execution_options={"writes": True})
        files = deleted_bin.unneeded(connection, deleted_bin.forget(connection, names))
        session.commit()
        for sha256 in files:
            blobs.delete(sha256)


def _forget_again(session: Session, entity_id: uuid.UUID, reason: str) -> int:
    connection = session.connection(execution_options={"writes": True})
    doomed = erase.of_household(connection, entity_id)
    if not doomed.entities & set(connection.scalars(sa.select(Entity.id).where(Entity.id == entity_id))):
        return 0  # went with another one, into which it was merged
    forget(session, doomed, reason)
    return len(doomed.entities) + len(doomed.submissions)


def _points_again(session: Session, names: list[str]) -> None:
    """Take the positions out again where a submission has some."""
    has_some = sa.or_(
        Submission.latitude.is_not(None),
        sa.exists().where(
            Attachment.submission_id == Submission.id,
            sa.func.lower(Attachment.name) == attachments.AUDIT_FILE,
        ),
    )
    ids = session.scalars(sa.select(Submission.id).where(Submission.instance_id.in_(names), has_some)).all()
    session.rollback()
    if ids:
        connection = session.connection(execution_options={"writes": True})
        forget_points(session, erase.of_submissions(connection, ids))


def _sweep(session: Session, hashes: Collection[bytes]) -> None:
    """Take files off the disk that no submission names: those left where a deletion was cut short."""
    query = sa.select(Attachment.stored_sha256).where(Attachment.stored_sha256.in_(hashes))
    needed = set(session.scalars(query))
    session.rollback()
    for sha256 in set(hashes) - needed:
        blobs.delete(sha256)


def _portions(names: list[str]) -> Iterator[list[str]]:
    for start in range(0, len(names), _AT_ONCE):
        yield names[start : start + _AT_ONCE]


def _settle(session: Session) -> None:
    """On SQLite, bring what was overwritten from its log into the file, where nobody else is reading."""
    bind = session.get_bind()
    if bind.dialect.name == "sqlite":
        with bind.engine.connect() as connection:
            connection.exec_driver_sql("ROLLBACK")  # a checkpoint cannot run inside a transaction
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
