"""Looks at visits after they have arrived, in the background: doubts that need other visits to be seen."""

import datetime as dt
import logging
import statistics
import threading
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app

from forms.definition import NONE, Definition
from geo import quality
from geo.quality import Doubt
from server import clock
from server.db import db
from server.models import Form, Interview, Submission
from server.registry import registry
from server.settings import Settings

log = logging.getLogger(__name__)

PART = 50
"""Visits that are looked at in one transaction: few, since on SQLite nobody else writes meanwhile."""
LOOKED_BACK = 5_000
"""How many of the newest submissions are looked through for those that committed late."""
TYPICAL_OF = 200
"""Interviews whose median is how long a form usually takes."""
COPIED_WITHIN = dt.timedelta(days=7)

_COMPARED = frozenset({"select_one", "select_multiple", "integer", "decimal", "text"})

_NEW = (
    sa.select(
        Submission.id,
        Submission.form_id,
        Form.form_id.label("form"),
        Submission.version,
        Submission.collector_id,
        Submission.entity_id,
        Submission.result,
        Submission.quarantine,
        Submission.latitude,
        Submission.longitude,
        Submission.observed_at,
        Submission.answers,
        Submission.flags,
    )
    .join(Form, Form.id == Submission.form_id)
    .where(
        Submission.id > sa.bindparam("after"),
        ~sa.exists().where(Interview.submission_id == Submission.id),
    )
    .order_by(Submission.id)
    .limit(PART)
)
_NEWEST = sa.select(sa.func.coalesce(sa.func.max(Interview.submission_id), 0))
_ADD = sa.insert(Interview)
_CHECKING = sa.select(sa.func.pg_try_advisory_xact_lock(sa.literal_column("7462")))
_DURATIONS = (
    sa.select(Interview.seconds)
    .where(Interview.form_id == sa.bindparam("form"), Interview.seconds > 0)
    .order_by(Interview.submission_id.desc())
    .limit(TYPICAL_OF)
)
_THERE = sa.select(sa.func.count(sa.distinct(Interview.entity_id))).where(
    Interview.collector_id == sa.bindparam("collector"),
    Interview.day == sa.bindparam("day"),
    Interview.cell == sa.bindparam("cell"),
    Interview.entity_id != sa.bindparam("entity"),
)
_ALIKE = sa.select(sa.func.count(sa.distinct(Interview.entity_id))).where(
    Interview.collector_id == sa.bindparam("collector"),
    Interview.day >= sa.bindparam("since"),
    Interview.day <= sa.bindparam("day"),
    Interview.form_id == sa.bindparam("form"),
    Interview.digest == sa.bindparam("digest"),
    Interview.entity_id != sa.bindparam("entity"),
)


@dataclass(frozen=True)
class _Seen:
    """What one visit says of itself."""

    seconds: int | None = None
    cell: str | None = None
    digest: bytes | None = None
    clock: Doubt | None = None


def start(app: Flask) -> threading.Thread | None:
    """Begin to look every `check_seconds`; None where the settings leave it to `flask submissions check`."""
    seconds = app.config["SETTINGS"].check_seconds
    if not seconds:
        return None
    thread = threading.Thread(target=_run, args=(app, seconds), name="check", daemon=True)
    thread.start()
    return thread


def _run(app: Flask, seconds: int) -> None:
    pause = threading.Event()
    while not pause.wait(seconds):
        with app.app_context():
            once()


def once() -> int:
    """Look at all that has arrived, a part a transaction; how many visits. A busy database is tried again later."""
    looked_at = 0
    try:
        while part := _part():
            looked_at += part
    except sa.exc.OperationalError as error:
        log.warning("visits were not checked: %s", error.orig)
    return looked_at


def _part() -> int:
    with db.engine.connect().execution_options(writes=True) as connection:
        if connection.dialect.name == "postgresql" and not connection.scalar(_CHECKING):
            return 0
        after = (connection.scalar(_NEWEST) or 0) - LOOKED_BACK
        rows = connection.execute(_NEW, {"after": after}).all()
        seen = [_seen(row) for row in rows]
        typical = {
            form: _typical(
                connection,
                form,
                [each.seconds for row, each in zip(rows, seen, strict=True) if row.form_id == form],
            )
            for form in {row.form_id for row in rows}
        }
        for row, each in zip(rows, seen, strict=True):
            _look(connection, row, each, typical[row.form_id])
        connection.commit()
        return len(rows)


