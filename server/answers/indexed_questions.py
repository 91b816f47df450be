"""Questions by whose answers submissions are found through an index of the database, as an administrator names them.

The index is of an expression over the answers as they are kept: nothing is kept twice, and what a phone sends costs no
more, since a submission enters it only when it is applied (docs/decisions/0049).
"""

import hashlib
from collections.abc import Sequence

import sqlalchemy as sa

from forms.definition import NONE, Definition, Field
from server.answers import answer_sql
from server.db import db
from server.exports import form_columns, select_submissions
from server.models import Form, IndexedQuestion

KINDS = frozenset({"select_one", "integer", "decimal", "date", "dateTime", "text", "calculate", "meta"})
MOST = 8
"""Questions of one form; each is a little more work whenever a submission is applied."""


class IndexRejected(Exception):
    """A question that cannot have an index; the message is one Vietnamese sentence."""


def add(form: Form, path: str) -> None:
    """Have answers to a question found by an index; commits. Raises IndexRejected."""
    definition = form_columns.merged(select_submissions.definitions(form.id))
    field = definition.by_path.get(path)
    if field is None or field.repeat is not None or field.kind not in KINDS:
        raise IndexRejected(f"Biểu mẫu “{form.form_id}” không có câu hỏi một câu trả lời ở “{path}”.")
    if field.sensitivity != NONE:
        raise IndexRejected(f"“{path}” là câu trả lời riêng tư, không lập chỉ mục.")
    known = listed(form)
    if path not in known:
        if len(known) >= MOST:
            raise IndexRejected(f"Mỗi biểu mẫu có nhiều nhất {MOST} câu hỏi được lập chỉ mục.")
        db.session.add(IndexedQuestion(form_id=form.id, path=path))
        db.session.commit()
    ensure()


def drop(form: Form, path: str) -> None:
    """Do without a question's index; commits. Raises IndexRejected where it has none."""
    if path not in listed(form):
        raise IndexRejected(f"“{path}” của biểu mẫu “{form.form_id}” chưa có chỉ mục.")
    db.session.execute(
        sa.delete(IndexedQuestion).where(IndexedQuestion.form_id == form.id, IndexedQuestion.path == path)
    )
    db.session.commit()
    _run([f"DROP INDEX IF EXISTS {name(form.id, path)}"])


def listed(form: Form) -> list[str]:
    """The questions of a form that have an index."""
    query = sa.select(IndexedQuestion.path).where(IndexedQuestion.form_id == form.id)
    return list(db.session.scalars(query.order_by(IndexedQuestion.path)))


def ensure() -> None:
    """Make the indexes that are wanted and not there: after a migration or a restore, too."""
    wanted = db.session.execute(sa.select(IndexedQuestion.form_id, IndexedQuestion.path)).all()
    db.session.rollback()
    by_form: dict[int, Definition] = {}
    made = []
    for form_id, path in wanted:
        definition = by_form.setdefault(form_id, form_columns.merged(select_submissions.definitions(form_id)))
        field = definition.by_path.get(path)
        if field is not None:
            made.append(_statement(form_id, field))
    db.session.rollback()
    _run([*_unfinished([name(*each) for each in wanted]), *made])


def name(form_id: int, path: str) -> str:
    """What the database calls the index."""
    return f"ix_answer_{hashlib.sha256(f'{form_id} {path}'.encode()).hexdigest()[:16]}"


def _unfinished(names: Sequence[str]) -> list[str]:
    """What takes away indexes whose making was cut short: PostgreSQL keeps such, uses them never, and makes no other
    of the same name."""
    if db.engine.dialect.name != "postgresql":
        return []
    query = sa.text(
        "SELECT relname FROM pg_index JOIN pg_class ON oid = indexrelid WHERE NOT indisvalid AND relname = ANY(:names)"
    )
    with db.engine.connect() as connection:
        return [
            f"DROP INDEX CONCURRENTLY IF EXISTS {each}"
            for each in connection.scalars(query, {"names": list(names)})
        ]


def _statement(form_id: int, field: Field) -> str:
    """Of submissions that are applied alone: one that has just come waits in quarantine, outside of it."""
    dialect = db.engine.dialect.name
    of = answer_sql.number_of if field.kind in answer_sql.NUMBERS else answer_sql.text_of
    expression = of("answers", field.path, dialect)
    how = " CONCURRENTLY" if dialect == "postgresql" else ""
    return (
        f"CREATE INDEX{how} IF NOT EXISTS {name(form_id, field.path)} ON submission "
        f"(form_id, ({expression}), village_id, id) "
        f"WHERE form_id = {form_id} AND quarantine IS NULL AND replaced_by_id IS NULL"
    )


def _run(statements: Sequence[str]) -> None:
    """Each in a transaction of its own; on PostgreSQL outside of any, so that no writer waits."""
    for statement in statements:
        if db.engine.dialect.name == "postgresql":
            with db.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("SET statement_timeout = 0")
                connection.exec_driver_sql(statement)
                connection.exec_driver_sql("ANALYZE submission")
                connection.invalidate()  # its settings are this statement's
        else:
            with db.engine.connect().execution_options(writes=True) as connection:
                connection.exec_driver_sql(statement)
                connection.exec_driver_sql("ANALYZE submission")
                connection.commit()
