"""When the last backup was made, by the audit: every machine on the database sees it."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server.models import Audit

MADE, VERIFIED = "backup.make", "backup.verify"


@dataclass(frozen=True)
class Last:
    """The newest backup that was finished."""

    at: dt.datetime
    file: str
    size: int
    is_encrypted: bool


def unproven_since(connection: sa.Connection) -> dt.datetime | None:
    """When the newest backup was made that somebody has tried to restore; else the first of all; None without any."""
    tried: Sequence[dict[str, Any] | None] = connection.scalars(
        sa.select(Audit.detail).where(Audit.act == VERIFIED)
    ).all()
    made = [dt.datetime.fromisoformat(str(each["made_at"])) for each in tried if each and "made_at" in each]
    return max(made) if made else connection.scalar(sa.select(sa.func.min(Audit.at)).where(Audit.act == MADE))


def find(connection: sa.Connection) -> Last | None:
    """None where there never was one."""
    query = sa.select(Audit.at, Audit.detail).where(Audit.act == MADE).order_by(Audit.id.desc()).limit(1)
    row = connection.execute(query).first()
    if row is None:
        return None
    told = row.detail or {}
    return Last(row.at, str(told.get("file", "")), int(told.get("bytes", 0)), bool(told.get("encrypted")))
