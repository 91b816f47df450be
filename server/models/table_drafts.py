"""Tables that officers have sent and not yet confirmed."""

import datetime as dt
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class TableDraft(Base):
    """A table as it was sent, kept aside until its officer confirms it or it expires.

    In the database, where every process and machine finds it.
    """

    __tablename__ = "table_draft"

    id: Mapped[str] = mapped_column(primary_key=True)
    """A random name that cannot be guessed."""
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id", ondelete="CASCADE"))
    subject: Mapped[str]
    """What kind of table it is, as its address names it: `thon`, `thanh-vien`."""
    actor: Mapped[str]
    file_name: Mapped[str]
    """"" for cells that were pasted."""
    content: Mapped[bytes] = mapped_column(deferred=True)
    choice: Mapped[dict[str, Any]]
    """How its officer wants it read, and what else the form of the page said; texts by the names of fields."""
    made_at: Mapped[dt.datetime]
