"""What a visit costs until it is counted: CPU, visits accepted and counted a second, how long phones and counts wait.

python -m bench.visits [--visits 2000] [--runs 5] [--connections 8] [--databases postgresql sqlite]
                       [--stored 1300000] [--slow-disk] [--against FOLDER]

With `--against` another checkout is measured in the same minutes, run by run in turn; each prepares a database of its
own with its own code. With `--stored` a database with as many visits and one without any are measured in turn. A run
ends when nothing that was accepted is left to be applied.
"""

import argparse
import contextlib
import datetime as dt
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from bench import city, machine, soak_figures

UNLOOKED_AT = {"TUNGNHA_CHECK_SECONDS": "0", "TUNGNHA_NEW_AT_ONCE": "1000000"}
"""Doubts that are looked for afterwards would come within the seconds of a run or not by chance; one phone sends in
seconds what a thousand send in a day, which would be a flood."""
PREPARE = """
import json, sys
from pathlib import Path
from app import create_app
from bench import city
from server import migrate
from server.db import db
from server.settings import Settings
url, folder, households, stored = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
app = create_app(Settings(instance=folder, database_url=url, secret_key="k" * 40, fold_seconds=0, second_factor="none"))
with app.app_context():
    migrate.upgrade()
    made = city.build(households)
    if stored:
        city.store(stored)
    db.session.close()
    db.dispose()
print(json.dumps({"token": made.token, "households": [[str(each), code] for each, code in made.households]}))
"""
OWED = sa.text("SELECT count(*), min(received_at) FROM submission WHERE facts IS NOT NULL")


@dataclass(frozen=True)
class Side:
    """A checkout with a database that it has prepared, and the commune that phones know."""

    name: str
    root: Path
    url: str
    folder: Path
    known: city.City
    keeps_a_log: bool


@dataclass(frozen=True)
class Run:
    """The figures of one run."""

    cpu_ms: float
    accepted: float
    done: float
    p50: float
    p95: float
    p99: float
    lag: float
    """Seconds for which the oldest that was owed waited, at most."""
    memory: float
    """Megabytes of all processes of the server, each with its share of what it shares (PSS)."""


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--visits", type=int, default=2000, help="visits of each run")
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--connections", type=int, default=8)
    arguments.add_argument("--villages", type=int, default=38, help="thôn that the visits are spread over")
    arguments.add_argument("--stored", type=int, default=0, help="visits that are stored before")
    arguments.add_argument("--slow-disk", action="store_true", help="PostgreSQL on an emulated 5 ms disk")
    arguments.add_argument("--databases", nargs="+", default=["postgresql", "sqlite"])
    arguments.add_argument("--against", type=Path, help="another checkout, measured in turn with this one")
    options = arguments.parse_args()
    print(machine.describe())
    for kind in options.databases:
        with _database(kind, slow=options.slow_disk) as server, tempfile.TemporaryDirectory() as folder:
            roots = [machine.ROOT, *([options.against.resolve()] if options.against else [])]
            both = [(root, stored) for root in roots for stored in sorted({0, options.stored})]
            sides = [
                _side(root, server, Path(folder) / str(n), stored, options)
                for n, (root, stored) in enumerate(both)
            ]
            measure(kind, sides, server, options)


@contextlib.contextmanager
def _database(kind: str, *, slow: bool) -> Iterator[machine.Postgres | None]:
    if kind == "sqlite":
        yield None
        return
    with machine.postgres() as server:
        if slow:
            machine.administer(
                server.url,
                "ALTER SYSTEM SET commit_delay = 5000",
                "ALTER SYSTEM SET commit_siblings = 0",
                "SELECT pg_reload_conf()",
            )
        yield server


