"""How a commune reviews what its teams send: whether leaders look first, and what is held by chance (R37)."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base
from server.models.forms import Form


class ReviewRule(Base):
    """Whether what waits of a commune waits for the leaders of its teams first."""

    __tablename__ = "review_rule"
    __table_args__ = (CheckConstraint("leader_days > 0", name="leader_days"),)

    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"), primary_key=True)
    leaders_first: Mapped[bool]
    leader_days: Mapped[int]
    """After so many days a submission goes on to the office by itself."""


class HeldShare(Base):
    """Which share of what a commune's teams send is drawn for a look; a new one ends the one before."""

    __tablename__ = "held_share"
    __table_args__ = (Index(None, "commune_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    form_id: Mapped[int | None] = mapped_column(ForeignKey("form.id", ondelete="CASCADE"))
    """None: every form that has no share of its own."""
    share: Mapped[str]
    """As a fraction: "1/20"; "0" for none."""
    seed: Mapped[str]
    since: Mapped[dt.datetime]
    until: Mapped[dt.datetime | None]
    actor: Mapped[str]
    """As in the audit."""
    form: Mapped[Form | None] = relationship(lazy="joined")
