"""The one way in which files from outside are read: in a child process with bounds of CPU, memory, output and time.

A reader is a function of `forms`, of `geo` or of this room that knows neither the database nor the web. It is called
as it would be here, with what can be pickled; what it returns or raises comes back. Nothing is read within a
transaction that writes, for which others may be waiting (docs/decisions/0040).
"""

import atexit
import os
import pickle
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Pipe
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ParamSpec, TypeVar

from flask import has_request_context

from geo import gdal_drivers
from server.db import is_writing
from server.files.reading_child import OUTPUT, ReadingAsked, ReadingTold

Given = ParamSpec("Given")
Read = TypeVar("Read")
_ROOT = Path(__file__).parents[2]
_START_SECONDS = 30
_ONE_THREAD = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "GDAL_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Bounds:
    """Seconds: of CPU, of the clock, and of waiting while other files are read."""

    cpu: int
    clock: float
    turn: float


PAGE = Bounds(12, 40, 5)
"""For somebody who waits before a page: what is too much is told within 20 seconds, but for a machine that is busy."""
COMMAND = Bounds(120, 180, 180)


class Stopped(Exception):
    """A reading that was ended, or did not begin; `why` is a Vietnamese sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why

    def sentence(self, remedy: str) -> str:
        """Why, and what to do with the file."""
        return f"{self.why} {remedy}"


class Busy(Stopped):
    """The machine had no time for this file, which may be as good as any."""

    def __init__(self, why: str = "Máy chủ đang đọc tệp khác: hãy thử lại sau một phút.") -> None:
        super().__init__(why)

    def sentence(self, remedy: str) -> str:
        """Why; nothing is to be done with the file."""
        return self.why


_TOO_LONG = "Tệp quá phức tạp: đọc lâu quá mức cho phép nên đã dừng."
_SLOW = "Máy chủ đang quá bận nên chưa đọc xong tệp: hãy thử lại sau vài phút."
_TOO_LARGE = "Tệp quá lớn hoặc quá phức tạp: cần nhiều bộ nhớ hơn mức cho phép."


class _Child:
    """A process that reads, and the socket to it."""

    def __init__(self) -> None:
        self._asking, theirs = Pipe()
        # of its own, and removed with it: a child that is ended in the middle of something tidies nothing up
        self._folder = TemporaryDirectory(prefix="tungnha-reading-")
        # a process that reads strangers' files is given no secret
        given = {name: value for name, value in os.environ.items() if not name.startswith("TUNGNHA_")}
        self._process = subprocess.Popen(
            [sys.executable, "-c", f"from server.files.reading_child import main; main({theirs.fileno()})"],
            cwd=_ROOT, env={**given, **_ONE_THREAD, **gdal_drivers.ENVIRONMENT, "TMPDIR": self._folder.name},
            pass_fds=(theirs.fileno(),), stdin=subprocess.DEVNULL,
        )  # fmt: skip
        theirs.close()
        if not self._asking.poll(_START_SECONDS) or self._asking.recv_bytes() != b"ready":
            self.end()
            raise Busy

    def is_alive(self) -> bool:
        """Whether it waits for the next file."""
        return self._process.poll() is None

    def ask(self, asked: ReadingAsked, seconds: float) -> ReadingTold | None:
        """Its answer; None where it had ended by itself before. Raises Stopped where it was ended over this file."""
        try:
            self._asking.send(asked)
            if not self._asking.poll(seconds):
                self.end()
                raise Busy(_SLOW)  # of the processor's seconds it was not given what it may take
            told: ReadingTold = pickle.loads(self._asking.recv_bytes(OUTPUT))  # noqa: S301 (of our own child)
        except (EOFError, ConnectionError) as error:
            code = self.end()
            if code == 0:
                return None
            raise Stopped(_TOO_LONG if code == -signal.SIGXCPU else _TOO_LARGE) from error
        if told.is_last:
            self.end()
        return told

    def end(self) -> int:
        """End it, by force where it does not end by itself; its exit code."""
        self._asking.close()
        try:
            return self._process.wait(0.2)
        except subprocess.TimeoutExpired:
            self._process.kill()
            return self._process.wait()
        finally:
            self._folder.cleanup()


class _Reader:
    """The child of this process and the turn of those who want it; it is begun when first wanted."""

    def __init__(self) -> None:
        self._turn = threading.Lock()
        self._child: _Child | None = None

    def read(self, asked: ReadingAsked, bounds: Bounds) -> ReadingTold:
        if not self._turn.acquire(timeout=bounds.turn):
            raise Busy
        try:
            told = self._living().ask(asked, bounds.clock) or self._new().ask(asked, bounds.clock)
        finally:
            self._turn.release()
        if told is None:
            raise Busy
        return told

    def _living(self) -> _Child:
        return self._child if self._child is not None and self._child.is_alive() else self._new()

    def _new(self) -> _Child:
        if self._child is not None:
            self._child.end()
        self._child = _Child()
        return self._child

    def forget(self) -> None:
        """Begin anew in a process that was forked: the child is its parent's, and nobody waits for a turn."""
        self._turn, self._child = threading.Lock(), None

    def end(self) -> None:
        """End the child; the next reading begins another."""
        with self._turn:
            child, self._child = self._child, None
            if child is not None:
                child.end()


_reader = _Reader()
atexit.register(_reader.end)
os.register_at_fork(after_in_child=_reader.forget)


def read(function: Callable[Given, Read], *given: Given.args, **named: Given.kwargs) -> Read:
    """What a reader returns for what it is given, read by the child. Raises what it raises, and Stopped."""
    return read_within(PAGE if has_request_context() else COMMAND, function, *given, **named)


def read_within(
    bounds: Bounds, function: Callable[Given, Read], *given: Given.args, **named: Given.kwargs
) -> Read:
    """The same within other bounds."""
    if is_writing():
        raise RuntimeError("a file is read before the transaction that stores it, while nobody waits for it")
    told = _reader.read(ReadingAsked(function, given, named, bounds.cpu), bounds)
    if told.is_too_large:
        raise Stopped(_TOO_LARGE)
    if told.raised is not None:
        kind, args, state = told.raised
        error = kind.__new__(kind)  # whatever __init__ makes of its parts stands in them already
        error.args = args
        error.__dict__.update(state)
        raise error
    value: Read = told.value
    return value
