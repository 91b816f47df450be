"""Work that waits at the same time is done by one of those who wait, for all of them: a group commit of our own."""

import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from greenlet import getcurrent

Work = TypeVar("Work")
Result = TypeVar("Result")


PATIENCE = 0.004
"""Seconds that those who wait may wait longer for those who were just answered and are about to come again."""
RECENT = 0.02
"""Seconds after which nobody counts on those any more."""


class Ticket(Generic[Work, Result]):
    """One piece of work that somebody waits for; whoever does it settles the ticket with a result or an error."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self._result: Result | None = None
        self._error: BaseException | None = None
        # a plain lock, held until somebody wakes the one who waits: each ticket waits, and is woken, at most twice
        # in turns, and an Event costs five times as much to make
        self._asleep = threading.Lock()
        self._asleep.acquire()
        self.is_settled = False

    def settle(self, result: Result) -> None:
        """What the waiting thread is to return."""
        self._result, self.is_settled = result, True

    def fail(self, error: BaseException) -> None:
        """What the waiting thread is to raise."""
        self._error, self.is_settled = error, True

    def result(self) -> Result:
        """The result, or the error raised in the thread that waited for it."""
        if self._error is not None:
            raise self._error
        assert self.is_settled  # noqa: S101 - a bug, not an input
        return self._result  # type: ignore[return-value]

    def wait(self) -> None:
        self._asleep.acquire()

    def wake(self) -> None:
        self._asleep.release()


def is_in_turn() -> bool:
    """Whether one thread reads this request among several (`serving/one_thread.py`): who blocks it blocks all."""
    return getcurrent().parent is not None


def gathered(ticket: Ticket[Work, Result]) -> list[Ticket[Work, Result]]:
    """Wait until the others of the turn have tickets too: the first of them gets all to see to, the others none.

    Whoever is in a thread of his own has his own to see to, at once.
    """
    thread = getcurrent().parent
    return [ticket] if thread is None else thread.switch(ticket)


class Together(Generic[Work, Result]):
    """Collects the work of a process's threads while one of them is busy with what came before.

    No thread of its own: the first to come does its work at once, those who come meanwhile wait, and one of them
    then does all that waits. A single phone pays nothing for it; the busier the server, the more is done at once.
    Where several came together a moment ago, the next ones give them `PATIENCE` to come together again.
    """

    def __init__(self, do: Callable[[Sequence[Ticket[Work, Result]]], None], most: int) -> None:
        self._do = do
        self._most = most
        self._lock = threading.Lock()
        self._waiting: list[Ticket[Work, Result]] = []
        self._is_busy = False
        self._hoped = 1
        self._ended = 0.0
        self._enough = threading.Event()

    def join(self, work: Work) -> Result:
        """Have this work done with all that waits; returns or raises what became of it."""
        ticket: Ticket[Work, Result] = Ticket(work)
        self._join(gathered(ticket))
        return ticket.result()

    def _join(self, tickets: Sequence[Ticket[Work, Result]]) -> None:
        """Have these tickets settled, by whoever leads."""
        if not tickets:
            return
        with self._lock:
            self._waiting.extend(tickets)
            is_first, self._is_busy = not self._is_busy, True
            if len(self._waiting) >= self._hoped:
                self._enough.set()
        for number, ticket in enumerate(tickets):
            if number or not is_first:
                ticket.wait()
            if not ticket.is_settled:  # the first to come, or woken to lead
                self._lead()

    def _lead(self) -> None:
        """Do what waits, the caller's own work among it, then have the next one lead."""
        is_alone = not is_in_turn()
        if is_alone:  # those in turn have waited for each other already
            self._gather()
        with self._lock:
            taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            self._do(taken)
        except BaseException as error:  # raised by each from his own ticket, the leader too
            for ticket in taken:
                if not ticket.is_settled:
                    ticket.fail(error)
        finally:
            with self._lock:
                following = self._waiting[0] if self._waiting else None
                if is_alone:
                    self._hoped = min(len(taken) + len(self._waiting), self._most)
                    self._ended = time.monotonic()
                self._is_busy = following is not None
            if following is not None:
                following.wake()
            for ticket in taken:
                ticket.wake()

    def _gather(self) -> None:
        """Wait until as many are there as were under way a moment ago, if that is soon."""
        with self._lock:
            is_long_ago = time.monotonic() - self._ended > RECENT
            if is_long_ago or len(self._waiting) >= self._hoped:
                return
            self._enough.clear()
        self._enough.wait(PATIENCE)
