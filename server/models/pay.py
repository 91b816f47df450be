"""What a commune pays its teams for: the rates of now, and the sheets of months as they were signed."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from server.db import Base


class PayRates(Base):
    """What a commune pays now, in đồng; 0: nothing for that. No row: nobody has set anything."""

    __tablename__ = "pay_rates"
    __table_args__ = (CheckConstraint("day >= 0 and visit >= 0 and helped >= 0", name="rates"),)

    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"), primary_key=True)
    day: Mapped[int]
    """For a day on which somebody walked."""
    visit: Mapped[int]
    """For a visit to a household, whatever came of it."""
    helped: Mapped[int]
    """For a person who was helped."""


class PaySheet(Base):
    """The sheet of a month as it was signed. Rows are only added: what was signed is never changed nor taken away."""

    __tablename__ = "pay_sheet"
    __table_args__ = (UniqueConstraint("commune_id", "month"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    month: Mapped[dt.date]
    """Its first day."""
    content: Mapped[dict[str, Any]]
    """All that it says (server.pay.pay_sheet)."""
    xlsx: Mapped[bytes] = mapped_column(LargeBinary, deferred=True)
    sha256: Mapped[str]
    issued_at: Mapped[dt.datetime]
    issued_by: Mapped[str]
    """`person:3`, as the audit writes it."""
    issued_name: Mapped[str]
