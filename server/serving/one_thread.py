"""Small submissions of several phones, read in turn by one thread and stored together (docs/decisions/0032).

Threads that each read one take Python's lock from each other whenever one of them sends or receives. Here one thread
begins a submission, leaves it where it waits to be stored (`together.gathered`), begins the next one, has them all
stored, and answers each.
"""

import logging
import re
import select
import signal
import socket
import threading
import time
from concurrent.futures import Future
from typing import Any

from greenlet import greenlet
from gunicorn.workers.gthread import PollableMethodQueue, TConn, ThreadWorker

log = logging.getLogger(__name__)

MOST = 32
"""Submissions that are begun before those that were begun are stored."""
MOST_BYTES = 32 * 1024
"""Of a request that is read in turn: whoever sends a photo is given a thread of his own."""
STAY = 0.003
"""Seconds for which a connection that was answered is kept at hand: a phone sends its day in one burst."""
PATIENCE = 0.002
"""Seconds that those who wait to be stored wait longer for connections at hand."""

_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d{1,6})[ \t]*\r\n", re.IGNORECASE)


def is_whole(connection: TConn) -> bool:
    """Whether a small submission has arrived to its last byte, so that to read and answer it is to wait for nobody.

    Looked at where it lies; whether the request is a right one is for gunicorn to say when it is read. Who has let
    so many answers lie that another may not fit has to wait for himself.
    """
    if connection.parser is not None and connection.parser.unreader.buf.getvalue():
        return False  # part of the request was read already, with the one before it
    try:
        begins = connection.sock.recv(MOST_BYTES, socket.MSG_PEEK | socket.MSG_DONTWAIT)
    except OSError:
        return False
    line, _, _ = begins.partition(b"\r\n")
    head, ended, body = begins.partition(b"\r\n\r\n")
    if not (ended and line.startswith(b"POST ") and b"/submission" in line):
        return False
    length = _LENGTH.search(head + b"\r\n")
    if length is None or len(body) < int(length[1]) or b"\ntransfer-encoding" in head.lower():
        return False
    room = select.poll()
    room.register(connection.sock, select.POLLOUT)
    return any(what & select.POLLOUT for _, what in room.poll(0))


class Turns:
    """The thread of a process that reads them, and the connections it has at hand."""

    def __init__(self, worker: ThreadWorker) -> None:
        self._worker = worker
        self._calls = PollableMethodQueue()
        self._calls.init()
        self._poll = select.poll()
        self._poll.register(self._calls.fileno(), select.POLLIN)
        self._at_hand: dict[int, tuple[TConn, float]] = {}
        self._ready: list[TConn] = []
        threading.Thread(target=self._run, name="turns", daemon=True).start()

    def take(self, connection: TConn) -> None:
        """Read what has come on this connection, which nobody else looks at any more."""
        self._calls.defer(self._ready.append, connection)

    def _run(self) -> None:
        try:
            while True:
                self._wait(0 if self._ready else STAY if self._at_hand else None)
                self._give_back_idle()
                self._read()
        except Exception:  # a process that reads none any more must not stay: gunicorn starts another
            log.exception("reading in turn broke")
            self._worker.handle_exit(signal.SIGTERM, None)

    def _wait(self, seconds: float | None) -> None:
        """Until there is something to read, or so long."""
        for handle, _ in self._poll.poll(None if seconds is None else seconds * 1000):
            if handle == self._calls.fileno():
                self._calls.run_callbacks(None)
                continue
            self._poll.unregister(handle)
            connection, _ = self._at_hand.pop(handle)
            if is_whole(connection):
                self._ready.append(connection)
            else:
                self._worker.enqueue_req(connection)

    def _read(self) -> None:
        """Begin what is ready and what comes in a moment, see to it that all is stored, and end each."""
        begun: list[tuple[greenlet, Any]] = []
        until = None
        while self._ready and len(begun) < MOST:
            begun += self._begin(MOST - len(begun))
            if not begun or not self._at_hand:
                break
            until = until or time.monotonic() + PATIENCE
            self._wait(max(0.0, until - time.monotonic()))
        tickets = [ticket for _, ticket in begun]
        for one, _ in begun:
            one.switch(tickets)
            tickets = []

    def _begin(self, most: int) -> list[tuple[greenlet, Any]]:
        """Of those that are ready, who now waits to be stored, each with its ticket; others have been answered."""
        now, begun = self._ready[:most], []
        del self._ready[:most]  # in place: `take` adds to this list
        for connection in now:
            one = greenlet(self._one)
            ticket = one.switch(connection)
            if not one.dead:
                begun.append((one, ticket))
        return begun

    def _one(self, connection: TConn) -> None:
        """One request from its first byte to its answer; whatever goes wrong in it, gunicorn has an answer for."""
        goes_on = self._worker.handle(connection)
        if goes_on is True and self._worker.alive and not connection.parser.unreader.buf.getvalue():
            self._at_hand[connection.sock.fileno()] = connection, time.monotonic()
            self._poll.register(connection.sock, select.POLLIN)
        else:
            self._give_back(connection, goes_on)

    def _give_back_idle(self) -> None:
        """Connections that have been at hand for long enough go to the others that are waited for."""
        long_ago = time.monotonic() - STAY
        while self._at_hand:
            handle, (connection, since) = next(iter(self._at_hand.items()))
            if since > long_ago:
                break
            del self._at_hand[handle]
            self._poll.unregister(handle)
            self._give_back(connection, True)

    def _give_back(self, connection: TConn, goes_on: object) -> None:
        """As a thread gives back a connection: to be waited for or to be closed."""
        answered: Future[object] = Future()
        answered.set_result(goes_on)
        self._worker.method_queue.defer(self._worker.finish_request, connection, answered)
