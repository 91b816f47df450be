"""How long rows of the audit are kept, and the deletion of those that are older, by way of the bin (R26)."""

import datetime as dt
from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from flask import current_app

from server import audit, clock
from server.db import begin_writing, db
from server.models import Audit
from server.privacy import deleted_bin, deletion_guard
from server.privacy.deletion_guard import Share
from server.settings import Settings

LEAST_MONTHS = 12
"""What the triggers of the table hold to, whatever the setting says."""
_MONTH_DAYS = 31
_AT_ONCE = 500
"""Rows that lie in the bin together."""


def prune(confirmed: int | None, option: str) -> int:
    """Delete what is older than it has to be kept; how many rows. The caller commits.

    DeletionStopped where a person has to look first: `confirmed`, the value of `option`, is how many they agree to.
    """
    shares = [Share("nhật ký", *_prunable())]
    needed = deletion_guard.ask(db.session.connection(), "audit.prune", shares, confirmed, option)
    begin_writing()
    connection = db.session.connection()
    for rows in _prunable_rows(connection):
        deleted_bin.keep(connection, "audit", f"audit:{rows[0]['id']}-{rows[-1]['id']}", {"audit": rows})
    count = int(connection.execute(sa.delete(Audit).where(Audit.at < _oldest())).rowcount)
    if count:
        audit.add(audit.SYSTEM, "audit.prune", "audit", {"rows": count})
    if needed:
        deletion_guard.note_confirmed(deletion_guard.AUDIT, count)
    return count


def _prunable() -> tuple[int, int]:
    """How many rows are older than they have to be kept, and how many there are."""
    older = sa.func.count().filter(Audit.at < _oldest())
    found = db.session.execute(sa.select(older, sa.func.count()).select_from(Audit)).one()
    return int(found[0]), int(found[1])


def _prunable_rows(connection: sa.Connection) -> Iterator[list[dict[str, Any]]]:
    query = sa.select(Audit.__table__).where(Audit.at < _oldest()).order_by(Audit.id).limit(_AT_ONCE)
    last = 0
    while part := [dict(row) for row in connection.execute(query.where(Audit.id > last)).mappings()]:
        yield part
        last = part[-1]["id"]


def _oldest() -> dt.datetime:
    settings: Settings = current_app.config["SETTINGS"]
    months = max(settings.audit_months, LEAST_MONTHS)
    return clock.now() - dt.timedelta(days=months * _MONTH_DAYS)
