"""Waiting for a place of blobs that hangs holds up no request that needs none of them."""

import contextlib
import errno
import threading
from collections.abc import Iterator
from time import monotonic

AT_ONCE = 8
"""So many of a process's requests may be at the blobs at once: half of what it serves (server/gunicorn_conf.py)."""
SLOW = 1.0
"""Seconds: where all of these have been at it and one for longer than this, who comes is told to come later."""


class Turns:
    """At most so many at once. The next one waits a moment where the place is quick, not at all where it hangs."""

    def __init__(self, at_once: int = AT_ONCE, slow: float = SLOW) -> None:
        self._free = threading.BoundedSemaphore(at_once)
        self._slow = slow
        self._lock = threading.Lock()
        self._since: dict[object, float] = {}

    @contextlib.contextmanager
    def one(self) -> Iterator[None]:
        """A turn for the block; OSError, as of a disk that does not answer, where there is none."""
        if not self._free.acquire(timeout=0 if self._hangs() else self._slow):
            raise OSError(errno.EIO, "too many wait for the blobs already")
        began = object()
        try:
            with self._lock:
                self._since[began] = monotonic()
            yield
        finally:
            with self._lock:
                del self._since[began]
            self._free.release()

    def _hangs(self) -> bool:
        with self._lock:
            return min(self._since.values(), default=monotonic()) < monotonic() - self._slow
