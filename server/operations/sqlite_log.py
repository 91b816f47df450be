"""Keeps SQLite's write-ahead log short, between visits.

SQLite begins its log anew at a moment in which nobody reads from it, and never makes the file smaller. While a backup
or a long download reads one moment, or readers take turns without a pause, it grows, by megabytes a second where many
visits come, and stays so large.
"""

import contextlib
import sqlite3
import threading
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from server import background
from server.db import db

LONGEST = 16 * 2**20
"""Bytes from which on it is cut: four times what SQLite itself lets stand before it begins anew."""
LOOKS_SECONDS = 15.0
WAITS_SECONDS = 0.2
"""How long the one that cuts it waits for others to have read to their end; visits wait as long."""


def start(app: Flask) -> threading.Thread | None:
    """Begin to look at the log again and again; None with PostgreSQL. Whichever process finds it long cuts it."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name != "sqlite":
        return None
    return background.every(LOOKS_SECONDS, lambda: shorten(engine), app, "sqlite log")


def shorten(engine: sa.Engine, longest: int = LONGEST) -> bool:
    """Bring all that the log holds into the database's file and cut it, where it is long; whether that was done.

    Most is brought over while nobody waits. Then who reads is waited for, while those who begin to read need no log any
    more; somebody who goes on reading an older moment needs it, and it is cut some other time.
    """
    file = Path(engine.url.database or "")
    if _size(file) <= longest:
        return False
    with contextlib.closing(sqlite3.connect(file, timeout=WAITS_SECONDS, isolation_level=None)) as own:
        own.execute("PRAGMA wal_checkpoint(PASSIVE)")
        (was_busy, *_) = own.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
    return not was_busy


def _size(file: Path) -> int:
    try:
        return file.with_name(f"{file.name}-wal").stat().st_size
    except FileNotFoundError:
        return 0
