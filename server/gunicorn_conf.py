"""How gunicorn runs the server, in the demonstration and in earnest: `gunicorn -c server/gunicorn_conf.py`."""

import re
from typing import Any

from gunicorn.glogging import Logger
from gunicorn.http import message

from server import folding

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
control_socket_disable = True  # nobody uses it, and several servers of one user would share the file
accesslog = "-"
access_log_format = '%(h)s %(t)s "%(r)s" %(s)s %(b)s %(M)sms "%(a)s"'

_LONGEST = 400
_KEY = re.compile(r"/key/[^/?\s]+")


class RedactingLogger(Logger):
    """An access log that never shows what opens a phone's URLs (C12)."""

    def atoms(self, resp: Any, req: Any, environ: dict[str, Any], request_time: Any) -> dict[str, Any]:
        found: dict[str, Any] = super().atoms(resp, req, environ, request_time)
        return {name: redacted(value) for name, value in found.items()}


def redacted(value: Any) -> Any:
    """A logged value, not too long, with the token of any phone URL in it blotted out."""
    return _KEY.sub("/key/…", value)[:_LONGEST] if isinstance(value, str) else value


logger_class = RedactingLogger


def post_worker_init(worker: Any) -> None:
    """Every worker folds the tally now and then; rows that one holds the others leave to it."""
    folding.start(worker.wsgi)
