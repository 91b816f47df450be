"""The one way an answer enters: understood, its files on disk, one durable row of the log; applied afterwards."""

import dataclasses
from collections.abc import Sequence

import sqlalchemy as sa

from server import clock
from server.db import db, single_statements
from server.errors import CommonProblem, Problem
from server.files import attachments
from server.files.attachments import Upload
from server.intake import (
    catch_up,
    edited_submission,
    read_for_sender,
    receipt_sentences,
    resent_submission,
    submission_log,
)
from server.intake.edited_submission import Edited
from server.intake.intake_problems import IntakeProblem
from server.intake.submission_log import Kept, MetSubmission, Sent
from server.intake.submission_sender import Sender
from server.models import Submission, Tombstone
from server.models.privacy import of_points
from server.phones.phone_problems import PhoneProblem
from server.published_forms.read_submission import SubmissionReading

_TO_ADD_TO = sa.select(
    Submission.id, Submission.sha256, Submission.collector_id, Submission.village_id, Submission.xml
).where(Submission.instance_id == sa.bindparam("instance_id"))
_WITHDRAWN = sa.select(sa.literal(True)).where(sa.exists().where(Tombstone.key == sa.bindparam("key")))


@dataclasses.dataclass(frozen=True)
class Receipt:
    """What the phone is told; `new` where something was stored that was not there (201, else 202)."""

    submission_id: int
    new: bool
    sentence: str


_GONE = Receipt(0, False, receipt_sentences.DELETED)
"""What a phone is told that sends again what was deleted: it may delete its copy too (R22)."""


def accept(xml: bytes, uploads: Sequence[Upload], sender: Sender) -> Receipt:
    """Receive a submission durably: when this returns, a phone may delete its copy (C37).

    Raises Problem for what the collector can cure; anything else is kept and flagged (C39). Of twins that arrive at
    once one is kept, the other is told that it is there (C46). What it changes follows when the log is applied
    (`apply_batch.py`); a reader who must see that waits in `catch_up.py`.
    """
    sent = read(xml, uploads, sender)
    return keep(sent) if isinstance(sent, Sent) else sent


def add_file(instance_id: str, upload: Upload, sender: Sender) -> Receipt:
    """Receive durably a file that a submission names and that is sent by itself, after it (O6).

    Problem NOT_FOUND where there is none to which this sender may add, FILE_UNKNOWN for what it does not name.
    """
    with single_statements().connect() as connection:
        row = connection.execute(_TO_ADD_TO, {"instance_id": instance_id}).first()
    if row is None:
        raise Problem(CommonProblem.NOT_FOUND)
    stored = resent_submission.StoredSubmission(row.id, row.sha256, row.collector_id, row.village_id)
    if not stored.takes_from(sender):
        raise Problem(CommonProblem.NOT_FOUND)
    # what is kept may be redacted; it stands for the bytes that came
    reading = dataclasses.replace(read_for_sender.understood(bytes(row.xml), sender), sha256=row.sha256)
    if upload.name not in reading.files:
        raise Problem(CommonProblem.FILE_UNKNOWN, name=upload.name[:80])
    blobs = [
        attachments.store(each, cut_points=reading.cuts_points, sealed=reading.instance.encrypted)
        for each in _without_log([upload], reading)
    ]
    again = resent_submission.again(stored, reading, blobs, clock.now(), sender)
    return Receipt(stored.id, again.new, again.sentence)


def read(xml: bytes, uploads: Sequence[Upload], sender: Sender) -> Sent | Receipt:
    """Understand a submission and put its files on disk; the receipt where that is already all. Problems as above."""
    reading = read_for_sender.understood(xml, sender)
    if uploads and (refused := _foresee(Sent(reading, (), sender))):
        return refused
    uploads = _without_log(uploads, reading)
    sealed = reading.instance.encrypted
    blobs = tuple(
        attachments.store(upload, cut_points=reading.cuts_points, sealed=sealed) for upload in uploads
    )
    sent = Sent(reading, blobs, sender)
    if reading.instance.deprecated_id is not None:
        met = _met(sent)
        if met.stored is not None or met.is_buried:
            return _not_kept(sent, met)
        _refuse(met, sent)
        sent = _as_edit(sent, _edited(sent))
    return sent


