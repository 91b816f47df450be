"""`flask demo` as people start it: made, served, walked with by a phone, moved to another port, ended by Ctrl-C."""

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from forms.engine import engine
from tests.phone import OverSocket, Phone, statuses

pytestmark = pytest.mark.live

ROOT = Path(__file__).parents[2]
PATIENCE_SECONDS = 240


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def demonstration(instance: Path, port: int, *options: str) -> Iterator[subprocess.Popen[str]]:
    """`flask demo` in a process group of its own, as a terminal would give it."""
    environ = {name: text for name, text in os.environ.items() if not name.startswith("TUNGNHA_")}
    environ |= {"TUNGNHA_DEMO": "1", "TUNGNHA_INSTANCE": str(instance)}
    command = [sys.executable, "-m", "flask", "--app", "app", "demo", "--port", str(port), *options]
    with (instance.parent / f"{port}.log").open("w+") as log:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environ, stdout=log, stderr=log, text=True, start_new_session=True
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def told(instance: Path, port: int) -> str:
    return (instance.parent / f"{port}.log").read_text()


def until(process: subprocess.Popen[str], instance: Path, port: int, sentence: str) -> None:
    """Wait for a sentence on its terminal."""
    end = time.monotonic() + PATIENCE_SECONDS
    while sentence not in told(instance, port):
        assert process.poll() is None, told(instance, port)
        assert time.monotonic() < end, told(instance, port)
        time.sleep(0.05)


def coverage(record: dict[str, Any], code: str) -> dict[str, Any]:
    line = http.client.HTTPConnection(urlsplit(record["url"]).netloc, timeout=30)
    try:
        headers = {"Authorization": f"Token {record['api_token']}"}
        line.request("GET", f"/api/v1/communes/{code}/coverage", headers=headers)
        found: dict[str, Any] = json.loads(line.getresponse().read())
        return found
    finally:
        line.close()


def read(instance: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((instance / "demo.json").read_text())
    return found


def stop(process: subprocess.Popen[str]) -> int:
    """Ctrl-C: the terminal tells the whole group."""
    os.killpg(process.pid, signal.SIGINT)
    return process.wait(timeout=60)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A demonstration that was interrupted while phones were sending, then made whole and stopped."""
    folder = tmp_path_factory.mktemp("demo") / "instance"
    port = free_port()
    with demonstration(folder, port, "--visits", "200", "--households", "60") as process:
        until(process, folder, port, "Đã gửi 20/200")
        assert stop(process) == 1
    assert is_free(port)
    assert not (folder / "demo.json").exists()
    port = free_port()
    with demonstration(folder, port, "--visits", "120", "--households", "60", "--no-serve") as process:
        assert process.wait(timeout=PATIENCE_SECONDS) == 0, told(folder, port)
    return folder


def test_a_new_visit_moves_the_coverage_and_the_later_start_takes_nothing_away(instance: Path) -> None:
    port = free_port()
    before = read(instance)
    with demonstration(instance, port) as process:
        until(process, instance, port, "Ctrl-C")
        record = read(instance)
        assert record["url"] == f"http://127.0.0.1:{port}"
        assert record["accounts"] == before["accounts"]
        collector = record["collectors"][0]
        first = coverage(record, collector["commune"])
        assert first["visited"] > 0
        assert statuses(_visit(collector, port)) == [201]
        assert coverage(record, collector["commune"])["visited"] == first["visited"] + 1
        assert stop(process) == 0
    assert is_free(port)


def _visit(collector: dict[str, Any], port: int) -> list[Any]:
    """The round of R15: form list, form, manifest and media, a filled form, HEAD, POST."""
    phone = Phone(OverSocket("127.0.0.1", port), collector["server_url"])
    filling = engine.open_form(*phone.sync()["ho_gia_dinh"]).start()
    filling.answer("thon", collector["villages"][0])
    filling.answer("tim_ho", "moi")
    filling.answer("ket_qua", "gap")
    filling.answer("dia_chi", "Ngõ 9, số 99B")
    assert filling.problems() == ()
    return phone.send(filling.submission())


def test_a_query_as_long_as_a_phone_may_ask_is_answered_and_logged_without_its_token(instance: Path) -> None:
    """E10: 800 unsent households make a request line of 31 KB."""
    port = free_port()
    with demonstration(instance, port) as process:
        until(process, instance, port, "Ctrl-C")
        base = urlsplit(read(instance)["collectors"][0]["server_url"])
        ids = ",".join(["11111111-1111-4111-8111-111111111111"] * 800)
        line = http.client.HTTPConnection(base.netloc, timeout=30)
        line.request("GET", f"{base.path}/lists/ho_dan/integrity?id={ids}")
        assert line.getresponse().status == 200
        line.close()
        process.terminate()
        process.wait(timeout=60)
    assert is_free(port)
    log = (instance / "access.log").read_text()
    assert "/key/…/lists" in log
    assert base.path not in log


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere the system tells nobody that a parent ended")
def test_a_demonstration_that_is_killed_leaves_no_server_behind(instance: Path) -> None:
    """Nor does one that is killed while nobody is there to tell its children."""
    port = free_port()
    with demonstration(instance, port) as process:
        until(process, instance, port, "Ctrl-C")
        os.kill(process.pid, signal.SIGKILL)
        process.wait(timeout=60)
        end = time.monotonic() + 30
        while not is_free(port):
            assert time.monotonic() < end
            time.sleep(0.05)
