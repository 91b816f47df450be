"""How connections to the database are made: what they wait for, how they plan, what SQLite must be told.

Connections to PostgreSQL begin with the host that works and notice when their server has stopped answering. A machine
that is gone is found by TCP (`AWAY`). One whose kernel lives and whose PostgreSQL is frozen acknowledges every packet
and answers nothing: no time-out of the server's ends what waits there. So a statement that has waited for some seconds
has its server asked whether anybody is there. One that is slow says so at once.
"""

import socket
import struct
import threading
from collections.abc import Generator, Mapping
from time import monotonic
from typing import Any, TypeVar

import click
import psycopg
from sqlalchemy import Engine, event, make_url

from geo import vietnamese_order
from server.db import in_vietnamese_order, single_statements

_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
    "secure_delete=ON",  # what is deleted is overwritten: a household's name must not be left in free pages
)


AWAY: Mapping[str, object] = {
    "connect_timeout": 3,  # seconds, for each of the hosts that are named
    "keepalives": 1,
    "keepalives_idle": 4,
    "keepalives_interval": 2,
    "keepalives_count": 2,
    "tcp_user_timeout": 8_000,  # milliseconds that what was sent may stay without an answer of their machine
}
"""libpq's: a machine that does not answer is gone after seconds, not after the minutes of TCP."""
PATIENCE = {"lock_timeout": "5s", "statement_timeout": "50s"}
"""What a request may wait for somebody's lock, or take in all: less than a worker may."""
PLANNING = {"random_page_cost": "1.1", "jit": "off"}
"""How statements of pages are planned: what they ask for lies in memory or on a disk without heads, where a row here
and there costs little more than the next one (by PostgreSQL's own figure, of disks with heads, a commune's answers are
found sooner by reading the whole city's), and no page is worth compiling for."""
VISITS_PATIENCE = {"lock_timeout": "300ms", "statement_timeout": "10s"}
"""The same for the single statements of visits: one that holds a household for longer holds up no other visit.

Where a whole table is held, a visit meets that up to three times: behind others, with them, and alone. So it is told to
come later within a second.
"""
LOOK_AFTER = 2.0
"""Seconds that a statement may take before its server is asked for a sign of life, and between two such questions."""
SIGN_WITHIN = 2.0
"""Seconds that a server has for that sign."""
_TLS_WANTED = struct.pack("!ii", 8, 80877103)
"""The shortest question of the protocol: whether it speaks TLS. Every server answers with one letter."""
LEFT_OUT = 6.0
"""Seconds for which a host that did not even say no is not asked, where others may."""
Result = TypeVar("Result")


def unless_given(url: str, among_several: str = "read-write") -> dict[str, object]:
    """What a connection to PostgreSQL is asked for, but for what its address says itself.

    Of several machines the one that takes visits, unless another kind is said.
    """
    wanted = dict(AWAY)
    if url.count("host=") > 1 or "," in (make_url(url).host or ""):
        wanted["target_session_attrs"] = among_several
    return {name: value for name, value in wanted.items() if f"{name}=" not in url}


def _bounded(engine: Engine, patience: Mapping[str, str]) -> None:
    """Have the server end what waits or runs for too long; commands of a shell may take their time.

    What the address of the database sets by itself stays.
    """
    given = str(engine.url.query.get("options", ""))
    wanted = {name: value for name, value in patience.items() if name not in given}
    if click.get_current_context(silent=True) is not None:
        wanted.pop("statement_timeout", None)

    @event.listens_for(engine, "connect")
    def _patience(connection: Any, _record: Any) -> None:
        for name, value in wanted.items():
            connection.execute(f"SET {name} = '{value}'")
        connection.commit()


def _watched(*engines: Engine) -> None:
    """Connect in the way of `WatchedConnection`; both engines know which of several hosts took the last one."""
    connector = Connector()
    for engine in engines:

        @event.listens_for(engine, "do_connect")
        def _connect(_dialect: Any, _record: Any, given: Any, wanted: Any) -> Any:
            return connector.connect(*given, **wanted)


