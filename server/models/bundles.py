"""Daily bundles of sums between installations: the key that signs here, the communes whose bundles are taken."""

import datetime as dt
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import BIG, LETTER, Base
from server.models.places import Commune


class BundleSigner(Base):
    """The one key by which this installation signs what it sends up."""

    __tablename__ = "bundle_signer"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    public_key: Mapped[bytes]
    """Ed25519, 32 bytes."""
    private_key_sealed: Mapped[bytes]
    made_at: Mapped[dt.datetime]
    number: Mapped[int] = mapped_column(BIG)
    """That of the last bundle: seconds since 1970, or one more than the one before."""


class BundleSource(Base):
    """A commune that works on an installation of its own, the key it is trusted by, and its newest bundle."""

    __tablename__ = "bundle_source"

    id: Mapped[int] = mapped_column(primary_key=True)
    commune_id: Mapped[int] = mapped_column(ForeignKey("commune.id"), unique=True)
    public_key: Mapped[bytes] = mapped_column(unique=True)
    trusted_at: Mapped[dt.datetime]
    trusted_by: Mapped[str]
    """As in the audit."""
    number: Mapped[int] = mapped_column(BIG)
    """That of the newest bundle; 0 before the first. An older one is refused."""
    sha256: Mapped[bytes | None]
    as_of: Mapped[dt.date | None]
    """The day of its sums."""
    written_at: Mapped[dt.datetime | None]
    taken_at: Mapped[dt.datetime | None]
    content: Mapped[dict[str, Any] | None] = mapped_column(LETTER, deferred=True)
    """What it tells, as it was signed; small cells were hidden where it was written."""
    commune: Mapped[Commune] = relationship(lazy="joined")
