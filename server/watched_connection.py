"""Connections to PostgreSQL that notice when their server has stopped answering, and begin with the host that works.

A machine that is gone is found by TCP (`AWAY` in server/db.py). One whose kernel lives and whose PostgreSQL is frozen
acknowledges every packet and answers nothing: no time-out of the server's ends what waits there. So a statement that
has waited for some seconds has its server asked whether anybody is there. One that is slow says so at once.
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
            self.close()  # whoever keeps it sees that it is of no use
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

    Otherwise each new connection would wait anew for the one that is gone.
    """

    def __init__(self) -> None:
        self.last: tuple[str, str] | None = None
        self._lock = threading.Lock()

    def connect(self, *given: Any, **wanted: Any) -> WatchedConnection:
        """As `psycopg.connect`."""
        made = WatchedConnection.connect(*given, **self.reordered(wanted))
        with self._lock:
            self.last = (made.info.host, str(made.info.port))
        return made

    def reordered(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        hosts = str(wanted.get("host") or "").split(",")
        ports = str(wanted.get("port") or "").split(",")
        if len(hosts) == 1 or "hostaddr" in wanted or len(ports) not in (1, len(hosts)):
            return dict(wanted)
        pairs = list(zip(hosts, ports if len(ports) > 1 else ports * len(hosts), strict=True))
        with self._lock:
            last = self.last
        pairs.sort(key=lambda pair: pair != last)  # stable: the others stay as they were given
        ordered = {"host": ",".join(host for host, _ in pairs), "port": ",".join(port for _, port in pairs)}
        return {**wanted, **ordered} if any(ports) else {**wanted, "host": ordered["host"]}
