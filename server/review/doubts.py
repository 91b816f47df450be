"""Looks at visits after they have arrived, in the background: doubts that need other visits to be seen."""

import datetime as dt
import logging
import statistics
import threading
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import sqlalchemy as sa
from flask import Flask, current_app

from forms.definition import NONE, Definition
from geo import visit_doubts
from geo.visit_doubts import Doubt
from server import background, clock
from server.counting import writer_lock
from server.db import db
from server.models import Form, Interview, Submission
from server.review import fill_log_figures, form_checks, held_shares, rule_remarks, unknown_answers
from server.settings import Settings

log = logging.getLogger(__name__)

PART = {"sqlite": 50, "postgresql": 200}
"""Visits that are looked at in one transaction: on SQLite few, since nobody else writes meanwhile."""
LOOKED_BACK = 5_000
"""How many of the newest submissions are looked through for those that committed late."""
TYPICAL_OF = 200
"""Interviews whose median is how long a form usually takes."""
COPIED_WITHIN = dt.timedelta(days=7)

_NOTHING: Mapping[str, bool] = {}
_COMPARED = frozenset({"select_one", "select_multiple", "integer", "decimal", "text"})

_NEW = (
    sa.select(
        Submission.id,
        Submission.instance_id,
        Submission.received_at,
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
        Submission.review,
        Submission.replaced_by_id,
    )
    .join(Form, Form.id == Submission.form_id)
    .where(
        Submission.id > sa.bindparam("after"),
        sa.or_(
            Submission.facts.is_(sa.null()), Submission.failure.is_not(None)
        ),  # not those about to be applied
        ~sa.exists().where(
            Interview.submission_id == Submission.id,
            Interview.submission_id
            > sa.bindparam("after"),  # or all interviews are merged with the few visits
        ),
    )
    .order_by(Submission.id)
    .limit(sa.bindparam("most", type_=sa.Integer))
)
_NEWEST = sa.select(sa.func.coalesce(sa.func.max(Interview.submission_id), 0))
_ADD = (
    sa.insert(Interview)
    .inline()
    .values({column.name: sa.bindparam(column.name) for column in Interview.__table__.columns})
)
_CHECKING = sa.select(sa.func.pg_try_advisory_xact_lock(sa.literal_column("7462")))
_DURATIONS = (
    sa.select(Interview.seconds)
    .where(Interview.form_id == sa.bindparam("form"), Interview.seconds > 0)
    .order_by(Interview.submission_id.desc())
    .limit(TYPICAL_OF)
)
_NEAR = sa.select(
    Interview.collector_id,
    Interview.day,
    Interview.form_id,
    Interview.cell,
    Interview.digest,
    Interview.entity_id,
).where(
    Interview.collector_id.in_(sa.bindparam("collectors", expanding=True)),
    Interview.day >= sa.bindparam("since"),
    Interview.day <= sa.bindparam("until"),
    sa.or_(
        Interview.cell.in_(sa.bindparam("cells", expanding=True)),
        Interview.digest.in_(sa.bindparam("digests", expanding=True)),
    ),
)
"""What the visits of a part have to be compared with, read once for all of them."""


@dataclass(frozen=True)
class _Seen:
    """What one visit says of itself."""

    seconds: int | None = None
    cell: str | None = None
    digest: bytes | None = None
    clock: Doubt | None = None
    own: tuple[dict[str, Any], ...] = ()
    """What its form's own checks note with it."""
    checked: Mapping[str, bool] | None = None
    """Each check of its form by which it was looked at, and whether it is doubtful."""
    unknown: int | None = None
    """How many of `could_be` are "không biết"."""
    could_be: int | None = None
    """How many questions were answered of those that offer it; None where nobody was met."""


@dataclass(frozen=True)
class _Looked:
    """A visit, what it says of itself, and its day (UTC+7)."""

    row: Any
    seen: _Seen
    day: dt.date

    @property
    def kept(self) -> dict[str, Any]:
        """What later visits are compared with."""
        row, seen = self.row, self.seen
        return {
            "submission_id": row.id, "form_id": row.form_id, "collector_id": row.collector_id,
            "entity_id": row.entity_id, "day": self.day,
            "seconds": seen.seconds, "cell": seen.cell, "digest": seen.digest,
            "checked": dict(seen.checked) if seen.checked else None,
            "unknown": seen.unknown, "could_be_unknown": seen.could_be,
        }  # fmt: skip


