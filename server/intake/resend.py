"""What is already there: resends of a submission, media that come late, and edits that replace."""

import dataclasses
import datetime as dt
from collections.abc import Sequence, Set
from typing import Any

import sqlalchemy as sa

from server import clock
from server.counting.recast import recasting
from server.db import db
from server.errors import Problem
from server.files import attachments
from server.hot_path import statements
from server.hot_path.statements import Step, step
from server.households.rebuild import restate, touched_by
from server.intake.intake_problems import IntakeProblem
from server.models import Attachment, Finding, Submission
from server.published_forms.read_submission import Reading

EDITED = (
    sa.select(
        Submission.id,
        Submission.root_id,
        Submission.replaced_by_id,
        Submission.observed_at,
        Submission.form_id,
        Submission.collector_id,
        Submission.entity_id,
    )
    .where(Submission.instance_id == sa.bindparam("instance_id"))
    .with_for_update()
)
FILES = sa.select(
    Attachment.name,
    Attachment.received_sha256,
    Attachment.stored_sha256,
    Attachment.size,
    Attachment.media_type,
).where(Attachment.submission_id == sa.bindparam("submission"))
ADD_ATTACHMENT = (
    sa.insert(Attachment)
    .inline()
    .values(
        {
            column.name: sa.bindparam(column.name)
            for column in Attachment.__table__.columns
            if column.name != "id"
        }
    )
)
REPLACE = (
    sa.update(Submission)
    .where(Submission.id == sa.bindparam("submission"))
    .values(replaced_by_id=sa.bindparam("new_replaced_by_id"))
)
STILL_MISSING = (
    sa.update(Submission)
    .where(Submission.id == sa.bindparam("submission"))
    .values(missing_files=sa.bindparam("new_missing_files"), flags=sa.bindparam("new_flags"))
)


@dataclasses.dataclass(frozen=True)
class Stored:
    """A submission with the same instance id."""

    id: int
    sha256: bytes


@dataclasses.dataclass(frozen=True)
class Edited:
    """The submission that an edit replaces; the edit keeps its root and its time (R2)."""

    id: int
    root_id: int
    observed_at: dt.datetime
    files: tuple[attachments.Blob, ...] = ()
    """What had come with it: phones do not send again what they have sent (C43)."""

    def carried(self, needed: Set[str], sent: Sequence[attachments.Blob]) -> list[attachments.Blob]:
        """Its files that the edit still names and did not bring."""
        names = needed - {blob.name for blob in sent}
        return [blob for blob in self.files if blob.name in names]


@dataclasses.dataclass(frozen=True)
class Again:
    """What a resend brought: `new` where it brought media that were missing."""

    new: bool
    sentence: str


def again(
    stored: Stored, reading: Reading, blobs: Sequence[attachments.Blob], received_at: dt.datetime
) -> Again:
    """Meet a submission that is already there: the same bytes are welcome, others are a conflict (C40, C41, C45).

    Compared are the bytes as received, since what is stored may be redacted.
    """
    if stored.sha256 != reading.sha256:
        raise Problem(IntakeProblem.SUBMISSION_CONFLICT)
    if blobs:
        with db.engine.connect().execution_options(writes=True) as connection:
            if late := _late(connection, stored, blobs):
                missing = _missing(connection, stored, reading, late)
                statements.write(connection, [*attachment_rows(stored.id, late, received_at), missing])
                return Again(True, "Đã nhận thêm ảnh của phiếu.")
    return Again(False, "Phiếu này đã có trên máy chủ.")


def _late(
    connection: sa.Connection, stored: Stored, blobs: Sequence[attachments.Blob]
) -> list[attachments.Blob]:
    # the row is locked, so that two late parts at once do not each overwrite what the other found missing
    connection.execute(sa.select(Submission.id).where(Submission.id == stored.id).with_for_update())
    query = sa.select(Attachment.name, Attachment.received_sha256).where(
        Attachment.submission_id == stored.id
    )
    there: dict[str, bytes] = {row.name: row.received_sha256 for row in connection.execute(query)}
    for blob in blobs:
        if there.get(blob.name, blob.received_sha256) != blob.received_sha256:
            raise Problem(IntakeProblem.ATTACHMENT_CONFLICT, name=blob.name)
    return [blob for blob in blobs if blob.name not in there]


def _missing(
    connection: sa.Connection, stored: Stored, reading: Reading, late: Sequence[attachments.Blob]
) -> Step:
    there = connection.scalars(sa.select(Attachment.name).where(Attachment.submission_id == stored.id))
    missing = reading.files - set(there) - {blob.name for blob in late}
    flags = connection.scalar(sa.select(Submission.flags).where(Submission.id == stored.id)) or []
    return step(
        STILL_MISSING,
        submission=stored.id,
        new_missing_files=sorted(missing) or None,
        new_flags=[*flags, *broken(late)] or None,
    )


def broken(blobs: Sequence[attachments.Blob]) -> list[dict[str, str]]:
    """A flag for each photo of which only a part could be read."""
    return [{"code": "photo_broken", "about": blob.name, "detail": ""} for blob in blobs if blob.is_broken]


def attachment_rows(
    submission_id: int, blobs: Sequence[attachments.Blob], received_at: dt.datetime
) -> list[Step]:
    """Rows for files whose bytes are already on disk."""
    rows: list[dict[str, Any]] = [
        {
            "submission_id": submission_id,
            "name": blob.name,
            "received_sha256": blob.received_sha256,
            "stored_sha256": blob.stored_sha256,
            "size": blob.size,
            "media_type": blob.media_type,
            "received_at": received_at,
        }
        for blob in blobs
    ]
    return [Step(ADD_ATTACHMENT, [row]) for row in rows]


def replace(connection: sa.Connection, reading: Reading, new_id: int, collector_id: int) -> Edited:
    """Take the submission that this edit replaces out of the counts, in the caller's transaction (C43).

    What only it had said of its household goes back (R5), before the edit says it anew.
    """
    deprecated = reading.instance.deprecated_id
    row = connection.execute(EDITED, {"instance_id": deprecated}).first()
    if row is None or row.form_id != reading.form.id or row.collector_id != collector_id:
        raise Problem(IntakeProblem.EDIT_OF_UNKNOWN)
    if row.replaced_by_id is not None:
        raise Problem(IntakeProblem.EDIT_OF_REPLACED)
    subjects = set(
        connection.scalars(sa.select(Finding.subject).where(Finding.submission_id == row.id).distinct())
    )
    touched = touched_by(connection, row.id, row.entity_id)
    with recasting(connection, subjects | touched):
        connection.execute(REPLACE, {"submission": row.id, "new_replaced_by_id": new_id})
        connection.execute(sa.update(Finding).where(Finding.submission_id == row.id).values(counts=False))
        for entity_id in sorted(touched):
            restate(connection, entity_id, clock.now())
    files = connection.execute(FILES, {"submission": row.id})
    return Edited(
        row.id, row.root_id or row.id, row.observed_at, tuple(attachments.Blob(*file) for file in files)
    )
