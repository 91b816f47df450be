"""The statements of visits, compiled once and run by the driver itself, for one visit or for many at a time.

A visit is a dozen small statements, and SQLAlchemy takes longer to dress one than PostgreSQL to run it. So the
hot path's statements, which are SQLAlchemy's own, are compiled once and handed to psycopg: each read once for all
visits that are stored together, all their writes as one statement, many rows as arrays. SQLite gets them the
ordinary way (docs/decisions/0004, 0015).
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import psycopg
import sqlalchemy as sa

Row = Sequence[Any]
Values = Mapping[str, Any]


class Step(NamedTuple):
    """A statement with the values of each time it is to run; statements are module constants, compiled once."""

    statement: Any
    rows: Sequence[Values]


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
    with _cursor(connection) as cursor:
        return [_send(cursor, (each,), connection.dialect).fetchall() if each.rows else [] for each in steps]


def read_each(
    connection: sa.Connection, statement: sa.Executable, values: Sequence[Values]
) -> list[list[Row]]:
    """Run one query with each of these values and return the rows of each; on PostgreSQL in one round trip."""
    if connection.dialect.name != "postgresql" or len(values) < 2:
        return read(connection, [Step(statement, (each,)) for each in values])
    found: list[list[Row]] = [[] for _ in values]
    with _cursor(connection) as cursor:
        for place, *row in _send(cursor, (Step(statement, values),), connection.dialect).fetchall():
            found[place - 1].append(row)
    return found


def run(connection: sa.Connection, steps: Sequence[Step]) -> None:
    """Run inserts and updates one after the other in the caller's transaction."""
    for each in steps:
        _execute(connection, each)


def write(connection: sa.Connection, steps: Sequence[Step]) -> None:
    """Run inserts and updates that do not read each other's rows, all together, and commit."""
    if connection.dialect.name != "postgresql":
        run(connection, steps)
        connection.commit()
        return
    with _cursor(connection) as cursor:
        _send(cursor, _merged(steps), connection.dialect)
        cursor.connection.commit()


def _merged(steps: Sequence[Step]) -> list[Step]:
    """The same statements with all their rows together, in one order whatever came first: a shape has one text."""
    together: dict[Any, list[Values]] = {}
    for each in steps:
        if each.rows:
            together.setdefault(each.statement, []).extend(each.rows)
    return [Step(statement, together[statement]) for statement in sorted(together, key=_place)]


_order: dict[Any, int] = {}


def _place(statement: Any) -> int:
    """The place that a statement got when it was first met."""
    return _order.setdefault(statement, len(_order))