def keep(sent: Sent) -> Receipt:
    """Add it to the log, durably; else meet what is there already. Problem where it may not be kept."""
    kept = submission_log.keep([sent])[0]
    return _receipt(kept) or _not_kept(sent, kept.met)


def may_be_kept_together(sent: Sent) -> bool:
    """Whether several of its kind are added by one statement: files have a transaction of theirs, edits an order."""
    return not sent.blobs and sent.edited is None


def keep_together(sents: Sequence[Sent]) -> list[Receipt | None]:
    """Add all these by one statement; None for each that is to be kept alone, which may take longer or raise a Problem.

    So does an outage, which each of them is told in its own words.
    """
    try:
        results = submission_log.keep_each(sents)
    except sa.exc.OperationalError:
        return [None] * len(sents)
    return [_receipt(each) if isinstance(each, Kept) else None for each in results]


def _receipt(kept: Kept) -> Receipt | None:
    """What a phone is told whose submission was kept now; None where it was not."""
    if kept.id is None:
        return None
    catch_up.wake()
    return Receipt(kept.id, True, receipt_sentences.thanks(kept.quarantine))


def _not_kept(sent: Sent, met: MetSubmission) -> Receipt:
    """Why it is not in the log anew: it is there already, or may not be."""
    if met.stored is None:
        _refuse(met, sent)
        if met.is_buried:
            return _GONE
        met = _met(sent)  # another process added its twin a moment ago
    if met.stored is None:
        raise Problem(CommonProblem.UNAVAILABLE)
    again = resent_submission.again(met.stored, sent.reading, sent.blobs, clock.now(), sent.sender)
    return Receipt(met.stored.id, again.new, again.sentence)


def _met(sent: Sent) -> MetSubmission:
    with single_statements().connect() as connection:
        return submission_log.look(connection, [sent])[0]


def _refuse(met: MetSubmission, sent: Sent) -> None:
    """Problem where the sender may send no more; what they have sent may still be corrected."""
    if met.is_revoked and sent.sender.person is None:
        raise Problem(PhoneProblem.KEY_UNKNOWN)


def _foresee(sent: Sent) -> Receipt | None:
    """Refuse what is going to be refused before its photos are on disk, where they would be nobody's (C45).

    The receipt of what was deleted is given at once.
    """
    met = _met(sent)
    _refuse(met, sent)
    if met.stored is not None and met.stored.sha256 != sent.reading.sha256:
        raise Problem(IntakeProblem.SUBMISSION_CONFLICT)
    return _GONE if met.is_buried else None


def _edited(sent: Sent) -> Edited:
    """What an edit replaces, all earlier ones applied."""
    catch_up.caught_up()
    with db.engine.connect() as connection:
        return edited_submission.edited(connection, sent.reading, sent.sender.collector_id)


def _as_edit(sent: Sent, edited: Edited) -> Sent:
    """With the files that came with the one that it replaces: phones do not send them again (C43).

    None where they are sealed: each submission has a key of its own, under which no other's files open (C44).
    """
    carried = () if sent.reading.instance.encrypted else edited.carried(sent.reading.files, sent.blobs)
    return dataclasses.replace(sent, blobs=(*sent.blobs, *carried), edited=edited)


def _without_log(uploads: Sequence[Upload], reading: SubmissionReading) -> Sequence[Upload]:
    """Without Collect's log, which repeats positions, where the household no longer agrees to their being kept."""
    if not any(_is_log(upload) for upload in uploads):
        return uploads
    with single_statements().connect() as connection:
        withdrawn = connection.scalar(_WITHDRAWN, {"key": of_points(reading.instance.instance_id)})
    return [upload for upload in uploads if not (withdrawn and _is_log(upload))]


def _is_log(upload: Upload) -> bool:
    return upload.name.lower() == attachments.AUDIT_FILE
