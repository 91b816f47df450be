"""Who acts: persons who sign in, collectors with their phones, programs with tokens; and what they did."""

import datetime as dt
from typing import Any

from flask_security.core import RoleMixin, UserMixin
from sqlalchemy import Column, ForeignKey, Index, String, Table, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import BIG, Base
from server.models.places import Commune, Village

person_role = Table(
    "person_role",
    Base.metadata,
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("role_id", ForeignKey("role.id"), primary_key=True),
)
person_village = Table(
    "person_village",
    Base.metadata,
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("village_id", ForeignKey("village.id"), primary_key=True),
)
person_commune = Table(
    "person_commune",
    Base.metadata,
    Column("person_id", ForeignKey("person.id", ondelete="CASCADE"), primary_key=True),
    Column("commune_id", ForeignKey("commune.id"), primary_key=True),
)


class Role(Base, RoleMixin):
    """What a person may do: admin, city, officer, leader, team_leader, reviewer (R24)."""

    __tablename__ = "role"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    description: Mapped[str | None]


class Person(Base, UserMixin):
    """Someone who signs in to pages; never opens a phone's URL.

    Scope: without a commune the whole city, with one that commune (and others where they have more), with villages
    these alone.
    """

    __tablename__ = "person"

    id: Mapped[int] = mapped_column(primary_key=True)
    username: Mapped[str] = mapped_column(unique=True)
    email: Mapped[str | None] = mapped_column(unique=True)
    password: Mapped[str]
    name: Mapped[str]
    active: Mapped[bool] = mapped_column(default=True)
    fs_uniquifier: Mapped[str] = mapped_column(String(64), unique=True)
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id"))
    created_at: Mapped[dt.datetime]
    unit: Mapped[str | None]
    """The office they belong to, as the list of accounts names it (level 2 asks for it)."""
    must_change: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Their password was made by the server or by another person: the first thing they do is change it."""
    password_changed_at: Mapped[dt.datetime | None]
    signed_in_at: Mapped[dt.datetime | None]
    """When they last signed in; None: never."""
    enabled_at: Mapped[dt.datetime | None]
    """When somebody last gave the account back to them; the days without signing in count from here."""
    disabled_at: Mapped[dt.datetime | None]
    totp_sealed: Mapped[bytes | None]
    """The secret that their authenticator app shares with us, sealed; None: they sign in by password alone."""
    totp_counter: Mapped[int | None]
    """The 30-second step of the last code that was taken: no code is good twice."""
    roles: Mapped[list[Role]] = relationship(secondary=person_role, lazy="joined")
    commune: Mapped[Commune | None] = relationship(lazy="joined")
    villages: Mapped[list[Village]] = relationship(secondary=person_village)
    more_communes: Mapped[list[Commune]] = relationship(
        secondary=person_commune, lazy="joined", order_by=Commune.name
    )
    """Communes besides their own, for those who work for several."""


class PersonSession(Base):
    """A browser that a person has signed in with; its cookie holds a key of which we keep the SHA-256."""

    __tablename__ = "person_session"
    __table_args__ = (Index(None, "person_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    key_hash: Mapped[bytes] = mapped_column(unique=True)
    began_at: Mapped[dt.datetime]
    seen_at: Mapped[dt.datetime]
    """When it last asked for a page, to half a minute."""
    address: Mapped[str | None]
    agent: Mapped[str]


class SignInTry(Base):
    """Wrong tries for one user name since the last good one, whether or not there is such a person."""

    __tablename__ = "sign_in_try"

    name_hash: Mapped[bytes] = mapped_column(primary_key=True)
    tries: Mapped[int]
    last_at: Mapped[dt.datetime]


class FailedSignIns(Base):
    """Wrong tries of one day for one person's name, or for all names that nobody has; kept for a month."""

    __tablename__ = "failed_sign_ins"

    day: Mapped[dt.date] = mapped_column(primary_key=True)
    record: Mapped[str] = mapped_column(primary_key=True)
    """`person:3`, or nothing."""
    what: Mapped[str] = mapped_column(primary_key=True)
    """What was wrong: password, code."""
    tries: Mapped[int]
    last_at: Mapped[dt.datetime]
    added_up: Mapped[bool] = mapped_column(default=False, server_default=false())
    """Whether the day stands in the audit."""


class ApiToken(Base):
    """A program's key to `/api/v1`, kept as SHA-256 of its 40 hexadecimal digits."""

    __tablename__ = "api_token"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    commune_id: Mapped[int | None] = mapped_column(ForeignKey("commune.id"))
    reads: Mapped[str] = mapped_column(server_default="places targets coverage")
    """What it may read, as `program_keys.READS` names it, separated by blanks."""
    created_at: Mapped[dt.datetime]
    expires_at: Mapped[dt.datetime | None]
    revoked_at: Mapped[dt.datetime | None]
    person_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    """Whose key it is: it reads what this person may, within `reads`; None: a program's own, for sums alone."""
    sealed: Mapped[bytes | None]
    """The key itself, sealed, where its person is told it again at `/token`; None: told once."""
    commune: Mapped[Commune | None] = relationship()
    person: Mapped[Person | None] = relationship()


