"""Where people live: communes, their thôn, and the dated figures that percentages are taken of."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base

FIRST_DAY = dt.date(2025, 7, 1)
"""The day the merged communes began (Nghị quyết 1669/NQ-UBTVQH15): codes mean something else before it."""


class Commune(Base):
    """A xã, phường or đặc khu. One official code means different units at different times (R17)."""

    __tablename__ = "commune"
    __table_args__ = (UniqueConstraint("code", "valid_from"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str] = mapped_column(default="xã")
    outline: Mapped[bytes | None] = mapped_column(deferred=True)
    """WKB, EPSG:4326, longitude first; None while no outline is known."""
    outline_source: Mapped[str | None]
    illustrative: Mapped[bool] = mapped_column(default=False)
    """The outline is a sketch for demonstration; every map says so."""
    valid_from: Mapped[dt.date] = mapped_column(default=FIRST_DAY)
    valid_to: Mapped[dt.date | None]
    villages: Mapped[list["Village"]] = relationship(back_populates="commune", order_by="Village.code")


class Village(Base):
    """A thôn; known by its code, since names repeat inside one merged commune (R17)."""

    __tablename__ = "village"
    __table_args__ = (UniqueConstraint("code", "valid_from"), Index(None, "commune_id"))

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    code: Mapped[str]
    name: Mapped[str]
    outline: Mapped[bytes | None] = mapped_column(deferred=True)
    """WKB, EPSG:4326, longitude first; None while no outline is known."""
    outline_source: Mapped[str | None]
    illustrative: Mapped[bool] = mapped_column(default=False)
    derived: Mapped[bool] = mapped_column(default=False)
    """Made from where households are (geo/derive_outlines.py): drawn and called so, but no point is judged by it."""
    valid_from: Mapped[dt.date] = mapped_column(default=FIRST_DAY)
    valid_to: Mapped[dt.date | None]
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("village.id"))
    commune: Mapped[Commune] = relationship(back_populates="villages")


class VillageFigure(Base):
    """How many households, people and adults a thôn has by one source on one day: the denominators."""

    __tablename__ = "village_figure"
    __table_args__ = (
        UniqueConstraint("village_id", "day", "source"),
        CheckConstraint("households >= 0", name="households"),
        CheckConstraint("people is null or people >= 0", name="people"),
        CheckConstraint("adults is null or adults >= 0", name="adults"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"))
    day: Mapped[dt.date]
    source: Mapped[str]
    households: Mapped[int]
    people: Mapped[int | None]
    adults: Mapped[int | None]
