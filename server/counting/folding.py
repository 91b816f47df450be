"""Folds the tally in the background, so that pages read days instead of single visits."""

import logging
import threading

import sqlalchemy as sa
from flask import Flask

from server import background
from server.counting import tally
from server.db import db

log = logging.getLogger(__name__)

PART = 50_000
"""Rows that are folded in one transaction."""


def start(app: Flask) -> threading.Thread | None:
    """Begin to fold every `fold_seconds`; None where the settings leave it to `flask coverage fold`.

    Every process may do it: rows that another folder holds are left to that one, and pages read what is not
    folded yet as well, so nothing depends on when it runs.
    """
    return background.every(app.config["SETTINGS"].fold_seconds, once, app, "fold")


def once() -> None:
    """Fold all that waits now; a database that is away or busy is tried again the next time."""
    try:
        fold_waiting()
    except sa.exc.OperationalError as error:
        log.warning("the tally was not folded: %s", error.orig)


def fold_waiting() -> int:
    """Fold all that waits now, a part a transaction, so that visits never wait long; how many days changed.

    What arrives meanwhile is left to the next time.
    """
    changed = 0
    with db.engine.connect() as connection:
        first, last = connection.execute(tally.WAITING).one()
    for until in range(first + PART, last + PART + 1, PART) if first is not None else ():
        changed += _part(until)
    return changed


def _part(until: int) -> int:
    with db.engine.connect().execution_options(writes=True) as connection:
        changed = tally.fold(connection, until)
        connection.commit()
        return changed
