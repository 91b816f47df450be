"""Phones that go on sending visits, each until it is acknowledged, while something happens to what serves them."""

import contextlib
import http.client
import itertools
import threading
import time
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from types import TracebackType

from tests.live.rounds import Visit
from tests.phone import Phone

BETWEEN_SECONDS = 0.03
"""What a phone waits after a visit that was acknowledged: the machine is not to be what is tested."""
PAUSE_SECONDS = 0.1
"""What a phone waits that was told to come later; a person's phone waits longer."""


@dataclass(frozen=True)
class Told:
    """What became of one attempt to send."""

    phone: int
    instance: str
    at: float
    """When the answer came, by the monotonic clock."""
    seconds: float
    status: int | None
    """None: the connection broke or was refused."""

    @property
    def is_kept(self) -> bool:
        return self.status in (201, 202)


class Stream:
    """While the block lasts each phone sends one visit after the other; what was not acknowledged is sent again."""

    def __init__(
        self,
        phones: Sequence[Phone],
        households: Sequence[uuid.UUID],
        photo_of: Callable[[int], bytes | None] = lambda _phone: None,
        between: float = BETWEEN_SECONDS,
    ) -> None:
        self.told: list[Told] = []
        self._ends = threading.Event()
        self._photo_of, self._between = photo_of, between
        chosen = itertools.cycle(households)
        self._next = lambda: next(chosen)
        self._threads = [
            threading.Thread(target=self._send, args=(number, phone)) for number, phone in enumerate(phones)
        ]

    def __enter__(self) -> "Stream":
        for each in self._threads:
            each.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ends.set()
        for each in self._threads:
            each.join(120)

    @property
    def acknowledged(self) -> set[str]:
        return {each.instance for each in list(self.told) if each.is_kept}

    def wait_for(self, count: int, since: float = 0.0, seconds: float = 60) -> float:
        """Until each phone has been acknowledged so many visits since a moment; seconds from then to the last."""
        until = time.monotonic() + seconds
        while True:
            kept = [each for each in list(self.told) if each.is_kept and each.at - each.seconds >= since]
            times = [sorted(each.at for each in kept if each.phone == n) for n in range(len(self._threads))]
            if all(len(each) >= count for each in times):
                return max(each[count - 1] for each in times) - since
            assert time.monotonic() < until, f"after {seconds} s: {self.told[-20:]}"
            time.sleep(0.02)

    def _send(self, number: int, phone: Phone) -> None:
        while not self._ends.is_set():
            visit = Visit(self._next(), self._photo_of(number))
            while not (told := self._attempt(number, phone, visit)).is_kept and not self._ends.is_set():
                assert told.status in (503, None), told
                time.sleep(PAUSE_SECONDS)
            time.sleep(self._between)

    def _attempt(self, number: int, phone: Phone, visit: Visit) -> Told:
        began, status = time.monotonic(), None
        with contextlib.suppress(OSError, http.client.HTTPException):  # it knows nothing about that visit
            status = phone.post(visit.xml(), visit.files).status
        now = time.monotonic()
        told = Told(number, visit.instance, now, now - began, status)
        self.told.append(told)
        return told
