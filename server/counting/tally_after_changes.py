"""Changes what counts about subjects after the fact: the tally follows all that is altered inside the block."""

import contextlib
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import sqlalchemy as sa

from geo.series import Turn
from server.counting import tally, writer_lock
from server.models import Entity
from server.published_forms.registry import registry


@contextlib.contextmanager
def recasting(connection: sa.Connection, subjects: Iterable[uuid.UUID]) -> Iterator[None]:
    """Within the caller's transaction, be the one writer and bring the tally to what the block leaves (R3).

    Code that locks rows takes this lock before them (`writer_lock.hold`), so that nobody waits in a ring.
    """
    writer_lock.hold(connection)
    ordered = sorted(set(subjects))
    before = [_counted(connection, subject) for subject in ordered]
    yield
    rules = registry().rules(connection)
    rows: list[dict[str, Any]] = []
    for subject, (old_series, old_turns) in zip(ordered, before, strict=True):
        series, turns = _counted(connection, subject)
        rows += tally.difference(old_series, series, rules, (old_turns, turns))
    if rows:
        connection.execute(tally.APPEND, rows)


def _counted(connection: sa.Connection, subject: uuid.UUID) -> tuple[tally.Series, tuple[Turn, ...]]:
    """All that counts about a subject, and how its household turned."""
    rows = connection.execute(tally.SERIES, {"subject": subject})
    turns = connection.scalar(sa.select(Entity.turns).where(Entity.id == subject))
    return tally.series(tuple(row) for row in rows), tally.turns(turns)
