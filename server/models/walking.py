"""Parts of a thôn: which lanes belong to each, single households where a lane is divided, and who walks them."""

import uuid
from typing import Any

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base
from server.models.people import Collector


class WalkingArea(Base):
    """A part of a thôn that one or two members walk."""

    __tablename__ = "walking_area"
    __table_args__ = (UniqueConstraint("village_id", "position"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"))
    position: Mapped[int]
    """Where it stands among those of its thôn, from 1."""
    name: Mapped[str]
    lanes: Mapped[list[Any]]
    """Lanes that are its own with all that stands in them, as they are searched: small letters without marks."""
    version: Mapped[int] = mapped_column(default=1)
    """Rises with each change of what belongs to it."""
    members: Mapped[list["WalkingMember"]] = relationship(
        cascade="all, delete-orphan", order_by="WalkingMember.collector_id"
    )


class WalkingHousehold(Base):
    """A household of a lane that is divided between parts."""

    __tablename__ = "walking_household"
    __table_args__ = (Index(None, "area_id"),)

    entity_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True
    )
    area_id: Mapped[int] = mapped_column(ForeignKey("walking_area.id", ondelete="CASCADE"))


class WalkingMember(Base):
    """A member who walks a part; gone when the thôn or the code is taken from them."""

    __tablename__ = "walking_member"
    __table_args__ = (Index(None, "collector_id"),)

    area_id: Mapped[int] = mapped_column(ForeignKey("walking_area.id", ondelete="CASCADE"), primary_key=True)
    collector_id: Mapped[int] = mapped_column(
        ForeignKey("collector.id", ondelete="CASCADE"), primary_key=True
    )
    collector: Mapped[Collector] = relationship(lazy="joined")
