"""A few of the rounds in which server or database is killed; fifty of them: `python -m bench.kill`."""

import dataclasses
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app import create_app
from server import migrate
from server.db import db
from server.settings import Settings
from tests.live.mishaps import ShiftedClock
from tests.live.rounds import Rounds
from tests.live.served import Served
from tests.own_postgres import OwnPostgres

pytestmark = pytest.mark.live

ROUNDS = 3


@pytest.fixture
def own_postgres() -> Iterator[OwnPostgres]:
    with (
        tempfile.TemporaryDirectory(prefix="tungnha-pg-") as folder,
        OwnPostgres(Path(folder) / "data", Path(folder)) as postgres,
    ):
        yield postgres


def rounds(
    settings: Settings, postgres: OwnPostgres | None, count: int, clock: ShiftedClock | None = None
) -> Rounds:
    """So many rounds on a database of its own; where a clock is given it jumps in the last of them."""
    app = create_app(settings)
    mishaps = {"clock": lambda: clock.jump(30)} if clock else {}
    with app.app_context():
        migrate.upgrade()
        with Served(settings, environ=clock.environ if clock else None) as served:
            found = Rounds(served, postgres, seed=count, mishaps=mishaps)
            for number in range(count):
                found.run("clock" if clock and number == count - 1 else "")
        db.session.close()
        db.dispose()
    return found


def test_a_killed_server_on_sqlite_keeps_what_it_acknowledged(tmp_path: Path) -> None:
    found = rounds(Settings(instance=tmp_path, secret_key="k" * 40), None, ROUNDS, ShiftedClock(tmp_path))
    assert found.tally.rounds == ROUNDS
    assert found.tally.killed["clock"] >= 1


def test_a_killed_server_or_postgresql_keeps_what_was_acknowledged(
    tmp_path: Path, own_postgres: OwnPostgres
) -> None:
    settings = Settings(instance=tmp_path, secret_key="k" * 40, database_url=own_postgres.url)
    found = rounds(dataclasses.replace(settings), own_postgres, ROUNDS)
    assert found.tally.rounds == ROUNDS