class _Cursor:
    """The driver's own cursor, whose errors become SQLAlchemy's, so that whoever calls need not know."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection
        raw: Any = connection.connection.driver_connection
        self._raw = raw
        self._cursor = psycopg.RawCursor(raw)
        self._errors: type[Exception] = connection.dialect.loaded_dbapi.Error

    def __enter__(self) -> Any:
        return self._cursor

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._cursor.close()
        if isinstance(error, self._errors):
            is_gone = self._raw.closed
            if is_gone:
                self._forget()
            raise sa.exc.DBAPIError.instance(
                None, None, error, self._errors, connection_invalidated=is_gone
            ) from error

    def _forget(self) -> None:
        """Where one connection broke, the others of the pool did so too, as a rule: none is lent again."""
        self._connection.invalidate()
        self._connection.engine.dispose()


_cursor = _Cursor


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
            values += [write([row[name] for row in each.rows]) for name, write in names]
    return cursor.execute(compiled.text, values, prepare=True)


def _compile(shape: _Shape, dialect: sa.Dialect) -> _Compiled:
    """The statements of a shape as one: all but the last stand before it as `WITH … AS (INSERT …)`."""
    texts: list[str] = []
    names: list[list[tuple[str, Any]]] = []
    place = 0
    for statement, many in shape:
        compiled = statement.compile(dialect=dialect)
        placeholders = [f"${number}" for number in range(place + 1, place + 1 + len(compiled.params))]
        place += len(placeholders)
        text, own = (_of_arrays if many else _of_values)(compiled, dialect, placeholders)
        texts.append(text)
        names.append(own)
    before = ", ".join(f"w{number} AS ({text})" for number, text in enumerate(texts[:-1]))
    return _Compiled(f"WITH {before} {texts[-1]}" if before else texts[-1], names)


def _of_values(
    compiled: Any, _dialect: sa.Dialect, placeholders: Sequence[str]
) -> tuple[str, list[tuple[str, Any]]]:
    text = str(compiled) % dict(zip(compiled.params, placeholders, strict=True))
    return text, [(name, compiled._bind_processors.get(name)) for name in compiled.params]


_ROWS = re.compile(r"VALUES \((.*?)\)(?= ON CONFLICT|$)", re.DOTALL)


def _of_arrays(compiled: Any, dialect: Any, placeholders: Sequence[str]) -> tuple[str, list[tuple[str, Any]]]:
    """A statement for many rows: its values are columns of `v`, one array each, taken apart by `unnest`."""
    kinds = {name: compiled.binds[name].type for name in compiled.params}
    types = [dialect.type_compiler_instance.process(kind) for kind in kinds.values()]
    arrays = ", ".join(f"{mark}::{kind}[]" for mark, kind in zip(placeholders, types, strict=True))
    # taken apart in the list of columns: as a table of their own PostgreSQL would write the rows down first
    rows = ", ".join(
        f'unnest({mark}::{kind}[]) AS "{name}"'
        for mark, kind, name in zip(placeholders, types, kinds, strict=True)
    )
    columns = ", ".join(f'"{name}"' for name in kinds)
    text = str(compiled) % {name: f'v."{name}"' for name in kinds}
    if compiled.isinsert:
        text = _ROWS.sub(rf"SELECT \1 FROM (SELECT {rows}) AS v", text)
    elif compiled.isupdate:
        text = text.replace(" WHERE ", f" FROM (SELECT {rows}) AS v WHERE ", 1)
    else:
        # OFFSET 0: each is looked up by its key. PostgreSQL would rather join all of them with the whole table while
        # that is small and not analysed yet, and goes on so with the same plan when it is small no more
        text = (
            f'SELECT v."#", q.* FROM unnest({arrays}) WITH ORDINALITY AS v({columns}, "#"), '
            f"LATERAL ({text} OFFSET 0) q"
        )
    return text, [(name, _writer(kind, dialect)) for name, kind in kinds.items()]


def _writer(kind: Any, dialect: Any) -> Any:
    """What writes a column as PostgreSQL writes an array."""
    kind = getattr(kind, "impl_instance", kind)
    if isinstance(kind, sa.LargeBinary):
        return _bytes
    if isinstance(kind, sa.Uuid):
        return _uuids
    if isinstance(kind, sa.JSON):
        dump = dialect._json_serializer
        return lambda values: _texts([None if value is None else dump(value) for value in values])
    if isinstance(kind, (sa.DateTime, sa.Date)):
        return _times
    return _texts if isinstance(kind, sa.String) else _plain


def _plain(values: Sequence[Any]) -> str:
    """Numbers, truths and the like: their text needs no quotes."""
    if None in values:
        return "{" + ",".join("NULL" if value is None else str(value) for value in values) + "}"
    return "{" + ",".join(map(str, values)) + "}"


def _times(values: Sequence[Any]) -> str:
    """Days and times: all that a visit states has the same ones, and writing one takes a microsecond."""
    each = {id(value): value for value in values}
    written = {key: "NULL" if value is None else str(value) for key, value in each.items()}
    return "{" + ",".join([written[id(value)] for value in values]) + "}"


def _uuids(values: Sequence[uuid.UUID | None]) -> str:
    """As 32 digits, which PostgreSQL reads as well and Python writes in a third of the time."""
    return "{" + ",".join(["NULL" if value is None else f"{value.int:032x}" for value in values]) + "}"


def _texts(values: Sequence[str | None]) -> str:
    return "{" + ",".join(map(_quoted, values)) + "}"


def _quoted(text: str | None) -> str:
    if text is None:
        return "NULL"
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    return '"' + text.replace('"', '\\"') + '"'


def _bytes(values: Sequence[bytes | None]) -> str:
    return "{" + ",".join("NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values) + "}"
