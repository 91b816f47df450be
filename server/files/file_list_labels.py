"""Labels of the choices that come from files published with a form."""

from collections.abc import Iterable, Mapping

import sqlalchemy as sa

from forms.list_labels import FileList, Labels, file_lists, labels
from server.db import db
from server.models import FormFile, FormVersion


def of_versions(version_ids: Iterable[int]) -> Mapping[str, Labels]:
    """Path of a question → its labels by code; what several versions say is the newest one's word.

    Lists that the server makes (thôn, households) are not here: they have no file.
    """
    found: dict[str, dict[str, str]] = {}
    rows = sa.select(FormVersion.id, FormVersion.xform).where(FormVersion.id.in_(sorted(version_ids)))
    for version_id, xform in db.session.execute(rows.order_by(FormVersion.id)):
        for path, known in _of_version(version_id, file_lists(xform)).items():
            found[path] = {**found.get(path, {}), **known}
    return found


def _of_version(version_id: int, lists: Mapping[str, FileList]) -> Mapping[str, Labels]:
    if not lists:
        return {}
    files = sa.select(FormFile.name, FormFile.content).where(
        FormFile.form_version_id == version_id, FormFile.name.in_({each.file for each in lists.values()})
    )
    stored = {row.name: bytes(row.content) for row in db.session.execute(files)}
    return {path: labels(each, stored[each.file]) for path, each in lists.items() if each.file in stored}
