"""Rows of tables as lines of JSON and back, in kinds of our own: either database reads what the other wrote."""

import base64
import datetime as dt
import gzip
import hashlib
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import orjson
import sqlalchemy as sa

from server.db import DOCUMENT, Base, Moment
from server.operations import health
from server.operations.backup import archive

Kinds = Mapping[str, str]
"""Column → kind."""

TYPES: Mapping[str, sa.types.TypeEngine[Any]] = {
    "moment": Moment(),
    "date": sa.Date(),
    "bytes": sa.LargeBinary(),
    "uuid": sa.Uuid(),
    "json": DOCUMENT,
    "bool": sa.Boolean(),
    "int": sa.BigInteger(),
    "float": sa.Double(),
    "text": sa.String(),
}
_READ: Mapping[str, Callable[[Any], Any]] = {
    "moment": dt.datetime.fromisoformat,
    "date": dt.date.fromisoformat,
    "bytes": base64.b64decode,
    "uuid": uuid.UUID,
}
_PART = 4_000_000
"""Bytes of lines, before they are packed, that make a part of the archive."""
_AT_ONCE = 1_000


def tables(connection: sa.Connection) -> dict[str, Kinds]:
    """Every table that is there with its columns; a table of an older program has fewer."""
    found = sa.inspect(connection)
    return {
        name: {
            column["name"]: _kind(name, column)
            for column in found.get_columns(name)
            if "computed" not in column
        }
        for name in sorted(found.get_table_names())
        if name not in (health.RESTORING, "alembic_version")
    }


def _kind(table: str, column: Any) -> str:
    """By the model where there is one: SQLite does not tell a UUID from a text."""
    known = Base.metadata.tables.get(table)
    declared = known.columns.get(column["name"]) if known is not None else None
    found = column["type"] if declared is None else declared.type
    if isinstance(found, Moment | sa.DateTime):
        return "moment"
    by_type = (
        (sa.Date, "date"), (sa.LargeBinary, "bytes"), (sa.Uuid, "uuid"), (sa.JSON, "json"), (sa.Boolean, "bool"),
        (sa.Integer, "int"), (sa.Numeric, "float"), (sa.Float, "float"),
    )  # fmt: skip
    return next((kind for each, kind in by_type if isinstance(found, each)), "text")


def dump(connection: sa.Connection, table: str, kinds: Kinds) -> Iterator[tuple[bytes, int]]:
    """All rows of a table in parts: packed lines, and how many."""
    query = sa.select(*(sa.column(name, TYPES[kind]) for name, kind in kinds.items())).select_from(
        sa.table(table)
    )
    packed = [place for place, kind in enumerate(kinds.values()) if kind == "bytes"]
    lines: list[bytes] = []
    size = 0
    with connection.execute(query, execution_options={"yield_per": _AT_ONCE}) as rows:
        for row in rows:
            values: list[Any] = list(row)
            for place in packed:
                if values[place] is not None:
                    values[place] = base64.b64encode(values[place]).decode()
            lines.append(orjson.dumps(values))
            size += len(lines[-1])
            if size > _PART:
                yield _packed(lines), len(lines)
                lines, size = [], 0
    if lines:
        yield _packed(lines), len(lines)


class Digest:
    """A hash of all rows of a table, whatever their order: what was restored has the one of what was backed up."""

    def __init__(self) -> None:
        self._sum = 0

    def add(self, part: bytes) -> None:
        for line in archive.unpacked(part).split(b"\n"):
            self._sum += int.from_bytes(hashlib.sha256(line).digest())

    def told(self) -> str:
        return f"{self._sum % 2**256:064x}"


def _packed(lines: Sequence[bytes]) -> bytes:
    return gzip.compress(b"\n".join(lines), mtime=0)


