"""What visits' connections to PostgreSQL are like: enough of them, not kept without need, no table read whole."""

import threading

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db, single_statements
from server.factory import engines
from server.hot_path import statements
from server.intake import known
from server.settings import Settings

THREADS = 16
"""Of a process (server/gunicorn_conf.py)."""


@pytest.fixture(autouse=True)
def postgresql(app: Flask) -> None:
    if db.engine.dialect.name != "postgresql":
        pytest.skip("SQLite keeps its connections in this process")


def test_every_thread_may_have_a_second_one_for_a_moment(app: Flask) -> None:
    """What is remembered in a process is read by a connection of its own, whatever the request has open."""
    together, told = threading.Barrier(THREADS), []

    def ask() -> None:
        with app.app_context(), db.engine.connect():
            together.wait(30)
            with db.engine.connect() as second:
                told.append(second.scalar(sa.text("SELECT 1")))

    threads = [threading.Thread(target=ask) for _ in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert told == [1] * THREADS
    kept = db.engine.pool.checkedin()  # type: ignore[attr-defined]
    assert kept <= 8, "a burst must not keep what others of the machine need"


def test_four_processes_keep_what_the_book_promises(settings: Settings) -> None:
    """docs/install.md: 130 a machine; three processes within the 100 of a PostgreSQL as it is installed."""
    most = sum(
        int(str(each["pool_size"])) + int(str(each["max_overflow"])) for each in engines(settings).values()
    )
    assert 4 * most <= 130
    assert 3 * most <= 97


@pytest.mark.parametrize("many", [False, True])
def test_no_table_is_read_whole_for_a_visit_whatever_it_was_when_that_was_planned(
    app: Flask, many: bool
) -> None:
    """Plans are made once, and on a fresh installation when every table is empty and known to be so."""
    with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.execute(sa.text("ANALYZE"))
    with single_statements().connect() as connection:
        compiled = statements._compile(((known._ASKED["postgresql"], many),), connection.dialect)
        raw = connection.connection.driver_connection
        assert raw is not None
        plan = "\n".join(row[0] for row in raw.execute(f"EXPLAIN (GENERIC_PLAN) {compiled.text}"))
    assert "Index" in plan
    assert "Seq Scan" not in plan
