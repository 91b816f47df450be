"""Samples: a draw with its seed, what it asks of each thôn, and the households in the order of their lots (R31)."""

import datetime as dt
import uuid

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base
from server.models.forms import Indicator
from server.models.places import Village


class SampleDraw(Base):
    """One draw of a commune, of one thôn or of many: with its seed everybody can draw again from the same list."""

    __tablename__ = "sample_draw"
    __table_args__ = (
        Index(None, "commune_id", "id"),
        CheckConstraint("method in ('commune','village','lqas')", name="method"),
        CheckConstraint("(method = 'lqas') = (indicator_id is not null)", name="indicator"),
        CheckConstraint("(method = 'lqas') = (margin is null)", name="margin"),
        CheckConstraint("(method = 'lqas') = (share is not null)", name="share"),
        CheckConstraint("tries > 0", name="tries"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    drawn_at: Mapped[dt.datetime]
    seed: Mapped[str]
    method: Mapped[str]
    """`commune`: the whole to within the margin; `village`: each thôn; `lqas`: nineteen households of each thôn."""
    margin: Mapped[str | None]
    """As a fraction: "1/20" is ± 5 points."""
    indicator_id: Mapped[int | None] = mapped_column(ForeignKey("indicator.id"))
    share: Mapped[str | None]
    """Of LQAS the share that is wanted, as a fraction."""
    counts_from: Mapped[dt.date]
    """Households met since this day (UTC+7) have answered already; the day of the draw: all are asked anew."""
    tries: Mapped[int]
    """After how many visits that met nobody another household stands in."""
    actor: Mapped[str]
    """As in the audit."""
    indicator: Mapped[Indicator | None] = relationship()


class VillageSample(Base):
    """What one draw asks of one thôn; open until the thôn goes on to every door or is drawn again."""

    __tablename__ = "village_sample"
    __table_args__ = (
        Index(None, "draw_id"),
        Index(None, "village_id"),
        CheckConstraint("ended_by in ('every_door','redrawn')", name="ended_by"),
        CheckConstraint("(ended_at is null) = (ended_by is null)", name="ended"),
        CheckConstraint("0 < wanted and wanted <= households", name="wanted"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    draw_id: Mapped[int] = mapped_column(ForeignKey("sample_draw.id", ondelete="CASCADE"))
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"))
    households: Mapped[int]
    """On the list when it was drawn."""
    wanted: Mapped[int]
    needed: Mapped[int | None]
    """Of LQAS how many have to say yes."""
    ended_at: Mapped[dt.datetime | None]
    ended_by: Mapped[str | None]
    draw: Mapped[SampleDraw] = relationship(lazy="joined")
    village: Mapped[Village] = relationship(lazy="joined")


class SampledHousehold(Base):
    """A household of the list that was drawn from, in the order of the lots; the first `wanted` are the sample."""

    __tablename__ = "sampled_household"
    __table_args__ = (Index(None, "entity_id"),)

    sample_id: Mapped[int] = mapped_column(
        ForeignKey("village_sample.id", ondelete="CASCADE"), primary_key=True
    )
    place: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("entity.id", ondelete="CASCADE"))
    is_told: Mapped[bool] = mapped_column(default=False)
    """Whether phones show it as one to be asked now; kept so that a replacement is a new version of its row (E15)."""
