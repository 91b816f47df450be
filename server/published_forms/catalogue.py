"""What forms there are, for whom, and how much each of their versions is used."""

import dataclasses
import datetime as dt
from collections.abc import Iterable

import sqlalchemy as sa

from forms import shipped_forms
from server.db import db, in_vietnamese_order
from server.models import Commune, Form, FormCommune, FormDraft, FormVersion, Submission
from server.published_forms import read_workbook

RECENT = dt.timedelta(days=30)
MOST_COUNTED = 20_000
"""The newest submissions of a form that are looked at: the page must not take longer with every visit."""
MOST_SHOWN = 300
"""Forms on one page; a commune has a dozen."""


@dataclasses.dataclass(frozen=True)
class CatalogueEntry:
    """A form as the list shows it."""

    form_id: str
    title: str
    is_own: bool
    is_retired: bool
    version: str
    published_at: dt.datetime
    communes: int
    """How many have it; 0 where all do."""


@dataclasses.dataclass(frozen=True)
class UsedVersion:
    """A version, and how many submissions of the last 30 days were filled in with it."""

    version: str
    published_at: dt.datetime
    md5: str
    recent: int
    is_newest: bool


def drafts(commune: Commune | None) -> list[FormDraft]:
    """What is on trial and not published, the newest first."""
    owner = commune.id if commune else None
    query = sa.select(FormDraft).where(FormDraft.commune_id.is_not_distinct_from(owner))
    return list(db.session.scalars(query.order_by(FormDraft.uploaded_at.desc()).limit(MOST_SHOWN)))


def forms(commune: Commune | None) -> list[CatalogueEntry]:
    """The commune's own forms, and those of the city that it has; the city's own for the city."""
    newest = sa.select(sa.func.max(FormVersion.id)).group_by(FormVersion.form_id)
    count = sa.select(sa.func.count()).select_from(FormCommune).where(FormCommune.form_id == Form.id)
    query = (
        sa.select(
            Form.form_id,
            Form.title,
            Form.commune_id,
            Form.retired_at,
            FormVersion.version,
            FormVersion.published_at,
            count.scalar_subquery().label("given_to"),
        )
        .join(FormVersion, FormVersion.form_id == Form.id)
        .where(FormVersion.id.in_(newest), _for(commune))
        .order_by(Form.commune_id.is_(None), Form.title)
        .limit(MOST_SHOWN)
    )
    owner = commune.id if commune else None
    return [
        CatalogueEntry(
            row.form_id,
            row.title,
            row.commune_id == owner,
            row.retired_at is not None,
            row.version,
            row.published_at,
            row.given_to,
        )
        for row in db.session.execute(query)
    ]


def _for(commune: Commune | None) -> sa.ColumnElement[bool]:
    return Form.commune_id.is_(None) if commune is None else offered_to(commune.id)


def offered_to(commune_id: int) -> sa.ColumnElement[bool]:
    """Forms that a commune has: its own, those of the city for all, and those of the city that it was given."""
    given = sa.select(FormCommune.commune_id).where(FormCommune.form_id == Form.id)
    is_given = sa.or_(~given.exists(), given.where(FormCommune.commune_id == commune_id).exists())
    return sa.or_(Form.commune_id == commune_id, sa.and_(Form.commune_id.is_(None), is_given))


def versions(form: Form, now: dt.datetime) -> list[UsedVersion]:
    """Every version ever published, the newest first: all stay accepted (C42)."""
    latest = (
        sa.select(Submission.form_version_id, Submission.received_at)
        .where(Submission.form_id == form.id)
        .order_by(Submission.id.desc())
        .limit(MOST_COUNTED)
        .subquery()
    )
    used = (
        sa.select(latest.c.form_version_id, sa.func.count().label("recent"))
        .where(latest.c.received_at >= now - RECENT)
        .group_by(latest.c.form_version_id)
    )
    counts = {row.form_version_id: row.recent for row in db.session.execute(used)}
    newest = form.versions[-1].id if form.versions else None
    return [
        UsedVersion(each.version, each.published_at, each.md5, counts.get(each.id, 0), each.id == newest)
        for each in reversed(form.versions)
    ]


def is_of_library(version: FormVersion) -> bool:
    """Whether a version says what the library shipped once, with whatever blocks; what officers changed is theirs."""
    workbook = version.workbook
    book = read_workbook.sheets_of(workbook, read_workbook.file_name(workbook))
    return shipped_forms.is_shipped(version.form.form_id, book)


def communes() -> list[Commune]:
    """All communes that exist today, by name."""
    query = sa.select(Commune).where(Commune.valid_to.is_(None)).order_by(in_vietnamese_order(Commune.name))
    return list(db.session.scalars(query))


def given(form: Form) -> frozenset[int]:
    """Keys of the communes that have a form of the city's; empty where all do."""
    query = sa.select(FormCommune.commune_id).where(FormCommune.form_id == form.id)
    return frozenset(db.session.scalars(query))


def give(form: Form, commune_ids: Iterable[int]) -> None:
    """Let these communes alone have a form of the city's, or all where none is named; the caller commits."""
    wanted = set(commune_ids)
    known = set(db.session.scalars(sa.select(Commune.id).where(Commune.id.in_(wanted)))) if wanted else set()
    db.session.execute(sa.delete(FormCommune).where(FormCommune.form_id == form.id))
    db.session.add_all(FormCommune(form_id=form.id, commune_id=key) for key in sorted(known))
