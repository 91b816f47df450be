"""Kills server, workers or database, turns the clock, fills the disk, in rounds of mixed load; each is checked whole.

`python -m bench.kill [rounds of each kind [database [kind ...]]]`: 50 of each kind unless said. A full disk
needs a file system of its own, which only root may mount; without, it is left out, and said.
"""

import contextlib
import dataclasses
import itertools
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from app import create_app
from bench.ending import tidy
from server import migrate
from server.db import db
from server.settings import Settings
from tests.live.mishaps import ShiftedClock, fill, small_disk
from tests.live.rounds import Rounds
from tests.live.served import Served
from tests.own_postgres import OwnPostgres

DISK_MEGABYTES = 1500
HOURS = 30
"""How far the clock jumps, ahead and behind in turns: over the end of a day."""


def main(count: int, databases: Sequence[str], kinds: Sequence[str]) -> None:
    """One database after the other; an AssertionError says what was lost or doubled."""
    for name in databases:
        with _room() as folder:
            settings = Settings(instance=folder, secret_key="k" * 40)
            if name == "sqlite":
                run(settings, None, count, kinds)
                continue
            sockets = folder / "pg"
            sockets.mkdir()
            with OwnPostgres(sockets / "data", sockets) as postgres:
                run(dataclasses.replace(settings, database_url=postgres.url), postgres, count, kinds)


@contextlib.contextmanager
def _room() -> Iterator[Path]:
    """A folder on a small disk of its own, where one may be mounted."""
    with tempfile.TemporaryDirectory(prefix="tungnha-kill-") as name:
        if os.geteuid() != 0:
            print("not root: no disk is filled", flush=True)
            yield Path(name)
            return
        with small_disk(Path(name), DISK_MEGABYTES) as folder:
            yield folder


def run(settings: Settings, postgres: OwnPostgres | None, count: int, kinds: Sequence[str]) -> None:
    app = create_app(settings)
    began = time.monotonic()
    mishaps, environ = _mishaps(settings.instance)
    with app.app_context():
        migrate.upgrade()
        with Served(settings, environ=environ) as served:
            rounds = Rounds(served, postgres, seed=int(time.time()), mishaps=mishaps)
            for number in range(count):
                for kind in kinds or rounds.kinds:
                    if kind in rounds.kinds:
                        _run_round(rounds, kind, settings.instance / "server.log")
                print(f"{number + 1} of each kind, {time.monotonic() - began:.0f} s", flush=True)
        database = db.engine.dialect.name
        db.session.close()
        db.dispose()
    told = ", ".join(f"{name} {value}" for name, value in dataclasses.asdict(rounds.tally).items())
    print(f"{database}: nothing lost, nothing doubled; {told}; {time.monotonic() - began:.0f} s", flush=True)


def _run_round(rounds: Rounds, kind: str, log: Path) -> None:
    """One round; of one that goes wrong what the server said last, whose folder goes with the run."""
    try:
        rounds.run(kind)
    except BaseException:
        print(
            f"round {rounds.tally.rounds + 1}, {kind}:", log.read_text(errors="replace")[-6000:], flush=True
        )
        raise


def _mishaps(folder: Path) -> tuple[dict[str, Callable[[], None]], dict[str, str]]:
    """What happens to the machine, and what the server is told so that it happens to it."""
    clock, hours = ShiftedClock(folder), itertools.cycle((HOURS, -HOURS))
    found: dict[str, Callable[[], None]] = {"clock": lambda: clock.jump(next(hours))}
    if folder.is_mount():
        found["disk"] = lambda: fill(folder)
    return found, clock.environ


if __name__ == "__main__":
    asked = sys.argv[1:]
    with tidy():
        main(int(asked[0]) if asked else 50, asked[1:2] or ("sqlite", "postgresql"), asked[2:])
