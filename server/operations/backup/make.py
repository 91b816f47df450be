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
from server.models import Attachment
from server.operations import health
from server.operations.backup import archive, row_json
from server.settings import Settings

_NAMED = re.compile(r"tungnha-\d{8}-\d{6}\.tar(\.age)?")
_BLOBS = sa.select(Attachment.stored_sha256).distinct().order_by(Attachment.stored_sha256)


@dataclass(frozen=True)
class MadeBackup:
    """What went into a backup."""

    path: Path
    size: int
    rows: int
    blobs: int
    missing: tuple[str, ...]
    """Photos that rows name and nobody finds: no reason to have no backup of the rest."""
    damaged: tuple[str, ...]
    """Photos whose bytes are no longer those that were stored; left out."""
    is_encrypted: bool


def backup(target: Path) -> MadeBackup:
    """Write everything to a file, or to a new file in a folder."""
    settings: Settings = current_app.config["SETTINGS"]
    recipients = archive.recipients(settings.backup_key)
    path = target / _name(encrypted=bool(recipients)) if target.is_dir() else target
    with archive.writing(path, recipients) as writer, _one_moment() as connection:
        manifest = _manifest(connection)
        tables = _tables(writer, connection)
        found, missing, damaged = _photos(writer, connection)
        if recipients and not settings.secret_key:
            writer.add("secret_key", current_app.config["SECRET_KEY"].encode())
        writer.finish({**manifest, "tables": tables, "missing": missing, "damaged": damaged})
    count = sum(each["rows"] for each in tables.values())
    size = path.stat().st_size
    return MadeBackup(path, size, count, found, tuple(missing), tuple(damaged), bool(recipients))


def forget_older(folder: Path, keep: int) -> int:
    """Delete all but the newest backups that we named in a folder; how many."""
    named = sorted(path for path in folder.iterdir() if _NAMED.fullmatch(path.name))
    for path in named[:-keep]:
        path.unlink()
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


def _photos(writer: archive.Writer, connection: sa.Connection) -> tuple[int, list[str], list[str]]:
    """How many were added; which are not there; which are not what they were. One at a time in memory."""
    found, missing, damaged = 0, [], []
    for (sha256,) in connection.execute(_BLOBS).all():
        content = blobs.get(sha256)
        if content is None:
            missing.append(sha256.hex())
        elif hashlib.sha256(content).digest() != sha256:
            damaged.append(sha256.hex())
        else:
            writer.add(f"blobs/{sha256.hex()}", content)
            found += 1
    return found, missing, damaged
