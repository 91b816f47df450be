"""Which visits meet the checks of their own form (sheet `kiem_tra`), as the background step finds them."""

import logging
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sqlalchemy as sa
from flask import current_app

from forms import checked_visit
from forms.checked_visit import PreparedChecks
from forms.definition import Definition
from forms.engine.unfillable import Unfillable
from server.models import FormVersion, Submission
from server.published_forms.registry import KnownVersion, registry

log = logging.getLogger(__name__)

CODE = "kiem_tra"
"""The code of the flag; its `about` is the check's code, its `detail` the words, `act` and `weight` the check's."""
_EXTENSION = "tungnha.form_checks"
_MOST_PREPARED = 50
_XFORM = sa.select(FormVersion.xform).where(FormVersion.id == sa.bindparam("version"))
_SENT = sa.select(Submission.id, Submission.xml).where(
    Submission.id.in_(sa.bindparam("submissions", expanding=True))
)


def version_of(row: Any) -> KnownVersion | None:
    """The version of a form by which a submission is looked at; None of what was set aside, or could not be read."""
    form = registry().form(row.form)
    version = registry().version(form, row.version) if form else None
    return version if row.quarantine is None and row.answers else None


def met(connection: sa.Connection, rows: Sequence[Any]) -> dict[int, Mapping[str, bool]]:
    """By submission, for each check of its form whether it is doubtful; only those whose form has any.

    What cannot be worked out is left out, and the log says so: a check never stops another, nor a visit.
    """
    versions = {row.id: version for row in rows if (version := version_of(row)) and version.definition.checks}
    if not versions:
        return {}
    sent = {row.id: bytes(row.xml) for row in connection.execute(_SENT, {"submissions": list(versions)})}
    found = {}
    for row in rows:
        prepared = _prepared(connection, versions[row.id]) if row.id in sent else None
        try:
            if prepared is not None:
                found[row.id] = prepared.met(sent[row.id], row.observed_at)
        except Unfillable as wrong:
            log.warning("submission %s was not looked at by its form's checks: %s", row.id, wrong)
    return found


def flags(definition: Definition, doubtful: Mapping[str, bool]) -> Iterator[dict[str, Any]]:
    """What is noted with a visit, the heaviest first; checks of a collector's share note nothing with a visit."""
    for check in sorted(definition.checks, key=lambda each: -each.weight):
        if doubtful.get(check.code) and check.threshold is None:
            yield {
                "code": CODE, "about": check.code, "detail": check.message,
                "act": check.act, "weight": check.weight,
            }  # fmt: skip


def _prepared(connection: sa.Connection, version: KnownVersion) -> PreparedChecks | None:
    """Compiled once in each process; None where the engine cannot open the form."""
    known: dict[int, PreparedChecks | None] = current_app.extensions.setdefault(_EXTENSION, {})
    if version.id not in known:
        if len(known) >= _MOST_PREPARED:
            known.clear()
        xform = bytes(connection.scalar(_XFORM, {"version": version.id}) or b"")
        try:
            known[version.id] = checked_visit.prepare(xform, version.definition)
        except Unfillable as wrong:
            log.warning("the checks of form version %s cannot be worked out: %s", version.id, wrong)
            known[version.id] = None
    return known[version.id]
