"""Readers that a child is asked to run: well-behaved, endless, greedy."""

import os
import signal
import tempfile
from collections.abc import Callable
from typing import Any

Endless = Callable[[], object]


def own_process() -> int:
    """The number of the process that reads."""
    return os.getpid()


def fail_with(kind: type[Exception], state: dict[str, Any], args: tuple[Any, ...]) -> None:
    """Raise an error of this kind, as its reader would."""
    error = kind.__new__(kind)
    error.args = args
    vars(error).update(state)
    raise error


def compute_for_ever() -> int:
    """No end that anybody would live to see."""
    return sum(range(10**15))


def hold_everything() -> int:
    """Three gigabytes at once."""
    return len(bytearray(3_000_000_000))


def answer_everything() -> bytes:
    """An answer of two hundred megabytes."""
    return bytes(200_000_000)


def crash() -> None:
    """What a fault in a library of C does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def secrets_of_the_environment() -> list[str]:
    """The settings that can be seen."""
    return [name for name in os.environ if name.startswith("TUNGNHA_")]


def leave_a_file() -> list[str]:
    """A file that nobody takes away."""
    handle, path = tempfile.mkstemp()
    os.close(handle)
    return [path]
