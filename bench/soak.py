"""A week in a few minutes: phones, pages, exports, the jobs of the night, a restart, a database that fails.

`python -m bench.soak [--minutes 5] [--phones 60] [--database sqlite]`; 40 minutes and 1,300 phones for the book. The
clock of the server jumps by an hour 168 times; what the server holds is recorded all the while (`soak_figures`); at the
end every acknowledged visit must be there, once, and a recount clean.
"""

import argparse
import contextlib
import functools
import http.client
import itertools
import json
import random
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import sqlalchemy as sa

from app import create_app
from bench import machine, pages, soak_databases, soak_figures
from bench.ending import tidy
from bench.soak_databases import SoakDatabase
from bench.soak_figures import HeldAtRest, Rest, Sample
from bench.soak_turns import Turns
from server import clock, migrate
from server.accounts import persons
from server.counting import tally
from server.db import db
from server.models import Commune, Entity, Submission
from server.serving import freed_memory
from server.settings import Settings
from tests import sample
from tests.live.applied import wait_until_applied
from tests.live.mishaps import ShiftedClock
from tests.live.rounds import FORM, Visit
from tests.live.served import ROOT, Served
from tests.phone import Phone

HOURS_OF_A_WEEK = 168
VILLAGES, HOUSEHOLDS_OF_A_PHONE = 20, 18
FEWEST_HOUSEHOLDS = 120
"""Of a thôn, however few phones there are."""
SENDERS = 8
"""Threads that send; each goes through its share of the phones, as few of a town's phones send at one moment."""
SAMPLE_SECONDS = 3
PATIENCE_SECONDS = 120
"""How long a phone goes on trying before the soak is broken off."""
REST_SECONDS = 15
"""For how long nobody asks for anything before the same requests are asked, and, with what it takes to give freed
memory back, after them."""
RESTART_AT = 0.1
XLSX = "/xa/11629/tai-ve/phieu?bieu_mau=tham_thu&dang=xlsx"
CSV = "/xa/11629/tai-ve/phieu?bieu_mau=tham_thu&dang=csv"
READ = (
    "/xa/11629", "/xa/11629/chi-tieu", "/xa/11629/ban-do", "/xa/11629/tai-ve", "/quan-tri/xa/11629/ho", XLSX, CSV,
    "/healthz",
)  # fmt: skip
SAME_TIMES = 12
"""How often each request of a rest is asked: every process of the server gets its share."""


def same_requests(first_day: str) -> tuple[str, ...]:
    """What is asked at each rest: pages, and files of the first day, to which nothing is added any more."""
    day = f"&tu_ngay={first_day}&den_het={first_day}"
    return (*READ[:5], f"{XLSX}{day}&thon=11629001", f"{CSV}{day}", "/healthz")


@dataclass
class Counts:
    """What was done, added to by every thread."""

    visits: int = 0
    again: int = 0
    pages: int = 0
    longest_wait: float = 0.0
    """Seconds that a phone tried for until its visit was taken."""
    statuses: dict[int, int] = field(default_factory=dict)
    files_made: int = 0
    """Workbooks that were made beside the server, and taken."""
    nights: int = 0
    failed_nights: int = 0
    """Commands of the night that ended with a traceback rather than a sentence."""
    acknowledged: set[str] = field(default_factory=set)
    failed_pages: list[str] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def requests(self) -> int:
        return self.visits + self.again + self.pages


