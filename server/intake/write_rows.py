"""The rows that follow from submissions, written with one statement a table, tables in the order of their keys."""

import dataclasses
import functools
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from geo.series import NOTHING, Amount
from server.counting import tally
from server.households.entity_changes import ChangedEntity
from server.models import Audit, Entity, EntityVersion, Finding, Submission, Tally

Row = dict[str, Any]


@dataclasses.dataclass
class WrittenRows:
    """What one submission writes, or several: the later lies over the earlier where both change one row."""

    changes: list[ChangedEntity] = dataclasses.field(default_factory=list)
    findings: list[Row] = dataclasses.field(default_factory=list)
    sums: dict[tally.Key, Amount] = dataclasses.field(default_factory=dict)
    audit: list[Row] = dataclasses.field(default_factory=list)
    submissions: list[Row] = dataclasses.field(default_factory=list)
    """What is said anew of rows of the log, each with its key."""

    def add(self, other: "WrittenRows") -> None:
        """Take in what a later submission writes."""
        self.changes += other.changes
        self.findings += other.findings
        for key, amount in other.sums.items():
            self.sums[key] = Amount(*map(sum, zip(self.sums.get(key, NOTHING), amount, strict=True)))
        self.audit += other.audit
        self.submissions += other.submissions

    def write(self, connection: sa.Connection) -> None:
        """Write them all in the caller's transaction."""
        new, changed = _entities(self.changes)
        insert(connection, Entity, new)
        update(connection, Entity, changed)
        insert(connection, EntityVersion, [dict(each.version) for each in self.changes])
        insert(connection, Finding, self.findings)
        insert(connection, Tally, tally.rows_of(self.sums))
        insert(connection, Audit, self.audit)
        update(connection, Submission, self.submissions)


def _entities(changes: Iterable[ChangedEntity]) -> tuple[list[Row], list[Row]]:
    """Each entity once, as the last change leaves it: those that are new, and the others."""
    new: dict[uuid.UUID, Row] = {}
    changed: dict[uuid.UUID, Row] = {}
    for each in changes:
        known = each.known.id
        if each.is_new or known in new:
            new[known] = new.get(known, {}) | each.row
        else:
            changed[known] = each.row
    return list(new.values()), list(changed.values())


def insert(connection: sa.Connection, table: Any, rows: Sequence[Row]) -> None:
    """Insert rows that all have the same columns."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(inserted(table, tuple(rows[0])), {"rows": dumped(rows)})
    else:
        connection.execute(sa.insert(table), rows)


def update(connection: sa.Connection, table: Any, rows: Sequence[Row]) -> None:
    """Give rows, found by `id`, new values; all have the same columns."""
    if not rows:
        return
    if connection.dialect.name == "postgresql":
        connection.execute(_updated(table, tuple(rows[0])), {"rows": dumped(rows)})
        return
    names = [name for name in rows[0] if name != "id"]
    own = sa.update(table).where(table.id == sa.bindparam("key"))
    connection.execute(
        own.values({n: sa.bindparam(f"new_{n}") for n in names}),
        [{"key": row["id"], **{f"new_{n}": row[n] for n in names}} for row in rows],
    )


@functools.cache
def inserted(table: Any, names: tuple[str, ...]) -> postgresql.Insert:
    """The statement by which PostgreSQL takes in the rows of a document, made once: that costs as much as to run it."""
    return postgresql.insert(table).from_select(list(names), sa.select(*_document(table, names).c))


@functools.cache
def _updated(table: Any, names: tuple[str, ...]) -> sa.Update:
    given = _document(table, names)
    new = {name: given.c[name] for name in names if name != "id"}
    return sa.update(table).where(table.id == given.c.id).values(new)


def _document(table: Any, names: tuple[str, ...]) -> Any:
    """Rows of a table that PostgreSQL is given as one JSON document: a fifth of what as many parameters cost."""
    columns = table.__table__.c
    return (
        sa.func.json_populate_recordset(
            sa.literal_column(f"NULL::{table.__tablename__}"),
            sa.cast(sa.bindparam("rows", type_=sa.Text), sa.JSON),
        )
        .table_valued(*(sa.column(name, columns[name].type) for name in names))
        .alias("given")
    )


def dumped(rows: Sequence[Row]) -> str:
    """Rows as the text of that document."""
    return orjson.dumps(rows, default=_as_text).decode()


def _as_text(value: Any) -> str:
    """Bytes as PostgreSQL reads them."""
    return f"\\x{value.hex()}"