def _typical(connection: sa.Connection, form_id: int, fresh: Sequence[int | None]) -> int | None:
    """What a form usually takes, by the newest interviews; None while there are too few to tell."""
    earlier = connection.scalars(_DURATIONS, {"form": form_id}).all()
    found = [seconds for seconds in (*earlier, *fresh) if seconds]
    return round(statistics.median(found)) if len(found) >= quality.TYPICAL_NEEDS else None


def _look(connection: sa.Connection, row: Any, seen: _Seen, typical: int | None) -> None:
    """Compare one visit with the others, raise its flags, and keep what later ones are compared with."""
    day = clock.day_of(row.observed_at)
    doubts = [doubt for doubt in _doubts(connection, row, seen, day, typical) if doubt is not None]
    if doubts:
        flags = [*(row.flags or ()), *(asdict(doubt) for doubt in doubts)]
        connection.execute(sa.update(Submission).where(Submission.id == row.id).values(flags=flags))
    kept = {
        "submission_id": row.id, "form_id": row.form_id, "collector_id": row.collector_id,
        "entity_id": row.entity_id, "day": day,
        "seconds": seen.seconds, "cell": seen.cell, "digest": seen.digest,
    }  # fmt: skip
    connection.execute(_ADD, kept)


def _doubts(
    connection: sa.Connection, row: Any, seen: _Seen, day: dt.date, typical: int | None
) -> list[Doubt | None]:
    settings: Settings = current_app.config["SETTINGS"]
    found = [seen.clock, quality.too_short(seen.seconds, typical, settings.short_visit_seconds)]
    if row.entity_id is None or row.collector_id is None:
        return found
    about = {"collector": row.collector_id, "day": day, "entity": row.entity_id}
    if seen.cell is not None:
        there = connection.scalar(_THERE, {**about, "cell": seen.cell}) or 0
        found.append(quality.crowded(there + 1, settings.same_point_households))
    if seen.digest is not None:
        copied = {"since": day - COPIED_WITHIN, "form": row.form_id, "digest": seen.digest}
        alike = connection.scalar(_ALIKE, {**about, **copied}) or 0
        found.append(quality.repeated(alike, settings.same_answers))
    return found


def _seen(row: Any) -> _Seen:
    """Nothing of what was set aside, or could not be read: a person decides on it anyway."""
    form = registry().form(row.form)
    version = registry().version(form, row.version) if form else None
    if version is None or row.quarantine is not None or not row.answers:
        return _Seen()
    definition = version.definition
    begun, ended = (_time(row.answers, path) for path in (definition.start_path, definition.end_path))
    met = row.result in (None, "gap")
    has_times = begun is not None and ended is not None and ended >= begun
    return _Seen(
        seconds=round((ended - begun).total_seconds()) if met and has_times and begun and ended else None,
        cell=_cell(row) if definition.about_households else None,
        digest=quality.fingerprint(_compared(row.answers, definition)) if met else None,
        clock=quality.backwards(begun, ended),
    )


def _cell(row: Any) -> str | None:
    if row.latitude is None or row.longitude is None:
        return None
    return f"{row.latitude:.3f} {row.longitude:.3f}"


def _time(answers: Mapping[str, Any], path: str | None) -> dt.datetime | None:
    try:
        moment = dt.datetime.fromisoformat(str(answers.get(path or "")))
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None


def _compared(answers: Mapping[str, Any], definition: Definition) -> dict[str, Any]:
    """What was asked and answered: not which household, thôn or place, no times, no points, nothing personal."""
    asked = {
        each.path
        for each in definition.fields
        if each.kind in _COMPARED and not each.choices_file and each.sensitivity == NONE and each.labels
    }
    return {path: answer for path, answer in answers.items() if path in asked}
