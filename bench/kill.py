"""Kills server or database in rounds of mixed load, each checked whole: `python -m bench.kill [rounds [database]]`."""

import dataclasses
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from app import create_app
from server import migrate
from server.db import db
from server.settings import Settings
from tests.live.rounds import Rounds
from tests.live.served import Served
from tests.own_postgres import OwnPostgres


def main(count: int, kinds: Sequence[str]) -> None:
    """One database after the other; an AssertionError says what was lost or doubled."""
    for kind in kinds:
        with tempfile.TemporaryDirectory(prefix="tungnha-kill-") as name:
            folder = Path(name)
            if kind == "sqlite":
                run(Settings(instance=folder, secret_key="k" * 40), None, count)
                continue
            sockets = folder / "pg"
            sockets.mkdir()
            with OwnPostgres(sockets / "data", sockets) as postgres:
                url = postgres.url
                run(Settings(instance=folder, secret_key="k" * 40, database_url=url), postgres, count)


def run(settings: Settings, postgres: OwnPostgres | None, count: int) -> None:
    app = create_app(settings)
    began = time.monotonic()
    with app.app_context():
        migrate.upgrade()
        with Served(settings) as served:
            rounds = Rounds(served, postgres, seed=int(time.time()))
            for _ in range(count):
                rounds.run()
        database = db.engine.dialect.name
        db.session.close()
        db.dispose()
    told = ", ".join(f"{name} {value}" for name, value in dataclasses.asdict(rounds.tally).items())
    print(f"{database}: nothing lost, nothing doubled; {told}; {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 50, sys.argv[2:] or ("sqlite", "postgresql"))
