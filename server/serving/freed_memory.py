"""Gives the memory that a process no longer uses back to the machine.

The C library keeps what was freed for the next request, in a pool for each of some twenty threads, and gives back only
what lies at a pool's end. After a few large files a process held half as much again as it used, and more with each
thread that made one; nothing in it grew. At a pool's end, too, it keeps more with each large block that was ever freed:
twice its size, in each pool, and `malloc_trim` leaves the ends of all pools but the first alone.
"""

import ctypes
import threading

from flask import Flask

from server import background

EVERY_SECONDS = 30.0
KEPT_AT_END = 2**20
"""Bytes that stay free at the end of a pool, whatever was freed before."""
_TRIM_THRESHOLD = -1
"""M_TRIM_THRESHOLD of malloc.h."""


def start(app: Flask) -> threading.Thread | None:
    """Begin to give it back again and again; None where the C library has no such call, as on Alpine Linux."""
    keep_little()
    return background.every(EVERY_SECONDS if _may() else 0, give_back, app, "freed memory")


def keep_little() -> None:
    """From now on what is freed at the end of a pool goes back at once, in each thread of this process."""
    if _may():
        _library().mallopt(_TRIM_THRESHOLD, KEPT_AT_END)


def give_back() -> None:
    """Some milliseconds, in which other threads go on."""
    if _may():
        _library().malloc_trim(0)


def _may() -> bool:
    return hasattr(_library(), "malloc_trim")


def _library() -> ctypes.CDLL:
    """That of this process."""
    return ctypes.CDLL(None)
