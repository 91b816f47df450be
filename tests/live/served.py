"""The program as it is served, on a socket that outlives it: killed, started again, and phones that just wait."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from server.settings import Settings, variable
from tests.phone import OverSocket, Phone

ROOT = Path(__file__).parents[2]
HOST = "127.0.0.1"


class Served:
    """gunicorn with all its workers in a process group of its own.

    The listening socket is ours and handed down, so its port stays taken while the program is dead, and whoever
    calls meanwhile waits in line until it is back: nobody has to ask again and again whether it answers.
    """

    def __init__(
        self, settings: Settings, access_log: str = "/dev/null", environ: Mapping[str, str] | None = None
    ) -> None:
        self.settings = settings
        self.environ = dict(environ or {})
        self.access_log = access_log
        self.listener = socket.create_server((HOST, 0), backlog=512)
        self.port: int = self.listener.getsockname()[1]
        self.url = f"http://{HOST}:{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "Served":
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end(signal.SIGTERM)
        self.listener.close()

    def start(self) -> None:
        """Begin to serve; returns at once."""
        handle = self.listener.fileno()
        with (self.settings.instance / "server.log").open("ab") as log:
            self._process = subprocess.Popen(
                [
                    sys.executable, "-m", "gunicorn", "--config", str(ROOT / "server" / "gunicorn_conf.py"),
                    "--bind", f"fd://{handle}", "--access-logfile", self.access_log,
                ],
                cwd=ROOT, env=self.environment(), pass_fds=(handle,), start_new_session=True, stdout=log, stderr=log,
            )  # fmt: skip

    def ended(self) -> int:
        """The exit code of a server that ends by itself."""
        assert self._process is not None
        code = self._process.wait(60)
        self._process = None
        return code

    def kill(self) -> None:
        """As a power cut would: master and workers at once, whatever they were doing."""
        self._end(signal.SIGKILL)

    def restart(self) -> None:
        """As systemd does: the first process is told to end, and takes the others with it when they have answered."""
        assert self._process is not None
        self._process.terminate()
        ended = self._process.wait(60)
        assert ended == 0, ended
        self.start()

    def kill_workers(self) -> None:
        """All that answer, but not their master, which has others at work a moment later."""
        assert self._process is not None
        master = self._process.pid
        for worker in Path(f"/proc/{master}/task/{master}/children").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(worker), signal.SIGKILL)

    def processes(self) -> list[int]:
        """The first process and those of its group."""
        if self._process is None:
            return []
        group = self._process.pid
        every = (int(each.name) for each in Path("/proc").iterdir() if each.name.isdigit())
        return [pid for pid in every if _group_of(pid) == group]

    def phone(self, token: str) -> Phone:
        """A phone set up by QR code."""
        return Phone(OverSocket(HOST, self.port), f"{self.url}/key/{token}")

    def _end(self, how: signal.Signals) -> None:
        if self._process is not None:
            os.killpg(self._process.pid, how)
            try:
                self._process.wait(60)
            except subprocess.TimeoutExpired:
                os.killpg(self._process.pid, signal.SIGKILL)  # nothing is left of it, and who waits is told
                raise
            self._process = None

    def environment(self) -> dict[str, str]:
        """What a process is told."""
        others = {name: value for name, value in os.environ.items() if not name.startswith("TUNGNHA_")}
        given = {
            "instance": str(self.settings.instance),
            "database_url": self.settings.database_url,
            "secret_key": self.settings.secret_key,
            "fold_seconds": "1",
            "second_factor": self.settings.second_factor,
        }
        # a folder that goes with the test: a server that is killed leaves its figures behind
        figures = {"PROMETHEUS_MULTIPROC_DIR": str(self.settings.instance / "figures")}
        return others | {variable(name): value for name, value in given.items()} | figures | self.environ


def _group_of(pid: int) -> int | None:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return None
