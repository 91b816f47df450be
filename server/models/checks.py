"""What is kept of each visit to compare others with: how long, where, and a digest of what was answered."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db import BIG, LETTER, Base


class Interview(Base):
    """A submission that was looked at in the background; written after it, never by the visit itself."""

    __tablename__ = "interview"
    __table_args__ = (Index(None, "collector_id", "day"), Index(None, "form_id", "submission_id"))

    submission_id: Mapped[int] = mapped_column(
        BIG, ForeignKey("submission.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    form_id: Mapped[int]
    collector_id: Mapped[int | None]
    entity_id: Mapped[uuid.UUID | None]
    day: Mapped[dt.date]
    """Of UTC+7."""
    seconds: Mapped[int | None]
    """From start to end; None where nobody was met, or the phone does not say."""
    cell: Mapped[str | None]
    """The rounded point of a household, "20.823 106.549"."""
    digest: Mapped[bytes | None]
    checked: Mapped[dict[str, Any] | None] = mapped_column(LETTER)
    """Each check of its form (sheet `kiem_tra`) by its code, and whether the visit is doubtful; None: it has none."""
    unknown: Mapped[int | None]
    """Questions answered "không biết"."""
    could_be_unknown: Mapped[int | None]
    """Questions answered of those that offer it; None where nobody was met."""


class FillLogFigures(Base):
    """What Collect's log of a visit says, as figures: no answer, no position, no person (forms/fill_log.py)."""

    __tablename__ = "fill_log"
    __table_args__ = (Index(None, "form_id", "submission_id"), Index(None, "attachment_id"))

    submission_id: Mapped[int] = mapped_column(
        BIG, ForeignKey("submission.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    attachment_id: Mapped[int] = mapped_column(BIG)
    """The file that was read; it may be deleted since."""
    form_id: Mapped[int]
    active_seconds: Mapped[int | None]
    """In which some question was on the screen; None for a file that is no log."""
    questions: Mapped[list[Any] | None] = mapped_column(LETTER)
    """[path, milliseconds, times opened] of each question or screen, the slowest first."""
    changed_late: Mapped[list[Any] | None] = mapped_column(LETTER)
    """Paths of what was changed after the form's end was reached; None where the form does not log answers."""
    sessions: Mapped[int | None]
    backwards: Mapped[int | None]


class CheckSetting(Base):
    """What a commune wishes of the checks of its forms."""

    __tablename__ = "check_setting"

    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"), primary_key=True)
    asks: Mapped[bool]
    """A check whose act is to ask again does so by itself: its words go to the phones with the next sync."""


class SettledPattern(Base):
    """Somebody has spoken to a collector about something that holds of many of their visits: only later ones count."""

    __tablename__ = "settled_pattern"

    collector_id: Mapped[int] = mapped_column(ForeignKey("collector.id"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    """What it was: a trait, or form and code of a check ("ho_gia_dinh:vang_nhieu")."""
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    """As in the audit."""
