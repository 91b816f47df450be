"""What rows of an export tell of other tables: the names of a submission's files, and the first one that it corrects.

Asked once for all rows of a batch: a question of its own for each row cost more than the rows themselves.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from server.db import is_among
from server.exports.who_columns import ID, ROOT
from server.models import Attachment, Submission

Row = Sequence[Any]
_NONE: frozenset[str] = frozenset()


def filled(connection: sa.Connection, batch: Sequence[Row], *, files: bool, first: bool) -> Sequence[Row]:
    """The rows of `select_submissions.statement`, with NAMES and FIRST after them where either is asked for."""
    if not files and not first:
        return batch
    names = _files(connection, [row[ID] for row in batch]) if files else {}
    roots = {row[ROOT] for row in batch if row[ROOT] is not None} if first else set[int]()
    instances = _instances(connection, sorted(roots)) if roots else {}
    return [(*row, names.get(row[ID], _NONE), instances.get(row[ROOT])) for row in batch]


def _files(connection: sa.Connection, ids: Sequence[int]) -> Mapping[int, frozenset[str]]:
    among = is_among(Attachment.submission_id, ids, connection.dialect.name)
    found: dict[int, set[str]] = {}
    for key, name in connection.execute(sa.select(Attachment.submission_id, Attachment.name).where(among)):
        found.setdefault(key, set()).add(name)
    return {key: frozenset(each) for key, each in found.items()}


def _instances(connection: sa.Connection, ids: Sequence[int]) -> Mapping[int, str]:
    among = is_among(Submission.id, ids, connection.dialect.name)
    rows = connection.execute(sa.select(Submission.id, Submission.instance_id).where(among))
    return {row.id: row.instance_id for row in rows}
