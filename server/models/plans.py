"""What a commune has promised: plans, and the targets that coverage is judged against."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base
from server.models.forms import Indicator
from server.models.places import Commune


class Plan(Base):
    """A commune's plan of one year."""

    __tablename__ = "plan"
    __table_args__ = (UniqueConstraint("commune_id", "year"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    year: Mapped[int]
    title: Mapped[str]
    number: Mapped[str | None]
    commune: Mapped[Commune] = relationship(lazy="joined")
    targets: Mapped[list["Target"]] = relationship(
        back_populates="plan", order_by="Target.position", cascade="all, delete-orphan"
    )


class Target(Base):
    """One figure of a plan: an indicator, a comparator and a value."""

    __tablename__ = "target"
    __table_args__ = (
        UniqueConstraint("code"),
        CheckConstraint("comparator in ('>=','>','=','<=','<')", name="comparator"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    indicator_id: Mapped[int | None] = mapped_column(ForeignKey("indicator.id"))
    code: Mapped[str]
    """`AL-T01`: how the plan's figures are known outside."""
    position: Mapped[int]
    section: Mapped[str]
    label: Mapped[str]
    wording: Mapped[str]
    comparator: Mapped[str]
    value: Mapped[str]
    """An exact decimal, as text: a percent or a count, by `unit`."""
    unit: Mapped[str]
    period: Mapped[str]
    start: Mapped[dt.date]
    deadline: Mapped[dt.date]
    how: Mapped[str]
    """`survey`, `office` or `both`."""
    office: Mapped[str | None]
    over_households: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str | None]
    plan: Mapped[Plan] = relationship(back_populates="targets")
    indicator: Mapped[Indicator | None] = relationship(lazy="joined")
