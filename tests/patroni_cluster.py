"""Three PostgreSQL under Patroni and etcd on loopback, by the files of docs/deploy/; each may be killed or cut off."""

import base64
import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from tests.gate import Gate
from tests.own_postgres import OwnPostgres, children, programs
from tests.ports import HOST, free_port

BOOK = Path(__file__).parents[1] / "docs" / "deploy" / "patroni.yml"
NEEDED = ("patroni", "etcd")
SECRET = "a password of tests"
PATIENCE = 60.0  # seconds


def _programs() -> Path:
    """Debian's PostgreSQL, as in the book, where it is here: Patroni of Debian 12 is older than that of the tests."""
    debians = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return debians[0].parent if debians else programs()


def is_installed() -> bool:
    """Whether Debian's packages patroni and etcd-server are here."""
    return all(shutil.which(each) for each in NEEDED)


@dataclass
class Node:
    """A machine of the database: Patroni and its PostgreSQL, reached by the others through lines that can be cut."""

    name: str
    data: Path
    port: int = field(default_factory=free_port)
    api: int = field(default_factory=free_port)
    lines: dict[str, Gate] = field(default_factory=dict)
    process: "subprocess.Popen[bytes] | None" = None

    def environ(self) -> dict[str, str]:
        """What the book has in patroni.env.example."""
        return {
            "PATH": "/usr/bin:/bin",
            "LC_ALL": "C.UTF-8",
            "PATRONI_NAME": self.name,
            "PATRONI_POSTGRESQL_LISTEN": f"{HOST}:{self.port}",
            "PATRONI_POSTGRESQL_CONNECT_ADDRESS": f"{HOST}:{self.lines['postgres'].port}",
            "PATRONI_POSTGRESQL_DATA_DIR": str(self.data),
            "PATRONI_POSTGRESQL_BIN_DIR": str(_programs()),
            "PATRONI_POSTGRESQL_PGPASS": str(self.data.parent / "pgpass"),
            "PATRONI_RESTAPI_LISTEN": f"{HOST}:{self.api}",
            "PATRONI_RESTAPI_CONNECT_ADDRESS": f"{HOST}:{self.lines['api'].port}",
            # a proxy: otherwise the members of etcd tell their own addresses, past the line that can be cut
            "PATRONI_ETCD_PROXY": f"http://{HOST}:{self.lines['etcd'].port}",
            "PATRONI_SUPERUSER_USERNAME": "postgres",
            "PATRONI_SUPERUSER_PASSWORD": SECRET,
            "PATRONI_REPLICATION_USERNAME": "replicator",
            "PATRONI_REPLICATION_PASSWORD": SECRET,
            "PATRONI_RESTAPI_USERNAME": "patroni",
            "PATRONI_RESTAPI_PASSWORD": SECRET,
        }

    def processes(self) -> list[int]:
        """Patroni, PostgreSQL and each of its."""
        found = [self.process.pid] if self.process is not None and self.process.poll() is None else []
        with contextlib.suppress(OSError, ValueError, IndexError):
            first = int((self.data / "postmaster.pid").read_text().split()[0])
            if str(self.data) in Path(f"/proc/{first}/cmdline").read_text():
                found += [first, *children(first)]
        return found

    def tell(self, what: signal.Signals) -> None:
        for pid in self.processes():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)


