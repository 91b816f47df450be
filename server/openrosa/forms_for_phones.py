"""Published forms as phones may see them: which are listed, their bytes, and the files they need."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms.definition import Definition
from forms.list_csv import md5
from server.errors import CommonProblem, Problem
from server.households import phone_lists
from server.models import Form, FormCommune, FormFile, FormVersion
from server.phones.phone_access import PhoneCaller
from server.published_forms.form_problems import FormProblem
from server.published_forms.publishing import MADE
from server.published_forms.registry import registry

_GIVEN = sa.select(FormCommune.commune_id).where(FormCommune.form_id == Form.id)
_OPEN = sa.or_(
    Form.commune_id == sa.bindparam("commune"),
    sa.and_(
        Form.commune_id.is_(None),
        sa.or_(~_GIVEN.exists(), _GIVEN.where(FormCommune.commune_id == sa.bindparam("commune")).exists()),
    ),
)
_NEWEST = (
    sa.select(sa.func.max(FormVersion.id))
    .join(Form, Form.id == FormVersion.form_id)
    .where(Form.retired_at.is_(None), _OPEN)
    .group_by(FormVersion.form_id)
)
_LISTED = (
    sa.select(Form.form_id, Form.title, FormVersion.version, FormVersion.md5)
    .join(FormVersion, FormVersion.form_id == Form.id)
    .where(FormVersion.id.in_(_NEWEST))
    .order_by(Form.form_id)
)
_XFORM = (
    sa.select(FormVersion.xform, FormVersion.md5)
    .join(Form, Form.id == FormVersion.form_id)
    .where(Form.form_id == sa.bindparam("form"), FormVersion.version == sa.bindparam("version"))
)
_FILES = sa.select(FormFile.name, FormFile.md5).where(FormFile.form_version_id == sa.bindparam("version"))
_FILE = sa.select(FormFile.content, FormFile.media_type).where(
    FormFile.form_version_id == sa.bindparam("version"), FormFile.name == sa.bindparam("name")
)


@dataclass(frozen=True)
class NewestVersion:
    """A form's newest version, as it stands in the form list."""

    form_id: str
    title: str
    version: str
    md5: str
    has_media: bool


@dataclass(frozen=True)
class Content:
    """The bytes of a file, its type and the MD5 of these very bytes (C16, C26)."""

    body: bytes
    media_type: str
    md5: str


@dataclass(frozen=True)
class Needed:
    """A file that a version names; `is_list` where phones keep it as an entity list (C28)."""

    name: str
    md5: str
    is_list: bool


@dataclass(frozen=True)
class ServedVersion:
    """A version that this caller may have, retired forms' versions and older ones included (C42)."""

    id: int
    definition: Definition


def listed(connection: sa.Connection, caller: PhoneCaller) -> list[NewestVersion]:
    """Every form that is not retired and is everybody's or their commune's, in its newest version."""
    rows = connection.execute(_LISTED, {"commune": caller.commune_id}).all()
    return [_listed(*row) for row in rows]


def _listed(form_id: str, title: str, version: str, digest: str) -> NewestVersion:
    has_media = bool(_version(form_id, version).definition.media)
    return NewestVersion(form_id, title.strip() or form_id, version, digest, has_media)


def version(caller: PhoneCaller, form_id: str, name: str) -> ServedVersion:
    """The version `name` of a form; Problem where there is none, or the form is another commune's."""
    return _version(form_id, name, caller)


def form(caller: PhoneCaller, form_id: str) -> None:
    """Problem where there is no such form, or it is another commune's."""
    known = registry().form(form_id) if form_id.isprintable() else None
    if known is None or known.commune_id not in (None, caller.commune_id):
        raise Problem(CommonProblem.FORM_UNKNOWN, form_id=form_id[:80])


def _version(form_id: str, name: str, caller: PhoneCaller | None = None) -> ServedVersion:
    form = registry().form(form_id) if form_id.isprintable() else None
    if form is None or (caller is not None and form.commune_id not in (None, caller.commune_id)):
        raise Problem(CommonProblem.FORM_UNKNOWN, form_id=form_id[:80])
    known = registry().version(form, name) if name.isprintable() else None
    if known is None:
        raise Problem(FormProblem.VERSION_UNKNOWN, form_id=form_id[:80], version=name[:80])
    return ServedVersion(known.id, known.definition)


def xform(connection: sa.Connection, caller: PhoneCaller, form_id: str, name: str) -> Content:
    """The form's bytes exactly as published (C16, C22)."""
    version(caller, form_id, name)
    body, digest = connection.execute(_XFORM, {"form": form_id, "version": name}).one()
    return Content(body, "text/xml; charset=utf-8", digest)


def needed(connection: sa.Connection, caller: PhoneCaller, found: ServedVersion) -> list[Needed]:
    """Every external file that the form names and that there is (C27), in the form's order."""
    rows = connection.execute(_FILES, {"version": found.id})
    stored = {row.name: row.md5 for row in rows}
    files = (_needed(connection, caller, found, name, stored) for name in found.definition.media)
    return [file for file in files if file is not None]


def _needed(
    connection: sa.Connection, caller: PhoneCaller, found: ServedVersion, name: str, stored: Mapping[str, str]
) -> Needed | None:
    made = None if _is_uploaded(found, name, stored) else phone_lists.content(connection, name, caller)
    digest = stored.get(name) if made is None else md5(made)
    return None if digest is None else Needed(name, digest, made is not None and is_list(found, name))


def _is_uploaded(found: ServedVersion, name: str, stored: Collection[str]) -> bool:
    """Whether the officer's own file is meant, though elsewhere a form made a list of that name."""
    return name in stored and name not in MADE and not is_list(found, name)


def is_list(found: ServedVersion, name: str) -> bool:
    """Whether phones shall keep the file as an entity list: where a form of it makes or changes entities.

    Others get it as a plain file, which costs no fetching of the form at every sync (C18).
    """
    return any(name == f"{entity.list_name}.csv" for entity in found.definition.entities)


def file(connection: sa.Connection, caller: PhoneCaller, found: ServedVersion, name: str) -> Content:
    """One file of a version: made from the tables for this caller, else as uploaded with the form."""
    if name not in found.definition.media:
        raise Problem(CommonProblem.FILE_UNKNOWN, name=name[:80])
    row: Any = connection.execute(_FILE, {"version": found.id, "name": name}).first()
    uploaded = _is_uploaded(found, name, (name,) if row else ())
    made = None if uploaded else phone_lists.content(connection, name, caller)
    if made is not None:
        return Content(made, "text/csv; charset=utf-8", md5(made))
    if row is None:
        raise Problem(CommonProblem.FILE_UNKNOWN, name=name[:80])
    return Content(row.content, row.media_type, md5(row.content))
