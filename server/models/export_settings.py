"""Exports that are asked for again and again under one name, with an address of their own."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class ExportSetting(Base):
    """How a form's submissions of a commune are exported, under a name: what stands behind a link in Excel."""

    __tablename__ = "export_setting"
    __table_args__ = (UniqueConstraint("commune_id", "form_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    """How programs call it: `es` and 20 letters or digits."""
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id", ondelete="CASCADE"))
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id", ondelete="CASCADE"))
    name: Mapped[str]
    wish: Mapped[dict[str, Any]]
    """In Kobo's words (server/api/kobo/export_wish.py)."""
    changed_at: Mapped[dt.datetime]
