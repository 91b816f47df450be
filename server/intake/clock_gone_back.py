"""The latest moment that is known to have been: a clock that shows less has gone back."""

import datetime as dt

import sqlalchemy as sa
from flask import current_app

from server.db import db
from server.models import Submission

_LATEST = "tungnha.latest"
_NEWEST = sa.select(Submission.received_at).order_by(Submission.id.desc()).limit(1000).subquery()
_STORED = sa.select(sa.func.max(_NEWEST.c.received_at))
"""By their numbers, which have an index; the very newest may have come while the clock was behind already."""


def stored(connection: sa.Connection) -> dt.datetime | None:
    """The latest arrival of those that came last; None before the first."""
    found: dt.datetime | None = connection.scalar(_STORED)
    return found


def known(moment: dt.datetime) -> dt.datetime:
    """`moment` by the machine's clock, or the latest that was stored or asked about in this process, if later.

    A battery that is dead sets a machine back by years. Phones' clocks are right then, and must not be judged by it.
    """
    latest: dt.datetime | None = current_app.extensions.get(_LATEST)
    if latest is None:
        with db.engine.connect() as connection:
            latest = stored(connection)
    found = moment if latest is None else max(latest, moment)
    current_app.extensions[_LATEST] = found
    return found
