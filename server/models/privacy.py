"""What became of personal data: what was deleted and must stay so."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class Tombstone(Base):
    """The id of something deleted; whatever comes back under it is not let in (DESIGN 7).

    The same lines stand in a file beside the database, which no backup holds (server/tombstones.py).
    """

    __tablename__ = "tombstone"
    __table_args__ = (CheckConstraint("reason in ('request','retention')", name="reason"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    """`submission:<instance id>`, `entity:<UUID>`, `blob:<SHA-256 in hexadecimal>`; nothing else of what it was."""
    at: Mapped[dt.datetime]
    reason: Mapped[str]
    """Asked for by the household, or kept long enough."""


def of_submission(instance_id: str) -> str:
    return f"submission:{instance_id}"


def of_entity(entity_id: uuid.UUID) -> str:
    return f"entity:{entity_id}"


def of_blob(sha256: bytes) -> str:
    return f"blob:{sha256.hex()}"
