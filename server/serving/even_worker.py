"""gunicorn's worker with threads, connections shared evenly among its processes, and small submissions read in turn.

See docs/decisions/0031 and 0032.
"""

import mmap
import os
import socket
import time
from typing import Any

from gunicorn.workers.gthread import TConn, ThreadWorker

from server.serving.one_thread import Turns, is_whole

HEAD_START = 0.001
"""Seconds that a process leaves a new connection to those which have fewer; whoever is busy then does without it.

A process more than cores leaves it to them twenty times as long, while it has none that would wait with it."""

CORES = os.cpu_count() or 1
RESERVE = 6
"""Connections that each of as many processes as cores takes before there is one for a process more: few visits at
once are stored together rather than apart, and of many there is always a process that does not wait for a disk."""

_UNUSED = -1
_MOST = 256
"""Processes that can be told apart; more than any machine of a city has cores."""

_connections = memoryview(mmap.mmap(-1, 4 * _MOST)).cast("i")
"""How many connections each process has: made by the first one, and shared by all that part from it."""
for _place in range(_MOST):
    _connections[_place] = _UNUSED


class EvenWorker(ThreadWorker):
    """Takes no more of the connections than the other processes do, while those are awake; see `RESERVE`, `Turns`.

    All processes are woken by a new connection and the quickest gets it, so that of two one may have 31 of 32: it
    waits for its own lock then, with a core beside it idle.
    """

    place: int
    """Its place among the processes, given before it parts from the first one (`enter`)."""

    def init_process(self) -> None:
        self.turns = Turns(self)
        super().init_process()

    def enqueue_req(self, conn: TConn) -> None:
        """Have a request answered: in turn where it is a small submission, else by a thread of its own."""
        if not self.cfg.is_ssl and is_whole(conn):
            self.turns.take(conn)
        else:
            super().enqueue_req(conn)

    def accept(self, listener: socket.socket) -> None:
        places = [place for place, count in enumerate(_connections) if count != _UNUSED]
        _connections[self.place] = self.nr_conns
        loads = {place: _load(rank, _connections[place]) for rank, place in enumerate(places)}
        if min(loads.values()) < loads[self.place]:
            is_idle_reserve = not self.nr_conns and places.index(self.place) >= CORES
            time.sleep(20 * HEAD_START if is_idle_reserve else HEAD_START)
        super().accept(listener)

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        _connections[self.place] = self.nr_conns
        super().wait_for_and_dispatch_events(timeout)


def _load(rank: int, connections: int) -> int:
    """By which processes are compared: its connections, and for one more than cores no fewer than the reserve's."""
    return connections if rank < CORES else max(connections, RESERVE)


def enter(worker: Any) -> None:
    """Give a worker that is about to begin a place that nobody has."""
    worker.place = next(place for place, count in enumerate(_connections) if count == _UNUSED)
    _connections[worker.place] = 0


def leave(worker: Any) -> None:
    """Its place is free."""
    _connections[worker.place] = _UNUSED
