"""CPU of a visit, near-empty and at 1.3 million, what it leaves for later, and visits a second on a slow disk.

python -m bench.visits [--stored 1300000] [--visits 2000] [--runs 5]
"""

import argparse
import random
import statistics
import tempfile
import time
from pathlib import Path

from app import create_app
from bench import city, machine
from server import migrate
from server.db import db
from server.review import doubts
from server.settings import Settings

UNLOOKED_AT = {"TUNGNHA_CHECK_SECONDS": "0"}
"""What is left for later is measured by itself: within the seconds of a run it would come or not by chance."""
SECRET = "for benchmarks only, and long enough for them"


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--stored", type=int, default=1_300_000, help="visits in the large database")
    arguments.add_argument("--visits", type=int, default=2000, help="visits of each run")
    arguments.add_argument("--runs", type=int, default=5)
    options = arguments.parse_args()
    print(machine.describe())
    with machine.postgres() as server, tempfile.TemporaryDirectory(prefix="tungnha-bench-") as folder:
        small = prepare(server.url, "small", 40_000, 0, Path(folder))
        large = (
            prepare(server.url, "large", 400_000, options.stored, Path(folder)) if options.stored else None
        )
        measure_later(server, *small, Path(folder))
        measure_cpu(server, {"near-empty": small, f"{options.stored:,}": large}, options, Path(folder))
        measure_slow_disk(server, small, options, Path(folder))


def prepare(admin: str, name: str, households: int, stored: int, folder: Path) -> tuple[str, city.City]:
    """A database with a commune and its stored visits."""
    machine.administer(admin, f"CREATE DATABASE {name}")
    url = machine.database(admin, name)
    app = create_app(
        Settings(instance=folder, database_url=url, secret_key=SECRET, fold_seconds=0, second_factor="none")
    )
    with app.app_context():
        migrate.upgrade()
        made = city.build(households)
        city.store(stored)
        db.session.close()
        db.dispose()
    return url, made


def measure_cpu(server: machine.Postgres, databases: dict, options: argparse.Namespace, folder: Path) -> None:
    """Interleaved runs at 8 connections; CPU of all server and database processes for each visit."""
    rnd = random.Random(7)
    found: dict[str, list[float]] = {name: [] for name in databases}
    for run in range(options.runs + 1):
        for name, made in databases.items():
            if made is None:
                continue
            url, known = made
            with machine.served(url, folder, **UNLOOKED_AT) as served:
                warm = [city.request(known.token, city.visit(rnd, known)) for _ in range(400)]
                machine.send(served.port, warm, 8)
                requests = [city.request(known.token, city.visit(rnd, known)) for _ in range(options.visits)]
                before = machine.cpu_seconds(served, server)
                sent = machine.send(served.port, requests, 8)
                cpu = (machine.cpu_seconds(served, server) - before) / options.visits * 1000
            figures = {
                "cpu_ms": round(cpu, 3),
                "per_second": round(sent.per_second),
                "p50_ms": round(sent.percentile(50), 1),
                "p95_ms": round(sent.percentile(95), 1),
                "statuses": sent.statuses,
            }
            machine.show(f"run {run} {name}" + (" (warm-up)" if run == 0 else ""), figures)
            if run:
                found[name].append(cpu)
    for name, values in found.items():
        if values:
            machine.show(f"median {name}", {"cpu_ms_per_visit": round(statistics.median(values), 3)})


def measure_later(server: machine.Postgres, url: str, known: city.City, folder: Path) -> None:
    """CPU for each visit of the look that is taken at it afterwards: doubts that need others to be seen."""
    rnd = random.Random(5)
    with machine.served(url, folder, **UNLOOKED_AT) as served:
        machine.send(served.port, [city.request(known.token, city.visit(rnd, known)) for _ in range(1000)], 8)
    app = create_app(
        Settings(instance=folder, database_url=url, secret_key=SECRET, fold_seconds=0, second_factor="none")
    )
    with app.app_context():
        before, own = machine.cpu_seconds_of(server.pid), time.process_time()
        looked_at = doubts.once()
        cpu = machine.cpu_seconds_of(server.pid) - before + time.process_time() - own
        db.dispose()
    machine.show(
        "looked at afterwards", {"visits": looked_at, "cpu_ms_per_visit": round(cpu / looked_at * 1000, 3)}
    )


def measure_slow_disk(
    server: machine.Postgres, made: tuple[str, city.City], options: argparse.Namespace, folder: Path
) -> None:
    """Visits a second at 32 connections with an emulated 5 ms disk, over 38 thôn and over one."""
    machine.administer(
        server.url,
        "ALTER SYSTEM SET commit_delay = 5000",
        "ALTER SYSTEM SET commit_siblings = 0",
        "SELECT pg_reload_conf()",
    )
    rnd = random.Random(11)
    url, known = made
    for villages in (38, 1):
        rates = []
        for _ in range(options.runs):
            with machine.served(url, folder) as served:
                warm = [city.request(known.token, city.visit(rnd, known, villages)) for _ in range(400)]
                machine.send(served.port, warm, 32)
                requests = [
                    city.request(known.token, city.visit(rnd, known, villages))
                    for _ in range(2 * options.visits)
                ]
                sent = machine.send(served.port, requests, 32)
            rates.append(sent.per_second)
            machine.show(
                f"5 ms disk, {villages} thôn",
                {
                    "per_second": round(sent.per_second),
                    "p95_ms": round(sent.percentile(95), 1),
                    "statuses": sent.statuses,
                },
            )
        machine.show(f"median 5 ms disk, {villages} thôn", {"per_second": round(statistics.median(rates))})


if __name__ == "__main__":
    main()
