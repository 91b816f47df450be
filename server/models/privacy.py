"""What became of personal data: what was deleted and must stay so."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db import BIG, Base


class Tombstone(Base):
    """The id of something deleted; whatever comes back under it is not let in (R22).

    The same lines stand in a file beside the database, which no backup holds (server/privacy/tombstones.py).
    """

    __tablename__ = "tombstone"
    __table_args__ = (CheckConstraint("reason in ('request','retention')", name="reason"),)

    key: Mapped[str] = mapped_column(primary_key=True)
    """`submission:<instance id>`, `entity:<UUID>`, `blob:<SHA-256 in hexadecimal>`; nothing else of what it was.

    `points:<instance id>`: the submission stays, the positions in it are gone.
    """
    at: Mapped[dt.datetime]
    reason: Mapped[str]
    """Asked for by the household, or kept long enough."""


class BinnedRecord(Base):
    """A record that the clock deleted, as the rows that it was, until it has lain here for 30 days.

    No row refers to it: it is found by its day, and brought back whole (server/privacy/deleted_bin.py).
    """

    __tablename__ = "bin"

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    deleted_at: Mapped[dt.datetime] = mapped_column(index=True)
    about: Mapped[str]
    """Of which form, list or log: `form:ho_gia_dinh`, `list:ho_dan`, `household_import`, `audit`."""
    key: Mapped[str]
    """`submission:<instance id>`, `entity:<UUID>`, as tombstones have it; `household_import:12`, `audit:1-500`."""
    content: Mapped[bytes] = mapped_column(deferred=True)
    """Packed JSON: rows by the names of their tables."""
    blobs: Mapped[dict[str, Any]]
    """SHA-256 in hexadecimal of files that nothing else needs, and their sizes in bytes."""


class PrivacyRequest(Base):
    """What a household asked about its data, when it has to be answered and done, and what became of it."""

    __tablename__ = "privacy_request"
    __table_args__ = (
        Index("ix_privacy_request_open", "commune_id", "state", "id"),
        CheckConstraint("kind in ('view','correct','delete','withdraw')", name="kind"),
        CheckConstraint("state in ('open','done','refused')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    entity_id: Mapped[uuid.UUID]
    """Of the household; a bare id once it is deleted."""
    kind: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")
    received_on: Mapped[dt.date]
    asked: Mapped[str | None]
    """Who asked, how to reach them, what exactly: personal, gone when a deletion is done."""
    answer_due: Mapped[dt.date]
    """Until when they have to be told that it was received and what follows."""
    due: Mapped[dt.date]
    answered_at: Mapped[dt.datetime | None]
    extended_at: Mapped[dt.datetime | None]
    closed_at: Mapped[dt.datetime | None]
    closed_by: Mapped[str | None]
    outcome: Mapped[str | None]
    """Why it was refused, or what was done, without any answer of the household."""


class HeldRecords(Base):
    """The one row of how many records the installation holds, as of last night (server/privacy/held_records.py)."""

    __tablename__ = "held_records"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    at: Mapped[dt.datetime]
    content: Mapped[dict[str, Any]]
    """Numbers alone: submissions by form, households, those with a position, consents by version."""


class Breach(Base):
    """Personal data that went where it must not: what happened, and by when the authority has to know (72 hours)."""

    __tablename__ = "breach"

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id"))
    """None: of the whole installation."""
    found_at: Mapped[dt.datetime]
    what: Mapped[str]
    subjects: Mapped[int | None]
    """How many households, as far as is known."""
    is_sensitive: Mapped[bool]
    """Positions and the like: those concerned are told within the same 72 hours."""
    due: Mapped[dt.datetime]
    reported_at: Mapped[dt.datetime | None]
    """To the authority (Mẫu 08)."""
    told_at: Mapped[dt.datetime | None]
    """To those concerned."""
    measures: Mapped[str | None]
    recorded_by: Mapped[str]


def of_submission(instance_id: str) -> str:
    return f"submission:{instance_id}"


def of_entity(entity_id: uuid.UUID) -> str:
    return f"entity:{entity_id}"


def of_blob(sha256: bytes) -> str:
    return f"blob:{sha256.hex()}"


def of_points(instance_id: str) -> str:
    return f"points:{instance_id}"
