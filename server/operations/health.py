"""Whether this server can take a visit now: its database, its tables' version, its disks. Cheap; no secrets."""

import functools
import os
import queue
import shutil
import threading
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from server import migrate
from server.db import db
from server.files import blobs
from server.settings import Settings

DEADLINE_SECONDS = 2.0
"""Twice, where somebody else waits already: a watcher has an answer within five."""
GONE = ("gone", "unknown")
RESTORING = "restoring"
"""A table that is there from before the first change of a restore to its end: until then nobody may use the place."""
CUT_SHORT = "Lần phục hồi trước bị ngắt giữa chừng: hãy chạy lại “flask restore” rồi mới khởi động máy chủ."
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
    """`ok`, `read_only` (a stand-by, perhaps), or `gone`: it does not answer, or not in time."""
    tables: str
    """`ok`, `behind` (older or newer than this program), `restoring`, or `unknown` while the database is gone."""
    disk: str
    """`ok`, `low` (somebody should look), `full` (the next visit may not fit)."""

    @property
    def is_able(self) -> bool:
        """Whether phones may send: a disk that is merely low takes visits still."""
        return self.database == "ok" and self.tables == "ok" and self.disk != "full"


def look() -> Health:
    """One connection, a few rows, one question to each disk; an answer within seconds, whatever the database does."""
    settings: Settings = current_app.config["SETTINGS"]
    database, tables = _asked(db.engine)
    return Health(database, tables, disk(settings))


_asking = threading.Lock()
"""Held while somebody waits for the database: one that hangs is asked once, not by a thread for each who looks."""


def _asked(engine: sa.Engine) -> tuple[str, str]:
    """What the database is and what its tables are, from a thread that may go on waiting after we do not."""
    found: queue.SimpleQueue[tuple[str, str]] = queue.SimpleQueue()

    def ask() -> None:
        told = GONE
        try:
            with engine.connect() as connection:
                told = "read_only" if _is_read_only(connection) else "ok", _tables(connection)
        except SQLAlchemyError:
            told = GONE
        finally:
            _asking.release()
            found.put(told)  # the connection is back by now: who asked may close them all

    if not _asking.acquire(timeout=DEADLINE_SECONDS):
        return GONE
    threading.Thread(target=ask, name="health", daemon=True).start()
    try:
        return found.get(timeout=DEADLINE_SECONDS)
    except queue.Empty:
        return GONE


def _is_read_only(connection: sa.Connection) -> bool:
    """A stand-by, a database that was set so, a file on a disk that takes nothing."""
    if connection.dialect.name == "postgresql":
        return connection.exec_driver_sql("SHOW transaction_read_only").scalar() == "on"
    path = Path(connection.engine.url.database or "")
    return path.exists() and (not os.access(path, os.W_OK) or bool(os.statvfs(path).f_flag & os.ST_RDONLY))


def _tables(connection: sa.Connection) -> str:
    if is_restoring(connection):
        return "restoring"
    return "ok" if version(connection) == newest() else "behind"


def is_restoring(connection: sa.Connection) -> bool:
    """Whether a restore goes on, or was cut short."""
    return sa.inspect(connection).has_table(RESTORING)


def was_cut_short() -> bool:
    """The same of a server that is about to begin; no where its database is away, which it waits for."""
    try:
        with db.engine.connect() as connection:
            return is_restoring(connection)
    except sa.exc.DBAPIError:
        return False


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
