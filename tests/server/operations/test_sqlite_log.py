"""SQLite's log stays short whoever reads, and nobody who reads or writes has to wait for that."""

import contextlib
import sqlite3
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from server.operations import sqlite_log

LONG = 200_000  # bytes


class LoggedDatabase:
    """A database of its own, with one table."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "log.sqlite3"
        self.engine = sa.create_engine(f"sqlite:///{self.file}", poolclass=sa.NullPool)
        self.own = self.connected()
        self.own.execute("PRAGMA journal_mode=WAL")
        self.own.execute("CREATE TABLE row (content BLOB)")

    def connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self.file, isolation_level=None, timeout=0)

    def write(self, count: int = 1) -> None:
        for _ in range(count):
            self.own.execute("INSERT INTO row VALUES (zeroblob(50000))")

    @contextlib.contextmanager
    def read(self) -> Iterator[None]:
        """Somebody who sees one moment until the block ends."""
        with contextlib.closing(self.connected()) as reader:
            reader.execute("BEGIN")
            reader.execute("SELECT count(*) FROM row").fetchone()
            yield

    @property
    def log_size(self) -> int:
        return Path(f"{self.file}-wal").stat().st_size


@pytest.fixture
def logged(tmp_path: Path) -> Iterator[LoggedDatabase]:
    found = LoggedDatabase(tmp_path)
    yield found
    found.own.close()


def test_the_log_is_cut_when_nobody_needs_it_any_more(logged: LoggedDatabase) -> None:
    with logged.read():
        logged.write(10)
        assert not sqlite_log.shorten(logged.engine, LONG)
        assert logged.log_size > LONG
    assert sqlite_log.shorten(logged.engine, LONG)
    assert logged.log_size == 0
    assert logged.own.execute("SELECT count(*) FROM row").fetchone() == (10,)


def test_a_short_log_is_left_alone(logged: LoggedDatabase) -> None:
    logged.write()
    assert not sqlite_log.shorten(logged.engine, LONG)
    assert 0 < logged.log_size < LONG


def test_whoever_writes_is_not_held_up_for_long_by_somebody_who_reads_an_older_moment(
    logged: LoggedDatabase,
) -> None:
    with logged.read():
        logged.write(10)
        began = time.monotonic()
        assert not sqlite_log.shorten(logged.engine, LONG)
        assert (
            time.monotonic() - began < 15 * sqlite_log.WAITS_SECONDS
        )  # of a machine that does other things too
        logged.write()


def test_readers_who_take_turns_without_a_pause_do_not_let_it_grow(logged: LoggedDatabase) -> None:
    """At no moment does nobody read: SQLite alone would never begin its log anew."""
    ends = threading.Event()

    def reads(first: float) -> None:
        ends.wait(first)
        while not ends.is_set():
            with logged.read():
                ends.wait(0.006)

    readers = [threading.Thread(target=reads, args=(first,)) for first in (0, 0.002, 0.004)]
    for each in readers:
        each.start()
    try:
        for _ in range(50):
            logged.write(5)
            if sqlite_log.shorten(logged.engine, LONG):
                break
        assert logged.log_size == 0
    finally:
        ends.set()
        for each in readers:
            each.join(60)


def test_every_process_that_serves_looks_at_the_log_of_sqlite(app: Flask) -> None:
    with app.app_context():
        is_sqlite = sqlite_log.db.engine.dialect.name == "sqlite"
    assert (sqlite_log.start(app) is not None) == is_sqlite
