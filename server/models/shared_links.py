"""Links that open one table by themselves, for Excel and for groups of colleagues."""

import datetime as dt

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import Base
from server.models.forms import Form
from server.models.people import Person
from server.models.places import Commune


class SharedLink(Base):
    """A link that a person made to one table; everybody who has it reads that table, without signing in, until its end.

    Its key is kept as SHA-256 alone. What it shows is what its maker may see when it is read.
    """

    __tablename__ = "shared_link"
    __table_args__ = (
        CheckConstraint("(subject = 'city') = (commune_id IS NULL)", name="scope"),
        CheckConstraint("(subject = 'submissions') = (form_id IS NOT NULL)", name="form"),
        Index(None, "person_id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    """Where it is used or who has it, in the maker's words."""
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    subject: Mapped[str]
    """coverage, city, households, submissions."""
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id"))
    form_id: Mapped[int | None] = mapped_column(ForeignKey("form.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    made_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime]
    revoked_at: Mapped[dt.datetime | None]
    used_at: Mapped[dt.datetime | None]
    """When it was last read."""
    uses: Mapped[int] = mapped_column(default=0, server_default="0")
    commune: Mapped[Commune | None] = relationship()
    form: Mapped[Form | None] = relationship()
    person: Mapped[Person] = relationship()
