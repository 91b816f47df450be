"""Waits for what the server does by itself after it has answered."""

import time

from server.db import db
from server.intake import not_applied

PATIENCE_SECONDS = 120


def wait_until_applied() -> None:
    """Until the server, whatever died of it, has left nothing of its log unapplied; nothing in it failed."""
    ends = time.monotonic() + PATIENCE_SECONDS
    while True:
        with db.engine.connect() as connection:
            left = not_applied.backlog(connection)
        assert left.failed == 0
        if left.waiting == 0:
            return
        assert time.monotonic() < ends, f"{left.waiting} acknowledged visits were never applied"
        time.sleep(0.02)
