"""The mark of a demonstration: the database says itself that what is in it was made up, and which of it."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import BIG, Base


class Demonstration(Base):
    """The one row that `flask demo` writes before anything else; no real installation has one."""

    __tablename__ = "demonstration"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False, default=1)
    begun_at: Mapped[dt.datetime]
    persons: Mapped[list[Any] | None]
    """User names that it made up; None until everything that is there before the first visit is stored."""
    collectors: Mapped[list[Any] | None]
    audit_id: Mapped[int | None] = mapped_column(BIG)
    """The newest row of the audit when all that was stored: later ones are those of its phones, or of real people."""
    finished_at: Mapped[dt.datetime | None]
    """When its last visit was counted; from then on it is served and never made anew."""
