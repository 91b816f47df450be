"""Applies the log in the background, a moment after something was accepted; every process may do it, one does."""

import logging
import threading
import time

import sqlalchemy as sa
from flask import Flask, current_app

from server import background
from server.intake import apply_batches

log = logging.getLogger(__name__)

_WOKEN = "tungnha.log_grew"
AT_LEAST_EVERY = 5.0
"""Seconds: what a process that died has accepted is applied by another one then."""


def start(app: Flask) -> threading.Thread | None:
    """Begin to apply what this process, or one that died, accepts; None where it is applied at once (`apply_ms` 0)."""
    seconds = app.config["SETTINGS"].apply_ms / 1000
    if not seconds:
        return None
    woken = app.extensions[_WOKEN] = threading.Event()
    woken.set()  # a process that was killed may have left something
    return background.for_ever(lambda: _turn(app, woken, seconds), "apply")


def wake() -> None:
    """Something was accepted: have it applied soon, or, where nothing does so in the background, now."""
    woken: threading.Event | None = current_app.extensions.get(_WOKEN)
    if woken is not None:
        woken.set()
    else:
        _settle(waits=True)


def _turn(app: Flask, woken: threading.Event, seconds: float) -> None:
    """What comes within these seconds is applied together: each batch costs some statements, however small it is."""
    woken.wait(AT_LEAST_EVERY)
    time.sleep(seconds)
    woken.clear()
    with app.app_context():
        if not _settle(waits=False):
            woken.set()


def _settle(*, waits: bool) -> bool:
    """Apply what waits; whatever goes wrong is no concern of who sends: it is tried again. False: to be asked anew."""
    try:
        return apply_batches.settle(waits=waits)
    except sa.exc.SQLAlchemyError as error:  # the database is away or busy
        log.warning("the log was not applied: %s", str(error).partition("\n")[0])
    except Exception:
        log.exception("the log was not applied")
    return True
