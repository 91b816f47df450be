"""What each page costs the server: CPU time of the program and of PostgreSQL, time in all, statements.

Pages are asked inside this process, one after the other: on a machine that does other work as well, CPU time stays what
it is when a clock's time doubles.
"""

import contextlib
import re
import statistics
import time
import urllib.parse
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from werkzeug.test import TestResponse

from bench import every_page, wide
from server.db import db
from tests.people import Browser, browser

TIMES, WARM = 3, 1
NANOSECONDS = 1e6
"""In a millisecond."""


@dataclass(frozen=True)
class PageCost:
    """Medians of one address for one person, times in milliseconds."""

    who: str
    address: str
    endpoint: str
    program: float
    """CPU time of the program."""
    database: float
    """CPU time of its PostgreSQL backends."""
    wall: float
    most: float
    """The longest time of them all."""
    statements: int
    size: int
    """Bytes of the last answer."""

    @property
    def cpu(self) -> float:
        """CPU time in all: what issues and aims speak of."""
        return self.program + self.database


@dataclass
class _Meter:
    """Counts what the current application asks PostgreSQL, and knows the backends that answer it."""

    statements: int = 0
    backends: set[int] = field(default_factory=set)

    def note(self, connection: sa.Connection, *_: object) -> None:
        self.statements += 1
        driver = connection.connection.driver_connection
        if driver is not None:
            self.backends.add(driver.info.backend_pid)

    def database_time(self) -> float:
        """CPU milliseconds so far of all backends that were met."""
        total = 0
        for pid in self.backends:
            with contextlib.suppress(OSError):
                total += int(Path(f"/proc/{pid}/schedstat").read_text().split()[0])
        return total / NANOSECONDS


@contextlib.contextmanager
def _metered(app: Flask) -> Iterator[_Meter]:
    meter = _Meter()
    with app.app_context():
        engine = db.engine
    event.listen(engine, "after_cursor_execute", meter.note)
    try:
        yield meter
    finally:
        event.remove(engine, "after_cursor_execute", meter.note)


def measure(app: Flask, among: str = "") -> Iterator[PageCost]:
    """Every address of every role whose endpoint matches `among`, asked by the first role that may open it, and once
    more by those who see the whole city.

    What is not there, not made or not theirs (404, 410, 403) is left out; what fails ends it.
    """
    with app.app_context():
        given = every_page.values()
        db.session.close()
    known: set[tuple[str, bool]] = set()
    with _metered(app) as meter:
        for who, role in every_page.ROLE_OF.items():
            visitor = browser(app)
            if visitor.sign_in(who, wide.PASSWORD).status_code != 302:
                raise SystemExit(f"{who} cannot sign in")
            with app.app_context():
                asked = [*every_page.addresses(app, given, role), *every_page.doors(app, given, role)]
            for rule, path in asked:
                key = (path, role in every_page.CITY_WIDE)
                if key in known or not re.search(among, f"{rule.endpoint} {path}"):
                    continue
                found = _cost(visitor, meter, who, rule.endpoint, path)
                if found is not None:
                    known.add(key)
                    yield found


def measure_sync(app: Flask, token: str) -> Iterator[PageCost]:
    """Each request of a collector's sync, by the key of their phone."""
    visitor = browser(app)
    with _metered(app) as meter:
        for path in _of_phone(visitor, f"/key/{token}"):
            found = _cost(
                visitor, meter, "collector", "phones_by_token", path, shown=path.replace(token, "…")
            )
            if found is not None:
                yield found


def _of_phone(visitor: Browser, prefix: str) -> Sequence[str]:
    """What a phone asks for: the list of its forms, each form, its manifest and its files."""
    listed = visitor.get(f"{prefix}/formList").text
    forms, manifests = (_paths(listed, tag) for tag in ("downloadUrl", "manifestUrl"))
    files = [path for each in manifests for path in _paths(visitor.get(each).text, "downloadUrl")]
    return (f"{prefix}/formList", *forms, *manifests, *files)


def _paths(text: str, tag: str) -> Sequence[str]:
    return [urllib.parse.urlsplit(url).path for url in re.findall(f"<{tag}>([^<]+)", text)]


def _cost(
    visitor: Browser, meter: _Meter, who: str, endpoint: str, path: str, shown: str = ""
) -> PageCost | None:
    """None where there is nothing to measure."""
    program, database, wall, statements, size = [], [], [], 0, 0
    for turn in range(TIMES + WARM):
        meter.statements = 0
        before = (time.process_time(), meter.database_time(), time.perf_counter())
        answer = visitor.open(path, method="GET")
        size = len(answer.get_data())  # what is streamed asks while it is read
        after = (time.process_time(), meter.database_time(), time.perf_counter())
        if not _is_told(answer, path):
            return None
        if turn >= WARM:
            program.append((after[0] - before[0]) * 1000)
            database.append(after[1] - before[1])
            wall.append((after[2] - before[2]) * 1000)
            statements = meter.statements
    return PageCost(
        who, shown or path, endpoint, statistics.median(program), statistics.median(database),
        statistics.median(wall), max(wall), statements, size,
    )  # fmt: skip


def _is_told(answer: TestResponse, path: str) -> bool:
    if answer.status_code >= 500 and not path.startswith("/healthz"):
        raise SystemExit(f"{path}: {answer.status_code}")
    if answer.status_code == 302 and "/dang-nhap" in (answer.headers.get("Location") or ""):
        raise SystemExit(f"{path}: not signed in")
    return answer.status_code in (200, 302, 303)


def table(found: Sequence[PageCost], aim: float) -> str:
    """Rows for docs/performance.md, the dearest first; those over the aim are marked.

    Roles that are answered alike share a row: the dearest of them is told.
    """
    lines = ["| page | who | CPU ms (PostgreSQL's) | ms | statements | KB |", "|---|---|---|---|---|---|"]
    for each in sorted(_dearest(found).values(), key=lambda each: -each.cpu):
        mark = " **over**" if each.cpu > aim else ""
        lines.append(
            f"| `{each.address}` | {each.who} | {each.cpu:.0f} ({each.database:.0f}){mark} | {each.wall:.0f} "
            f"| {each.statements} | {each.size / 1000:.0f} |"
        )
    return "\n".join(lines)


def _dearest(found: Sequence[PageCost]) -> Mapping[str, PageCost]:
    by_address: dict[str, PageCost] = {}
    for each in found:
        if each.address not in by_address or each.cpu > by_address[each.address].cpu:
            by_address[each.address] = each
    return by_address