class _Others:
    """Households that a collector visited at each point on each day, and those where they wrote the same answers."""

    def __init__(self) -> None:
        self._there: dict[tuple[Any, ...], set[uuid.UUID]] = {}
        self._alike: dict[tuple[Any, ...], set[tuple[dt.date, uuid.UUID]]] = {}

    def note(
        self,
        collector: int | None,
        day: dt.date,
        form: int,
        cell: str | None,
        digest: bytes | None,
        entity: uuid.UUID | None,
    ) -> None:
        if entity is None:
            return
        if cell is not None:
            self._there.setdefault((collector, day, cell), set()).add(entity)
        if digest is not None:
            self._alike.setdefault((collector, form, bytes(digest)), set()).add((day, entity))

    def add(self, looked: _Looked) -> None:
        row, seen = looked.row, looked.seen
        self.note(row.collector_id, looked.day, row.form_id, seen.cell, seen.digest, row.entity_id)

    def there(self, looked: _Looked) -> int:
        """Other households at its point on its day."""
        found = self._there.get((looked.row.collector_id, looked.day, looked.seen.cell), set())
        return len(found - {looked.row.entity_id})

    def alike(self, looked: _Looked) -> int:
        """Other households with its answers, up to a week before it."""
        found = self._alike.get((looked.row.collector_id, looked.row.form_id, looked.seen.digest), set())
        since = looked.day - COPIED_WITHIN
        return len({entity for day, entity in found if since <= day <= looked.day} - {looked.row.entity_id})


def start(app: Flask) -> threading.Thread | None:
    """Begin to look every `check_seconds`; None where the settings leave it to `flask submissions check`."""
    return background.every(app.config["SETTINGS"].check_seconds, once, app, "check")


def once() -> int:
    """Look at all that has arrived, a part a transaction; how many visits.

    A busy database is tried again later, and so is a part of which a visit was deleted meanwhile.
    """
    looked_at = 0
    try:
        while part := _part():
            looked_at += part
        while fill_log_figures.read_part() == fill_log_figures.PART:
            pass
    except (sa.exc.OperationalError, sa.exc.IntegrityError) as error:
        log.warning("visits were not checked: %s", error.orig)
    return looked_at


def _part() -> int:
    checked = _by_own_checks()
    if not checked:
        return 0
    with db.engine.connect().execution_options(writes=True) as connection:
        rows = [row for row in _new(connection) if row.id in checked]
        if not rows:
            return 0
        looked = _looked(rows, checked)
        typical = {
            form: _typical(
                connection, form, [each.seen.seconds for each in looked if each.row.form_id == form]
            )
            for form in {row.form_id for row in rows}
        }
        others = _others(connection, looked)
        asked = rule_remarks.wanted(connection, [(each.row, each.seen.own) for each in looked])
        if asked:
            writer_lock.hold(connection)  # before any row is locked
        held = held_shares.drawn(connection, rows)
        for each in looked:
            by_chance = Doubt(held_shares.FLAG) if each.row.id in held else None
            _flag(connection, each, [*_doubts(each, others, typical[each.row.form_id]), by_chance])
            others.add(each)
        connection.execute(_ADD, [each.kept for each in looked])
        for question in asked:
            rule_remarks.send(connection, question)
        connection.commit()
        return len(rows)


def _by_own_checks() -> dict[int, Mapping[str, bool]]:
    """By each visit that waits, what its form's own checks say: worked out while others write, however long."""
    with db.engine.connect() as connection:
        rows = _new(connection)
        return dict.fromkeys((row.id for row in rows), _NOTHING) | form_checks.met(connection, rows)


def _new(connection: sa.Connection) -> Sequence[Any]:
    """The next visits that nobody has looked at; none where another process is at it."""
    if connection.dialect.name == "postgresql" and not connection.scalar(_CHECKING):
        return ()
    return _unlooked(connection, PART[connection.dialect.name]).all()


def _unlooked(connection: sa.Connection, most: int) -> sa.CursorResult[Any]:
    after = (connection.scalar(_NEWEST) or 0) - LOOKED_BACK
    return connection.execute(_NEW, {"after": after, "most": most})


def oldest_unlooked(connection: sa.Connection) -> dt.datetime | None:
    """Since when the first of the visits waits that nobody has looked at."""
    first = _unlooked(connection, most=1).first()
    return first.received_at if first is not None else None


