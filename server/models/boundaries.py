"""Boundary files that wait for an officer's word, what was loaded when, and the outlines that were there before."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class BoundaryUpload(Base):
    """A file as it was sent, kept aside until its officer confirms it or it expires.

    In the database, where every process and machine finds it.
    """

    __tablename__ = "boundary_upload"

    id: Mapped[str] = mapped_column(primary_key=True)
    """A random name that cannot be guessed."""
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id", ondelete="CASCADE"))
    actor: Mapped[str]
    file_name: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)
    made_at: Mapped[dt.datetime]


class BoundaryImport(Base):
    """One time that outlines of a commune were stored: who, when, from what; rows are only added."""

    __tablename__ = "boundary_import"
    __table_args__ = (
        Index(None, "commune_id"),
        CheckConstraint("level in ('commune','village')", name="level"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id", ondelete="CASCADE"))
    level: Mapped[str]
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    source: Mapped[str]
    epsg: Mapped[int | None]
    """The system that the file was read in; None where there was no file."""
    added: Mapped[int]
    changed: Mapped[int]
    unchanged: Mapped[int]


class OutlineBefore(Base):
    """What the outline of a place was before an import changed it; None where there was none."""

    __tablename__ = "outline_before"
    __table_args__ = (Index(None, "import_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    import_id: Mapped[int] = mapped_column(ForeignKey("boundary_import.id", ondelete="CASCADE"))
    village_id: Mapped[int | None] = mapped_column(ForeignKey("village.id", ondelete="CASCADE"))
    """None: the commune's own outline."""
    outline: Mapped[bytes | None] = mapped_column(deferred=True)
    source: Mapped[str | None]
    illustrative: Mapped[bool]
    derived: Mapped[bool]
