"""Forms on trial: an officer's upload before it is published, its files, and what test phones sent to it."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base
from server.models.places import Commune


class FormDraft(Base):
    """A form as last uploaded and not yet published; it has phone URLs of its own, and counts nowhere.

    The test token is kept as SHA-256 to find the draft by, and sealed to show its QR code again.
    """

    __tablename__ = "form_draft"
    __table_args__ = (Index(None, "form_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[str]
    title: Mapped[str]
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id"))
    """Whose form it is; None is the city's."""
    filename: Mapped[str]
    workbook: Mapped[bytes] = mapped_column(deferred=True)
    xform: Mapped[bytes] = mapped_column(deferred=True)
    md5: Mapped[str]
    definition: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    remarks: Mapped[list[Any]] = mapped_column(deferred=True)
    """What to look at before it is published: SheetError as dicts."""
    blank: Mapped[list[Any]] = mapped_column(deferred=True)
    """Sentences: what it states although nobody answered (R9); must be empty to publish."""
    checks: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    """Codes of the checks that it went through (`form_drafts.CHECKS`)."""
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    token_sealed: Mapped[bytes]
    uploaded_by: Mapped[str]
    uploaded_at: Mapped[dt.datetime]
    commune: Mapped[Commune | None] = relationship(lazy="joined")
    files: Mapped[list["DraftFile"]] = relationship(order_by="DraftFile.name", cascade="all, delete-orphan")


class DraftFile(Base):
    """A file that goes with a draft, and with the version that is made of it."""

    __tablename__ = "draft_file"
    __table_args__ = (UniqueConstraint("draft_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("form_draft.id", ondelete="CASCADE"))
    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)
    media_type: Mapped[str]
    md5: Mapped[str]


class DraftSubmission(Base):
    """What a test phone sent: kept beside the draft, away from everything that is counted."""

    __tablename__ = "draft_submission"
    __table_args__ = (UniqueConstraint("draft_id", "instance_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    draft_id: Mapped[int] = mapped_column(ForeignKey("form_draft.id", ondelete="CASCADE"))
    instance_id: Mapped[str]
    answers: Mapped[dict[str, Any]]
    statements: Mapped[list[Any]]
    """What it would state: [{"indicator", "done", "of"}]."""
    faults: Mapped[list[Any]]
    received_at: Mapped[dt.datetime]


class FormCommune(Base):
    """A commune that has a form of the city's; a form without such rows is every commune's."""

    __tablename__ = "form_commune"

    form_id: Mapped[int] = mapped_column(ForeignKey("form.id", ondelete="CASCADE"), primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"), primary_key=True)
