"""A week in a few minutes: phones, pages, exports, the jobs of the night, a restart, a database that dies.

`python -m bench.soak [--minutes 5] [--phones 60] [--database sqlite]`; 40 minutes and 1,300 phones for the book. The
clock of the server jumps by an hour 168 times; what grows is recorded all the while, and told as
flat or not; at the end every acknowledged visit must be there, once, and a recount clean.
"""

import argparse
import contextlib
import functools
import http.client
import itertools
import json
import random
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import sqlalchemy as sa

from app import create_app
from bench import pages
from server import migrate
from server.accounts import persons
from server.counting import tally
from server.db import db
from server.models import Commune, Entity, Submission
from server.settings import Settings
from tests import sample
from tests.live.applied import wait_until_applied
from tests.live.mishaps import ShiftedClock
from tests.live.rounds import FORM, Visit
from tests.live.served import ROOT, Served
from tests.own_postgres import OwnPostgres
from tests.phone import Phone

HOURS_OF_A_WEEK = 168
VILLAGES, HOUSEHOLDS_EACH = 20, 120
SENDERS = 8
SAMPLE_SECONDS = 3
PATIENCE_SECONDS = 30
"""How long a phone goes on trying before the soak is broken off."""
GROWTH = 1.25
"""What is flat: the last third is at most so many times the second …"""
READ = (
    "/xa/11629", "/xa/11629/chi-tieu", "/xa/11629/ban-do", "/xa/11629/tai-ve", "/quan-tri/xa/11629/ho",
    "/xa/11629/tai-ve/phieu?bieu_mau=tham_thu&dang=xlsx", "/xa/11629/tai-ve/phieu?bieu_mau=tham_thu&dang=csv",
    "/healthz",
)  # fmt: skip
SLACK = {"memory_mb": 40.0, "descriptors": 20.0, "wal_mb": 24.0, "log_bytes_a_request": 50.0}
"""… and so much, since small numbers jump."""


@dataclass(frozen=True)
class Sample:
    """What there was at one moment, of all processes of the server together."""

    seconds: float
    memory_mb: float
    descriptors: int
    wal_mb: float
    log_bytes: int
    requests: int


@dataclass
class Counts:
    """What was done, added to by every thread."""

    visits: int = 0
    again: int = 0
    pages: int = 0
    refused: int = 0
    statuses: dict[int, int] = field(default_factory=dict)
    nights: int = 0
    acknowledged: set[str] = field(default_factory=set)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def requests(self) -> int:
        return self.visits + self.again + self.pages


