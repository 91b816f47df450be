"""The files that submissions name, for a zip that takes them along (X15): of questions that the reader may have."""

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from server.exports import form_columns
from server.exports.form_columns import ExportTable
from server.exports.presets import ExportWish
from server.exports.table_layout import Rounds
from server.exports.who_columns import ANSWERS, ID, INSTANCE
from server.files.attachments import AUDIT_FILE
from server.files.blobs import BlobPlace
from server.models import Attachment

_NO_NAME = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f]')
"""What no name of a file may hold on Windows."""


class Photos:
    """Finds the files of a batch of submissions; names them as Central does, `media/<file>`.

    Where two files have one name, the second stands in a folder of its submission: Central keeps only one of them.
    """

    def __init__(
        self, form: Any, tables: tuple[ExportTable, ...], wish: ExportWish, place: BlobPlace
    ) -> None:
        self._place, self._personal = place, wish.personal
        self._rounds = Rounds(tables)
        self._paths: dict[str, list[str]] = {}
        for field in form_columns.shown(form, wish):
            if field.kind == "binary":
                self._paths.setdefault(field.repeat or "", []).append(field.path)
        self._taken: set[str] = set()

    def of(self, batch: Sequence[Sequence[Any]], connection: sa.Connection) -> Iterator[tuple[str, bytes]]:
        """Name in the zip and content of each file that is there."""
        wanted = {row[ID]: (row[INSTANCE], self._named(orjson.loads(row[ANSWERS]))) for row in batch}
        stored = sa.select(Attachment.submission_id, Attachment.name, Attachment.stored_sha256).where(
            Attachment.submission_id.in_([key for key, (_, names) in wanted.items() if names])
        )
        for key, name, sha256 in connection.execute(stored.order_by(Attachment.id)).all():
            instance, names = wanted[key]
            content = self._place.get(sha256) if name in names else None
            if content is not None:
                yield self._called(name, instance), content

    def _named(self, answers: Mapping[str, Any]) -> frozenset[str]:
        """Files that the answers name; the phone's log of positions is personal."""
        found = [answers.get(path) for path in self._paths.get("", ())]
        for table, inside in self._rounds.of(answers, 0, ""):
            found += [inside.answers.get(path) for path in self._paths.get(table.path, ())]
        names = (name for name in found if isinstance(name, str))
        return frozenset(name for name in names if self._personal or name.lower() != AUDIT_FILE)

    def _called(self, name: str, instance: str) -> str:
        """A place in the zip that leads nowhere else when it is unpacked, on any system."""
        bare = _one_step(posixpath.basename(name.replace("\\", "/")))
        called = f"media/{bare}"
        if called in self._taken:
            called = f"media/{_one_step(instance.removeprefix('uuid:'))}/{bare}"
        self._taken.add(called)
        return called


def _one_step(name: str) -> str:
    """A name that is one step of a path, on Windows too: what separates there, or names a disk, becomes `_`."""
    return _NO_NAME.sub("_", name).lstrip(".").rstrip(". ") or "_"