class PatroniCluster:
    """One etcd and three nodes; `url` names all three, as the application is told."""

    def __init__(self, folder: Path, user: str | None) -> None:
        self.folder, self.user = folder, user
        folder.chmod(0o755)
        self._ends = contextlib.ExitStack()
        self._etcd_port = free_port()
        self.copied_anew: list[str] = []
        """Machines that did not come back by themselves."""
        self.nodes = [Node(f"db{n}", folder / f"db{n}" / "data") for n in (1, 2, 3)]
        self._log = self._ends.enter_context((folder / "cluster.log").open("ab"))

    def __enter__(self) -> "PatroniCluster":
        try:
            self._begin()
        except BaseException:
            self._end()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()

    @property
    def url(self) -> str:
        hosts = "&".join(f"host={HOST}:{node.lines['postgres'].port}" for node in self.nodes)
        return f"postgresql+psycopg://tungnha:{SECRET.replace(' ', '%20')}@/tungnha?{hosts}"

    def _begin(self) -> None:
        self._start_etcd()
        for node in self.nodes:
            node.data.parent.mkdir()
            if self.user:
                shutil.chown(node.data.parent, self.user)
            for name, port in (("postgres", node.port), ("api", node.api), ("etcd", self._etcd_port)):
                node.lines[name] = self._ends.enter_context(Gate(port))
        for node in self.nodes:
            self.start(node)
        self.await_whole()
        for statement in (
            f"CREATE ROLE tungnha LOGIN PASSWORD '{SECRET}'",
            "CREATE DATABASE tungnha OWNER tungnha",
        ):
            self.said(statement)

    def _start_etcd(self) -> None:
        peer = f"http://{HOST}:{free_port()}"
        client = f"http://{HOST}:{self._etcd_port}"
        command = [
            "etcd", "--name", "one", "--data-dir", str(self.folder / "etcd"), "--listen-client-urls", client,
            "--advertise-client-urls", client, "--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer,
            "--initial-cluster", f"one={peer}", "--unsafe-no-fsync", "--enable-v2",
        ]  # fmt: skip
        etcd = subprocess.Popen(command, stdout=self._log, stderr=self._log, start_new_session=True)
        self._ends.callback(_stopped, etcd)
        _until(lambda: _asked(f"{client}/health") is not None, "etcd does not answer")

    def start(self, node: Node) -> None:
        """As a machine does when it comes back."""
        with (self.folder / f"{node.name}.log").open("ab") as log:
            node.process = subprocess.Popen(
                ["/usr/bin/patroni", str(BOOK)], env=node.environ(), stdout=log, stderr=log, start_new_session=True,
                cwd=node.data.parent, **({"user": self.user} if self.user else {}),
            )  # fmt: skip

    @property
    def primary(self) -> Node | None:
        """The one that takes visits, asked past the lines."""
        return next(
            (node for node in self.nodes if _asked(f"http://{HOST}:{node.api}/primary", good=True)), None
        )

    def said(self, statement: str) -> Any:
        """What the primary's administrator is answered."""
        node = self.primary
        assert node is not None
        url = sa.make_url(f"postgresql+psycopg://postgres@{HOST}:{node.port}/postgres").set(password=SECRET)
        engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            result = connection.execute(sa.text(statement))
            return result.scalar() if result.returns_rows else None

    def hurt(self, node: Node, how: str) -> None:
        """Its power is cut (`kill`), it stands still (`freeze`), or nothing reaches it any more (`partition`)."""
        if how == "partition":
            for line in node.lines.values():
                line.cut()
        else:
            node.tell(signal.SIGKILL if how == "kill" else signal.SIGSTOP)

    def heal(self, node: Node, how: str) -> None:
        if how == "partition":
            for line in node.lines.values():
                line.mend()
        elif how == "freeze":
            node.tell(signal.SIGCONT)
        else:
            assert node.process is not None
            node.process.wait(60)
            self.start(node)

    def await_whole(self) -> None:
        """Until all three are there, two follow the primary, and one of them has what it acknowledges.

        One that cannot start is copied anew after a while, as the book tells a person to do.
        """
        began, has_helped = time.monotonic(), False
        while not self._is_whole():
            assert time.monotonic() - began < 2 * PATIENCE, f"the cluster is not whole: {self._told()}"
            if time.monotonic() - began > PATIENCE / 2 and not has_helped:
                has_helped = self._copy_anew()
            time.sleep(0.3)

    def _copy_anew(self) -> bool:
        """`patronictl reinit` for whoever has failed to start; whether there was one."""
        failed = [str(each["name"]) for each in self._members() if each["state"] == "start failed"]
        for node in (node for node in self.nodes if node.name in failed):
            credentials = base64.b64encode(f"patroni:{SECRET}".encode()).decode()
            request = urllib.request.Request(
                f"http://{HOST}:{node.api}/reinitialize",
                b'{"force": true}',
                {"Authorization": f"Basic {credentials}"},
            )
            with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=5):
                self.copied_anew.append(node.name)
        return bool(failed)

    def _members(self) -> list[dict[str, Any]]:
        node = self.primary
        told = _asked(f"http://{HOST}:{node.api}/cluster") if node is not None else None
        members: list[dict[str, Any]] = json.loads(told)["members"] if told else []
        return members

    def _is_whole(self) -> bool:
        members = self._members()
        roles = sorted(str(each["role"]) for each in members)
        states = {str(each["state"]) for each in members}
        return roles in (
            ["leader", "replica", "sync_standby"],
            ["leader", "sync_standby", "sync_standby"],
        ) and (states <= {"running", "streaming"})

    def _told(self) -> str:
        node = self.primary
        tails = [path.read_text()[-1500:] for path in sorted(self.folder.glob("db*.log"))]
        return str(node and _asked(f"http://{HOST}:{node.api}/cluster")) + "\n".join(tails)

    def _end(self) -> None:
        for node in self.nodes:
            node.tell(signal.SIGCONT)
            if node.process is not None:
                node.tell(signal.SIGKILL)
                node.process.wait(60)
        self._ends.close()


def _until(holds: Callable[[], bool], what: str, told: Callable[[], str] = str) -> None:
    ends = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < ends, f"{what}: {told()}"
        time.sleep(0.3)


def _asked(url: str, *, good: bool = False) -> str | None:
    """What is answered; None where nobody answers, or, asked for good news, where it is none."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return str(answer.read().decode())
    except urllib.error.HTTPError as error:
        return None if good else error.read().decode()
    except OSError:
        return None


def _stopped(process: "subprocess.Popen[bytes]") -> None:
    process.kill()
    process.wait(60)


def account(folder: Path) -> str | None:
    """Whom PostgreSQL may run as: not root; Debian's as the account that has its folder of sockets."""
    if _programs() != programs():
        return "postgres"
    with OwnPostgres(folder / "first", folder) as first:
        return first.user
