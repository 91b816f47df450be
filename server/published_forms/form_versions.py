"""Versions of a form: which there are, and why a workbook may not be published under one that is taken."""

import json
from typing import Any

import sqlalchemy as sa

from forms.convert_workbook import Converted
from forms.definition import Definition
from forms.errors import FormRejected, SheetError
from server.db import db
from server.models import Form, FormVersion


def published_before(form: Form, workbook: bytes, converted: Converted) -> FormVersion | None:
    """The version with this very content; for a workbook without a version only the newest can be it."""
    if converted.versioned or form.id is None:
        return version_of(form, converted.definition.version)
    newest = form.versions[-1] if form.versions else None
    return newest if newest is not None and newest.workbook == workbook else None


def taken_versions() -> dict[str, frozenset[str]]:
    """The versions of each form, by its id."""
    taken: dict[str, set[str]] = {}
    query = sa.select(Form.form_id, FormVersion.version).join(Form, Form.id == FormVersion.form_id)
    for form_id, version in db.session.execute(query):
        taken.setdefault(form_id, set()).add(version)
    return {form_id: frozenset(versions) for form_id, versions in taken.items()}


def version_of(form: Form, version: str) -> FormVersion | None:
    if form.id is None:
        return None
    known = sa.select(FormVersion).where(FormVersion.form_id == form.id, FormVersion.version == version)
    return db.session.scalars(known).first()


def refuse_taken(form: Form, workbook: bytes, converted: Converted) -> None:
    """FormRejected where the version was published with other content: phones would never load this one (C17)."""
    known = version_of(form, converted.definition.version)
    if known is not None and not is_same(known, workbook, converted):
        raise FormRejected([_version_taken(converted.definition)])


def is_same(known: FormVersion, workbook: bytes, converted: Converted) -> bool:
    """Whether a workbook says what was published: the same file, or another that makes the same form."""
    if known.workbook == workbook:
        return True
    definition = _as_stored(converted.definition)
    return known.xform == converted.xform and known.definition == definition


def _as_stored(definition: Definition) -> dict[str, Any]:
    stored: dict[str, Any] = json.loads(json.dumps(definition.to_json()))
    return stored


def _version_taken(definition: Definition) -> SheetError:
    sentence = (
        f"phiên bản “{definition.version}” của “{definition.form_id}” đã phát hành với nội dung khác. "
        "Hãy tăng số ở cột version rồi phát hành lại."
    )
    return SheetError("settings", 2, "version", sentence, definition.version)
