"""What people do and read on pages, written to the audit: one row an act."""

from typing import Any

import sqlalchemy as sa
from flask import request

from server import auth, clock
from server.db import db
from server.models import Audit

UNKNOWN = "unknown"
"""The actor of what was tried without signing in."""


def note(act: str, record: str | None = None, detail: dict[str, Any] | None = None) -> None:
    """Add what the person who asks changes, to the transaction that changes it; the caller commits.

    `detail` holds nothing that anybody answered.
    """
    db.session.execute(sa.insert(Audit), _row(act, record, detail))


def note_reading(act: str, record: str | None = None, detail: dict[str, Any] | None = None) -> None:
    """Write down what the person who asks is about to be shown, in a transaction of its own."""
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.insert(Audit), _row(act, record, detail))
        connection.commit()


def note_by(actor: str, act: str, record: str | None = None, detail: dict[str, Any] | None = None) -> None:
    """Add what somebody does before he is known to the request: signing in; the caller commits."""
    db.session.execute(sa.insert(Audit), _row(act, record, detail, actor))


def note_unknown(act: str, record: str | None = None, detail: dict[str, Any] | None = None) -> None:
    """Write down what somebody tries of whom we do not know who it is, in a transaction of its own."""
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.insert(Audit), _row(act, record, detail, UNKNOWN))
        connection.commit()


def _row(
    act: str, record: str | None, detail: dict[str, Any] | None, actor: str | None = None
) -> dict[str, Any]:
    return {
        "at": clock.now(),
        "actor": actor or auth.signed_in().actor,
        "act": act,
        "record": record,
        "address": request.remote_addr,
        "detail": detail,
    }
