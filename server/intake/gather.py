"""What waits at the same moment in a process is done at once, by one of those who wait for it."""

import threading
from collections.abc import Callable, Sequence
from queue import SimpleQueue
from typing import Generic, TypeVar

Work = TypeVar("Work")
Result = TypeVar("Result")


class _Ticket(Generic[Work, Result]):
    """Work that somebody waits for; they are woken once or twice: to do what waits, or since theirs is done."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.woken: SimpleQueue[None] = SimpleQueue()
        self.result: Result | BaseException | None = None
        self.is_done = False


class Gather(Generic[Work, Result]):
    """The first to come does their own work at once; of those who come meanwhile one then does all that waits."""

    def __init__(self, do: Callable[[Sequence[Work]], Sequence[Result | Exception]], most: int) -> None:
        self._do = do
        self._most = most
        self._lock = threading.Lock()
        self._waiting: list[_Ticket[Work, Result]] = []
        self._is_busy = False

    def join(self, work: Work) -> Result:
        """Have this work done; returns its result, or raises the error in which it ended."""
        ticket: _Ticket[Work, Result] = _Ticket(work)
        with self._lock:
            self._waiting.append(ticket)
            is_first, self._is_busy = not self._is_busy, True
        if not is_first:
            ticket.woken.get()
        if not ticket.is_done:
            self._lead()
        if isinstance(ticket.result, BaseException):
            raise ticket.result
        return ticket.result  # type: ignore[return-value]

    def _lead(self) -> None:
        """Do what waits, then have the next one lead."""
        with self._lock:
            taken, self._waiting = self._waiting[: self._most], self._waiting[self._most :]
        try:
            for ticket, result in zip(taken, self._do([each.work for each in taken]), strict=True):
                ticket.result = result
        except BaseException as error:  # raised by each of them
            for ticket in taken:
                ticket.result = error
        finally:
            with self._lock:
                following = self._waiting[:1]
                self._is_busy = bool(following)
            for ticket in taken:
                ticket.is_done = True
            for ticket in [*following, *taken]:
                ticket.woken.put(None)
