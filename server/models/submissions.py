"""What arrived and what it says: submissions, attachments, findings, and the tally that pages add up."""

import datetime as dt
import uuid
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from server.db import BIG, LETTER, Base
from server.models.forms import Form, FormVersion
from server.models.places import Village

_OPEN = text(
    "replaced_by_id is null and (review = 'has_issues' or (quarantine is not null or flags is not null "
    "or missing_files is not null) and review = 'received')"
)
"""What waits for a person (server/review/waiting_reasons.py)."""
_COUNTING = text("quarantine is null and replaced_by_id is null and review <> 'rejected'")
"""What is listed and counted (`COUNTING` of server/exports/select_submissions.py)."""


class Submission(Base):
    """One visit as a phone sent it: the log of all that was accepted, applied in the order of its keys.

    Rows stay for ever; what changes are place, quarantine and flags when it is applied, review and edits later.

    Keys of things that are never deleted (collector, village) carry no foreign key here: checking one takes
    a share lock on the parent row, and 32 phones that share a thôn spend more on those than on the insert
    (docs/decisions/0003).
    """

    __tablename__ = "submission"
    __table_args__ = (
        Index(None, "entity_id"),
        Index(None, "form_id", "id"),
        Index(None, "collector_id", "id"),
        Index(None, "village_id", "form_id"),
        Index(  # what is listed of a form, in its order: found and counted without its rows
            "ix_submission_counting",
            "form_id",
            "id",
            "village_id",
            "collector_id",
            "poster_id",
            sqlite_where=_COUNTING,
            postgresql_where=_COUNTING,
        ),
        Index("ix_submission_open", "collector_id", "id", sqlite_where=_OPEN, postgresql_where=_OPEN),
        # the few visits that are about no household: check points of 5G, found by thôn
        Index(
            "ix_submission_points",
            "village_id",
            "form_id",
            sqlite_where=text("entity_id is null"),
            postgresql_where=text("entity_id is null"),
        ),
        Index(  # the few that are edits, by the first of their chain
            "ix_submission_edits",
            "root_id",
            sqlite_where=text("root_id is not null"),
            postgresql_where=text("root_id is not null"),
        ),
        Index(
            "ix_submission_not_applied",
            "id",
            sqlite_where=text("facts is not null"),
            postgresql_where=text("facts is not null"),
        ),
        Index(  # what a collector's phones registered around an hour: too much of it is a flood
            "ix_submission_registrations",
            "collector_id",
            "observed_at",
            sqlite_where=text("registers is not null"),
            postgresql_where=text("registers is not null"),
        ),
        Index(  # what people answered by a poster, the newest first
            "ix_submission_posters",
            "poster_id",
            "id",
            sqlite_where=text("poster_id is not null"),
            postgresql_where=text("poster_id is not null"),
        ),
        CheckConstraint("review in ('received','has_issues','approved','rejected')", name="review"),
        {"sqlite_autoincrement": True},  # a number is never used twice, also where the newest row was deleted
    )

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    instance_id: Mapped[str] = mapped_column(unique=True)
    """`meta/instanceID` as sent; sending it again returns this row (C40)."""
    root_id: Mapped[int | None] = mapped_column(BIG)
    """The first submission of a chain of edits; None for a first one."""
    replaced_by_id: Mapped[int | None] = mapped_column(BIG)
    form_id: Mapped[int]
    form_version_id: Mapped[int | None]
    """None: a version we do not know (kept, quarantined, listed)."""
    version: Mapped[str]
    collector_id: Mapped[int | None]
    """None where somebody answered a poster by themselves."""
    poster_id: Mapped[int | None]
    village_id: Mapped[int | None]
    entity_id: Mapped[uuid.UUID | None]
    """The household or place it is about."""
    result: Mapped[str | None]
    """The answer of `ket_qua`: gap, vang, tu_choi, da_chuyen."""
    sha256: Mapped[bytes]
    """Of the bytes received; a resend is compared with this, not with what is stored."""
    xml: Mapped[bytes] = mapped_column(deferred=True)
    """As received, but for household points cut to 3 decimals (R21)."""
    answers: Mapped[dict[str, Any]] = mapped_column(LETTER, deferred=True)
    latitude: Mapped[float | None]
    longitude: Mapped[float | None]
    accuracy: Mapped[float | None]
    observed_at: Mapped[dt.datetime]
    received_at: Mapped[dt.datetime]
    device: Mapped[str | None]
    user_agent: Mapped[str | None]
    review: Mapped[str] = mapped_column(default="received")
    quarantine: Mapped[str | None]
    """Why it counts nowhere until a person decides, or until it is applied; None: it counts."""
    flags: Mapped[list[Any] | None]
    """What looks wrong, each as {"code", …}."""
    missing_files: Mapped[list[Any] | None]
    """Attachments that its answers name and that have not come yet (C36)."""
    facts: Mapped[dict[str, Any] | None] = mapped_column(LETTER, deferred=True)
    """What only its arrival knew (who sent it, where its point lay); None once it is applied (docs/decisions/0039)."""
    failure: Mapped[str | None]
    """Why it could not be applied, for administrators; without anything that was answered."""
    registers: Mapped[bool | None]
    """True where it brings a household or place that nobody knew when it came; None else."""
    form: Mapped[Form] = relationship(primaryjoin="foreign(Submission.form_id) == Form.id", viewonly=True)
    form_version: Mapped[FormVersion | None] = relationship(
        primaryjoin="foreign(Submission.form_version_id) == FormVersion.id", viewonly=True
    )
    village: Mapped[Village | None] = relationship(
        primaryjoin="foreign(Submission.village_id) == Village.id", viewonly=True
    )