def _typical(connection: sa.Connection, form_id: int, fresh: Sequence[int | None]) -> int | None:
    """What a form usually takes, by the newest interviews; None while there are too few to tell."""
    earlier = connection.scalars(_DURATIONS, {"form": form_id}).all()
    found = [seconds for seconds in (*earlier, *fresh) if seconds]
    return round(statistics.median(found)) if len(found) >= visit_doubts.TYPICAL_NEEDS else None


def _others(connection: sa.Connection, looked: Sequence[_Looked]) -> _Others:
    """The earlier visits of the same collectors at the same points, or with the same answers."""
    others = _Others()
    about = [each for each in looked if each.row.collector_id is not None]
    if about:
        days = [each.day for each in about]
        values = {
            "collectors": {each.row.collector_id for each in about},
            "since": min(days) - COPIED_WITHIN,
            "until": max(days),
            "cells": {each.seen.cell for each in about} - {None},
            "digests": {each.seen.digest for each in about} - {None},
        }
        plain = {name: sorted(value) if isinstance(value, set) else value for name, value in values.items()}
        for row in connection.execute(_NEAR, plain):
            others.note(*row)
    return others


def _flag(connection: sa.Connection, looked: _Looked, doubts: Sequence[Doubt | None]) -> None:
    found = [*(asdict(doubt) for doubt in doubts if doubt is not None), *looked.seen.own]
    if found:
        flags = [*(looked.row.flags or ()), *found]
        connection.execute(sa.update(Submission).where(Submission.id == looked.row.id).values(flags=flags))


def _doubts(looked: _Looked, others: _Others, typical: int | None) -> list[Doubt | None]:
    settings: Settings = current_app.config["SETTINGS"]
    row, seen = looked.row, looked.seen
    found = [seen.clock, visit_doubts.too_short(seen.seconds, typical, settings.short_visit_seconds)]
    if row.entity_id is None or row.collector_id is None:
        return found
    if seen.cell is not None:
        found.append(visit_doubts.crowded(others.there(looked) + 1, settings.same_point_households))
    if seen.digest is not None:
        found.append(visit_doubts.repeated(others.alike(looked), settings.same_answers))
    return found


@dataclass(frozen=True)
class _Asked:
    """What a version of a form asks: the questions that are compared, and those that offer "không biết"."""

    compared: frozenset[str]
    offering: frozenset[str] = field(default=frozenset())


def _looked(rows: Sequence[Any], doubtful: Mapping[int, Mapping[str, bool]]) -> list[_Looked]:
    asked: dict[int, _Asked] = {}
    return [
        _Looked(row, _seen(row, asked, doubtful.get(row.id)), clock.day_of(row.observed_at)) for row in rows
    ]


def _seen(row: Any, asked: dict[int, _Asked], doubtful: Mapping[str, bool] | None) -> _Seen:
    """Nothing of what was set aside, or could not be read: a person decides on it anyway.

    `asked` keeps what each version of a form asks, for the next row.
    """
    version = form_checks.version_of(row)
    if version is None:
        return _Seen()
    definition = version.definition
    if version.id not in asked:
        asked[version.id] = _Asked(_asked(definition), unknown_answers.offering(definition))
    begun, ended = (_time(row.answers, path) for path in (definition.start_path, definition.end_path))
    met = row.result in (None, "gap")
    has_times = begun is not None and ended is not None and ended >= begun
    unknown, could_be = unknown_answers.counted(row.answers, asked[version.id].offering)
    return _Seen(
        seconds=round((ended - begun).total_seconds()) if met and has_times and begun and ended else None,
        cell=_cell(row) if definition.about_households else None,
        digest=visit_doubts.fingerprint(_compared(row.answers, asked[version.id].compared)) if met else None,
        clock=visit_doubts.backwards(begun, ended),
        own=tuple(form_checks.flags(definition, doubtful or {})),
        checked=doubtful,
        unknown=unknown if met else None,
        could_be=could_be if met else None,
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


def _asked(definition: Definition) -> frozenset[str]:
    """What is asked and answered: not which household, thôn or place, no times, no points, nothing personal."""
    return frozenset(
        each.path
        for each in definition.fields
        if each.kind in _COMPARED and not each.choices_file and each.sensitivity == NONE and each.labels
    )


def _compared(answers: Mapping[str, Any], asked: frozenset[str]) -> dict[str, Any]:
    return {path: answer for path, answer in answers.items() if path in asked}
