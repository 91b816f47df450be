"""Second visits: what was drawn, by which seed, and which visits wait to be checked by whom (R28)."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import BIG, Base
from server.models.people import Collector


class BackcheckDraw(Base):
    """One draw of a commune: with its seed and share everybody can draw again from the same visits."""

    __tablename__ = "backcheck_draw"
    __table_args__ = (Index(None, "commune_id", "id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    drawn_at: Mapped[dt.datetime]
    seed: Mapped[str]
    share: Mapped[str]
    """Of each collector's visits, as a fraction: "1/5"."""
    visits: Mapped[int]
    """From how many it was drawn."""
    until_id: Mapped[int] = mapped_column(BIG)
    """The newest submission that it knew; the next draw begins after it."""
    actor: Mapped[str]
    """As in the audit."""


class Backcheck(Base):
    """A visit that is to be checked by a second one, which is found by household and form when it has come.

    What the visit said when it was drawn stays what is compared, whatever is decided about it later.
    """

    __tablename__ = "backcheck"
    __table_args__ = (
        Index(None, "draw_id"),
        Index(None, "village_id"),
        CheckConstraint("reason in ('chance','doubt')", name="reason"),
        CheckConstraint("outcome in ('met','absent','refused')", name="outcome"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("backcheck_draw.id", ondelete="CASCADE"))
    submission_id: Mapped[int] = mapped_column(
        BIG, ForeignKey("submission.id", ondelete="CASCADE"), unique=True
    )
    entity_id: Mapped[uuid.UUID]
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"))
    collector_id: Mapped[int] = mapped_column(ForeignKey("collector.id"))
    """Who made the visit."""
    checker_id: Mapped[int | None] = mapped_column(ForeignKey("collector.id"))
    """Who goes; None: nobody else walks the thôn, so a person who is given a code for it, its leader first."""
    reason: Mapped[str]
    outcome: Mapped[str]
    draw: Mapped[BackcheckDraw] = relationship(lazy="joined")
    collector: Mapped[Collector] = relationship(foreign_keys=collector_id)
    checker: Mapped[Collector | None] = relationship(foreign_keys=checker_id)
