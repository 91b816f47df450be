"""What visits are about: ODK entity lists, their entities (households, places) and every version of each."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import BIG, Base


class EntityList(Base):
    """`ho_dan`, `diem_cong_cong`, `doanh_nghiep`, and those that forms declare: the name is the CSV's on the phone."""

    __tablename__ = "entity_list"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    properties: Mapped[list[Any]] = mapped_column(default=list, server_default="[]")
    """What published forms save to it (`save_to`), beside the columns that the server makes."""


class Entity(Base):
    """A household or a place as it is known now."""

    __tablename__ = "entity"
    __table_args__ = (
        Index(None, "village_id", "list_id"),
        Index(None, "list_id", "village_id"),  # the few that are no households, over the whole city
        CheckConstraint("version >= 1", name="version"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True)
    list_id: Mapped[int] = mapped_column(ForeignKey("entity_list.id"))
    village_id: Mapped[int | None] = mapped_column(ForeignKey("village.id"))
    label: Mapped[str]
    data: Mapped[dict[str, Any]]
    """Properties as phones see them, status included (R5)."""
    version: Mapped[int]
    created_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
    """Off the list from then on; the row stays, since drafts on phones may still name it (E17)."""
    ended_reason: Mapped[str | None]
    """`rejected`, `gone`, `merged`, `withdrawn` (with the list that brought it)."""
    merged_into_id: Mapped[uuid.UUID | None]
    """The same household under another id; every later read and write follows it (R4)."""
    split_from_id: Mapped[uuid.UUID | None]
    import_id: Mapped[int | None] = mapped_column(index=True)
    """The list it was loaded with (HouseholdImport)."""
    turns: Mapped[list[Any] | None]
    """Moves, ends and splits that are in force, each as {"act", "day", "before", "after", "persons_only"}."""
    list: Mapped[EntityList] = relationship(lazy="joined")


_CONFLICT = text("conflict is not null and settled_at is null")


class EntityVersion(Base):
    """What an entity was after one change; `base`, `trunk` and `branch` are what the phone knew (E9, E14)."""

    __tablename__ = "entity_version"
    __table_args__ = (
        Index(  # what a submission changed is told anew when it is decided on or edited
            "ix_entity_version_submission_id",
            "submission_id",
            sqlite_where=text("submission_id is not null"),
            postgresql_where=text("submission_id is not null"),
        ),
        Index(  # the few conflicts that a person has to settle, and that wait for nobody once they are
            "ix_entity_version_conflict",
            "entity_id",
            sqlite_where=_CONFLICT,
            postgresql_where=_CONFLICT,
        ),
    )

    entity_id: Mapped[uuid.UUID] = mapped_column(
        ForeignKey("entity.id", ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    submission_id: Mapped[int | None] = mapped_column(BIG)
    label: Mapped[str]
    data: Mapped[dict[str, Any]]
    received: Mapped[dict[str, Any] | None]
    """The properties that came with this change, as sent."""
    named: Mapped[str | None]
    """The label that came with this change; None where it named nothing."""
    base_version: Mapped[int | None]
    trunk_version: Mapped[int | None]
    branch_id: Mapped[uuid.UUID | None]
    conflict: Mapped[str | None]
    """None, `soft` or `hard` (E15)."""
    settled_at: Mapped[dt.datetime | None]
    """When a person looked at the conflict and decided; None while it waits."""
    settled_by: Mapped[str | None]
    act_id: Mapped[int | None]
    """The act of an officer that made it; what an undone act set is gone again."""
    is_elsewhere: Mapped[bool] = mapped_column(default=False, server_default=false())
    """An officer gave the visit that made it to another household: it counts here no more."""
    created_at: Mapped[dt.datetime]


class EntityAct(Base):
    """What an officer did to a household, alone or by a list of many; can be undone."""

    __tablename__ = "entity_act"
    __table_args__ = (
        Index(None, "entity_id"),
        Index(None, "import_id"),
        CheckConstraint(
            "kind in ('fix','move','end','split','merge','list','visit','remark','appoint','reopen')",
            name="kind",
        ),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    entity_id: Mapped[uuid.UUID] = mapped_column(ForeignKey("entity.id", ondelete="CASCADE"))
    kind: Mapped[str]
    day: Mapped[dt.date | None]
    """From which day it holds; None for a correction, which holds from the beginning."""
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    name: Mapped[str]
    detail: Mapped[dict[str, Any]]
    """What undoing needs: keys of thôn, of submissions and of the other household."""
    undone_at: Mapped[dt.datetime | None]
    undone_by: Mapped[str | None]
    import_id: Mapped[int | None]
    """The list by which it was done (HouseholdImport)."""


class HouseholdImport(Base):
    """A list of households that an officer loaded; kept whole until it is confirmed, then only what it did."""

    __tablename__ = "household_import"

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    name: Mapped[str]
    filename: Mapped[str]
    content: Mapped[bytes | None] = mapped_column(deferred=True)
    """None once it is stored: personal data is not kept twice."""
    choice: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    """How its officer wants it read; texts by the names of fields."""
    added: Mapped[int]
    changed: Mapped[int] = mapped_column(default=0, server_default="0")
    """Households that were there and are called otherwise since."""
    ended: Mapped[int] = mapped_column(default=0, server_default="0")
    """Households that it did not name and that its officer took off the list."""
    undone_at: Mapped[dt.datetime | None]
