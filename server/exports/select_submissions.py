"""Which submissions an export holds, and how they are read: one statement, by a cursor on the server."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa

from forms.definition import Definition
from forms.engine.xform import XForm
from server import clock
from server.db import db
from server.errors import CommonProblem, Problem
from server.files import file_list_labels
from server.models import Attachment, Collector, Commune, Form, FormVersion, Poster, Submission, Village
from server.places import merged_villages
from server.posters import poster_names
from server.published_forms.self_answers import NAME as SELF_ANSWERED

BATCH = 1000
"""Rows that are in memory at once."""


@dataclass(frozen=True)
class Named:
    """A commune or a form as plain values: rows leave after the request's session is gone."""

    id: int
    code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class SubmissionFilter:
    """Submissions of a form in a commune; days are local and both are included (X13).

    `all_states`: also those that count nowhere: rejected, replaced by an edit, or waiting for a decision; `states`:
    only those that were decided so. `villages` are thôn of the commune as codes with the ids that count in them;
    None: all, and what lies in no thôn. `ids` are numbers of submissions, None: all.
    """

    commune: Named
    form: Named
    here: "Here"
    since: dt.date | None = None
    until: dt.date | None = None
    all_states: bool = False
    states: frozenset[str] = frozenset()
    villages: Mapping[str, frozenset[int]] | None = None
    ids: frozenset[int] | None = None
    also: tuple[sa.ColumnElement[bool], ...] = field(default=(), compare=False)
    """What has to hold besides, of rows of Submission (server/answers makes it of what was answered)."""


@dataclass(frozen=True)
class Here:
    """Where submissions of communes lie, and who sent those that lie in no thôn; as keys, so that a database finds
    either by an index."""

    villages: frozenset[int]
    collectors: frozenset[int]
    posters: frozenset[int] = frozenset()


def here(*commune_ids: int) -> Here:
    """Three statements."""
    villages = db.session.scalars(sa.select(Village.id).where(Village.commune_id.in_(commune_ids)))
    collectors = db.session.scalars(sa.select(Collector.id).where(Collector.commune_id.in_(commune_ids)))
    posters = db.session.scalars(sa.select(Poster.id).where(Poster.commune_id.in_(commune_ids)))
    return Here(frozenset(villages), frozenset(collectors), frozenset(posters))


def named(commune: Commune) -> Named:
    """A commune as plain values."""
    return Named(commune.id, commune.code, commune.name)


def choice(commune: Commune, form: Form, **wanted: Any) -> SubmissionFilter:
    """What an export holds."""
    return SubmissionFilter(
        commune=named(commune),
        form=Named(form.id, form.form_id, form.title),
        here=here(commune.id),
        **wanted,
    )


@dataclass(frozen=True)
class Who:
    """A collector as a file names them, or a poster: one of no number."""

    id: int
    name: str
    username: str


@dataclass(frozen=True)
class NamesByKey:
    """What rows only point at: thôn by id as (code, name) of where they count now, senders by their key.

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
        raise Problem(CommonProblem.FORM_UNKNOWN, form_id=form_id[:64])
    return found


def forms(commune: Commune) -> Sequence[tuple[Form, int]]:
    """The forms that have submissions here, with how many."""
    counted = (
        sa.select(Submission.form_id, sa.func.count())
        .where(within(here(commune.id)), *COUNTING)
        .group_by(Submission.form_id)
    )
    numbers = {row.form_id: row[1] for row in db.session.execute(counted)}
    found = db.session.scalars(sa.select(Form).where(Form.id.in_(numbers)).order_by(Form.form_id))
    return [(row, numbers[row.id]) for row in found]


def count(wanted: SubmissionFilter) -> int:
    """How many submissions an export holds."""
    return db.session.scalar(sa.select(sa.func.count(Submission.id)).where(*chosen(wanted))) or 0


def definitions(form_pk: int) -> list[Definition]:
    """All versions of a form, oldest first."""
    stored = sa.select(FormVersion.definition).where(FormVersion.form_id == form_pk).order_by(FormVersion.id)
    found: Sequence[dict[str, Any]] = db.session.scalars(stored).all()
    return [Definition.from_json(each) for each in found]


def known(*communes: Named) -> NamesByKey:
    """The thôn and collectors that rows of these communes point at; a merged thôn is the one it now counts in."""
    columns = (Village.id, Village.code, Village.name, Village.valid_to, Village.merged_into_id)
    ids = [each.id for each in communes]
    villages = db.session.execute(sa.select(*columns).where(Village.commune_id.in_(ids))).all()
    home, by_id = merged_villages.on_day(villages, clock.today()), {row.id: row for row in villages}
    people = db.session.execute(
        sa.select(Collector.id, Collector.name, Collector.username).where(Collector.commune_id.in_(ids))
    )
    shown = {own: (by_id[other].code, by_id[other].name) for own, other in home.items()}
    places = {row.code: row.name for row in villages}
    senders = {row[0]: Who(*row) for row in people}
    senders |= {key: Who(0, name, SELF_ANSWERED) for key, name in poster_names.senders(*ids)}
    return NamesByKey(shown, senders, places)


def villages(known: NamesByKey) -> dict[str, tuple[str, frozenset[int]]]:
    """The thôn of a commune by code: name, and the ids of all that count in it, merged ones too."""
    found: dict[str, tuple[str, frozenset[int]]] = {}
    for key, (code, name) in known.villages.items():
        found[code] = (name, found.get(code, (name, frozenset()))[1] | {key})
    return found


def group_labels(form_pk: int) -> dict[str, dict[str, str]]:
    """What the groups and repeats of a form are called, by path and language; the newest version's words (X1)."""
    stored = sa.select(FormVersion.xform).where(FormVersion.form_id == form_pk).order_by(FormVersion.id)
    found: dict[str, dict[str, str]] = {}
    for xform in db.session.scalars(stored):
        found |= {path: dict(labels) for path, labels in XForm(xform).groups.items()}
    return found