class Soak:
    """One server, its phones and readers, and what is recorded of it."""

    def __init__(
        self, served: Served, postgres: OwnPostgres | None, clock: ShiftedClock, minutes: float
    ) -> None:
        self.served, self.postgres, self.clock = served, postgres, clock
        self.seconds, self.began = minutes * 60, time.monotonic()
        self.counts, self.samples = Counts(), list[Sample]()
        self.failed: list[BaseException] = []
        self.ends = threading.Event()

    def run(self, phones: Sequence[Phone], households: Sequence[Sequence[uuid.UUID]]) -> None:
        """All at once until the time is over; what fails in a thread ends the soak."""
        work: list[Callable[[], None]] = [self._read, self._record, self._nights]
        work += [
            functools.partial(self._send, phones[n::SENDERS], households[n::SENDERS], random.Random(n))
            for n in range(min(SENDERS, len(phones)))
        ]
        threads = [threading.Thread(target=self._guarded, args=(each,)) for each in work]
        for each in threads:
            each.start()
        self._week()
        self.ends.set()
        for each in threads:
            each.join(180)
        if self.failed:
            log = self.served.settings.instance / "server.log"
            print(log.read_text(errors="replace")[-4000:], flush=True)
            raise self.failed[0]

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            self.failed.append(error)
            self.ends.set()

    def _week(self) -> None:
        """The hours pass; at two fifths the server is restarted, at seven tenths the database, or the server, dies."""
        events = {int(HOURS_OF_A_WEEK * 0.4): self.served.restart, int(HOURS_OF_A_WEEK * 0.7): self._disaster}
        for hour in range(HOURS_OF_A_WEEK):
            self.clock.set_hours(hour)
            if hour in events:
                events[hour]()
            if self.ends.wait(
                max(0.0, self.began + self.seconds * (hour + 1) / HOURS_OF_A_WEEK - time.monotonic())
            ):
                return

    def _disaster(self) -> None:
        if self.postgres is not None:
            self.postgres.kill()
            self.postgres.start()
        else:
            self.served.kill()
            self.served.start()

    def _send(
        self, phones: Sequence[Phone], homes: Sequence[Sequence[uuid.UUID]], dice: random.Random
    ) -> None:
        """Each phone in its turn, a third of the visits with a photo, until each is acknowledged."""
        for phone, own in itertools.cycle(zip(phones, homes, strict=True)):
            if self.ends.is_set():
                return
            photo = (
                sample.photo(dice.randbytes(20_000).replace(b"\xff", b"\0")) if dice.random() < 0.33 else None
            )
            self._until_kept(phone, Visit(dice.choice(own), photo))
            self.ends.wait(0.05)

    def _until_kept(self, phone: Phone, visit: Visit) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < until:
            status = 0
            with contextlib.suppress(OSError, http.client.HTTPException):
                status = phone.post(visit.xml(), visit.files).status
            with self.counts.lock:
                if status in (201, 202):
                    self.counts.visits += 1
                    self.counts.acknowledged.add(visit.instance)
                    return
                self.counts.again += 1
            if status not in (0, 503):
                raise AssertionError(f"a visit was answered {status}")
            time.sleep(0.3)
        raise AssertionError(f"a visit was not taken within {PATIENCE_SECONDS} seconds")

    def _read(self) -> None:
        """An officer goes through pages and files, and signs in again when their day is over."""
        cookie = ""
        for path in itertools.cycle(READ):
            if self.ends.is_set():
                return
            with contextlib.suppress(OSError, http.client.HTTPException, SystemExit):
                cookie = cookie or pages.sign_in(self.served.port, "can_bo")
                status, where = self._page(path, cookie)
                cookie = "" if "/dang-nhap" in where else cookie
                with self.counts.lock:
                    self.counts.pages += 1
                    self.counts.statuses[status] = self.counts.statuses.get(status, 0) + 1
                if status == 500:
                    raise AssertionError(f"{path}: {status}")
            self.ends.wait(0.2)

    def _page(self, path: str, cookie: str) -> tuple[int, str]:
        connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=60)
        connection.request("GET", path, headers={"Cookie": cookie})
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status, answer.getheader("Location") or ""

    def _nights(self) -> None:
        """Seven times what cron does at night, beside the phones; it may be told to come later, not to fail."""
        folder = self.served.settings.instance / "sao-luu"
        folder.mkdir()
        environ = self.served.environment()
        del environ["PROMETHEUS_MULTIPROC_DIR"]  # figures are the server's own
        for night in range(7):
            while time.monotonic() < self.began + self.seconds * (night + 0.5) / 7:
                if self.ends.wait(0.5):
                    return
            for command in (["nightly"], ["backup", str(folder), "--keep", "2"]):
                if self.ends.is_set():
                    return
                done = subprocess.run(
                    [sys.executable, "-m", "flask", "--app", "app", *command], cwd=ROOT, check=False,
                    env=environ, capture_output=True, text=True, timeout=300,
                )  # fmt: skip
                if done.returncode and "Traceback" in done.stderr:
                    raise AssertionError(f"{command}: {done.stderr[-800:]}")
                if done.returncode:
                    print(f"night {night + 1}, {command[0]}: {done.stderr.strip()[-200:]}", flush=True)
            self.counts.nights += 1

    def _record(self) -> None:
        instance = self.served.settings.instance
        while not self.ends.wait(SAMPLE_SECONDS):
            with contextlib.suppress(OSError):
                memory, descriptors = _of_processes(self.served.processes())
                logs = sum(each.stat().st_size for each in instance.glob("*.log"))
                self.samples.append(
                    Sample(
                        time.monotonic() - self.began, memory, descriptors, self._wal() / 2**20, logs,
                        self.counts.requests,
                    )
                )  # fmt: skip

    def _wal(self) -> int:
        if self.postgres is not None:
            return sum(each.stat().st_size for each in (self.postgres.data / "pg_wal").glob("0*"))
        return sum(each.stat().st_size for each in self.served.settings.instance.glob("*-wal"))


