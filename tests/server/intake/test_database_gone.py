"""A database that ends connections while visits are stored: nothing is acknowledged that is not there."""

from collections.abc import Sequence

import pytest
import sqlalchemy as sa

from server.db import db, single_statements
from server.hot_path import statements
from server.models import Submission
from tests.server.hot_path.test_group_commit import outcome, together
from tests.server.intake.test_receive import Place, Visit, count, differences, place, send

__all__ = ["place"]  # a fixture is found by its name

END_ALL = """
SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def end_connections() -> None:
    """As a restart of PostgreSQL does: all but the one that asks for it."""
    db.session.close()
    db.engine.dispose()
    engine = sa.create_engine(db.engine.url, poolclass=sa.NullPool)
    with engine.connect() as connection:
        connection.execute(sa.text(END_ALL)).all()


@pytest.fixture
def on_postgresql(database: str) -> None:
    if database != "postgresql":
        pytest.skip("SQLite has no connections that another could end")


@pytest.mark.usefixtures("on_postgresql")
def test_visits_are_stored_again_as_soon_as_the_database_is_back(place: Place) -> None:
    """No connection that is broken stays in the pool, to fail one visit after the other."""
    loans = [single_statements().connect() for _ in range(8)]
    for loan in loans:
        loan.close()
    end_connections()
    assert [send(Visit(household=n, create=True), place.both).new for n in range(1, 4)] == [True] * 3
    assert differences() == []


@pytest.mark.usefixtures("on_postgresql")
def test_a_batch_whose_connection_ends_before_it_is_written_is_stored_once(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C37: it is undone whole, then each visit stored alone."""
    _end_around_the_first_write(monkeypatch, is_written=False)
    tickets = together(place, *(Visit(household=n, create=True) for n in range(1, 5)))
    assert [outcome(ticket) for ticket in tickets] == [True] * 4
    assert count(Submission) == 4
    assert differences() == []


@pytest.mark.usefixtures("on_postgresql")
def test_a_batch_that_was_stored_without_the_server_hearing_of_it_is_met_again(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """C46: whatever the server can know, the instance id tells what is stored."""
    _end_around_the_first_write(monkeypatch, is_written=True)
    tickets = together(place, *(Visit(household=n, create=True) for n in range(1, 5)))
    assert [outcome(ticket) for ticket in tickets] == [False] * 4
    assert count(Submission) == 4
    assert differences() == []


def _end_around_the_first_write(monkeypatch: pytest.MonkeyPatch, is_written: bool) -> None:
    whole = statements.write
    ended: list[bool] = []

    def write(connection: sa.Connection, steps: Sequence[statements.Step]) -> None:
        is_first = not ended
        ended.append(True)
        if is_written or not is_first:
            whole(connection, steps)
        if is_first:
            end_connections()
            statements.read(connection, [statements.step(sa.select(sa.literal_column("1")))])

    monkeypatch.setattr(statements, "write", write)
