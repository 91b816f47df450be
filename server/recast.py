"""Changes what counts about subjects after the fact: whatever is altered inside the block, the tally follows."""

import contextlib
import uuid
from collections.abc import Iterable, Iterator

import sqlalchemy as sa

from server import tally
from server.registry import registry


@contextlib.contextmanager
def recasting(connection: sa.Connection, subjects: Iterable[uuid.UUID]) -> Iterator[None]:
    """Within the caller's transaction, keep visits to these subjects out and bring the tally to what the block leaves.

    Their rows are locked in the order of their ids, so that two who change the same subjects wait for each other
    instead of for ever (DESIGN 6.3).
    """
    ordered = sorted(set(subjects))
    for subject in ordered:
        tally.lock(connection, subject)
    before = {subject: _series(connection, subject) for subject in ordered}
    yield
    rules = registry().rules(connection)
    rows = [
        row
        for subject in ordered
        for row in tally.difference(before[subject], _series(connection, subject), rules)
    ]
    if rows:
        connection.execute(tally.APPEND, rows)


def _series(connection: sa.Connection, subject: uuid.UUID) -> tally.Series:
    return tally.series(tuple(row) for row in connection.execute(tally.SERIES, {"subject": subject}))
