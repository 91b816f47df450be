"""Which submissions of a form a reader asked for, in which order, and their rows: by key, batch after batch."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from forms.definition import Definition
from server import audit
from server.answers import answer_sql, who_may_read
from server.answers.answer_sql import AnswerSql
from server.answers.expression import ALL, Expression, OrderBy, Own, keys
from server.answers.who_may_read import AnswersReader
from server.db import is_among
from server.exports import form_columns, select_submissions
from server.exports.select_submissions import SubmissionFilter
from server.models import Form, Submission

READ = "submissions.read"
"""What the audit calls it."""
BATCH = 500
"""Rows that are in memory at once."""
STATES = frozenset({"received", "has_issues", "approved", "rejected"})


@dataclass(frozen=True)
class AskedSubmissions:
    """Submissions that a reader asked for, ready to be found; makes statements for one kind of database."""

    of: AnswersReader
    form: Form
    definition: Definition
    """All versions as one."""
    sql: AnswerSql
    chosen: SubmissionFilter
    order: tuple[OrderBy, ...]

    def note_reading(self, count: int) -> None:
        """Write down what is about to be read, before its first byte leaves."""
        detail = {
            "communes": [each.code for each in self.of.communes],
            "count": count,
            "personal": self.of.personal,
        }
        audit.note_reading(READ, f"form:{self.form.id}", detail)

    def ids(self, connection: sa.Connection, most: int | None = None) -> list[int]:
        """Keys in order: all that match, or the first `most` of them."""
        found = self._ordered(Submission.id)
        return list(connection.scalars(found if most is None else found.limit(most)).all())

    def page(self, connection: sa.Connection, limit: int, start: int = 0) -> tuple[list[int], int]:
        """Keys of a part of the list, in order, and how many match in all.

        The number is counted over the rows that are found anyway: a page of a hundred out of 100,000 neither brings
        all keys here nor reads the list twice, and no database walks the whole table for the sake of its limit.
        """
        found = self._ordered(Submission.id, sa.func.count().over()).limit(limit).offset(start)
        rows = connection.execute(found).all()
        if not rows:
            return [], self.count(connection) if start else 0
        return [row[0] for row in rows], rows[0][1]

    def _ordered(self, *columns: Any) -> sa.Select[Any]:
        chosen = select_submissions.chosen(self.chosen)
        return sa.select(*columns).where(*chosen).order_by(*self.sql.order(self.order))

    def count(self, connection: sa.Connection) -> int:
        """How many match."""
        query = (
            sa.select(sa.func.count()).select_from(Submission).where(*select_submissions.chosen(self.chosen))
        )
        return connection.scalar(query) or 0


def ask(
    of: AnswersReader,
    form: Form,
    dialect: str,
    expression: Expression = ALL,
    order: Sequence[OrderBy] = (),
    *,
    any_state: bool = False,
) -> AskedSubmissions:
    """Submissions of a form for which an expression holds, of those that the reader may see and that count.

    Who asks about states, or for `any_state`, is shown what was not taken as well; what waits for a decision and what
    an edit replaced stay out in any case. Raises BadPattern, and Problem FORM_UNKNOWN where the reader sees nothing.
    """
    definition = form_columns.merged(select_submissions.definitions(form.id))
    sql = answer_sql.of_form(definition, dialect, personal=of.personal)
    asks_states = any_state or Own.REVIEW in keys(expression)
    chosen = who_may_read.wanted(
        of, form, also=(sql.condition(expression),), states=STATES if asks_states else frozenset()
    )
    return AskedSubmissions(of, form, definition, sql, chosen, tuple(order))


def rows(
    connection: sa.Connection, ids: Sequence[int], wanted: Sequence[Any], size: int = BATCH
) -> Iterator[list[sa.Row[Any]]]:
    """The rows with these keys, in their order; the first of the `wanted` columns is the key."""
    dialect = connection.dialect.name
    for start in range(0, len(ids), size):
        some = ids[start : start + size]
        found = connection.execute(sa.select(*wanted).where(is_among(Submission.id, some, dialect))).all()
        by_id = {row[0]: row for row in found}
        yield [by_id[key] for key in some if key in by_id]
