"""Posters by which citizens answer a form themselves, and which forms' answers a commune judges by its targets."""

import datetime as dt
import uuid

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base
from server.models.forms import Form
from server.models.places import Commune, Village


class Poster(Base):
    """A printed code that opens one form to everybody: in one thôn, or at one public place of the commune.

    The code hangs on a wall, so it is no secret and stands here as it is. A renewed poster is a row of its own.
    """

    __tablename__ = "poster"
    __table_args__ = (Index(None, "commune_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str] = mapped_column(unique=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"))
    village_id: Mapped[int | None] = mapped_column(ForeignKey("village.id"))
    """The thôn whose people answer; None for a public place, where everybody of the commune does."""
    place_id: Mapped[uuid.UUID | None]
    """The public place; None for a thôn."""
    label: Mapped[str]
    """Where it hangs, as it is printed: the name of the thôn or of the place."""
    created_at: Mapped[dt.datetime]
    ends_on: Mapped[dt.date | None]
    """The last day on which it takes answers (UTC+7); None: until somebody closes it."""
    closed_at: Mapped[dt.datetime | None]
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("poster.id"))
    """The one whose code this one replaced."""
    commune: Mapped[Commune] = relationship()
    form: Mapped[Form] = relationship()
    village: Mapped[Village | None] = relationship()


class JudgedSelfAnswers(Base):
    """That a commune judges what people answer by themselves in a form by its targets; no row: it does not."""

    __tablename__ = "judged_self_answers"

    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"), primary_key=True)
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id"), primary_key=True)
    since: Mapped[dt.datetime]
