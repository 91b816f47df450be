"""What a process of the server does beside its requests, again and again, in a thread of its own."""

import logging
import threading
from collections.abc import Callable

from flask import Flask

log = logging.getLogger(__name__)


def every(seconds: float, act: Callable[[], object], app: Flask, name: str) -> threading.Thread | None:
    """Have it done every so many seconds, in the application's context; None for 0, where a command does it.

    The thread does not end while the process runs: what goes wrong is logged, and tried again the next time.
    """
    if not seconds:
        return None
    thread = threading.Thread(target=_run, args=(seconds, act, app, name), name=name, daemon=True)
    thread.start()
    return thread


def _run(seconds: float, act: Callable[[], object], app: Flask, name: str) -> None:
    pause = threading.Event()
    while not pause.wait(seconds):
        try:
            with app.app_context():
                act()
        except Exception:
            log.exception("%s failed and is tried again", name)
