"""Collect's log of each visit (`audit.csv`) as figures: read in the background once it has come, told on a page."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from flask import current_app

from forms import fill_log
from forms.definition import Definition
from forms.engine.xform import XForm
from geo import visit_doubts
from geo.visit_doubts import Doubt
from server.db import db
from server.files import attachments, blobs
from server.models import Attachment, FillLogFigures, FormVersion, Submission
from server.review.answer_words import Vocabulary
from server.settings import Settings

PART = 50
"""Logs that are read in one transaction."""
LOOKED_BACK = 2_000
"""How many of the newest files are looked through for those that committed late."""
TYPICAL_OF = 200
MANY_LATE = 3
"""So many answers changed after the end was reached are told; one or two is a collector who looks over their work."""
SLOWEST = 12
"""Questions of which the page shows the time."""
_KEPT = 200
"""Questions of which times are stored with a visit."""
_SEEN = "tungnha.fill_logs"

_NEW = (
    sa.select(
        Attachment.id,
        Attachment.submission_id,
        Attachment.stored_sha256,
        Submission.form_id,
        Submission.result,
        Submission.root_id,
        Submission.quarantine,
        Submission.replaced_by_id,
    )
    .join(Submission, Submission.id == Attachment.submission_id)
    .where(
        Attachment.id > sa.bindparam("after"),
        sa.func.lower(Attachment.name) == attachments.AUDIT_FILE,
        Submission.facts.is_(sa.null()),  # not those about to be applied
        ~sa.exists().where(FillLogFigures.submission_id == Attachment.submission_id),
    )
    .order_by(Attachment.id)
    .limit(PART)
)
_READING = sa.select(sa.func.pg_try_advisory_xact_lock(sa.literal_column("7469")))
_NEWEST = sa.select(sa.func.coalesce(sa.func.max(Attachment.id), 0))
_READ_UNTIL = sa.select(sa.func.coalesce(sa.func.max(FillLogFigures.attachment_id), 0))
_TIMES = (
    sa.select(FillLogFigures.active_seconds)
    .where(FillLogFigures.form_id == sa.bindparam("form"), FillLogFigures.active_seconds > 0)
    .order_by(FillLogFigures.submission_id.desc())
    .limit(TYPICAL_OF)
)
_FLAGS = sa.select(Submission.flags).where(Submission.id == sa.bindparam("submission")).with_for_update()


@dataclass(frozen=True)
class QuestionTime:
    """How long a question, or a screen of several, stood open, in seconds."""

    question: str
    seconds: int
    times: int


@dataclass(frozen=True)
class ToldLog:
    """A visit's log as its page tells it."""

    active_seconds: int
    slowest: tuple[QuestionTime, ...]
    changed_late: tuple[str, ...] | None
    """Questions changed after the end was reached; None where the form does not log that."""
    sessions: int
    backwards: int


def read_part() -> int:
    """Read the logs that have come, one part in a transaction; how many. What is no log is noted as read.

    They are read before the transaction that writes: a log may be long, and its store slow. What comes meanwhile is
    looked at the next time.
    """
    with db.engine.connect() as connection:
        if not _has_turn(connection):
            return 0
        newest = int(connection.scalar(_NEWEST) or 0)
        waiting = {row.id: bytes(row.stored_sha256) for row in _new(connection)}
    found = {key: fill_log.read(blobs.get_readable(sha256) or b"") for key, sha256 in waiting.items()}
    kept = _keep(found) if found else 0
    if kept == len(waiting) < PART:
        current_app.extensions[_SEEN] = newest
    return kept


def _keep(found: Mapping[int, fill_log.FillLog | None]) -> int:
    """Store what these logs say, by the number of their file, but for those that another process has stored."""
    with db.engine.connect().execution_options(writes=True) as connection:
        rows = [row for row in _new(connection) if row.id in found] if _has_turn(connection) else []
        for row in rows:
            read = found[row.id]
            if read is not None:
                _flag(connection, row, _doubts(connection, row, read))
            connection.execute(sa.insert(FillLogFigures).values(_figures(row, read)))
        connection.commit()
    return len(rows)


