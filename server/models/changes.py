"""What changed, in the order in which it did: what copies of the data are kept up by."""

import datetime as dt

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from server.db import BIG, Base


class Change(Base):
    """That a submission is another than before, is gone, or that a commune's day is over; never what it says.

    Written by the holder of the writer's lock alone, so that the order of keys is that in which changes can be seen.
    """

    __tablename__ = "change"
    __table_args__ = (
        Index(None, "village_id", "id"),
        Index(None, "submission_id", "village_id", "id"),
        CheckConstraint("kind in ('submission','deleted','coverage')", name="kind"),
        {"sqlite_autoincrement": True},  # a number is never used twice
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    at: Mapped[dt.datetime]
    kind: Mapped[str]
    submission_id: Mapped[int | None] = mapped_column(BIG)
    village_id: Mapped[int | None]
    """Where it lay then; with who sent it what a reader's area is told by, as of the submission itself."""
    collector_id: Mapped[int | None]
    poster_id: Mapped[int | None]
    commune_id: Mapped[int | None]
    """Of a day that is over; its last day is `day`."""
    day: Mapped[dt.date | None]


class FeedStart(Base):
    """The key before which the feed holds no more: a backup took the place of what it told of."""

    __tablename__ = "feed_start"
    __table_args__ = (CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    after: Mapped[int] = mapped_column(BIG)