class SubmissionReview(Base):
    """One decision about a submission: who, when, from which state into which, and why."""

    __tablename__ = "submission_review"
    __table_args__ = (Index(None, "submission_id"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"))
    at: Mapped[dt.datetime]
    actor: Mapped[str]
    """As in the audit."""
    name: Mapped[str]
    """Of the person, as pages show it."""
    before: Mapped[str]
    after: Mapped[str]
    comment: Mapped[str | None]
    sends_on: Mapped[bool] = mapped_column(default=False, server_default=false())
    """The leader of a team left it to the office (R37)."""


class Attachment(Base):
    """A photo or other file of a submission, by the SHA-256 of the stored blob and of what was received."""

    __tablename__ = "attachment"
    __table_args__ = (UniqueConstraint("submission_id", "name"),)

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    submission_id: Mapped[int] = mapped_column(ForeignKey("submission.id", ondelete="CASCADE"))
    name: Mapped[str]
    received_sha256: Mapped[bytes]
    stored_sha256: Mapped[bytes]
    size: Mapped[int]
    media_type: Mapped[str]
    received_at: Mapped[dt.datetime]


class Finding(Base):
    """(done, of) that one submission states for one indicator about one subject (R15, 6).

    A subject's series for an indicator is ordered by (observed_at, received_at, submission_id).
    """

    __tablename__ = "finding"
    __table_args__ = (
        Index(None, "subject"),
        CheckConstraint("done >= 0 and done <= of and of <= 1000", name="done_of"),
    )

    submission_id: Mapped[int] = mapped_column(BIG, primary_key=True, autoincrement=False)
    indicator_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    subject: Mapped[uuid.UUID]
    village_id: Mapped[int | None]
    done: Mapped[int]
    of: Mapped[int]
    observed_at: Mapped[dt.datetime]
    received_at: Mapped[dt.datetime]
    counts: Mapped[bool] = mapped_column(default=True)
    """False once its submission is rejected or replaced by an edit."""


class Tally(Base):
    """What changed in a thôn's sums on a day: only added to, and moved to TallyDay by `fold`."""

    __tablename__ = "tally"

    id: Mapped[int] = mapped_column(BIG, primary_key=True)
    village_id: Mapped[int]
    indicator_id: Mapped[int]
    day: Mapped[dt.date]
    """Of UTC+7."""
    done: Mapped[int]
    of: Mapped[int]
    subjects: Mapped[int]
    done2: Mapped[int] = mapped_column(BIG, default=0, server_default="0")
    """The squares of done, of states that count persons: what an interval is made of (R11)."""
    of2: Mapped[int] = mapped_column(BIG, default=0, server_default="0")
    done_of: Mapped[int] = mapped_column(BIG, default=0, server_default="0")
    """done times of."""


class TallyDay(Base):
    """The folded tally; with the rows of Tally it gives the sums of any thôn on any day."""

    __tablename__ = "tally_day"
    __table_args__ = (
        Index(None, "indicator_id", "day"),  # the last days of one indicator over the whole city
        {"sqlite_with_rowid": False},
    )

    village_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    indicator_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    day: Mapped[dt.date] = mapped_column(primary_key=True)
    done: Mapped[int]
    of: Mapped[int]
    subjects: Mapped[int]
    done2: Mapped[int] = mapped_column(BIG, default=0, server_default="0")
    """The squares of done, of states that count persons: what an interval is made of (R11)."""
    of2: Mapped[int] = mapped_column(BIG, default=0, server_default="0")
    done_of: Mapped[int] = mapped_column(BIG, default=0, server_default="0")
    """done times of."""


class TallyMonth(Base):
    """The folded tally by whole months, an indicator's together: what a page of the whole city adds up."""

    __tablename__ = "tally_month"
    __table_args__ = {"sqlite_with_rowid": False}

    indicator_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    village_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    month: Mapped[dt.date] = mapped_column(primary_key=True)
    """Its first day."""
    done: Mapped[int]
    of: Mapped[int]
    subjects: Mapped[int]
    done2: Mapped[int] = mapped_column(BIG, default=0, server_default="0")
    """The squares of done, of states that count persons: what an interval is made of (R11)."""
    of2: Mapped[int] = mapped_column(BIG, default=0, server_default="0")
    done_of: Mapped[int] = mapped_column(BIG, default=0, server_default="0")
    """done times of."""
