"""A town under siege: one attack after the other on a live server, while phones of another commune send and are timed.

`python -m bench.siege [--databases sqlite postgresql] [--only WORDS ...] [--table FILE]`. Each attack goes over real
HTTP with the rights that such an attacker has, and says what it is to be answered. Told are the answer, the longest
wait of a visit in the quiet seconds before and during the attack, and what the attack cost the server. A visit has to
be answered within a second, or, where a machine is busy with other things, within what it took before and a second.
"""

import argparse
import contextlib
import dataclasses
import itertools
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from app import create_app
from bench import machine, siege_attacks
from bench.ending import tidy
from bench.siege_place import PATIENCE, Attack, Costs, Place, Visits, silence
from bench.siege_town import town
from server import migrate
from server.db import db
from server.settings import Settings
from tests.live.mishaps import ShiftedClock, small_disk
from tests.live.served import Served
from tests.own_postgres import OwnPostgres

SECRET = "for benchmarks only, and long enough for them"
QUIET_SECONDS = 2.0
DISK_MEGABYTES = 2500
KEPT, LATER = (201, 202), 503


@dataclasses.dataclass(frozen=True)
class Outcome:
    """What became of one attack; seconds and megabytes."""

    attack: Attack
    answer: str
    seconds: float
    quiet: float
    """The longest wait of a visit in the seconds before."""
    longest: float
    visits: int
    later: int
    """How many of them were told to come later."""
    broken: tuple[int, ...]
    """What the others were answered; 0 where the line broke."""
    cpu: float
    memory: float
    """The most that all processes held together, above what they held before."""

    @property
    def is_as_expected(self) -> bool:
        return re.fullmatch(self.attack.expects, self.answer, re.DOTALL) is not None

    @property
    def are_visits_well(self) -> bool:
        is_late = self.longest > self.quiet + self.attack.most_seconds
        return not self.broken and not is_late and (self.attack.tells_later or not self.later)

    def row(self) -> str:
        """A row of the book's table."""
        name = f"{self.attack.case}: {self.attack.name}" if self.attack.case else self.attack.name
        answer = self.answer.replace("|", "\\|")
        return (
            f"| {name} | {answer} | {self.seconds:.1f} s | {self.quiet * 1000:.0f}, {self.longest * 1000:.0f} ms of "
            f"{self.visits} | {self.cpu:.1f} s | {self.memory:.0f} MB |"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--only", nargs="*", default=(), help="attacks whose name, case or group has a word")
    parser.add_argument("--table", type=Path, help="write the rows of the book's table here")
    given = parser.parse_args()
    print(machine.describe(), flush=True)
    outcomes = {
        database: list(_besieged(database, siege_attacks.chosen(given.only))) for database in given.databases
    }
    if given.table:
        given.table.write_text("\n".join(_table(outcomes)))
    bad = [each for found in outcomes.values() for each in found if not _is_good(each)]
    count = sum(len(found) for found in outcomes.values())
    print(f"{count} attacks, {len(bad)} not as they should be: {', '.join(each.attack.name for each in bad)}")
    sys.exit(1 if bad else 0)


def _is_good(outcome: Outcome) -> bool:
    return outcome.is_as_expected and outcome.are_visits_well


def _table(outcomes: dict[str, list[Outcome]]) -> Iterator[str]:
    for database, found in outcomes.items():
        yield f"| {database}: attack | answer | took | visit before, meanwhile | CPU | memory |"
        yield "|---|---|---|---|---|---|"
        yield from (each.row() for each in found)


def _besieged(database: str, attacks: Sequence[Attack]) -> Iterator[Outcome]:
    with _place(database) as place:
        for attack in attacks:
            if not attack.is_possible(place):
                print(f"{database}: {attack.name}: left out here", flush=True)
                continue
            outcome = _tried(place, attack)
            yield outcome
            print(f"{database}: {'  ' if _is_good(outcome) else '!!'} {outcome.row()}", flush=True)
            if outcome.broken or outcome.later:
                print(f"    later {outcome.later}, broken {outcome.broken or 0}", flush=True)


def _tried(place: Place, attack: Attack) -> Outcome:
    """One attack, all that it sends made before a visit is timed."""
    act = attack.ready(place)
    place.visits.settle()
    quiet_began = time.monotonic()
    time.sleep(QUIET_SECONDS)
    with Costs(place.served) as costs:
        began = time.monotonic()
        try:
            answer = act()
        except Exception as error:  # an attacker that fails is told, and the next one comes
            answer = f"{type(error).__name__}: {error}"[:200]
        ended = time.monotonic()
    place.visits.settle()
    before, meanwhile = place.visits.between(quiet_began, began), place.visits.between(began, ended)
    meanwhile = meanwhile or place.visits.between(began, time.monotonic())
    statuses = [each.status for each in meanwhile]
    longest = max((each.seconds for each in meanwhile), default=PATIENCE)
    return Outcome(
        attack, answer, ended - began,
        max((each.seconds for each in before), default=0.0), longest,
        len(meanwhile), statuses.count(LATER), tuple(each for each in statuses if each not in (*KEPT, LATER)),
        costs.cpu, costs.memory - costs.memory_before,
    )  # fmt: skip


@contextlib.contextmanager
def _place(database: str) -> Iterator[Place]:
    with contextlib.ExitStack() as stack:
        base = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tungnha-siege-")))
        base.chmod(0o711)
        folder = base / "instance"
        folder.mkdir()
        if is_small := os.geteuid() == 0:
            stack.enter_context(small_disk(folder, DISK_MEGABYTES))
        postgres = None
        if database == "postgresql":
            (base / "sockets").mkdir()
            postgres = stack.enter_context(OwnPostgres(base / "sockets" / "data", base / "sockets"))
        silent = stack.enter_context(silence())
        clock = ShiftedClock(folder)
        settings = Settings(
            instance=folder, secret_key=SECRET, second_factor="none",
            database_url=postgres.url if postgres else "",
        )  # fmt: skip
        environ = {
            **clock.environ, "TUNGNHA_IDLE_MINUTES": "600", "TUNGNHA_ADMIN_IDLE_MINUTES": "600",
            "TUNGNHA_HOOK_HOSTS": f"http://127.0.0.1:{silent.getsockname()[1]}",
            "TUNGNHA_HOOK_NETWORKS": "127.0.0.0/8", "TUNGNHA_HOOK_SECONDS": "1",
        }  # fmt: skip
        with create_app(settings).app_context():
            migrate.upgrade()
            codes = town()
            db.session.close()
            with Served(settings, str(folder / "access.log"), environ) as served:
                phones = [served.phone(each) for each in codes.phones]
                for phone, _ in itertools.product(phones, range(3)):  # every process has read the form
                    phone.form_list()
                with Visits(phones) as visits:
                    place = Place(
                        served, codes, postgres, visits, silent, clock, stack, is_small_disk=is_small
                    )
                    for role in ("officer", "home_officer", "leader", "team", "city", "admin"):
                        place.browser(role)
                    yield place
            db.session.close()
            db.dispose()


if __name__ == "__main__":
    with tidy():
        main()
