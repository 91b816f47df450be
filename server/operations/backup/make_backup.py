"""Makes a backup while visits go on: one moment of all tables, then the photos that its rows name."""

import contextlib
import datetime as dt
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from flask import current_app

from server import clock
from server.db import db
from server.files import blobs
from server.files.blobs.folder import UnreadableFile
from server.models import Attachment, BinnedRecord
from server.operations import health
from server.operations.backup import archive, photo_store, row_json
from server.operations.backup.photo_store import PhotoStore
from server.privacy import deleted_bin
from server.settings import Settings

_NAMED = re.compile(r"tungnha-\d{8}-\d{6}\.tar(\.age)?")
_BLOBS = sa.select(Attachment.stored_sha256, Attachment.size).distinct().order_by(Attachment.stored_sha256)
_AT_ONCE = 1_000


@dataclass(frozen=True)
class MadeBackup:
    """What went into a backup."""

    path: Path
    size: int
    rows: int
    blobs: int
    copied: int
    """Of these, those that no earlier backup had put into the folder."""
    missing: tuple[str, ...]
    """Photos that rows name and nobody finds: no reason to have no backup of the rest."""
    damaged: tuple[str, ...]
    """Photos whose bytes are no longer those that were stored; left out."""
    is_encrypted: bool


def backup(target: Path) -> MadeBackup:
    """Write everything to a file; or to a new file in a folder, and beside it the photos that are not there yet."""
    settings: Settings = current_app.config["SETTINGS"]
    recipients = archive.recipients(settings.backup_key)
    store = photo_store.beside(target, settings.backup_key, recipients) if target.is_dir() else None
    path = target / _name(encrypted=bool(recipients)) if store else target
    try:
        with archive.writing(path, recipients) as writer, _one_moment() as connection:
            manifest = _manifest(connection)
            tables = _tables(writer, connection)
            photos = _TakenPhotos(writer, store)
            photos.take(connection)
            if recipients and not settings.secret_key:
                writer.add(archive.KEY, current_app.config["SECRET_KEY"].encode())
            if store is not None:
                names = photo_store.packed(photos.names)
                writer.add(archive.LIST, names)
                photo_store.write_list(path, store, names)
            writer.finish({**manifest, "tables": tables, **photos.told()})
    except BaseException:
        if not path.exists():
            photo_store.list_of(path).unlink(missing_ok=True)
        raise
    count = sum(each["rows"] for each in tables.values())
    return MadeBackup(
        path, path.stat().st_size, count, photos.found, photos.copied, tuple(photos.missing), tuple(photos.damaged),
        bool(recipients),
    )  # fmt: skip


def forget_older(folder: Path, keep: int) -> int:
    """Delete all but the newest backups that we named in a folder, how many; and photos that none needs then."""
    named = sorted(path for path in folder.iterdir() if _NAMED.fullmatch(path.name))
    for path in named[:-keep]:
        path.unlink()
        photo_store.list_of(path).unlink(missing_ok=True)
    photo_store.prune(folder)
    return len(named[:-keep])


def _name(*, encrypted: bool) -> str:
    return f"tungnha-{clock.now().astimezone(clock.LOCAL):%Y%m%d-%H%M%S}.tar{'.age' if encrypted else ''}"


@contextlib.contextmanager
def _one_moment() -> Iterator[sa.Connection]:
    """A connection that sees all tables as they are now, until the block ends, and disturbs nobody."""
    with db.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        yield connection


def _manifest(connection: sa.Connection) -> dict[str, Any]:
    return {
        "made_at": clock.now().astimezone(dt.UTC).isoformat(timespec="seconds"),
        "database": connection.dialect.name,
        "revision": health.version(connection),
        "counters": row_json.counters(connection),
    }


def _tables(writer: archive.Writer, connection: sa.Connection) -> dict[str, Any]:
    told = {}
    for table, kinds in row_json.tables(connection).items():
        total, digest = 0, row_json.Digest()
        for number, (part, count) in enumerate(row_json.dump(connection, table, kinds), 1):
            writer.add(f"tables/{table}/{number:06}.jsonl.gz", part)
            digest.add(part)
            total += count
        told[table] = {"rows": total, "columns": dict(kinds), "digest": digest.told()}
    return told


MOST_UNREADABLE = 20
"""Photos on spoilt places of the disk, which no backup waits for; more are a disk that is away."""


class _TakenPhotos:
    """Photos on their way into a backup, one at a time in memory; what a store has already is not read again."""

    def __init__(self, writer: archive.Writer, store: PhotoStore | None) -> None:
        self._writer, self._store = writer, store
        self.found, self.copied, self._unreadable = 0, 0, 0
        self.names: list[bytes] = []
        """Those that lie in the store."""
        self.missing: list[str] = []
        self.damaged: list[str] = []

    def take(self, connection: sa.Connection) -> None:
        """All that rows name, and what lies in the bin."""
        with connection.execute(_BLOBS, execution_options={"yield_per": _AT_ONCE}) as rows:
            for sha256, size in rows:
                self._take(sha256, size)
        if sa.inspect(connection).has_table(BinnedRecord.__tablename__):  # older programs have none
            for sha256, size in sorted(deleted_bin.files_alone(connection).items()):
                self._take(sha256, size)

    def _take(self, sha256: bytes, size: int) -> None:
        if self._store is None or not self._store.has(sha256, size):
            self._copy(sha256)
        else:
            self._note(sha256)

    def told(self) -> dict[str, Any]:
        """For the manifest."""
        told: dict[str, Any] = {"missing": self.missing, "damaged": self.damaged}
        if self._store is not None:
            told["photos"] = {
                "folder": self._store.root.name, "count": len(self.names), "encrypted": self._store.is_encrypted,
            }  # fmt: skip
        return told

    def _copy(self, sha256: bytes) -> None:
        try:
            content = blobs.get(sha256)
        except UnreadableFile:
            self._unreadable += 1
            if self._unreadable > MOST_UNREADABLE:
                raise
            content = b""
        if content is None:
            self.missing.append(sha256.hex())
        elif hashlib.sha256(content).digest() != sha256:
            self.damaged.append(sha256.hex())
        else:
            if self._store is None:
                self._writer.add(f"blobs/{sha256.hex()}", content)
            else:
                self._store.put(sha256, content)
            self.copied += 1
            self._note(sha256)

    def _note(self, sha256: bytes) -> None:
        self.found += 1
        if self._store is not None:
            self.names.append(sha256)
