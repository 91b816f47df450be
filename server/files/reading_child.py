"""What the child of `reading_process` runs: one reading after the other, each under bounds."""

import importlib
import os
import pickle
import resource
import signal
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

MEMORY = 1_500_000_000
"""Bytes of addresses that the child may have in all; its libraries take a fifth of them."""
WRITTEN = 300_000_000
"""Bytes of one file that a reader unpacks for a library that opens files by name."""
OUTPUT = 150_000_000
"""Bytes of one answer."""
READINGS = 500
"""After so many readings a child ends."""
IDLE_SECONDS = 600
"""After so long without anything to read, too."""
_READERS = (
    "forms.convert_workbook", "forms.check.blank_answers", "geo.boundaries", "server.files.tables.excel_and_csv",
)  # fmt: skip
"""What a first reading would wait for is loaded before."""


@dataclass(frozen=True)
class ReadingAsked:
    """A function of a module, what it is called with, and the seconds of CPU that it may take."""

    function: Callable[..., Any]
    given: tuple[Any, ...]
    named: dict[str, Any]
    cpu_seconds: int


@dataclass(frozen=True)
class ReadingTold:
    """What a function returned, or what it raised; neither where it asked for more memory than it may have."""

    value: Any = None
    raised: tuple[type[Exception], tuple[Any, ...], dict[str, Any]] | None = None
    is_too_large: bool = False
    is_last: bool = False
    """Whether the child ends now."""


def main(handle: int) -> None:
    """Answers on a socket until its other end is closed, or nobody asks any more."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asked is told to stop, and closes the socket
    _bound()
    for reader in _READERS:
        importlib.import_module(reader)
    asking = Connection(handle)
    with suppress(EOFError, OSError):
        asking.send_bytes(b"ready")
        for _ in range(READINGS - 1):
            if not asking.poll(IDLE_SECONDS) or not _answer(asking):
                return
        _answer(asking, is_last=True)


def _bound() -> None:
    """What holds for all that this process will do; where a phone's visit needs the processor, it waits."""
    with suppress(OSError):  # where a service may not change its own turn, the bounds are what counts
        os.nice(5)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_FSIZE, (WRITTEN, WRITTEN))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)  # writing fails with an error instead


def _answer(asking: Connection, *, is_last: bool = False) -> bool:
    """Do what comes next; whether there may be more."""
    asked: ReadingAsked = asking.recv()
    used = resource.getrusage(resource.RUSAGE_SELF)
    until = int(used.ru_utime + used.ru_stime) + 1 + asked.cpu_seconds
    resource.setrlimit(resource.RLIMIT_CPU, (until, resource.RLIM_INFINITY))
    told = _told(asked)
    # what a library once took it may keep for ever
    told = replace(told, is_last=is_last or _most_memory() > MEMORY // 2)
    asking.send_bytes(_packed(told))
    return not told.is_last


def _told(asked: ReadingAsked) -> ReadingTold:
    try:
        return ReadingTold(asked.function(*asked.given, **asked.named))
    except MemoryError:
        return ReadingTold(is_too_large=True)
    except Exception as error:  # whatever a reader raises goes to the asker
        if _most_memory() > 0.95 * MEMORY:
            return ReadingTold(is_too_large=True)  # a library that gets no memory calls the file broken
        error.add_note(traceback.format_exc())
        return ReadingTold(raised=(type(error), error.args, error.__dict__))


def _packed(told: ReadingTold) -> bytes:
    try:
        packed = pickle.dumps(told)
    except MemoryError:
        packed = b""
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        why = f"what a reader gave cannot be told: {error}"
        packed = pickle.dumps(ReadingTold(raised=(RuntimeError, (why,), {}), is_last=told.is_last))
    return (
        packed
        if 0 < len(packed) <= OUTPUT
        else pickle.dumps(ReadingTold(is_too_large=True, is_last=told.is_last))
    )


def _most_memory() -> int:
    """The most addresses, in bytes, that this process has had at once; 0 where the system does not tell."""
    with suppress(OSError):
        for line in Path("/proc/self/status").read_text().splitlines():
            if line.startswith("VmPeak:"):
                return int(line.split()[1]) * 1024
    return 0
