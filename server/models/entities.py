"""What visits are about: ODK entity lists, their entities (households, places) and every version of each."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import BIG, Base


class EntityList(Base):
    """`ho_dan`, `diem_cong_cong`, `doanh_nghiep`: the name is the CSV's on the phone."""

    __tablename__ = "entity_list"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)


class Entity(Base):
    """A household or a place as it is known now; what guards its findings is the row of Subject."""

    __tablename__ = "entity"
    __table_args__ = (
        Index(None, "village_id", "list_id"),
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("entity_list.id"))
    village_id: Mapped[int | None] = mapped_column(ForeignKey("village.id"))
    label: Mapped[str]
    data: Mapped[dict[str, Any]]
    """Properties as phones see them, status included (DESIGN 6.5)."""
    version: Mapped[int]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    """Off the list from then on; the row stays, since drafts on phones may still name it (E17)."""
    ended_reason: Mapped[str | None]
    list: Mapped[EntityList] = relationship(lazy="joined")


class EntityVersion(Base):
    """What an entity was after one change; `base`, `trunk` and `branch` are what the phone knew (E9, E14)."""

    __tablename__ = "entity_version"

    entity_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    submission_id: Mapped[int | None] = mapped_column(BIG)
    label: Mapped[str]
    data: Mapped[dict[str, Any]]
    received: Mapped[dict[str, Any] | None]
    """The properties that came with this change, as sent."""
    base_version: Mapped[int | None]
    trunk_version: Mapped[int | None]
    branch_id: Mapped[uuid.UUID | None]
    conflict: Mapped[str | None]
    """None, `soft` or `hard` (E15)."""
    created_at: Mapped[dt.datetime]
