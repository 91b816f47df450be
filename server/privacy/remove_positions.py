"""Takes the positions out of stored submissions, for a household that no longer agrees to their being kept."""

import sqlalchemy as sa

from forms.instance import answers
from forms.rounded_points import emptied
from server.counting import noted_changes, writer_lock
from server.files import attachments
from server.models import Attachment, Interview, Submission
from server.privacy.erase import Doomed
from server.published_forms.read_submission import understand

_STORED = sa.select(Submission.id, Submission.xml)


def forget_positions(connection: sa.Connection, doomed: Doomed) -> set[bytes]:
    """Empty every point in these submissions; the files that nobody needs then. In the caller's transaction.

    Collect's log of a form filled in repeats the points and goes as a whole.
    """
    writer_lock.hold(connection)
    ids = list(doomed.submissions)
    for row in connection.execute(_STORED.where(Submission.id.in_(ids))).all():
        reading = understand(bytes(row.xml))
        values: dict[str, object] = {"latitude": None, "longitude": None, "accuracy": None}
        if reading.version is not None and not reading.instance.encrypted:
            bare = emptied(reading.instance, reading.version.definition)
            values |= {"xml": bare.xml, "answers": answers(bare, reading.version.definition)}
        connection.execute(sa.update(Submission).where(Submission.id == row.id).values(**values))
    noted_changes.note(connection, ids)
    connection.execute(sa.update(Interview).where(Interview.submission_id.in_(ids)).values(cell=None))
    return _drop_logs(connection, ids)


def _drop_logs(connection: sa.Connection, ids: list[int]) -> set[bytes]:
    logs = sa.and_(
        Attachment.submission_id.in_(ids), sa.func.lower(Attachment.name) == attachments.AUDIT_FILE
    )
    hashes = set(connection.scalars(sa.select(Attachment.stored_sha256).where(logs)))
    connection.execute(sa.delete(Attachment).where(logs))
    needed = sa.select(Attachment.stored_sha256).where(Attachment.stored_sha256.in_(hashes))
    return hashes - set(connection.scalars(needed))
