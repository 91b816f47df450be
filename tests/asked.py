"""How often a page asks the database."""

from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy as sa

from server.db import db
from tests.people import Browser


@contextmanager
def seen() -> Iterator[list[str]]:
    """Every statement, as it is sent."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        found.append(statement)

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)


def statements(visitor: Browser, path: str) -> int:
    """How many statements a page takes."""
    with seen() as found:
        answer = visitor.get(path)
        answer.get_data()  # what is streamed asks while it is read
    assert answer.status_code == 200
    return len([statement for statement in found if not statement.startswith("BEGIN")])
