"""What a commune has promised: plans, their targets and tasks, and what offices report about them."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, text
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
    tasks: Mapped[list["Task"]] = relationship(
        back_populates="plan", order_by="Task.position", cascade="all, delete-orphan"
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


class ReportedValue(Base):
    """What an office reported of a target for one period. A correction is a new row; the old one stays, replaced.

    One value of a target and period counts at a time: the one that nothing has replaced.
    """

    __tablename__ = "reported_value"
    __table_args__ = (
        Index(
            "uq_reported_value_current",
            "target_id",
            "period_start",
            "period_end",
            unique=True,
            sqlite_where=text("replaced_at is null"),
            postgresql_where=text("replaced_at is null"),
        ),
        Index(None, "target_id"),
        CheckConstraint("period_start <= period_end", name="period"),
        CheckConstraint(
            "(value is null) <> (numerator is null) and (numerator is null) = (denominator is null)",
            name="value_or_share",
        ),
        CheckConstraint("numerator >= 0 and numerator <= denominator and denominator > 0", name="share"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    target_id: Mapped[int] = mapped_column(ForeignKey("target.id", ondelete="CASCADE"))
    period_start: Mapped[dt.date]
    period_end: Mapped[dt.date]
    """The last day the value speaks of; as of an earlier day it is not known yet."""
    numerator: Mapped[int | None]
    denominator: Mapped[int | None]
    value: Mapped[str | None]
    """An exact decimal, as text, in the target's unit, where no share was reported."""
    source: Mapped[str]
    """The document or system the value is taken from, in the office's words."""
    note: Mapped[str | None]
    link: Mapped[str | None]
    """Where the evidence can be opened."""
    entered_by: Mapped[str]
    """`person:3`, as the audit writes it."""
    entered_name: Mapped[str]
    entered_at: Mapped[dt.datetime]
    replaced_at: Mapped[dt.datetime | None]
    replaced_name: Mapped[str | None]
    replaced_why: Mapped[str | None]
    target: Mapped[Target] = relationship(lazy="joined")


class Task(Base):
    """Something that the plan sets an office to do, and how far it is; `due` is None where no day is given."""

    __tablename__ = "task"
    __table_args__ = (
        UniqueConstraint("code"),
        Index(None, "plan_id"),
        CheckConstraint("kind in ('task','appendix','responsibility')", name="kind"),
        CheckConstraint("state in ('not_begun','doing','done','stopped')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    plan_id: Mapped[int] = mapped_column(ForeignKey("plan.id", ondelete="CASCADE"))
    target_id: Mapped[int | None] = mapped_column(ForeignKey("target.id", ondelete="SET NULL"))
    code: Mapped[str]
    """`AL-P02`: how the plan's tasks are known outside."""
    position: Mapped[int]
    section: Mapped[str]
    kind: Mapped[str]
    text: Mapped[str]
    lead: Mapped[str | None]
    coordinating: Mapped[str | None]
    deadline: Mapped[str | None]
    """The plan's own words: "Quý 3 - Quý 4", "Thường xuyên"."""
    due: Mapped[dt.date | None]
    note: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="not_begun", server_default="not_begun")
    changed_at: Mapped[dt.datetime | None]
    plan: Mapped[Plan] = relationship(back_populates="tasks")
    updates: Mapped[list["TaskUpdate"]] = relationship(
        order_by="TaskUpdate.id.desc()", cascade="all, delete-orphan"
    )


class TaskUpdate(Base):
    """A note on how far a task is, and the state it was set to. Rows are only added."""

    __tablename__ = "task_update"
    __table_args__ = (
        Index(None, "task_id"),
        CheckConstraint("state in ('not_begun','doing','done','stopped')", name="state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    task_id: Mapped[int] = mapped_column(ForeignKey("task.id", ondelete="CASCADE"))
    state: Mapped[str]
    note: Mapped[str]
    link: Mapped[str | None]
    entered_by: Mapped[str]
    entered_name: Mapped[str]
    at: Mapped[dt.datetime]
