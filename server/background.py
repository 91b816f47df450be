"""What a process of the server does beside its requests, again and again, in threads that last as long as it does."""

import contextlib
import logging
import threading
from collections.abc import Callable

from flask import Flask

log = logging.getLogger(__name__)


def every(seconds: float, act: Callable[[], object], app: Flask, name: str) -> threading.Thread | None:
    """Have it done every so many seconds, in the application's context; None for 0, where a command does it."""
    if not seconds:
        return None
    pause = threading.Event()

    def turn() -> None:
        pause.wait(seconds)
        with app.app_context():
            act()

    return for_ever(turn, name)


def for_ever(turn: Callable[[], None], name: str) -> threading.Thread:
    """Have turns follow one another, each of which begins by waiting for something.

    The thread does not end while the process runs: what goes wrong is logged, and the next turn begins. Nothing else
    would tell that it ended, and what waits for it would wait for ever.
    """
    thread = threading.Thread(target=_run, args=(turn, name), name=name, daemon=True)
    thread.start()
    return thread


def _run(turn: Callable[[], None], name: str) -> None:
    while True:
        try:
            turn()
        except BaseException:  # also one that would end a thread without a word, and too little memory
            with contextlib.suppress(BaseException):
                log.exception("%s failed and is tried again", name)
