"""The process beside the server that makes files: begun when one waits and none is at it, gone when none waits.

A request for a file, or a look how far one is, begins it: a server that was restarted needs nobody to tell it.
"""

import logging
import os
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType

import sqlalchemy as sa
from flask import Flask

from server import background
from server.db import db
from server.errors import CommonProblem, Problem, passing
from server.files import made_files
from server.files.made_files import Forgotten, MadeContent
from server.models import MadeFile

log = logging.getLogger(__name__)

Progress = Callable[[int], None]
"""Told how many rows are done."""
Maker = Callable[[MadeFile, Path, Progress], MadeContent]
"""Makes a file within a request like the one that asked for it; the folder is its own, and removed afterwards."""
PULSE_SECONDS = 1.0
_MAKERS = "tungnha.makers"
_PROGRAM = "from app import create_app; from server.files.making_process import work; work(create_app())"
_BROKEN = "Máy chủ không tạo được tệp này; quản trị viên xem nhật ký máy chủ."
_NO_ROOM = "Máy chủ hết chỗ lưu nên chưa tạo được tệp này. Xin báo quản trị viên; khi máy chủ có chỗ, hãy bấm tạo lại."
_begun: list[subprocess.Popen[bytes]] = []
"""Processes that this one began; looked at before the next, so that none that ended is left behind."""


def register(app: Flask, kind: str, maker: Maker) -> None:
    """Say who makes files of a kind."""
    app.extensions.setdefault(_MAKERS, {})[kind] = maker


def wake() -> None:
    """Begin the process where a file waits and nothing is at one."""
    _begun[:] = [process for process in _begun if process.poll() is None]
    with db.engine.connect() as connection:
        waits = made_files.is_anything_to_make(connection)
    if not waits or _begun:
        return
    _begun.append(background.begin(_PROGRAM))


def rest(seconds: float) -> None:
    """Wait until what was begun here has ended."""
    for process in _begun:
        process.wait(seconds)


def work(app: Flask, nice: int = 10) -> None:
    """Make what waits, one after the other, until nothing does; phones' visits have the processor before it."""
    os.nice(nice)
    with app.app_context():
        while (row := _next()) is not None:
            make(app, row)
            db.session.close()
        db.dispose()


def _next() -> MadeFile | None:
    """The file to be made next, out of the session; none where the database is away, or takes nothing."""
    try:
        row = made_files.take_up()
        if row is not None:
            db.session.expunge(row)
            db.session.rollback()
        return row
    except sa.exc.DBAPIError as error:
        if passing(error) is None:
            raise
        log.warning("no file is made now: %s", str(error).partition("\n")[0])
        return None


def make_now(app: Flask, key: str) -> None:
    """Make a small file in this request rather than beside it; one that is being made already is left to its maker."""
    row = made_files.take_this(key)
    if row is not None:
        db.session.expunge(row)
        db.session.rollback()
        make(app, row)


def make(app: Flask, row: MadeFile) -> None:
    """Make one file, and say what became of it."""
    engine = db.engine
    maker: Maker = app.extensions[_MAKERS][row.kind]
    try:
        with (
            TemporaryDirectory() as folder,
            _Pulse(engine, row.id) as pulse,
            app.test_request_context(row.address, base_url=row.outside_url),
        ):
            made_files.keep(engine, row.id, maker(row, Path(folder), pulse.told))
    except Forgotten:
        log.info("a file that was being made is wanted no more")
    except Exception as error:
        _give_up(row, error)


def _give_up(row: MadeFile, error: Exception) -> None:
    """Say why a file is not made; not where that passes by itself: it is made anew a minute later."""
    why = _BROKEN
    match error, passing(error):
        case Problem(), _:
            why = error.sentence
        case _, CommonProblem.DISK_FULL:
            log.error("a file found no room: %s", row.kind)
            why = _NO_ROOM
        case _, CommonProblem.UNAVAILABLE:
            log.warning("a file could not be made now: %s", str(error).partition("\n")[0])
            return
        case _:
            log.error("a file could not be made: %s", row.kind, exc_info=error)
    try:
        made_files.give_up(db.engine, row.id, why)
    except sa.exc.DBAPIError:
        log.warning("the database does not take why a file was not made")


class _Pulse:
    """Says every second that a file is still being made, and how far it is."""

    def __init__(self, engine: sa.Engine, key: str) -> None:
        self._engine, self._key, self._done = engine, key, 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._beat, daemon=True)

    def told(self, done: int) -> None:
        self._done = done

    def __enter__(self) -> "_Pulse":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._ended.wait(PULSE_SECONDS):
            try:
                made_files.go_on(self._engine, self._key, self._done)
            except (
                sa.exc.DBAPIError
            ):  # the next one may get through; after a minute of none another begins it anew
                log.warning("the database does not take how far a file is")