def prepare(engine: Engine) -> None:
    """Make SQLite durable (a phone deletes what we acknowledged) and honest about transactions; PostgreSQL plan once.

    Writers take the lock when they begin: a transaction that reads first and writes later would otherwise
    fail at once with "database is locked", whatever the busy timeout.
    """
    if engine.dialect.name != "sqlite":
        _watched(engine, single_statements())
        _bounded(engine, PATIENCE | PLANNING)
        _bounded(single_statements(), VISITS_PATIENCE)
        _plan_once(single_statements())
        return

    @event.listens_for(engine, "connect")
    def _pragmas(connection: Any, _record: Any) -> None:
        connection.isolation_level = None  # we say BEGIN ourselves
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.create_function(
            in_vietnamese_order.name, 1, vietnamese_order.sort_key_or_none, deterministic=True
        )

    @event.listens_for(engine, "begin")
    def _begin(connection: Any) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _plan_once(engine: Engine) -> None:
    """Statements that look rows up by their keys have one plan: PostgreSQL need not weigh it anew five times each.

    A plan made while a table is empty must do for when it is large: no table is read whole. Nor is any statement
    worth compiling, which it would do for tens of milliseconds where it thinks of more rows than there are.
    """

    @event.listens_for(engine, "connect")
    def _generic(connection: Any, _record: Any) -> None:
        connection.execute("SET plan_cache_mode = force_generic_plan")
        connection.execute("SET enable_seqscan = off")
        connection.execute("SET jit = off")
        connection.commit()


class WatchedConnection(psycopg.Connection[Any]):
    """A connection whose statements end with an OperationalError where their server is frozen or gone."""

    def wait(
        self, gen: Generator[Any, Any, Result], interval: float = 0.1, timeout: float | None = None
    ) -> Result:
        return super().wait(self._watching(gen), interval, timeout)

    def _watching(self, gen: Generator[Any, Any, Result]) -> Generator[Any, Any, Result]:
        """The same steps; psycopg hands in 0 whenever an interval has passed and nothing came."""
        look_at = monotonic() + LOOK_AFTER
        try:
            wanted = next(gen)
            while True:
                ready = yield wanted
                if not ready and monotonic() > look_at:
                    self._look()
                    look_at = monotonic() + LOOK_AFTER
                wanted = gen.send(ready)
        except StopIteration as end:
            found: Result = end.value
            return found

    def _look(self) -> None:
        if not gives_sign(self.info.host, self.info.port):
            self.close()  # its keeper sees that it is of no use
            raise psycopg.OperationalError("the database server has stopped answering")


def gives_sign(host: str, port: int) -> bool:
    """Whether a PostgreSQL there says anything within `SIGN_WITHIN`; a folder is where its socket lies."""
    try:
        with _line(host, port) as line:
            line.settimeout(SIGN_WITHIN)
            line.sendall(_TLS_WANTED)
            return bool(line.recv(1))
    except OSError:
        return False


def _line(host: str, port: int) -> socket.socket:
    if not host.startswith("/"):
        return socket.create_connection((host, port), timeout=SIGN_WITHIN)
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(SIGN_WITHIN)
    try:
        line.connect(f"{host}/.s.PGSQL.{port}")
    except OSError:
        line.close()
        raise
    return line


class Connector:
    """Connects to the first of several hosts that takes the connection, and asks that one first the next time.

    One that said nothing is left out for some seconds: otherwise each new connection would wait anew for it.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: Place | None = None
        self._silent: dict[Place, float] = {}

    def connect(self, *given: Any, **wanted: Any) -> WatchedConnection:
        """As `psycopg.connect`."""
        if "hostaddr" in wanted or "," not in str(wanted.get("host") or ""):
            return WatchedConnection.connect(*given, **wanted)
        error: psycopg.OperationalError | None = None
        for place in self._order(wanted):
            host, port = place
            try:
                made = WatchedConnection.connect(*given, **{**wanted, "host": host, "port": port})
            except psycopg.OperationalError as raised:
                error = raised
                self._note(place, is_silent=isinstance(raised, psycopg.errors.ConnectionTimeout))
            else:
                self._last = place
                return made
        raise error or psycopg.OperationalError("the address names no host")

    def _note(self, place: "Place", *, is_silent: bool) -> None:
        with self._lock:
            if is_silent:
                self._silent[place] = monotonic() + LEFT_OUT
            else:
                self._silent.pop(place, None)

    def _order(self, wanted: Mapping[str, Any]) -> "list[Place]":
        """The last that worked first, the others as they are given; all of them where all are silent."""
        found = places(str(wanted["host"]), str(wanted.get("port") or ""))
        found.sort(key=lambda place: place != self._last)
        with self._lock:
            heard = [place for place in found if self._silent.get(place, 0) < monotonic()]
        return heard or found


Place = tuple[str, str | None]
"""A host and its port; None: the usual one."""


def places(hosts: str, ports: str) -> list[Place]:
    """Several hosts and their ports as libpq takes them: one port for all, or one for each."""
    named, numbers = hosts.split(","), ports.split(",")
    if len(numbers) == 1:
        numbers *= len(named)
    if len(numbers) != len(named):
        raise psycopg.OperationalError(f"{len(named)} hosts and {len(numbers)} ports")
    return [(host, port or None) for host, port in zip(named, numbers, strict=True)]
