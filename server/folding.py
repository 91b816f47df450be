"""Folds the tally in the background, so that pages read days instead of single visits."""

import logging
import threading

import sqlalchemy as sa
from flask import Flask

from server import tally
from server.db import db

log = logging.getLogger(__name__)


def start(app: Flask) -> threading.Thread | None:
    """Begin to fold every `fold_seconds`; None where the settings leave it to `flask coverage fold`.

    Every process may do it: rows that another folder holds are left to that one, and pages read what is not
    folded yet as well, so nothing depends on when it runs.
    """
    seconds = app.config["SETTINGS"].fold_seconds
    if not seconds:
        return None
    thread = threading.Thread(target=_run, args=(app, seconds), name="fold", daemon=True)
    thread.start()
    return thread


def _run(app: Flask, seconds: int) -> None:
    pause = threading.Event()
    while not pause.wait(seconds):
        with app.app_context():
            once()


def once() -> int:
    """Fold all there is, a part a transaction, so that visits never wait long; how many rows were moved.

    A database that is away or busy is tried again the next time.
    """
    moved = 0
    try:
        while part := _part():
            moved += part
    except sa.exc.OperationalError as error:
        log.warning("the tally was not folded: %s", error.orig)
    return moved


def _part() -> int:
    with db.engine.connect() as reading:
        if reading.execute(tally.WAITING).first() is None:
            return 0
    with db.engine.connect().execution_options(writes=True) as connection:
        moved = tally.fold(connection)
        connection.commit()
        return moved
