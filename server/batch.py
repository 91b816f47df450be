"""The statements of a visit, compiled once and run by the driver itself.

A visit is a dozen small statements, and SQLAlchemy takes longer to dress one than PostgreSQL to run it. So the
hot path's statements, which are SQLAlchemy's own, are compiled once and handed to psycopg: reads one by one,
writes as one statement, many rows as arrays. SQLite gets them the ordinary way (docs/decisions/0004).
"""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

Row = Sequence[Any]


class Step(NamedTuple):
    """A statement with the values of each time it is to run; statements are module constants, compiled once."""

    statement: Any
    rows: Sequence[Mapping[str, Any]]


class _Compiled(NamedTuple):
    text: str
    """With PostgreSQL's own placeholders: psycopg reads a text of its own style anew each time it is long."""
    names: Sequence[Sequence[tuple[str, Any]]]
    """For each statement the values it takes, in their order, and what makes each ready for the driver."""


_Shape = tuple[tuple[Any, bool], ...]
"""Which statements run as one, and which of them with many rows."""
_compiled: dict[_Shape, _Compiled] = {}


def step(statement: sa.Executable, **values: Any) -> Step:
    """A statement that runs once."""
    return Step(statement, (values,))


def read(connection: sa.Connection, steps: Sequence[Step]) -> list[list[Row]]:
    """Run queries in their order, each with a snapshot of its own, and return the rows of each.

    Errors are SQLAlchemy's (IntegrityError, OperationalError …); after one the transaction is to be rolled back.
    """
    if connection.dialect.name != "postgresql":
        return [_execute(connection, each) for each in steps]
    raw: Any = connection.connection.driver_connection
    try:
        with psycopg.RawCursor(raw) as cursor:
            return [
                _send(cursor, (each,), connection.dialect).fetchall() if each.rows else [] for each in steps
            ]
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_ours(error, connection) from error


def write(connection: sa.Connection, steps: Sequence[Step]) -> None:
    """Run inserts and updates that do not read each other's rows, all together, and commit."""
    wanted = tuple(each for each in steps if each.rows)
    if connection.dialect.name != "postgresql":
        for each in wanted:
            _execute(connection, each)
        connection.commit()
        return
    raw: Any = connection.connection.driver_connection
    try:
        with psycopg.RawCursor(raw) as cursor:
            _send(cursor, wanted, connection.dialect)
        raw.commit()
    except connection.dialect.loaded_dbapi.Error as error:
        raise _as_ours(error, connection) from error


def _as_ours(error: Exception, connection: sa.Connection) -> Exception:
    base: type[Exception] = connection.dialect.loaded_dbapi.Error
    return sa.exc.DBAPIError.instance(None, None, error, base)


def _execute(connection: sa.Connection, each: Step) -> list[Row]:
    if not each.rows:
        return []
    values = [dict(row) for row in each.rows]
    result = connection.execute(each.statement, values[0] if len(values) == 1 else values)
    return list(result) if result.returns_rows else []


def _send(cursor: Any, steps: Sequence[Step], dialect: sa.Dialect) -> Any:
    shape = tuple((each.statement, len(each.rows) > 1) for each in steps)
    compiled = _compiled.get(shape) or _compiled.setdefault(shape, _compile(shape, dialect))
    values: list[Any] = []
    for each, names in zip(steps, compiled.names, strict=True):
        if len(each.rows) == 1:
            row = each.rows[0]
            values += [process(row[name]) if process else row[name] for name, process in names]
        else:
            values += [_array([row[name] for row in each.rows]) for name, _ in names]
    return cursor.execute(compiled.text, values)


def _array(values: Sequence[int | bool | uuid.UUID | dt.date | dt.datetime | None]) -> str:
    """A column as PostgreSQL writes an array; for values whose text needs no quotes, which is all we send so."""
    if None in values:
        return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"
    return "{" + ",".join(map(str, values)) + "}"


def _compile(shape: _Shape, dialect: sa.Dialect) -> _Compiled:
    """The statements of a shape as one: all but the last stand before it as `WITH … AS (INSERT …)`."""
    texts: list[str] = []
    names: list[list[tuple[str, Any]]] = []
    place = 0
    for statement, many in shape:
        compiled = (_of_arrays(statement) if many else statement).compile(dialect=dialect)
        places, own = {}, []
        for name in compiled.params:
            place += 1
            places[name] = f"${place}"
            own.append((name, compiled._bind_processors.get(name)))
        texts.append(str(compiled) % places)
        names.append(own)
    before = ", ".join(f"w{number} AS ({text})" for number, text in enumerate(texts[:-1]))
    return _Compiled(f"WITH {before} {texts[-1]}" if before else texts[-1], names)


def _of_arrays(statement: sa.Insert) -> sa.Insert:
    """An insert of many rows as one over arrays, one for each column: numbers, days, times, UUIDs and truths."""
    table: Any = statement.table
    names = [column.name for column in statement._values or ()]  # type: ignore[union-attr]
    arrays = [sa.func.unnest(sa.bindparam(name, type_=ARRAY(table.c[name].type))) for name in names]
    return sa.insert(table).inline().from_select(names, sa.select(*arrays))
