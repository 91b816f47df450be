"""gunicorn's worker with threads, and connections shared evenly among the processes (docs/decisions/0031)."""

import mmap
import socket
import time
from typing import Any

from gunicorn.workers.gthread import ThreadWorker

HEAD_START = 0.001
"""Seconds that a process leaves a new connection to those which have fewer; whoever is busy then does without it."""

_UNUSED = -1
_MOST = 256
"""Processes that can be told apart; more than any machine of a city has cores."""

_connections = memoryview(mmap.mmap(-1, 4 * _MOST)).cast("i")
"""How many connections each process has: made by the first one, and shared by all that part from it."""
for _place in range(_MOST):
    _connections[_place] = _UNUSED


class EvenWorker(ThreadWorker):
    """Takes no more of the connections than the other processes do, while those are awake.

    All processes are woken by a new connection and the quickest gets it, so that of two one may have 31 of 32: it
    waits for its own lock then, with a core beside it idle.
    """

    place: int
    """Its place among the processes, given before it parts from the first one (`enter`)."""

    def accept(self, listener: socket.socket) -> None:
        others = (count for place, count in enumerate(_connections) if place != self.place)
        if any(_UNUSED < count < self.nr_conns for count in others):
            time.sleep(HEAD_START)
        super().accept(listener)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        _connections[self.place] = self.nr_conns
        super().wait_for_and_dispatch_events(timeout)


def enter(worker: Any) -> None:
    """Give a worker that is about to begin a place that nobody has."""
    worker.place = next(place for place, count in enumerate(_connections) if count == _UNUSED)
    _connections[worker.place] = 0


def leave(worker: Any) -> None:
    """Its place is free."""
    _connections[worker.place] = _UNUSED
