"""Starts gunicorn as a child, knows when it answers, and ends it whatever happens to us."""

import contextlib
import ctypes
import dataclasses
import http.client
import multiprocessing
import os
import signal
import socket
import sys
import time
from collections.abc import Iterator, Mapping
from fractions import Fraction
from multiprocessing.context import ForkProcess as Process
from pathlib import Path
from types import FrameType

from gunicorn.app import wsgiapp

from server.demo import NotPossible
from server.settings import Settings, variable

HOST = "127.0.0.1"
_ROOT = Path(__file__).parents[2]
_PATIENCE_SECONDS = 90
_PR_SET_PDEATHSIG = 1
"""Of prctl(2)."""


def address(port: int) -> str:
    """Where the demonstration is served."""
    return f"http://{HOST}:{port}"


def check_port(port: int) -> None:
    """Raise NotPossible where somebody listens on the port already, or where we may not."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except (OSError, OverflowError) as error:
            raise NotPossible(
                f"Cổng {port} không dùng được (đang có chương trình khác). Hãy chọn cổng khác, ví dụ: "
                f"make demo PORT={port + 1 if 0 < port < 65535 else 8000}"
            ) from error


@contextlib.contextmanager
def serving(settings: Settings, port: int) -> Iterator[Process]:
    """A gunicorn that answers on the port; ended with the block, also where we are told to end."""
    with _ending_on(signal.SIGTERM, signal.SIGHUP), _child(settings, port) as child:
        _await(child, port)
        yield child


@contextlib.contextmanager
def _child(settings: Settings, port: int) -> Iterator[Process]:
    # forked, so that the second or two of importing everything is not paid twice
    child = multiprocessing.get_context("fork").Process(
        target=_gunicorn, args=(settings, port, os.getpid()), name="gunicorn"
    )
    child.start()
    try:
        yield child
    finally:
        _end(child)


def _gunicorn(settings: Settings, port: int, parent: int) -> None:
    _end_with(parent)
    os.environ.update(variables(settings))
    sys.argv = [
        "gunicorn",
        "--config", str(_ROOT / "server" / "gunicorn_conf.py"), "--pythonpath", str(_ROOT),
        "--bind", f"{HOST}:{port}", "--access-logfile", str(settings.instance.absolute() / "access.log"),
        "--log-level", "warning",
    ]  # fmt: skip
    wsgiapp.run()


def _end_with(parent: int) -> None:
    """Be ended by the system when the parent is, however that ends: nobody else would free the port (Linux)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, int(signal.SIGTERM))
    if os.getppid() != parent:  # it ended before we could say so
        os.kill(os.getpid(), signal.SIGTERM)


def variables(settings: Settings) -> dict[str, str]:
    """The settings as the child reads them; it is always a demonstration."""
    demonstration = dataclasses.replace(settings, instance=settings.instance.absolute(), demo=True)
    found = {}
    for field in dataclasses.fields(demonstration):
        value = getattr(demonstration, field.name)
        if isinstance(value, bool):
            found[variable(field.name)] = "1" if value else "0"
        elif isinstance(value, Path | Fraction | int) or value:
            found[variable(field.name)] = str(value)
    return found


def _await(child: Process, port: int) -> None:
    until = time.monotonic() + _PATIENCE_SECONDS
    while time.monotonic() < until:
        if not child.is_alive():
            break
        if _answers(port):
            return
        time.sleep(0.1)
    raise NotPossible(f"Máy chủ không khởi động được ở cổng {port}; xem lỗi ở trên.")


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection(HOST, port, timeout=5)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False
    finally:
        line.close()


def _end(child: Process) -> None:
    child.terminate()
    child.join(timeout=30)
    if child.is_alive():
        child.kill()
        child.join()


@contextlib.contextmanager
def _ending_on(*signals: signal.Signals) -> Iterator[None]:
    """Turn signals that would end us at once into an exception, so that the child is ended first."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before: Mapping[signal.Signals, object] = {each: signal.signal(each, end) for each in signals}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)  # type: ignore[arg-type]