def load(connection: sa.Connection, table: str, kinds: Kinds, part: bytes) -> None:
    """Insert the rows of a part."""
    columns = [sa.column(name, TYPES[kind]) for name, kind in kinds.items()]
    insert = sa.insert(sa.table(table, *columns))
    readers = [_READ.get(kind) for kind in kinds.values()]
    rows = [_row(kinds, readers, orjson.loads(line)) for line in archive.unpacked(part).split(b"\n")]
    for start in range(0, len(rows), _AT_ONCE):
        connection.execute(insert, rows[start : start + _AT_ONCE])


def _row(
    kinds: Kinds, readers: Sequence[Callable[[Any], Any] | None], values: Sequence[Any]
) -> dict[str, Any]:
    return {
        name: value if value is None or reader is None else reader(value)
        for name, reader, value in zip(kinds, readers, values, strict=True)
    }


def counters(connection: sa.Connection) -> dict[str, int]:
    """Table → the last number given to a row: numbers of rows that were deleted are not given again."""
    if connection.dialect.name == "sqlite":
        if not sa.inspect(connection).has_table("sqlite_sequence"):
            return {}
        rows = connection.exec_driver_sql("SELECT name, seq FROM sqlite_sequence")
        return {str(row[0]): int(row[1]) for row in rows}
    found = {}
    for table, sequence in _sequences(connection):
        query: Any = sa.select(sa.column("last_value"), sa.column("is_called")).select_from(sa.text(sequence))
        last = connection.execute(query).one()
        if last[1]:
            found[table] = int(last[0])
    return found


def set_counters(connection: sa.Connection, last: Mapping[str, int]) -> None:
    """Have the next row of each table get a number that none has or had."""
    if connection.dialect.name == "sqlite":
        for table, number in last.items():
            _count_on_sqlite(connection, table, number)
        return
    for table, sequence in _sequences(connection):
        highest = connection.scalar(sa.select(sa.func.max(sa.column("id"))).select_from(sa.table(table))) or 0
        number = max(highest, last.get(table, 0))
        if number:
            connection.execute(
                sa.text("SELECT setval(:sequence, :number)"), {"sequence": sequence, "number": number}
            )


def _count_on_sqlite(connection: sa.Connection, table: str, number: int) -> None:
    """Only tables that never give a number twice have a row there."""
    declared: str = (
        connection.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (table,)).scalar() or ""
    )
    if "AUTOINCREMENT" in declared.upper():
        connection.exec_driver_sql("DELETE FROM sqlite_sequence WHERE name = ?", (table,))
        connection.exec_driver_sql("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)", (table, number))


def _sequences(connection: sa.Connection) -> list[tuple[str, str]]:
    """Table and sequence of every numbered key `id` on PostgreSQL."""
    query = """
        SELECT table_name, pg_get_serial_sequence(quote_ident(table_name), 'id')
        FROM information_schema.columns WHERE table_schema = current_schema() AND column_name = 'id'
    """
    return [(row[0], row[1]) for row in connection.exec_driver_sql(query) if row[1]]


def defer_references(connection: sa.Connection) -> list[tuple[str, str]]:
    """Have the database look at references when all rows are there; returns what `settle_references` needs."""
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        return []
    found = sa.inspect(connection)
    every = [
        (table, str(key["name"]))
        for table in found.get_table_names()
        for key in found.get_foreign_keys(table)
    ]
    for table, key in every:
        connection.exec_driver_sql(
            f'ALTER TABLE "{table}" ALTER CONSTRAINT "{key}" DEFERRABLE INITIALLY DEFERRED'
        )
    return every


def settle_references(connection: sa.Connection, deferred: Sequence[tuple[str, str]]) -> None:
    """Look at all references now, and from now on with every statement."""
    if deferred:
        connection.exec_driver_sql("SET CONSTRAINTS ALL IMMEDIATE")
    for table, key in deferred:
        connection.exec_driver_sql(f'ALTER TABLE "{table}" ALTER CONSTRAINT "{key}" NOT DEFERRABLE')
