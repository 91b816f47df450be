"""What runs beside the requests of a process: again and again in threads that last as long as it does, or in processes
that it begins and that go on without it.
"""

import contextlib
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

from flask import Flask, current_app

from server.settings import Settings

_ROOT = Path(__file__).parents[1]
_FIGURES = "PROMETHEUS_MULTIPROC_DIR"
"""Where the processes that answer requests share their figures; the folder goes with the server."""
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


def begin(program: str) -> subprocess.Popen[bytes]:
    """A process that runs a line of Python with the settings of this one; what it counts is nobody's figure."""
    settings: Settings = current_app.config["SETTINGS"]
    given = {name: value for name, value in os.environ.items() if name != _FIGURES} | settings.environ()
    return subprocess.Popen([sys.executable, "-c", program], cwd=_ROOT, env=given, stdin=subprocess.DEVNULL)
