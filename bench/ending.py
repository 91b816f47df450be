"""A bench that is told to end: what it began ends with it, its servers, its databases and its disks."""

import contextlib
import signal
import sys
from collections.abc import Iterator
from types import FrameType

TOLD_BY = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@contextlib.contextmanager
def tidy() -> Iterator[None]:
    """Within the block a signal that ends a process leaves every block that was begun, as an error would.

    Another one meanwhile is not heard: what was begun is being ended.
    """
    before = {each: signal.signal(each, _leave) for each in TOLD_BY}
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _leave(number: int, _frame: FrameType | None) -> None:
    for each in TOLD_BY:
        signal.signal(each, signal.SIG_IGN)
    sys.exit(128 + number)