def _side(
    root: Path, server: machine.Postgres | None, folder: Path, stored: int, options: argparse.Namespace
) -> Side:
    """Have a checkout prepare its database."""
    folder.mkdir()
    url = f"sqlite:///{folder / 'tungnha.sqlite3'}"
    if server is not None:
        name = f"bench_{folder.name}"
        machine.administer(server.url, f"CREATE DATABASE {name}")
        url = machine.database(server.url, name)
    households = 400_000 if options.stored else 40_000 if server is not None else 4_000
    told = subprocess.run(
        [sys.executable, "-c", PREPARE, url, str(folder), str(households), str(stored)],
        cwd=root, check=True, stdout=subprocess.PIPE,
    ).stdout.splitlines()[-1]  # fmt: skip
    made = json.loads(told)
    known = city.City(made["token"], [(uuid.UUID(each), code) for each, code in made["households"]])
    intake = root / "server" / "intake"
    keeps_a_log = any((intake / name).exists() for name in ("submission_log.py", "log.py"))
    name = f"{root.name}, {stored:,} stored" if options.stored else root.name
    return Side(name, root, url, folder, known, keeps_a_log)


def measure(
    kind: str, sides: list[Side], server: machine.Postgres | None, options: argparse.Namespace
) -> None:
    """Runs of the sides in turn, the first of each to warm up."""
    rnd = random.Random(7)
    found: dict[str, list[Run]] = {side.name: [] for side in sides}
    for number in range(options.runs + 1):
        for side in sides:
            run = _run(side, server, rnd, options)
            machine.show(f"{kind} {side.name} run {number}" + (" (warm-up)" if not number else ""), vars(run))
            if number:
                found[side.name].append(run)
    for name, runs in found.items():
        figures = {
            field: round(statistics.median(getattr(run, field) for run in runs), 3) for field in vars(runs[0])
        }
        machine.show(f"median {kind} {name}", figures)


def _run(side: Side, server: machine.Postgres | None, rnd: random.Random, options: argparse.Namespace) -> Run:
    def requests(count: int) -> list[bytes]:
        visits = (city.visit(rnd, side.known, options.villages) for _ in range(count))
        return [city.request(side.known.token, each) for each in visits]

    roots = [server.pid] if server is not None else []
    with machine.served(side.url, side.folder, root=side.root, **UNLOOKED_AT) as served:
        machine.send(served.port, requests(max(100, options.visits // 5)), options.connections)
        with _watched(side) as owed:
            owed.wait()
            measured = requests(options.visits)
            before, began = machine.cpu_seconds_of(served.process.pid, *roots), time.perf_counter()
            sent = machine.send(served.port, measured, options.connections)
            owed.wait()
            seconds = time.perf_counter() - began
            cpu = machine.cpu_seconds_of(served.process.pid, *roots) - before
            memory = soak_figures.held(machine.family(served.process.pid), 0).memory_mb
    assert set(sent.statuses) == {201}, sent.statuses
    return Run(
        round(cpu / options.visits * 1000, 3), round(sent.per_second), round(options.visits / seconds),
        round(sent.percentile(50), 1), round(sent.percentile(95), 1), round(sent.percentile(99), 1),
        round(owed.longest, 3), round(memory),
    )  # fmt: skip


class Owed:
    """Looks every 20 ms whether accepted visits are left to be applied, and since when."""

    def __init__(self, side: Side) -> None:
        self._engine = sa.create_engine(side.url, poolclass=sa.StaticPool) if side.keeps_a_log else None
        self._nothing, self.ended = threading.Event(), threading.Event()
        self.longest = 0.0

    def look(self) -> None:
        while not self.ended.wait(0.02):
            with self._engine.connect() as connection:
                count, oldest = connection.execute(OWED).one()
            if not count:
                self._nothing.set()
                continue
            self._nothing.clear()
            received = dt.datetime.fromisoformat(str(oldest))
            received = received if received.tzinfo else received.replace(tzinfo=dt.UTC)
            self.longest = max(self.longest, (dt.datetime.now(dt.UTC) - received).total_seconds())

    def wait(self) -> None:
        """Until nothing is owed."""
        if self._engine is not None:
            self._nothing.clear()
            assert self._nothing.wait(120)


@contextlib.contextmanager
def _watched(side: Side) -> Iterator[Owed]:
    owed = Owed(side)
    looker = threading.Thread(target=owed.look, daemon=True)
    if owed._engine is not None:
        looker.start()
    yield owed
    owed.ended.set()
    if owed._engine is not None:
        looker.join()
        owed._engine.dispose()


if __name__ == "__main__":
    main()
