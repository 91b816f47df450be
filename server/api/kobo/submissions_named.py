"""The submissions that a request names: by number, by id, or by what they say; those that the reader may see alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa

from server.answers import who_may_read as readers
from server.answers.who_may_read import AnswersReader
from server.api.kobo.data_routes import asked_for
from server.api.kobo.kobo_bodies import truth
from server.api.kobo.kobo_errors import wrong
from server.db import db
from server.errors import CommonProblem, Problem
from server.exports import select_submissions
from server.models import Collector, Form, Submission, Village

MOST = 1000
"""Submissions that one request changes."""


@dataclass(frozen=True)
class NamedSubmission:
    """A submission as it is now, and the commune that it belongs to."""

    id: int
    instance_id: str
    root_instance_id: str
    review: str
    commune_id: int


def one_named(reader: AnswersReader, form: Form, key: str) -> NamedSubmission:
    """By number, or by id with or without `uuid:`, of any of its versions; Problem NOT_FOUND."""
    found = _read(reader, form, _by_key([key]))
    if not found:
        raise Problem(CommonProblem.NOT_FOUND)
    return found[0]


def named(
    reader: AnswersReader, form: Form, said: dict[str, Any], most: int = MOST
) -> Sequence[NamedSubmission]:
    """What `submission_ids` of a request name, else what the list shows for its `query`; 400 for more than `most`.

    An empty query names every submission of the list: that has to be meant, so `confirm` stands beside it.
    """
    ids = said.get("submission_ids")
    if not ids and "query" in said:
        return _read(reader, form, Submission.id.in_(_found(reader, form, said, most)))
    if not isinstance(ids, list) or not ids:
        raise wrong("payload", "`submission_ids` must be a list of ids")
    _check_number(len(ids), most)
    return _read(reader, form, _by_key([str(each) for each in ids]))


def _found(reader: AnswersReader, form: Form, said: dict[str, Any], most: int) -> Sequence[int]:
    query = said["query"]
    if not isinstance(query, dict):
        raise wrong("payload", "`query` must be an object")
    if not query and not truth(said, "confirm", default=False):
        raise wrong("payload", "`confirm` is required")
    found = asked_for(reader, form, orjson.dumps(query).decode()).ids
    _check_number(len(found), most)
    return found


def _check_number(count: int, most: int) -> None:
    if count > most:
        raise wrong("payload", f"No more than {most} submissions at once, these are {count}")


def _by_key(keys: Sequence[str]) -> sa.ColumnElement[bool]:
    numbers = [int(key) for key in keys if key.isascii() and key.isdecimal() and len(key) < 19]
    names = [f"uuid:{key.removeprefix('uuid:')}" for key in keys]
    any_version = sa.select(sa.func.coalesce(Submission.root_id, Submission.id)).where(
        sa.or_(Submission.id.in_(numbers), Submission.instance_id.in_([*names, *keys]))
    )
    edit = sa.orm.aliased(Submission)
    edits = sa.select(edit.id).where(edit.root_id.in_(any_version))
    return Submission.id.in_(sa.union_all(any_version, edits))


def _read(reader: AnswersReader, form: Form, which: sa.ColumnElement[bool]) -> list[NamedSubmission]:
    first = sa.orm.aliased(Submission)
    commune = sa.func.coalesce(Village.commune_id, Collector.commune_id)
    query = (
        sa.select(
            Submission.id,
            Submission.instance_id,
            sa.func.coalesce(first.instance_id, Submission.instance_id),
            Submission.review,
            commune,
        )
        .outerjoin(first, first.id == Submission.root_id)
        .outerjoin(Village, Village.id == Submission.village_id)
        .outerjoin(Collector, Collector.id == Submission.collector_id)
        .where(
            *select_submissions.chosen(readers.wanted(reader, form, all_states=True)),
            *select_submissions.IN_FORCE,
            which,
        )
        .order_by(Submission.id)
    )
    return [NamedSubmission(*row) for row in db.session.execute(query)]
