"""Addresses of other systems that submissions are sent on to, and what of it waits, went or failed."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import BIG, Base
from server.models.forms import Form
from server.models.people import Person
from server.models.places import Commune
from server.models.submissions import Submission

_WAITS = text("state = 'waiting'")


class Hook(Base):
    """An address to which the submissions of a form and commune are sent, one request for each change."""

    __tablename__ = "hook"
    __table_args__ = (
        Index(None, "commune_id", "form_id"),
        CheckConstraint("export_type in ('json','xml')", name="export_type"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    """How programs call it: `h` and 21 letters or digits."""
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id", ondelete="CASCADE"))
    form_id: Mapped[int] = mapped_column(ForeignKey("form.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    """Whose rights it has: where they end, it rests."""
    name: Mapped[str]
    endpoint: Mapped[str]
    export_type: Mapped[str]
    personal: Mapped[bool]
    """Personal answers go along."""
    questions: Mapped[list[Any]]
    """Paths of the questions that go along; none: all."""
    outside_url: Mapped[str] = mapped_column(server_default="")
    """This server's address as the hook's maker reaches it: addresses of photos begin so."""
    secrets: Mapped[bytes | None]
    """Sealed: what signs the requests, a password, headers (`server.hooks.hook_register`)."""
    active: Mapped[bool]
    made_at: Mapped[dt.datetime]
    changed_at: Mapped[dt.datetime]
    paused_at: Mapped[dt.datetime | None]
    """Since when nothing is sent until a person says so."""
    paused_why: Mapped[str | None]
    failures: Mapped[int]
    """How often in a row the address itself failed."""
    resume_at: Mapped[dt.datetime | None]
    """After a failure of the address: when it is tried again."""
    held_by: Mapped[str | None]
    """The process that sends it, …"""
    held_until: Mapped[dt.datetime | None]
    """… and until when it is believed to be alive."""
    form: Mapped[Form] = relationship(lazy="joined")
    commune: Mapped[Commune] = relationship(lazy="joined")
    person: Mapped[Person] = relationship(lazy="joined")


class HookDelivery(Base):
    """One change of a submission that one address is told; sent in the order of their keys within a chain of edits."""

    __tablename__ = "hook_delivery"
    __table_args__ = (
        Index(
            "ix_hook_delivery_waiting",
            "hook_id",
            "chain_id",
            "id",
            sqlite_where=_WAITS,
            postgresql_where=_WAITS,
        ),
        Index(None, "hook_id", "state", "id"),
        Index(None, "submission_id"),
        CheckConstraint("state in ('waiting','sent','failed','withheld')", name="state"),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    uid: Mapped[str] = mapped_column(unique=True)
    """Told with every try, so that a receiver knows one that it has had."""
    hook_id: Mapped[int] = mapped_column(ForeignKey("hook.id", ondelete="CASCADE"))
    submission_id: Mapped[int] = mapped_column(BIG, ForeignKey("submission.id", ondelete="CASCADE"))
    """Deleted with what it tells of."""
    chain_id: Mapped[int] = mapped_column(BIG)
    """The first submission of the chain of edits: what is told of it keeps its order."""
    change: Mapped[str]
    """accepted, edited, or the state into which a person brought it."""
    made_at: Mapped[dt.datetime]
    state: Mapped[str]
    tries: Mapped[int]
    due_at: Mapped[dt.datetime]
    sent_at: Mapped[dt.datetime | None]
    """When it was last tried."""
    status: Mapped[int | None]
    """What the address answered last; None: it did not."""
    answer: Mapped[str | None]
    """The beginning of that answer, or why there was none."""
    submission: Mapped[Submission] = relationship(viewonly=True)
