"""What is asked: forms, their published versions byte for byte, and what their indicators mean."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base


class Form(Base):
    """A form by its id; why it is asked, by what law, and for how many months its answers are kept."""

    __tablename__ = "form"

    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[str] = mapped_column(unique=True)
    title: Mapped[str]
    purpose: Mapped[str | None]
    legal_basis: Mapped[str | None]
    retention_months: Mapped[int | None]
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id"))
    """Whose form it is; None is everybody's."""
    retired_at: Mapped[dt.datetime | None]
    """Out of the list that phones get; every version stays accepted (C42)."""
    versions: Mapped[list["FormVersion"]] = relationship(
        back_populates="form", order_by="FormVersion.id", lazy="selectin"
    )


class FormVersion(Base):
    """One published version; `xform` are the very bytes that phones load, `md5` is theirs (C16)."""

    __tablename__ = "form_version"
    __table_args__ = (UniqueConstraint("form_id", "version"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"))
    version: Mapped[str]
    workbook: Mapped[bytes] = mapped_column(deferred=True)
    """The XLSForm as uploaded."""
    xform: Mapped[bytes] = mapped_column(deferred=True)
    md5: Mapped[str]
    definition: Mapped[dict[str, Any]] = mapped_column(deferred=True)
    exact_points: Mapped[bool] = mapped_column(default=False)
    """Household points keep all decimals; only where the legal basis allows it (R21)."""
    published_at: Mapped[dt.datetime]
    form: Mapped[Form] = relationship(back_populates="versions")


class FormFile(Base):
    """A file that a form version names and that is not made from tables: a picture, a sound, a list."""

    __tablename__ = "form_file"
    __table_args__ = (UniqueConstraint("form_version_id", "name"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    form_version_id: Mapped[int] = mapped_column(ForeignKey("form_version.id"))
    name: Mapped[str]
    content: Mapped[bytes] = mapped_column(deferred=True)
    media_type: Mapped[str]
    md5: Mapped[str]


class IndexedQuestion(Base):
    """A question by whose answers submissions are found through an index (server/answers/indexed_questions.py)."""

    __tablename__ = "indexed_question"

    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"), primary_key=True)
    path: Mapped[str] = mapped_column(primary_key=True)


class Indicator(Base):
    """What a finding is about. `kind`: a state (the newest counts), an event (all add up in their day),
    reported by an office, or derived from others."""

    __tablename__ = "indicator"
    __table_args__ = (
        CheckConstraint(
            "unit in ('household','person','adult','place','point','business','village')", name="unit"
        ),
        CheckConstraint("kind in ('state','event','reported','derived')", name="kind"),
        CheckConstraint("valid_days is null or valid_days > 0", name="valid_days"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    label_vi: Mapped[str]
    label_en: Mapped[str]
    unit: Mapped[str]
    kind: Mapped[str]
    valid_days: Mapped[int | None]
    """A state older than this many days no longer counts; None: it stands until the next one."""
    explanation: Mapped[str | None]
    position: Mapped[int] = mapped_column(default=1000)
    """Order in tables and menus."""
    self_of_id: Mapped[int | None] = mapped_column(ForeignKey("indicator.id"), unique=True)
    """Of which indicator this one counts what people answer by themselves (docs/decisions/0046); None: any other."""
