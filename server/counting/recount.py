"""The recount as people ask for it: of one moment, beside phones that go on sending; and its correction."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import sqlalchemy as sa

from server.counting import tally, writer_lock
from server.counting.tally import TallyDifference
from server.db import db


@dataclass(frozen=True)
class Recount:
    """Where the tally differs from the findings, and how many months differ from their days."""

    differences: tuple[TallyDifference, ...]
    months: int


def compare(commune_id: int | None = None) -> Recount:
    """Count everything anew as it stood at one moment, and compare; holds nobody up."""
    with _one_moment() as connection:
        return _compared(connection, commune_id)


def correct(commune_id: int | None = None) -> Recount:
    """Bring the tally to what a recount finds; what was wrong. Nothing is applied or folded meanwhile."""
    with db.engine.connect().execution_options(writes=True) as connection:
        writer_lock.hold(connection)
        tally.hold_folds(connection)
        found = _compared(connection, commune_id)
        tally.correct(connection, found.differences)
        if found.months:
            tally.rebuild_months(connection)
        connection.commit()
        return found


def _compared(connection: sa.Connection, commune_id: int | None) -> Recount:
    return Recount(tuple(tally.recount(connection, commune_id)), tally.months_differ(connection))


@contextlib.contextmanager
def _one_moment() -> Iterator[sa.Connection]:
    """A transaction whose statements all see the same; SQLite's do anyway."""
    level = {"isolation_level": "REPEATABLE READ"} if db.engine.dialect.name == "postgresql" else {}
    with db.engine.connect().execution_options(**level) as connection:
        yield connection
