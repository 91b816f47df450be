"""Shifts the clock of every Python process that finds this folder on its path, by the seconds that a file tells.

What the program calls now (`server.clock`) and `time.time` of its libraries; time-outs go by the monotonic clock, which
is left alone.
"""

import datetime as dt
import os
import sys
import time
from pathlib import Path

_FILE = Path(os.environ["SHIFTED_CLOCK_FILE"])
sys.path.append(os.environ["SHIFTED_CLOCK_ROOT"])
_true_time = time.time


def _seconds() -> float:
    return float(_FILE.read_text())


time.time = lambda: _true_time() + _seconds()

from server import clock  # noqa: E402 (its own name for now is replaced before anybody has asked for it)

_true_now = clock.now
clock.now = lambda: _true_now() + dt.timedelta(seconds=_seconds())
