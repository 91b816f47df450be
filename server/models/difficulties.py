"""Difficulties that people meet (`phan_anh`): what became of each, and every step of the office's answer."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db import BIG, Base


class Difficulty(Base):
    """A difficulty that a team wrote down, by the first submission that told it (edits keep it one)."""

    __tablename__ = "difficulty"
    __table_args__ = (
        Index(None, "commune_id", "state", "id"),
        CheckConstraint("state in ('new','working','answered','closed')", name="state"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"), unique=True)
    """The submission that tells it now."""
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    village_id: Mapped[int | None] = mapped_column(ForeignKey("village.id"))
    kind: Mapped[str]
    """The answer of `loai`."""
    state: Mapped[str] = mapped_column(default="new")
    received_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]


class DifficultyStep(Base):
    """One step of the office: taken up, answered, closed, opened again; rows are only added."""

    __tablename__ = "difficulty_step"
    __table_args__ = (
        Index(None, "difficulty_id"),
        CheckConstraint("act in ('take','answer','close','reopen')", name="act"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    difficulty_id: Mapped[int] = mapped_column(ForeignKey("difficulty.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime]
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    act: Mapped[str]
    text: Mapped[str | None]
