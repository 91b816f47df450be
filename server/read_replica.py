"""Pages and files are read from a copy of the database, while that copy has all that was written before.

The copy follows by PostgreSQL's own replication. A request that only reads asks the database how far it has written and
the copy whether it is there: so a person who has sent, decided or changed something, and everybody they tell, sees it
on the next page. A copy that is behind is waited for a moment; one that is away is left alone for a while.
"""

import logging
import threading
from time import monotonic

import sqlalchemy as sa
from flask import Flask, current_app, g, request

from server.db import READS_FROM, db, read_where_it_is_written, single_statements

log = logging.getLogger(__name__)

WAITS = 0.3
"""Seconds that a page waits for the copy: what is applied is written within 200 ms where nothing else is."""
EVERY = 0.02
"""Seconds between two questions."""
AWAY_FOR = 30.0
"""Seconds for which a copy that failed is not asked."""
OVERTAKEN = "40001"
"""What the copy says to a reader of rows that have to go meanwhile."""
_WRITTEN = sa.text("SELECT pg_current_wal_insert_lsn()")
_HAS = sa.text("SELECT pg_last_wal_replay_lsn() >= CAST(:written AS pg_lsn)")
_AWAY_UNTIL = "tungnha.replica_away_until"


def register(app: Flask) -> None:
    """Leave a copy alone that fails while somebody reads: the next request reads from the database itself."""
    with app.app_context():
        copy = db.engines.get("replica")
    if copy is None:
        return

    @sa.event.listens_for(copy, "handle_error")
    def _failed(context: sa.engine.ExceptionContext) -> None:
        is_overtaken = getattr(context.original_exception, "sqlstate", None) == OVERTAKEN
        if context.is_disconnect or is_overtaken:
            app.extensions[_AWAY_UNTIL] = monotonic() + AWAY_FOR


def read_there() -> None:
    """Have a request that only reads do so from the copy, where there is one that has everything."""
    read_where_it_is_written()
    copy = db.engines.get("replica")
    is_away = monotonic() < current_app.extensions.get(_AWAY_UNTIL, 0.0)
    if copy is None or is_away or request.method not in ("GET", "HEAD"):
        return
    with single_statements().connect() as connection:
        written = connection.scalar(_WRITTEN)
    try:
        if _has(copy, str(written)):
            setattr(g, READS_FROM, copy)
    except sa.exc.DBAPIError as error:
        current_app.extensions[_AWAY_UNTIL] = monotonic() + AWAY_FOR
        log.warning("the copy of the database is away: %s", str(error).partition("\n")[0])


def _has(copy: sa.Engine, written: str) -> bool:
    """Whether the copy has what was written up to there; one that is none (it was promoted) has nothing to say."""
    pause, until = threading.Event(), monotonic() + WAITS
    with copy.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        while not (found := connection.scalar(_HAS, {"written": written})):
            if found is None or monotonic() > until:
                return False
            pause.wait(EVERY)
    return True