class Collector(Base):
    """A member of a community digital team with a phone; knows phone URLs only.

    The token in their QR code is kept as SHA-256 to find them by and sealed (Fernet) to print the code again;
    `ha1` is MD5(username:realm:password) of HTTP Digest (C10), sealed.
    """

    __tablename__ = "collector"
    __table_args__ = (Index(None, "commune_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"))
    username: Mapped[str] = mapped_column(unique=True)
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    token_sealed: Mapped[bytes]
    password_sealed: Mapped[bytes]
    ha1_sealed: Mapped[bytes]
    created_at: Mapped[dt.datetime]
    rotated_at: Mapped[dt.datetime | None]
    """When their code was last changed; what it replaced is an OldKey."""
    revoked_at: Mapped[dt.datetime | None]
    commune: Mapped[Commune] = relationship()
    villages: Mapped[list["CollectorVillage"]] = relationship(
        back_populates="collector", cascade="all, delete-orphan"
    )


class CollectorVillage(Base):
    """A thôn that a collector walks, or one that was taken from them and stays on their phone for a while."""

    __tablename__ = "collector_village"
    __table_args__ = (Index(None, "village_id"),)

    collector_id: Mapped[int] = mapped_column(
        ForeignKey("collector.id", ondelete="CASCADE"), primary_key=True
    )
    village_id: Mapped[int] = mapped_column(ForeignKey("village.id"), primary_key=True)
    until: Mapped[dt.datetime | None]
    """Until when a thôn that is no longer theirs stays on their phone; None: it is theirs."""
    collector: Mapped[Collector] = relationship(back_populates="villages")
    village: Mapped[Village] = relationship(lazy="joined")


class OldKey(Base):
    """A code that was changed: it reads nothing, and what was filled in under it may be sent until a day."""

    __tablename__ = "old_key"
    __table_args__ = (Index(None, "collector_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    collector_id: Mapped[int] = mapped_column(ForeignKey("collector.id", ondelete="CASCADE"))
    token_hash: Mapped[bytes] = mapped_column(unique=True)
    ha1_sealed: Mapped[bytes]
    """The password that went with it, as HTTP Digest needs it."""
    until: Mapped[dt.datetime]


UNNAMED = "?"
"""Before the User-Agent of a phone that has not told its id yet (C2)."""


class Device(Base):
    """A phone as it names itself (`deviceID`, C2), and when it last asked for its forms."""

    __tablename__ = "device"
    __table_args__ = (UniqueConstraint("collector_id", "device_id"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    collector_id: Mapped[int] = mapped_column(ForeignKey("collector.id", ondelete="CASCADE"))
    device_id: Mapped[str]
    user_agent: Mapped[str]
    first_seen: Mapped[dt.datetime]
    last_seen: Mapped[dt.datetime]
    unsent: Mapped[int | None]
    """Households made on it that it asked about and that have not come (E10); None: it never asked."""
    unsent_at: Mapped[dt.datetime | None]


class DeviceForm(Base):
    """Which version of a form a phone last fetched."""

    __tablename__ = "device_form"

    device_id: Mapped[int] = mapped_column(ForeignKey("device.id", ondelete="CASCADE"), primary_key=True)
    form_id: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[str]
    fetched_at: Mapped[dt.datetime]


_NOT_RECEIVING = text("act <> 'submission.receive'")
"""Most rows are visits that came in; the lists that an administrator searches need not be in their way."""


class Audit(Base):
    """One act: who, what, on which record, when, from where.

    Rows are only added: triggers refuse to change one, but for taking away `detail` where somebody has asked that
    their data be deleted, and to delete one of the last 12 months (server/migrations, `audit_only_grows`).
    """

    __tablename__ = "audit"
    __table_args__ = (
        Index(None, "at"),
        Index("ix_audit_other_id", "id", postgresql_where=_NOT_RECEIVING, sqlite_where=_NOT_RECEIVING),
        Index(
            "ix_audit_other_act", "act", "id", postgresql_where=_NOT_RECEIVING, sqlite_where=_NOT_RECEIVING
        ),
        Index(
            "ix_audit_other_actor",
            "actor",
            "id",
            postgresql_where=_NOT_RECEIVING,
            sqlite_where=_NOT_RECEIVING,
        ),
        Index(
            "ix_audit_other_record",
            "record",
            "id",
            postgresql_where=_NOT_RECEIVING,
            sqlite_where=_NOT_RECEIVING,
        ),
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    """`collector:7`, `person:3`, `token:1`, `system`, or `unknown` for somebody who has not signed in."""
    act: Mapped[str]
    """`submission.receive`, `form.publish`, …"""
    record: Mapped[str | None]
    """`submission:123`; with `act` it finds what was touched."""
    address: Mapped[str | None]
    detail: Mapped[dict[str, Any] | None]
