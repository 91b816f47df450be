"""Files that are made beside the server, since they take longer than a page may, until they are taken or forgotten."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class MadeFile(Base):
    """A file that a person asked for, and how far it is.

    In the database with its content, where every process and machine finds it.
    """

    __tablename__ = "made_file"
    __table_args__ = (
        Index(None, "state", "asked_at"),
        CheckConstraint("state in ('waiting','making','ready','failed')", name="state"),
    )

    id: Mapped[str] = mapped_column(primary_key=True)
    """A random name that cannot be guessed."""
    kind: Mapped[str]
    """Who makes it, as the maker registered itself."""
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id", ondelete="CASCADE"))
    """None for what holds the whole city."""
    actor: Mapped[str]
    """As in the audit: nobody else is given it."""
    name: Mapped[str]
    """Of the person, as files say it."""
    address: Mapped[str]
    """The path with what was asked, as the browser sent it."""
    outside_url: Mapped[str]
    """This server as that browser reaches it."""
    state: Mapped[str] = mapped_column(default="waiting")
    done: Mapped[int] = mapped_column(default=0)
    of: Mapped[int]
    """Rows that it will hold, as far as is known beforehand."""
    tries: Mapped[int] = mapped_column(default=0)
    """How often it was begun: what makes it may be ended in the middle."""
    asked_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime | None]
    """When the process that makes it last said that it is at it."""
    file_name: Mapped[str | None]
    media_type: Mapped[str | None]
    size: Mapped[int | None]
    """Bytes, once it is ready."""
    problem: Mapped[str | None]
    """Why it could not be made, a Vietnamese sentence."""
    audit: Mapped[dict[str, Any]]
    """The row of the audit that is written whenever it is taken: act, record, detail."""


class MadeFilePiece(Base):
    """A part of a file that was made: written one by one, so that visits get their turn between them."""

    __tablename__ = "made_file_piece"

    file_id: Mapped[str] = mapped_column(ForeignKey("made_file.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    content: Mapped[bytes]
