"""Which submissions an export holds, and how they are read: one statement, by a cursor on the server."""

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms.definition import Definition
from server import clock
from server.coverage import homes
from server.db import db
from server.errors import FILE_UNKNOWN, FORM_UNKNOWN, Problem
from server.models import Attachment, Collector, Commune, Form, FormVersion, Submission, Village

BATCH = 1000
"""Rows that are in memory at once."""


@dataclass(frozen=True)
class Named:
    """A commune or a form as plain values: rows leave after the request's session is gone."""

    id: int
    code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Submissions of a form in a commune; days are local and both are included. `all_states`: also those that
    count nowhere: rejected, replaced by an edit, or waiting for a decision."""

    commune: Named
    form: Named
    since: dt.date | None = None
    until: dt.date | None = None
    all_states: bool = False


def choice(
    commune: Commune,
    form: Form,
    *,
    since: dt.date | None = None,
    until: dt.date | None = None,
    all_states: bool = False,
) -> Choice:
    """What an export holds."""
    return Choice(
        commune=Named(commune.id, commune.code, commune.name),
        form=Named(form.id, form.form_id, form.title),
        since=since,
        until=until,
        all_states=all_states,
    )


@dataclass(frozen=True)
class Who:
    """A collector as a file names him."""

    id: int
    name: str
    username: str


@dataclass(frozen=True)
class Known:
    """What rows only point at: thôn by id as (code, name) of where they count now, collectors by id.

    `places` are the names of all thôn by code, those of merged ones too: answers name them.
    """

    villages: dict[int, tuple[str, str]]
    collectors: dict[int, Who]
    places: dict[str, str]


def form(commune: Commune, form_id: str) -> Form:
    """A form that is everybody's or this commune's; Problem FORM_UNKNOWN otherwise."""
    found = db.session.scalars(
        sa.select(Form).where(
            Form.form_id == form_id, sa.or_(Form.commune_id.is_(None), Form.commune_id == commune.id)
        )
    ).one_or_none()
    if found is None:
        raise Problem(FORM_UNKNOWN, form_id=form_id[:64])
    return found


def forms(commune: Commune) -> Sequence[tuple[Form, int]]:
    """The forms that have submissions here, with how many."""
    counted = (
        sa.select(Submission.form_id, sa.func.count())
        .where(_here(commune.id), *_COUNTING)
        .group_by(Submission.form_id)
    )
    numbers = {row.form_id: row[1] for row in db.session.execute(counted)}
    found = db.session.scalars(sa.select(Form).where(Form.id.in_(numbers)).order_by(Form.form_id))
    return [(row, numbers[row.id]) for row in found]


def definitions(form_pk: int) -> list[Definition]:
    """All versions of a form, oldest first."""
    stored = sa.select(FormVersion.definition).where(FormVersion.form_id == form_pk).order_by(FormVersion.id)
    found: Sequence[dict[str, Any]] = db.session.scalars(stored).all()
    return [Definition.from_json(each) for each in found]


def known(commune: Named) -> Known:
    """The thôn and collectors that rows of this commune point at; a merged thôn is the one it now counts in."""
    columns = (Village.id, Village.code, Village.name, Village.valid_to, Village.merged_into_id)
    villages = db.session.execute(sa.select(*columns).where(Village.commune_id == commune.id)).all()
    home, by_id = homes(villages, clock.today()), {row.id: row for row in villages}
    people = db.session.execute(
        sa.select(Collector.id, Collector.name, Collector.username).where(Collector.commune_id == commune.id)
    )
    shown = {own: (by_id[other].code, by_id[other].name) for own, other in home.items()}
    places = {row.code: row.name for row in villages}
    return Known(shown, {row[0]: Who(*row) for row in people}, places)


def attachment(commune: Commune, submission_id: int, name: str) -> Attachment:
    """A file of one of the commune's submissions; Problem FILE_UNKNOWN otherwise."""
    found = db.session.scalars(
        sa.select(Attachment)
        .join(Submission, Submission.id == Attachment.submission_id)
        .where(Submission.id == submission_id, Attachment.name == name, _here(commune.id))
    ).one_or_none()
    if found is None:
        raise Problem(FILE_UNKNOWN, name=name[:80])
    return found


_COUNTING = (
    Submission.quarantine.is_(None),
    Submission.replaced_by_id.is_(None),
    Submission.review != "rejected",
)


def _here(commune_id: int) -> sa.ColumnElement[bool]:
    """Of the commune's thôn; what lies in none belongs to the commune of its collector."""
    villages = sa.select(Village.id).where(Village.commune_id == commune_id)
    collectors = sa.select(Collector.id).where(Collector.commune_id == commune_id)
    return sa.or_(
        Submission.village_id.in_(villages),
        sa.and_(Submission.village_id.is_(None), Submission.collector_id.in_(collectors)),
    )


def _chosen(wanted: Choice) -> list[sa.ColumnElement[bool]]:
    found = [Submission.form_id == wanted.form.id, _here(wanted.commune.id)]
    if wanted.since:
        found.append(Submission.observed_at >= _begin(wanted.since))
    if wanted.until:
        found.append(Submission.observed_at < _begin(wanted.until + dt.timedelta(days=1)))
    return found if wanted.all_states else [*found, *_COUNTING]


def _begin(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), clock.LOCAL)


def moment(column: sa.SQLColumnExpression[Any], dialect: str, *, utc: bool = False) -> sa.ColumnElement[str]:
    """A moment as text, made by the database: `2026-11-22 09:15:03` in UTC+7, or ISO 8601 in UTC with milliseconds."""
    if dialect == "sqlite":
        shape = "%Y-%m-%dT%H:%M:%fZ" if utc else "%Y-%m-%d %H:%M:%S"
        return sa.func.strftime(shape, column, "+0 hours" if utc else "+7 hours")
    zone, shape = ("UTC", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') if utc else ("+07", "YYYY-MM-DD HH24:MI:SS")
    local = sa.func.timezone(sa.literal_column("interval '7 hours'") if zone == "+07" else zone, column)
    return sa.func.to_char(local, shape)


def statement(wanted: Choice, dialect: str, *, utc: bool, files: bool = False) -> sa.Select[Any]:
    """The rows of an export, oldest first; answers as JSON text, so that nobody unpacks what is only passed on."""
    columns: list[Any] = [
        Submission.id,
        Submission.instance_id,
        sa.cast(Submission.answers, sa.Text).label("answers"),
        Submission.village_id,
        moment(Submission.observed_at, dialect, utc=utc).label("observed"),
        moment(Submission.received_at, dialect, utc=utc).label("received"),
        Submission.collector_id,
        Submission.review,
        Submission.version,
        Submission.device,
        Submission.entity_id,
        Submission.quarantine,
        Submission.replaced_by_id,
        Submission.root_id,
    ]
    if files:
        counted = sa.select(sa.func.count()).where(Attachment.submission_id == Submission.id)
        columns += [counted.scalar_subquery().label("files"), Submission.missing_files]
    return sa.select(*columns).where(*_chosen(wanted)).order_by(Submission.id)


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection of its own, whose statements all see the same moment."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
        yield connection


def rows(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[Sequence[Any]]:
    """Batches of rows, at most BATCH in memory."""
    found = connection.execute(query, execution_options={"stream_results": True, "yield_per": BATCH})
    yield from found.partitions()
