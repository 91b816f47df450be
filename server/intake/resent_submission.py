"""What is there already: resends of a submission, and media that come late."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa

from server.db import db
from server.errors import Problem
from server.files import attachments
from server.intake import receipt_sentences
from server.intake.intake_problems import IntakeProblem
from server.intake.submission_sender import Sender
from server.intake.write_rows import Row, insert, update
from server.models import Attachment, Submission
from server.published_forms.read_submission import SubmissionReading


@dataclasses.dataclass(frozen=True)
class StoredSubmission:
    """A submission with the same instance id: whose it is, and of which thôn."""

    id: int
    sha256: bytes
    collector_id: int | None
    village_id: int | None

    def takes_from(self, sender: Sender) -> bool:
        """Whether this sender may add photos to it: their own visit, or one of their thôn (a phone changes hands).

        Never one who answers a poster: it comes whole, and nobody knows whether it is the same person again.
        """
        if sender.poster_id is not None:
            return False
        return sender.collector_id == self.collector_id or self.village_id in sender.villages.values()


@dataclasses.dataclass(frozen=True)
class Again:
    """What a resend brought: `new` where it brought media that were missing."""

    new: bool
    sentence: str


def again(
    stored: StoredSubmission,
    reading: SubmissionReading,
    blobs: Sequence[attachments.Blob],
    received_at: dt.datetime,
    sender: Sender,
) -> Again:
    """Meet a submission that is already there: the same bytes are welcome, others are a conflict (C40, C41, C45).

    Compared are the bytes as received, since what is stored may be redacted. A sender who is not its collector nor of
    its thôn is thanked, and adds nothing to it.
    """
    if stored.sha256 != reading.sha256:
        raise Problem(IntakeProblem.SUBMISSION_CONFLICT)
    if blobs and stored.takes_from(sender):
        with db.engine.connect().execution_options(writes=True) as connection:
            if late := _late(connection, stored, blobs):
                files, said = (
                    attachment_rows(stored.id, late, received_at),
                    [_missing(connection, stored.id, late)],
                )
                sealed = (
                    reading.instance.encrypted
                )  # under a key of its own, which opens no newer one's files
                for newer in () if sealed else _newer(connection, stored.id):
                    if lacked := _lacking(connection, newer, late):
                        files += attachment_rows(newer, lacked, received_at)
                        said.append(_missing(connection, newer, lacked))
                insert(connection, Attachment, files)
                update(connection, Submission, said)
                connection.commit()
                return Again(True, receipt_sentences.MORE_FILES)
    return Again(False, receipt_sentences.THERE_ALREADY)


def _newer(connection: sa.Connection, submission_id: int) -> list[int]:
    """What has replaced a submission, one after the other: photos that came late belong to these too."""
    found: list[int] = []
    following = sa.select(Submission.replaced_by_id).where(Submission.id == sa.bindparam("submission"))
    newer = connection.scalar(following, {"submission": submission_id})
    while newer is not None and newer not in found:
        found.append(newer)
        newer = connection.scalar(following, {"submission": newer})
    return found


def _lacking(
    connection: sa.Connection, submission_id: int, late: Sequence[attachments.Blob]
) -> list[attachments.Blob]:
    """The late files that an edit names too and has not got."""
    row = sa.select(Submission.missing_files).where(Submission.id == submission_id).with_for_update()
    lacks = set(connection.scalar(row) or ())
    return [blob for blob in late if blob.name in lacks]


def _late(
    connection: sa.Connection, stored: StoredSubmission, blobs: Sequence[attachments.Blob]
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


def _missing(connection: sa.Connection, submission_id: int, late: Sequence[attachments.Blob]) -> Row:
    """What a submission still misses once these files are there."""
    query = sa.select(Submission.missing_files, Submission.flags).where(Submission.id == submission_id)
    row = connection.execute(query).one()
    missing = set(row.missing_files or ()) - {blob.name for blob in late}
    flags = [*(row.flags or ()), *broken(late)]
    return {"id": submission_id, "missing_files": sorted(missing) or None, "flags": flags or None}


def broken(blobs: Sequence[attachments.Blob]) -> list[dict[str, str]]:
    """A flag for each photo of which only a part could be read, or nothing could be kept."""
    return [
        {"code": "photo_refused" if blob.is_refused else "photo_broken", "about": blob.name, "detail": ""}
        for blob in blobs
        if blob.is_broken
    ]


def attachment_rows(
    submission_id: int, blobs: Sequence[attachments.Blob], received_at: dt.datetime
) -> list[Row]:
    """Rows for files whose bytes are already on disk."""
    return [
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
