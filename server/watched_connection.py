"""Connections to PostgreSQL that notice when their server has stopped answering, and begin with the host that works.

A machine that is gone is found by TCP (`AWAY` in database_connections.py). One whose kernel lives and whose PostgreSQL
is frozen acknowledges every packet and answers nothing: no time-out of the server's ends what waits there. So a
statement that has waited for some seconds has its server asked whether anybody is there. One that is slow says so at
once.
"""

import socket
import struct
import threading
from collections.abc import Generator, Mapping
from time import monotonic
from typing import Any, TypeVar

import psycopg

LOOK_AFTER = 2.0
"""Seconds that a statement may take before its server is asked for a sign of life, and between two such questions."""
SIGN_WITHIN = 2.0
"""Seconds that a server has for that sign."""
_TLS_WANTED = struct.pack("!ii", 8, 80877103)
"""The shortest question of the protocol: whether it speaks TLS. Every server answers with one letter."""
LEFT_OUT = 6.0
"""Seconds for which a host that did not even say no is not asked, where others may."""
Result = TypeVar("Result")


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
