"""The turns of a soak: all work beside one another until the load rests."""

import contextlib
import threading
from collections.abc import Iterator


class Turns:
    """A rest waits for the one command of the night that has begun; the next one waits for the rest to end."""

    def __init__(self) -> None:
        self._work = threading.Event()
        self._one_command = threading.Lock()

    def begin(self) -> None:
        """Work, from now on; at the end of the soak too, so that nobody waits for ever."""
        self._work.set()

    @property
    def is_resting(self) -> bool:
        return not self._work.is_set()

    def wait_for_work(self) -> None:
        self._work.wait()

    @contextlib.contextmanager
    def rest(self) -> Iterator[None]:
        """Nobody begins anything: those at work end what they have begun."""
        self._work.clear()
        with self._one_command:
            yield
        self._work.set()

    @contextlib.contextmanager
    def command(self) -> Iterator[None]:
        """A command of the night: a lock alone would be taken again by the one that let it go, night after night."""
        self._work.wait()
        with self._one_command:
            yield