def _of_processes(ids: Sequence[int]) -> tuple[float, int]:
    """Megabytes that they hold by themselves and share (PSS), and open files."""
    memory, descriptors = 0, 0
    for each in ids:
        with contextlib.suppress(OSError):
            lines = Path(f"/proc/{each}/smaps_rollup").read_text().splitlines()
            memory += next(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
            descriptors += sum(1 for _ in Path(f"/proc/{each}/fd").iterdir())
    return memory / 1024, descriptors


def verdicts(samples: Sequence[Sample]) -> Iterator[tuple[str, float, float, bool]]:
    """What was recorded: its name, the median of the second third and of the last, and whether that is flat."""
    second, last = (samples[len(samples) * n // 3 : len(samples) * (n + 1) // 3] for n in (1, 2))
    for name in ("memory_mb", "descriptors", "wal_mb"):
        before, after = (statistics.median(getattr(each, name) for each in part) for part in (second, last))
        yield name, before, after, after <= before * GROWTH + SLACK[name]
    before, after = (
        (part[-1].log_bytes - part[0].log_bytes) / max(1, part[-1].requests - part[0].requests)
        for part in (second, last)
    )
    yield "log_bytes_a_request", before, after, after <= before * GROWTH + SLACK["log_bytes_a_request"]


def _town(phones: int) -> tuple[list[str], list[list[uuid.UUID]]]:
    """Codes of so many collectors, and the households of the thôn of each."""
    commune = sample.make_commune()
    sample.publish(FORM)
    codes: list[str] = []
    homes: list[list[uuid.UUID]] = []
    villages = [sample.make_village(commune, f"11629{n:03}", f"Thôn {n}") for n in range(1, VILLAGES + 1)]
    first = sample.make_entity(villages[0], "Hộ đầu")
    listed = [[uuid.uuid4() for _ in range(HOUSEHOLDS_EACH)] for _ in villages]
    db.session.add_all(
        Entity(
            id=key, list_id=first.list_id, village_id=village.id, label=f"Hộ {number}", data={}, version=1,
            created_at=first.created_at, changed_at=first.created_at,
        )
        for village, keys in zip(villages, listed, strict=True)
        for number, key in enumerate(keys)
    )  # fmt: skip
    db.session.commit()
    for number in range(phones):
        place = number % VILLAGES
        codes.append(sample.make_collector(commune, [villages[place]], f"Người {number}").token)
        homes.append(list(listed[place]))
    return codes, homes


def main(minutes: float, phones: int, database: str) -> None:
    with tempfile.TemporaryDirectory(prefix="tungnha-soak-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        settings = Settings(instance=folder, secret_key="k" * 40, second_factor="none")
        postgres = None
        if database == "postgresql":
            (folder / "pg").mkdir()
            postgres = stack.enter_context(OwnPostgres(folder / "pg" / "data", folder / "pg"))
            settings = Settings(
                instance=folder, secret_key="k" * 40, second_factor="none", database_url=postgres.url
            )
        clock = ShiftedClock(folder)
        app = create_app(settings)
        with app.app_context():
            migrate.upgrade()
            codes, homes = _town(phones)
            commune = db.session.scalars(sa.select(Commune)).one()
            persons.add("can_bo", "Cán bộ", ["officer"], commune=commune, password="mat khau de do 2026")
            db.session.commit()
            environ = {**clock.environ, "TUNGNHA_IDLE_MINUTES": "600"}
            with Served(settings, str(folder / "access.log"), environ) as served:
                soak = Soak(served, postgres, clock, minutes)
                soak.run([served.phone(code) for code in codes], homes)
                _checked(soak)
            db.session.close()
            db.dispose()


def _checked(soak: Soak) -> None:
    """Nothing lost, nothing doubled, sums right; and what was recorded."""
    db.dispose()
    wait_until_applied()
    with db.engine.connect() as connection:
        there = set(connection.scalars(sa.select(Submission.instance_id)))
        assert soak.counts.acknowledged <= there, f"lost: {soak.counts.acknowledged - there}"
        assert tally.recount(connection) == []
    counts = {
        name: value for name, value in vars(soak.counts).items() if name not in ("acknowledged", "lock")
    }
    print(f"acknowledged {len(soak.counts.acknowledged)}, lost 0, recount clean; {json.dumps(counts)}")
    for name, before, after, flat in verdicts(soak.samples):
        print(
            f"{name}: {before:.1f} in the second third, {after:.1f} in the last: {'flat' if flat else 'GROWS'}"
        )
    print(json.dumps([asdict(each) for each in soak.samples[:: max(1, len(soak.samples) // 12)]]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--phones", type=int, default=60)
    parser.add_argument("--database", choices=("sqlite", "postgresql"), default="sqlite")
    given = parser.parse_args()
    main(given.minutes, given.phones, given.database)
