"""How gunicorn runs the server, in the demonstration and in earnest: `gunicorn -c server/gunicorn_conf.py`."""

import datetime as dt
import gc
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import orjson
from gunicorn.glogging import Logger

from server.counting import folding
from server.db import db
from server.hooks import allowed_addresses, delivery_process
from server.operations import health, logs, sqlite_log
from server.review import doubts
from server.serving import freed_memory, proxies
from server.settings import BadSetting, Settings, check_databases, secret_key

_FIGURES_OF = "tungnha-figures-"


def _tidy(place: Path) -> None:
    """Take away the folders of servers that were killed, which took no leave of theirs."""
    for left in place.glob(f"{_FIGURES_OF}*"):
        number, sign, _ = left.name.removeprefix(_FIGURES_OF).partition("-")
        is_told = bool(sign) and number.isdigit()  # older programs did not write whose it is
        if is_told and left.stat().st_uid == os.geteuid() and not _is_running(int(number)):
            shutil.rmtree(left, ignore_errors=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _shared_figures() -> str:
    """The folder in which processes share what they count: in memory, where a full disk cannot reach it.

    A file that is mapped and finds no room ends the process that writes to it.
    """
    memory = Path("/dev/shm")  # noqa: S108 (no other user may read it: its mode is 0700)
    place = str(memory) if os.access(memory, os.W_OK) else None
    _tidy(Path(place or tempfile.gettempdir()))
    given = os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", "") or tempfile.mkdtemp(
        prefix=f"{_FIGURES_OF}{os.getpid()}-", dir=place
    )
    Path(given).mkdir(parents=True, exist_ok=True)
    for left in Path(given).glob("*.db"):
        left.unlink()  # of a server that was killed: its processes' numbers may be given again
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = given
    return given


_FIGURES = _shared_figures()
from server.intake import catch_up  # noqa: E402 (prometheus_client looks for the folder when it is imported)
from server.operations import metrics  # noqa: E402


def _settings() -> Settings:
    """The settings, looked at before anything is loaded: what cannot be used is one sentence, not a traceback."""
    try:
        found = Settings.from_env()
        secret_key(found)
        check_databases(found)
        proxies.networks(found)
        allowed_addresses.networks(found)
    except BadSetting as error:
        sys.exit(error.message)
    return found


_SETTINGS = _settings()

wsgi_app = "app:create_front()"
worker_class = "server.serving.gunicorn_worker.FrontWorker"
workers = min((os.cpu_count() or 1) + 1, 4)
"""One more than cores: while one waits for a disk the others go on. Each may keep 30 connections to PostgreSQL."""
keepalive = 5
timeout = 60
preload_app = True  # imported once, shared by all workers; no connection is open before they part
graceful_timeout = 20
control_socket_disable = True  # nobody uses it, and several servers of one user would share the file
accesslog = "-"


class RedactingLogger(Logger):
    """An access log that never shows what opens a phone's URLs (C12), in one line made once.

    gunicorn's own collects every header of the request and the response for a format that names five things.
    """

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(logs.formatter(_SETTINGS.log_format))
        logs.to_stderr(_SETTINGS.log_format)
        logs.less()

    def answered(self, environ: dict[str, Any], status: int, sent: int, seconds: float) -> None:
        """One request: counted, and told in a line."""
        metrics.note(environ["PATH_INFO"], status, seconds)
        if not self.access_log_enabled:
            return
        asked = logs.asked(environ["REQUEST_METHOD"], environ["RAW_URI"])
        agent = logs.redacted(environ.get("HTTP_USER_AGENT", "-"))
        address = environ.get("REMOTE_ADDR", "-")
        milliseconds = seconds * 1000
        if _SETTINGS.log_format == "json":
            line = {
                "at": dt.datetime.now(dt.UTC), "level": "info", "logger": "access", "process": os.getpid(),
                "address": address, "asked": asked, "status": status, "bytes": sent,
                "ms": round(milliseconds, 1), "agent": agent,
            }  # fmt: skip
            self.access_log.info("%s", orjson.dumps(line, option=orjson.OPT_UTC_Z).decode())
            return
        self.access_log.info(
            '%s %s "%s" %s %s %.1fms "%s"',
            address, self.now(), asked, status, sent, milliseconds, agent,
        )  # fmt: skip


logger_class = RedactingLogger


gc.disable()  # nothing of what is imported from here on can go, and looking for it takes a tenth of a start


def on_starting(server: Any) -> None:
    """Nothing is served from a place where a restore was cut short: deletions of since have not been made up for."""
    app = server.app.wsgi().app
    with app.app_context():
        is_restoring = health.was_cut_short()
        db.dispose()  # no connection is open before the processes part
    if is_restoring:
        sys.exit(health.CUT_SHORT)


def when_ready(_server: Any) -> None:
    """All is imported."""
    gc.freeze()
    gc.enable()


def post_fork(_server: Any, _worker: Any) -> None:
    """Less housekeeping for many small requests (docs/decisions/0014).

    What was imported stays for ever: the collector need not look at it, nor after every visit. Threads give way
    when they wait for the database, a dozen times a visit; to make them do so every 5 ms besides costs a sixth.
    """
    sys.setswitchinterval(0.02)
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def post_worker_init(worker: Any) -> None:
    """Every worker applies the log, folds the tally, looks at new visits, for what to send on, at SQLite's log.

    What one does the others leave to it.
    """
    front = worker.wsgi
    front.told = worker.log.answered
    catch_up.start(front.app)
    folding.start(front.app)
    doubts.start(front.app)
    delivery_process.start(front.app)
    sqlite_log.start(front.app)
    freed_memory.start(front.app)


def on_exit(_server: Any) -> None:
    """The figures end with the server."""
    shutil.rmtree(_FIGURES, ignore_errors=True)