def _has_turn(connection: sa.Connection) -> bool:
    """Whether no other process reads logs until this transaction ends."""
    return connection.dialect.name != "postgresql" or bool(connection.scalar(_READING))


def _new(connection: sa.Connection) -> Sequence[Any]:
    """The next logs that nobody has read."""
    return connection.execute(_NEW, {"after": _after(connection)}).all()


def _after(connection: sa.Connection) -> int:
    """From which file on logs may be unread: where this process has come to, else the last that anybody read."""
    seen = current_app.extensions.get(_SEEN)
    return int(seen if seen is not None else connection.scalar(_READ_UNTIL) or 0) - LOOKED_BACK


def _figures(row: Any, found: fill_log.FillLog | None) -> dict[str, Any]:
    known: dict[str, Any] = {}
    if found is not None:
        late = found.changed_late
        known = {
            "active_seconds": round(found.active_ms / 1000),
            "questions": [[each.path, each.milliseconds, each.times] for each in found.questions[:_KEPT]],
            "changed_late": list(late[:_KEPT]) if late is not None else None,
            "sessions": found.sessions,
            "backwards": found.backwards,
        }
    return {
        "submission_id": row.submission_id, "attachment_id": row.id, "form_id": row.form_id, **known,
    }  # fmt: skip


def _doubts(connection: sa.Connection, row: Any, found: fill_log.FillLog) -> list[dict[str, str]]:
    """Of a first visit that counts: an edit has the log of the visit that it says anew."""
    if row.quarantine is not None or row.replaced_by_id is not None or row.root_id is not None:
        return []
    settings: Settings = current_app.config["SETTINGS"]
    told = []
    times = [*connection.scalars(_TIMES, {"form": row.form_id}), round(found.active_ms / 1000)]
    if row.result in (None, "gap") and len(times) > visit_doubts.TYPICAL_NEEDS:
        short = visit_doubts.too_short(
            times[-1], round(statistics.median(times)), settings.short_visit_seconds
        )
        told += [Doubt("log_short", short.about, short.detail)] if short else []
    if found.changed_late is not None and len(found.changed_late) >= MANY_LATE:
        told.append(Doubt("changed_late", str(len(found.changed_late))))
    return [{"code": each.code, "about": each.about, "detail": each.detail} for each in told]


def _flag(connection: sa.Connection, row: Any, told: Sequence[Mapping[str, str]]) -> None:
    if told:
        before = connection.scalar(_FLAGS, {"submission": row.submission_id}) or []
        these = sa.update(Submission).where(Submission.id == row.submission_id)
        connection.execute(these.values(flags=[*before, *told]))


def of_visit(submission_id: int, version_id: int | None) -> ToldLog | None:
    """What the log of a visit says, in the words of its form; None where it has none that could be read."""
    row = db.session.get(FillLogFigures, submission_id)
    if row is None or row.active_seconds is None:
        return None
    word = _words(version_id)
    return ToldLog(
        row.active_seconds,
        tuple(
            QuestionTime(word(path), round(ms / 1000), times)
            for path, ms, times in (row.questions or ())[:SLOWEST]
        ),
        tuple(map(word, row.changed_late)) if row.changed_late is not None else None,
        row.sessions or 0,
        row.backwards or 0,
    )


def _words(version_id: int | None) -> Any:
    """What a path is called: the label of its question or group, else its name."""
    stored = db.session.execute(
        sa.select(FormVersion.definition, FormVersion.xform).where(FormVersion.id == version_id)
    ).one_or_none()
    if stored is None:
        return lambda path: path.rpartition("/")[2]
    definition, groups = Definition.from_json(stored.definition), XForm(stored.xform).groups
    vocabulary = Vocabulary(definition, groups, {})

    def word(path: str) -> str:
        name = path.rpartition("/")[2]
        known = definition.by_path.get(path)
        labels = known.labels if known is not None else groups.get(path, {})
        return vocabulary.word(labels, name)

    return word
