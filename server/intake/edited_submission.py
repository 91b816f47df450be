"""Edits of submissions that are there already: what an edit replaces, why it may not, and its taking their place."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Sequence, Set
from typing import Any

import sqlalchemy as sa

from server.counting import noted_changes
from server.counting.tally_after_changes import recasting
from server.errors import Problem
from server.files import attachments
from server.intake.floods import FLOOD
from server.intake.intake_problems import IntakeProblem
from server.models import Attachment, EntityAct, EntityVersion, Finding, Submission
from server.published_forms.read_submission import SubmissionReading

_COLUMNS = (
    Submission.id,
    Submission.root_id,
    Submission.replaced_by_id,
    Submission.observed_at,
    Submission.form_id,
    Submission.collector_id,
    Submission.entity_id,
    Submission.village_id,
    Submission.review,
    Submission.quarantine,
)
EDITED = sa.select(*_COLUMNS).where(Submission.instance_id == sa.bindparam("instance_id"))
_BY_ID = sa.select(*_COLUMNS).where(Submission.id == sa.bindparam("submission"))
_IN_CHAIN = sa.or_(Submission.id == sa.bindparam("root"), Submission.root_id == sa.bindparam("root"))
_CHANGED = (
    sa.select(EntityVersion.entity_id)
    .where(EntityVersion.submission_id.in_(sa.select(Submission.id).where(_IN_CHAIN)))
    .distinct()
)
FILES = sa.select(
    Attachment.name,
    Attachment.received_sha256,
    Attachment.stored_sha256,
    Attachment.size,
    Attachment.media_type,
).where(Attachment.submission_id == sa.bindparam("submission"))


EDIT_FOREIGN = "edit_foreign"
EDIT_OUTDATED = "edit_outdated"
EDIT_OF_REJECTED = "edit_of_rejected"
EDIT_OF_SEALED = "edit_of_sealed"
SEALED = "sealed"
"""Why what the server cannot read counts nowhere (C44)."""


@dataclasses.dataclass(frozen=True)
class Edited:
    """The submission that an edit is of; the edit keeps its root and its time (R2)."""

    id: int
    root_id: int
    form_id: int
    observed_at: dt.datetime
    review: str
    """What had been decided about it."""
    counts: bool
    """Whether anything follows from it now."""
    is_replaced: bool
    """By another edit already."""
    refused: str | None
    """Why the edit may not take its place until a person decides (R12, R13); None: it may."""
    entity_id: uuid.UUID | None
    village_id: int | None
    changed: frozenset[uuid.UUID] = frozenset()
    """Entities that it, or an earlier version of it, registered or changed: the edit says them anew."""
    files: tuple[attachments.Blob, ...] = ()
    """What had come with it: phones do not send again what they have sent (C43)."""
    is_flood: bool = False
    """It was set aside with a flood, and so is what it becomes."""
    is_sealed: bool = False
    named: uuid.UUID | None = None
    """The household that the visit names where an officer gave it to another one, which is `entity_id`."""
    """It cannot be read: nothing in clear takes its place."""

    @property
    def touched(self) -> frozenset[uuid.UUID]:
        """The entities that are told anew when it is replaced."""
        return self.changed | ({self.entity_id} if self.entity_id else frozenset())

    @property
    def is_theirs(self) -> bool:
        """Sent by the one who edits it, by the same form."""
        return self.refused != EDIT_FOREIGN

    def carried(self, needed: Set[str], sent: Sequence[attachments.Blob]) -> list[attachments.Blob]:
        """Its files that the edit still names and did not bring."""
        names = needed - {blob.name for blob in sent}
        return [blob for blob in self.files if blob.name in names]


def edited(connection: sa.Connection, reading: SubmissionReading, collector_id: int | None) -> Edited:
    """The submission that an edit is of, with what speaks against its being replaced; nothing is changed.

    Raises Problem EDIT_OF_UNKNOWN where it never came: the phone keeps the edit and tells its collector (C43).
    """
    row = connection.execute(EDITED, {"instance_id": reading.instance.deprecated_id}).first()
    if row is None:
        raise Problem(IntakeProblem.EDIT_OF_UNKNOWN)
    is_theirs = (row.form_id, row.collector_id) == (reading.form.id, collector_id)
    return _edited(connection, row, _refused(row, reading) if is_theirs else EDIT_FOREIGN)


def newest(connection: sa.Connection, root_id: int) -> Edited | None:
    """The newest version of a chain of edits; None where it was deleted."""
    row = connection.execute(_BY_ID, {"submission": root_id}).first()
    while row is not None and row.replaced_by_id is not None:
        row = connection.execute(_BY_ID, {"submission": row.replaced_by_id}).first()
    return None if row is None else _edited(connection, row, None)


def _refused(row: Any, reading: SubmissionReading) -> str | None:
    is_aside = row.quarantine is not None and row.root_id is not None
    if row.replaced_by_id is not None or (is_aside and row.quarantine not in (EDIT_OF_REJECTED, FLOOD)):
        return EDIT_OUTDATED
    if row.quarantine == SEALED and not reading.instance.encrypted:
        return EDIT_OF_SEALED
    return EDIT_OF_REJECTED if row.review == "rejected" or row.quarantine == EDIT_OF_REJECTED else None


def _edited(connection: sa.Connection, row: Any, refused: str | None) -> Edited:
    root = row.root_id or row.id
    counts = row.quarantine is None and row.replaced_by_id is None and row.review != "rejected"
    changed = frozenset(connection.scalars(_CHANGED, {"root": root}))
    files = connection.execute(FILES, {"submission": row.id}) if refused != EDIT_FOREIGN else ()
    return Edited(
        row.id, root, row.form_id, row.observed_at, row.review, counts,
        row.replaced_by_id is not None, refused, row.entity_id, row.village_id, changed,
        tuple(attachments.Blob(*file) for file in files), is_flood=row.quarantine == FLOOD,
        is_sealed=row.quarantine == SEALED, named=_named(connection, row, root),
    )  # fmt: skip


def _named(connection: sa.Connection, row: Any, root: int) -> uuid.UUID | None:
    """What a visit called its household that an officer gave to another one since; None where nobody did."""
    if row.entity_id is None:
        return None
    given = sa.select(EntityAct.detail).where(
        EntityAct.entity_id == row.entity_id, EntityAct.kind == "visit", EntityAct.undone_at.is_(None)
    )
    every: Sequence[Any] = connection.scalars(given).all()
    details = [detail for detail in every if detail["root"] == root and detail["named"]]
    return uuid.UUID(details[-1]["named"]) if details else None


def followed(reading: SubmissionReading, edited: Edited | None) -> SubmissionReading:
    """An edit of a visit that an officer gave to another household is about that one, whatever its phone knows."""
    if edited is None or edited.named is None or edited.entity_id is None or reading.about != edited.named:
        return reading
    home = edited.entity_id
    blocks = tuple(
        dataclasses.replace(block, id=home, base_version=None) if block.id == edited.named else block
        for block in reading.blocks
    )
    subject = home if reading.subject == edited.named else reading.subject
    return dataclasses.replace(reading, blocks=blocks, subject=subject)


def replace(connection: sa.Connection, edited: Edited, new_id: int) -> None:
    """Take the submission that this edit replaces out of the counts, in the caller's transaction (C43).

    Its household is told anew by `rebuild_entity.restate` once the edit has said it again.
    """
    subjects = set(
        connection.scalars(sa.select(Finding.subject).where(Finding.submission_id == edited.id).distinct())
    )
    with recasting(connection, subjects | edited.touched):
        supersede(connection, edited, new_id)
        connection.execute(sa.update(Finding).where(Finding.submission_id == edited.id).values(counts=False))


def supersede(connection: sa.Connection, edited: Edited, new_id: int) -> None:
    """Let the edit stand in the place of a submission from which nothing follows (any more)."""
    replaced = sa.update(Submission).where(Submission.id == edited.id)
    connection.execute(replaced.values(replaced_by_id=new_id, facts=None))  # nor is it applied any more
    noted_changes.note(connection, [edited.id])