class Soak:
    """One server, its phones and readers, and what is recorded of it."""

    def __init__(
        self, served: Served, database: SoakDatabase, clock_of_server: ShiftedClock, minutes: float
    ) -> None:
        self.served, self.database, self.clock = served, database, clock_of_server
        self.seconds, self.began = minutes * 60, time.monotonic()
        self.counts, self.samples, self.rests = Counts(), list[Sample](), list[Rest]()
        self.failed: list[BaseException] = []
        self.ends, self.turns = threading.Event(), Turns()
        self._first_day = f"{clock.now().astimezone(clock.LOCAL):%Y-%m-%d}"
        self._cookie, self._file = "", ""

    def run(self, phones: Sequence[Phone], households: Sequence[Sequence[uuid.UUID]]) -> None:
        """All at once until the time is over; what fails in a thread ends the soak."""
        work: list[Callable[[], None]] = [self._read, self._record, self._nights]
        work += [
            functools.partial(self._send, phones[n::SENDERS], households[n::SENDERS], random.Random(n))
            for n in range(min(SENDERS, len(phones)))
        ]
        threads = [threading.Thread(target=self._guarded, args=(each,)) for each in work]
        while not self._asked("/healthz"):
            assert time.monotonic() < self.began + PATIENCE_SECONDS, "the server does not begin to answer"
        self.began = time.monotonic()
        self.turns.begin()
        for each in threads:
            each.start()
        self._guarded(self._week)
        self.ends.set()
        self.turns.begin()
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
            self.turns.begin()

    def _week(self) -> None:
        """The hours pass; after a tenth the server is restarted, later its database fails, and three times all rest."""
        events: dict[int, Callable[[], None]] = {
            int(HOURS_OF_A_WEEK * RESTART_AT): self.served.restart,
            int(HOURS_OF_A_WEEK * self.database.fails_at): lambda: self.database.fail(self.served),
        }
        for hour in range(HOURS_OF_A_WEEK):
            self.clock.set_hours(hour)
            if hour in events:
                events[hour]()
            if hour in (HOURS_OF_A_WEEK // 3, HOURS_OF_A_WEEK * 2 // 3):
                self._rest(hour)
            if self.ends.wait(
                max(0.0, self.began + self.seconds * (hour + 1) / HOURS_OF_A_WEEK - time.monotonic())
            ):
                return
        self._rest(HOURS_OF_A_WEEK)

    def _rest(self, hour: int) -> None:
        """Nobody sends; the same requests as at every rest, and what the server holds then. Its clock stands still."""
        began = time.monotonic()
        with self.turns.rest():
            time.sleep(REST_SECONDS)
            for path in same_requests(self._first_day) * SAME_TIMES:
                self._asked(path)
            time.sleep(REST_SECONDS + freed_memory.EVERY_SECONDS)
            self.rests.append(Rest(hour, self.counts.visits, self._held()))
        print(f"{time.monotonic() - self.began:.0f} s, {self.rests[-1]}", flush=True)
        self.began += time.monotonic() - began

    def _send(
        self, phones: Sequence[Phone], homes: Sequence[Sequence[uuid.UUID]], dice: random.Random
    ) -> None:
        """Each phone in its turn, a third of the visits with a photo, until each is acknowledged."""
        for phone, own in itertools.cycle(zip(phones, homes, strict=True)):
            self.turns.wait_for_work()
            if self.ends.is_set():
                return
            photo = (
                sample.photo(dice.randbytes(20_000).replace(b"\xff", b"\0")) if dice.random() < 0.33 else None
            )
            self._until_kept(phone, Visit(dice.choice(own), photo))
            self.ends.wait(0.05)

    def _until_kept(self, phone: Phone, visit: Visit) -> None:
        began = time.monotonic()
        while time.monotonic() < began + PATIENCE_SECONDS and not self.ends.is_set():
            status = 0
            with contextlib.suppress(OSError, http.client.HTTPException):
                status = phone.post(visit.xml(), visit.files).status
            with self.counts.lock:
                if status in (201, 202):
                    self.counts.visits += 1
                    self.counts.acknowledged.add(visit.instance)
                    self.counts.longest_wait = max(self.counts.longest_wait, time.monotonic() - began)
                    return
                self.counts.again += 1
            if status not in (0, 503):
                raise AssertionError(f"a visit was answered {status}")
            time.sleep(0.3)
        if not self.ends.is_set():
            raise AssertionError(f"a visit was not taken within {PATIENCE_SECONDS} seconds")

    def _read(self) -> None:
        """An officer goes through pages and files, and signs in again when their day is over."""
        for path in itertools.cycle(READ):
            self.turns.wait_for_work()
            if self.ends.is_set():
                return
            if path == XLSX and self._file:
                self._take_file()
            else:
                self._asked(path)
            self.ends.wait(0.2)

    def _asked(self, path: str) -> str:
        """The text of a page, "" where it was none; large workbooks are waited for by `_take_file`."""
        with contextlib.suppress(OSError, http.client.HTTPException, SystemExit):
            self._cookie = self._cookie or pages.sign_in(self.served.port, "can_bo")
            connection = http.client.HTTPConnection("127.0.0.1", self.served.port, timeout=60)
            connection.request("GET", path, headers={"Cookie": self._cookie})
            answer = connection.getresponse()
            content, where = answer.read(), answer.getheader("Location") or ""
            connection.close()
            if "/dang-nhap" in where:
                self._cookie = ""
            elif answer.status == 303:
                self._file = where
            with self.counts.lock:
                self.counts.pages += 1
                self.counts.statuses[answer.status] = self.counts.statuses.get(answer.status, 0) + 1
                if answer.status == 500:
                    self.counts.failed_pages.append(path)
            return content.decode(errors="replace") if answer.status == 200 else ""
        return ""

    def _take_file(self) -> None:
        """Look how far the workbook is that was asked for, and take it when it is ready.

        One that is gone, for a day passes in seconds, is asked for anew.
        """
        page = self._asked(self._file)
        is_ready = f"{self._file}/noi-dung" in page
        if is_ready:
            self.counts.files_made += bool(self._asked(f"{self._file}/noi-dung"))
        if is_ready or not page:
            self._file = ""

    def _nights(self) -> None:
        """Seven times what cron does at night, beside the phones; they may be told to come later, not to fail."""
        folder = self.served.settings.instance / "sao-luu"
        folder.mkdir()
        environ = self.served.environment()
        del environ["PROMETHEUS_MULTIPROC_DIR"]  # figures are the server's own
        for night in range(7):
            while time.monotonic() < self.began + self.seconds * (night + 0.5) / 7:
                if self.ends.wait(0.5):
                    return
            for command in (["nightly"], ["backup", str(folder), "--keep", "2"]):
                with self.turns.command():
                    if self.ends.is_set():
                        return
                    done = subprocess.run(
                        [sys.executable, "-m", "flask", "--app", "app", *command], cwd=ROOT, check=False,
                        env=environ, capture_output=True, text=True, timeout=600,
                    )  # fmt: skip
                if done.returncode:
                    is_fault = "Traceback" in done.stderr
                    self.counts.failed_nights += is_fault
                    told = done.stderr.strip()[-1500 if is_fault else -200 :]
                    print(f"night {night + 1}, {command[0]}: {told}", flush=True)
            self.counts.nights += 1

    def _record(self) -> None:
        instance = self.served.settings.instance
        while not self.ends.wait(SAMPLE_SECONDS):
            if self.turns.is_resting:
                continue
            with contextlib.suppress(OSError):
                logs = sum(each.stat().st_size for each in instance.glob("*.log"))
                self.samples.append(
                    Sample(time.monotonic() - self.began, self._held(), logs, self.counts.requests)
                )

    def _held(self) -> HeldAtRest:
        return soak_figures.held(
            self.served.processes(), self.database.log_bytes(self.served.settings.instance)
        )


def _town(phones: int) -> tuple[list[str], list[list[uuid.UUID]]]:
    """Codes of so many collectors, and the households of the thôn of each."""
    commune = sample.make_commune()
    each = max(FEWEST_HOUSEHOLDS, phones * HOUSEHOLDS_OF_A_PHONE // VILLAGES)
    sample.publish(FORM)
    codes: list[str] = []
    homes: list[list[uuid.UUID]] = []
    villages = [sample.make_village(commune, f"11629{n:03}", f"Thôn {n}") for n in range(1, VILLAGES + 1)]
    first = sample.make_entity(villages[0], "Hộ đầu")
    listed = [[uuid.uuid4() for _ in range(each)] for _ in villages]
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


def main(minutes: float, phones: int, kind: str) -> None:
    print(machine.describe(), flush=True)
    with tempfile.TemporaryDirectory(prefix="tungnha-soak-") as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o711)  # PostgreSQL runs as an account of its own
        database = stack.enter_context(soak_databases.KINDS[kind](folder / "database"))
        (folder / "instance").mkdir()
        settings = Settings(
            instance=folder / "instance", secret_key="k" * 40, second_factor="none", database_url=database.url
        )
        clock_of_server = ShiftedClock(folder)
        with create_app(settings).app_context():
            migrate.upgrade()
            codes, homes = _town(phones)
            commune = db.session.scalars(sa.select(Commune)).one()
            persons.add("can_bo", "Cán bộ", ["officer"], commune=commune, password="mat khau de do 2026")
            db.session.commit()
            db.session.close()
            environ = {**clock_of_server.environ, "TUNGNHA_IDLE_MINUTES": "600"}
            with Served(settings, str(settings.instance / "access.log"), environ) as served:
                soak = Soak(served, database, clock_of_server, minutes)
                soak.run([served.phone(code) for code in codes], homes)
                _checked(soak)
            db.session.close()
            db.dispose()
        _told(soak, kind)


def _checked(soak: Soak) -> None:
    """Nothing lost, nothing doubled, sums right."""
    db.dispose()
    wait_until_applied()
    with db.engine.connect() as connection:
        stored = connection.scalars(sa.select(Submission.instance_id)).all()
        assert len(stored) == len(set(stored)), "a visit is there twice"
        assert soak.counts.acknowledged <= set(stored), f"lost: {soak.counts.acknowledged - set(stored)}"
        assert tally.recount(connection) == []


def _told(soak: Soak, kind: str) -> None:
    """What was done, and what was recorded."""
    counts = {
        name: value for name, value in vars(soak.counts).items() if name not in ("acknowledged", "lock")
    }
    print(
        f"acknowledged {len(soak.counts.acknowledged)}, lost 0, doubled 0, recount clean; {json.dumps(counts)}"
    )
    for each in soak_figures.verdicts(soak.samples, soak.rests, kind):
        print(f"{each.name}: {'flat' if each.is_flat else 'GROWS'}; {each.told}")
    print("\n".join(soak_figures.under_load(soak.samples)))
    print(json.dumps([asdict(each) for each in soak.samples[:: max(1, len(soak.samples) // 12)]]))
    if soak.counts.failed_pages or soak.counts.failed_nights:
        sys.exit("pages or commands of the night failed")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--phones", type=int, default=60)
    parser.add_argument("--database", choices=tuple(soak_databases.KINDS), default="sqlite")
    given = parser.parse_args()
    with tidy():
        main(given.minutes, given.phones, given.database)
