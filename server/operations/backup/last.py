"""When the last backup was made, by the audit: every machine on the database sees it."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa

from server.models import Audit

MADE = "backup.make"


@dataclass(frozen=True)
class Last:
    """The newest backup that was finished."""

    at: dt.datetime
    file: str
    size: int
    is_encrypted: bool


def find(connection: sa.Connection) -> Last | None:
    """None where there never was one."""
    query = sa.select(Audit.at, Audit.detail).where(Audit.act == MADE).order_by(Audit.id.desc()).limit(1)
    row = connection.execute(query).first()
    if row is None:
        return None
    told = row.detail or {}
    return Last(row.at, str(told.get("file", "")), int(told.get("bytes", 0)), bool(told.get("encrypted")))
