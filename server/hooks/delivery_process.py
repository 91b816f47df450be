"""The process beside the server that sends on: begun when something waits and nobody is at it, gone when it is idle.

Receivers that are slow, and what is made for them, take neither threads nor the interpreter of those who answer people
and phones (docs/decisions/0045).
"""

import logging
import os
import subprocess
import threading
import time

import sqlalchemy as sa
from flask import Flask

from server import background
from server.db import db
from server.hooks import delivery, outbox

log = logging.getLogger(__name__)

IDLE_SECONDS = 60.0
"""How long it waits for more before it goes."""
LOOKS_SECONDS = 1.0
_PROGRAM = "from app import create_app; from server.hooks.delivery_process import work; work(create_app())"
_begun: list[subprocess.Popen[bytes]] = []


def start(app: Flask) -> threading.Thread | None:
    """Begin to look every `hook_seconds`; None where the settings leave it to `flask hooks send`."""
    return background.every(app.config["SETTINGS"].hook_seconds, _look, app, "hooks")


def _look() -> None:
    """A database that is away or busy is asked again."""
    try:
        wake()
    except sa.exc.SQLAlchemyError as error:
        log.warning("hooks were not looked at: %s", str(error).partition("\n")[0])


def wake() -> None:
    """Begin the process where something waits and nobody is at it."""
    _begun[:] = [process for process in _begun if process.poll() is None]
    if _begun:
        return
    with db.engine.connect() as connection:
        waits = outbox.is_due(connection)
    if waits:
        _begun.append(background.begin(_PROGRAM))


def work(app: Flask, *, nice: int = 10, idle: float = IDLE_SECONDS) -> None:
    """Send what waits, and what comes, until nothing has for a while or the server that began it is gone."""
    os.nice(nice)
    parent, last = os.getppid(), time.monotonic()
    holder = f"{os.getpid()}.{outbox.uid('')}"
    with app.app_context():
        try:
            while time.monotonic() < last + idle and os.getppid() == parent:
                if _sent(holder):
                    last = time.monotonic()
                time.sleep(LOOKS_SECONDS)
        finally:
            delivery.let_go(holder)
            db.dispose()


def _sent(holder: str) -> int:
    """Send what waits; a database that is away or busy is asked again."""
    try:
        return delivery.send_due(holder)
    except sa.exc.SQLAlchemyError as error:
        log.warning("nothing was sent on: %s", str(error).partition("\n")[0])
        return 0
    finally:
        db.session.close()
