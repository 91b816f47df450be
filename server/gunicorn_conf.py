"""How gunicorn runs the server, in the demonstration and in earnest: `gunicorn -c server/gunicorn_conf.py`."""

import datetime as dt
import gc
import re
import sys
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http import message

from server import checking, folding

wsgi_app = "app:create_app()"
worker_class = "gthread"
workers = 2
threads = 8
keepalive = 5
timeout = 60
preload_app = True  # imported once, shared by all workers; no connection is open before they part
graceful_timeout = 20
limit_request_line = 32 * 1024
"""A phone names the unsent households of a whole list in one query, 39 bytes each (E10)."""
message.MAX_REQUEST_LINE = limit_request_line + 1  # gunicorn cuts any larger limit down to its own 8,190
# what a proxy says is read in one place, server/proxies.py: gunicorn would also let it name SCRIPT_NAME
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""
control_socket_disable = True  # nobody uses it, and several servers of one user would share the file
accesslog = "-"
http_parser = "fast"  # gunicorn_h1c, in C: parsing in Python cost a visit as much as reading its XML

_LONGEST = 400
_SECRET = re.compile(r"/(key|thu|view/media)/[^/?\s]+")
"""What opens something by itself: a collector's code, the link to try a draft, a photo's address of an hour."""


class RedactingLogger(Logger):
    """An access log that never shows what opens a phone's URLs (C12), in one line made once.

    gunicorn's own collects every header of the request and the response for a format that names five things.
    """

    def access(self, resp: Any, req: Any, environ: dict[str, Any], request_time: dt.timedelta) -> None:
        if not self.access_log_enabled:
            return
        asked = redacted(f"{environ['REQUEST_METHOD']} {environ['RAW_URI']}")
        agent = redacted(environ.get("HTTP_USER_AGENT", "-"))
        milliseconds = request_time / dt.timedelta(milliseconds=1)
        self.access_log.info(
            '%s %s "%s" %s %s %.1fms "%s"',
            environ.get("REMOTE_ADDR", "-"), self.now(), asked, resp.status_code, resp.sent, milliseconds, agent,
        )  # fmt: skip


def redacted(value: str) -> str:
    """A logged value, not too long, with what opens phones' URLs blotted out and nothing unprintable."""
    short = _SECRET.sub(r"/\1/…", value)[:_LONGEST]
    return short if short.isprintable() else ascii(short)


logger_class = RedactingLogger


def post_fork(_server: Any, _worker: Any) -> None:
    """Less housekeeping for many small requests (docs/decisions/0014).

    What was imported stays for ever: the collector need not look at it, nor after every visit. Threads give way
    when they wait for the database, a dozen times a visit; to make them do so every 5 ms besides costs a sixth.
    """
    sys.setswitchinterval(0.02)
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


def post_worker_init(worker: Any) -> None:
    """Every worker folds the tally and looks at new visits now and then; what one holds the others leave to it."""
    folding.start(worker.wsgi)
    checking.start(worker.wsgi)
