"""Caddy before a served program, with the file that is shipped, without TLS."""

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import requests

from tests.live.served import HOST, ROOT


def is_installed() -> bool:
    return shutil.which("caddy") is not None


@contextlib.contextmanager
def before(server: int, folder: Path) -> Iterator[int]:
    """The port at which Caddy passes on to a server's; the folder, made anew, is its own."""
    with socket.create_server((HOST, 0)) as found:
        port = int(found.getsockname()[1])
    folder.mkdir()
    config = (ROOT / "docs" / "deploy" / "Caddyfile").read_text()
    (folder / "Caddyfile").write_text(config.replace("{\n", "{\n\tadmin off\n", 1))
    environ = {
        "PATH": os.environ["PATH"], "HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder),
        "SITE_NAME": f"http://{HOST}:{port}", "SITE_SERVER": f"{HOST}:{server}",
    }  # fmt: skip
    with (folder / "log").open("wb") as log:
        proxy = subprocess.Popen(
            ["caddy", "run", "--config", str(folder / "Caddyfile"), "--adapter", "caddyfile"],
            env=environ, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        wait_for(lambda: requests.get(f"http://{HOST}:{port}/healthz", timeout=60).status_code == 200)
        yield port
    finally:
        proxy.send_signal(signal.SIGTERM)
        proxy.wait(30)


def wait_for(is_there: Callable[[], bool]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        with contextlib.suppress(requests.ConnectionError):
            if is_there():
                return
        time.sleep(0.1)
    raise AssertionError("not there after 60 seconds")
