"""Whether this server can take a visit now: its database, its tables' version, its disks. Cheap; no secrets."""

import functools
import shutil
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from server import migrate
from server.db import db
from server.files import blobs
from server.settings import Settings

RESTORING = "restoring"
"""A table that is there from the first row of a restore to its last: until then nobody may use what is there."""
VERSION = sa.text("SELECT version_num FROM alembic_version")


@dataclass(frozen=True)
class Space:
    """A folder's disk, in bytes; `name` is data or blobs."""

    name: str
    folder: Path
    total: int
    free: int


@dataclass(frozen=True)
class Health:
    """What was found; each part is `ok` or the word that says what is wrong."""

    database: str
    """`ok` or `gone`."""
    tables: str
    """`ok`, `behind` (older or newer than this program), `restoring`, or `unknown` while the database is gone."""
    disk: str
    """`ok`, `low` (somebody should look), `full` (the next visit may not fit)."""

    @property
    def is_able(self) -> bool:
        """Whether phones may send: a disk that is merely low takes visits still."""
        return self.database == "ok" and self.tables == "ok" and self.disk != "full"


def look() -> Health:
    """One connection, one row, one question to each disk."""
    settings: Settings = current_app.config["SETTINGS"]
    try:
        with db.engine.connect() as connection:
            tables = _tables(connection)
    except SQLAlchemyError:
        return Health("gone", "unknown", disk(settings))
    return Health("ok", tables, disk(settings))


def _tables(connection: sa.Connection) -> str:
    if is_restoring(connection):
        return "restoring"
    return "ok" if version(connection) == newest() else "behind"


def is_restoring(connection: sa.Connection) -> bool:
    """Whether a restore goes on, or was cut short."""
    return sa.inspect(connection).has_table(RESTORING)


def version(connection: sa.Connection) -> str | None:
    """The version of the tables; None where there are none yet."""
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found: str | None = connection.scalar(VERSION)
    return found


@functools.cache
def newest() -> str:
    """The version that this program's tables have."""
    return migrate.head()


def spaces(settings: Settings) -> list[Space]:
    """The disks that visits need."""
    folders = {"data": settings.instance}
    if not blobs.is_bucket(settings):
        folders["blobs"] = settings.blob_folder
    found = []
    for name, folder in folders.items():
        there = _existing(folder.absolute())
        used = shutil.disk_usage(there)
        found.append(Space(name, there, used.total, used.free))
    return found


def disk(settings: Settings) -> str:
    """The word for the disk that has least space."""
    free = min(space.free for space in spaces(settings))
    if free < full_below(settings):
        return "full"
    return "low" if free < settings.min_free_mb * 1_000_000 else "ok"


def full_below(settings: Settings) -> int:
    """Bytes: the largest submission, twice, since it lies in a temporary file before it is stored."""
    return 2 * settings.max_submission_mb * 1_000_000


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that is there already."""
    return folder if folder.exists() or folder == folder.parent else _existing(folder.parent)
