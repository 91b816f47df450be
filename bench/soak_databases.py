"""The databases that a soak runs on, and how each of them fails: SQLite, a PostgreSQL, three under Patroni."""

import contextlib
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from tests.live.served import Served
from tests.own_postgres import OwnPostgres
from tests.patroni_cluster import PatroniCluster, account

BACK_AFTER_SECONDS = 20.0
"""For how long a machine stays away that is cut off from power, before it comes back and follows the others."""


class SoakDatabase(Protocol):
    """What a soak must know of its database."""

    url: str
    """As the application is told; "" is SQLite."""
    fails_at: float
    """The part of the time after which it fails. With SQLite that ends the server's processes, whose memory is to be
    compared from one third of the time to its end."""

    def fail(self, served: Served) -> None:
        """Die, and come back, or have somebody take its place."""

    def log_bytes(self, instance: Path) -> int:
        """How much of the disk its write-ahead log takes."""


class Sqlite:
    """A file, which dies with its server."""

    url, fails_at = "", 0.25

    def fail(self, served: Served) -> None:
        served.kill()
        served.start()

    def log_bytes(self, instance: Path) -> int:
        return _bytes(instance, "*-wal")


class OnePostgres:
    """A server that is killed and comes back."""

    fails_at = 0.6

    def __init__(self, server: OwnPostgres) -> None:
        self._server, self.url = server, server.url

    def fail(self, served: Served) -> None:
        self._server.kill()
        self._server.start()

    def log_bytes(self, instance: Path) -> int:
        return _bytes(self._server.data / "pg_wal", "0*")


class UnderPatroni:
    """Three machines; the primary's power is cut, another one takes its place by itself."""

    fails_at = 0.6

    def __init__(self, cluster: PatroniCluster) -> None:
        self._cluster, self.url = cluster, cluster.url

    def fail(self, served: Served) -> None:
        self._cluster.await_whole()
        primary = self._cluster.primary
        assert primary is not None
        self._cluster.hurt(primary, "kill")
        time.sleep(BACK_AFTER_SECONDS)
        follower = self._cluster.primary
        print(f"failover from {primary.name} to {follower.name if follower else 'nobody yet'}", flush=True)
        self._cluster.heal(primary, "kill")

    def log_bytes(self, instance: Path) -> int:
        return max(_bytes(node.data / "pg_wal", "0*") for node in self._cluster.nodes)


def _bytes(folder: Path, pattern: str) -> int:
    total = 0
    for each in folder.glob(pattern):
        with contextlib.suppress(FileNotFoundError):  # a segment that was recycled meanwhile
            total += each.stat().st_size
    return total


@contextlib.contextmanager
def sqlite(_folder: Path) -> Iterator[SoakDatabase]:
    yield Sqlite()


@contextlib.contextmanager
def postgresql(folder: Path) -> Iterator[SoakDatabase]:
    """A PostgreSQL with `fsync=on`, from the tests' libraries."""
    folder.mkdir()
    with OwnPostgres(folder / "data", folder) as server:
        yield OnePostgres(server)


@contextlib.contextmanager
def patroni(folder: Path) -> Iterator[SoakDatabase]:
    """Debian's packages patroni, etcd-server and postgresql, by the files of docs/deploy/."""
    folder.mkdir()
    with PatroniCluster(folder, account(folder)) as cluster:
        yield UnderPatroni(cluster)


KINDS: dict[str, Callable[[Path], contextlib.AbstractContextManager[SoakDatabase]]] = {
    "sqlite": sqlite, "postgresql": postgresql, "patroni": patroni,
}  # fmt: skip