def list_labels(form_pk: int, form: Definition) -> Mapping[str, Mapping[str, str]]:
    """What the choices of lists from files are called, by path and code, of all versions together."""
    if not any(field.choices_file for field in form.fields):
        return {}
    return file_list_labels.of_versions(
        db.session.scalars(sa.select(FormVersion.id).where(FormVersion.form_id == form_pk))
    )


def attachment(commune: Commune, submission_id: int, name: str) -> Attachment:
    """A file of one of the commune's submissions; Problem FILE_UNKNOWN otherwise."""
    found = db.session.scalars(
        sa.select(Attachment)
        .join(Submission, Submission.id == Attachment.submission_id)
        .where(Submission.id == submission_id, Attachment.name == name, within(here(commune.id)))
    ).one_or_none()
    if found is None:
        raise Problem(CommonProblem.FILE_UNKNOWN, name=name[:80])
    return found


IN_FORCE = (Submission.quarantine.is_(None), Submission.replaced_by_id.is_(None))
"""Neither replaced by an edit nor waiting for a decision."""
COUNTING = (*IN_FORCE, Submission.review != sa.literal_column("'rejected'"))
"""What is listed and counted, word for word as the index of it says (`server/models/submissions.py`)."""


def within(here: Here) -> sa.ColumnElement[bool]:
    """Of the commune's thôn; what lies in none belongs to the commune of its collector or poster."""
    sent_here: sa.ColumnElement[bool] = Submission.collector_id.in_(sorted(here.collectors))
    if here.posters:
        sent_here = sa.or_(sent_here, Submission.poster_id.in_(sorted(here.posters)))
    return sa.or_(
        Submission.village_id.in_(sorted(here.villages)), sa.and_(Submission.village_id.is_(None), sent_here)
    )


def chosen(wanted: SubmissionFilter) -> list[sa.ColumnElement[bool]]:
    """The conditions that a row of Submission has to meet."""
    found = [Submission.form_id == wanted.form.id, within(wanted.here), *wanted.also]
    if wanted.since:
        found.append(Submission.observed_at >= clock.start_of(wanted.since))
    if wanted.until:
        found.append(Submission.observed_at < clock.end_of(wanted.until))
    if wanted.states:
        found.append(Submission.review.in_(sorted(wanted.states)))
    if wanted.villages is not None:
        found.append(Submission.village_id.in_(sorted(frozenset().union(*wanted.villages.values()))))
    if wanted.ids is not None:
        found.append(Submission.id.in_(sorted(wanted.ids)))
    if wanted.all_states:
        return found
    return [*found, *(IN_FORCE if wanted.states else COUNTING)]


_TO_MILLISECONDS = len("2026-11-22 09:15:03.123")


def moment(column: sa.SQLColumnExpression[Any], dialect: str, *, utc: bool = False) -> sa.ColumnElement[str]:
    """A moment as text, made by the database: `2026-11-22 09:15:03` in UTC+7, or ISO 8601 in UTC with milliseconds."""
    if dialect == "sqlite":
        column = sa.func.substr(column, 1, _TO_MILLISECONDS)  # or what is left would be rounded up
        shape = "%Y-%m-%dT%H:%M:%fZ" if utc else "%Y-%m-%d %H:%M:%S"
        return sa.func.strftime(shape, column, "+0 hours" if utc else "+7 hours")
    zone, shape = ("UTC", 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') if utc else ("+07", "YYYY-MM-DD HH24:MI:SS")
    local = sa.func.timezone(sa.literal_column("interval '7 hours'") if zone == "+07" else zone, column)
    return sa.func.to_char(local, shape)


def statement(wanted: SubmissionFilter, dialect: str, *, utc: bool) -> sa.Select[Any]:
    """The rows of an export, oldest first; answers as JSON text, so that nobody unpacks what is only passed on."""
    columns: list[Any] = [
        Submission.id,
        Submission.instance_id,
        sa.cast(Submission.answers, sa.Text).label("answers"),
        Submission.village_id,
        moment(Submission.observed_at, dialect, utc=utc).label("observed"),
        moment(Submission.received_at, dialect, utc=utc).label("received"),
        poster_names.SENDER_KEY.label("sender"),
        Submission.review,
        Submission.version,
        Submission.device,
        # as text, where the database can: making an object of each costs more than all that is done with it
        sa.cast(Submission.entity_id, sa.Text) if dialect == "postgresql" else Submission.entity_id,
        Submission.quarantine,
        Submission.replaced_by_id,
        Submission.root_id,
        Submission.missing_files,
    ]
    return sa.select(*columns).where(*chosen(wanted)).order_by(Submission.id)


@contextmanager
def reading(engine: sa.Engine) -> Iterator[sa.Connection]:
    """A connection of its own, whose statements all see the same moment."""
    with engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")  # noqa: PLW2901
        yield connection


def rows(connection: sa.Connection, query: sa.Select[Any]) -> Iterator[Sequence[Any]]:
    """Batches of rows, at most BATCH in memory."""
    if connection.dialect.name == "postgresql":
        # by the plan for all rows: for the first tenth of a cursor it walks the submissions of the whole city
        connection.execute(sa.text("SET LOCAL cursor_tuple_fraction = 1"))
    with connection.execute(query, execution_options={"stream_results": True, "yield_per": BATCH}) as found:
        yield from found.partitions()
