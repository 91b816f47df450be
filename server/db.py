"""The database handle, the base of all tables, and the transactions that write."""

import datetime as dt
import inspect
import sqlite3
import time
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import orjson
from flask import g, has_app_context
from flask.sansio.app import App
from flask_sqlalchemy_lite import SQLAlchemy
from sqlalchemy import (
    ARRAY,
    BigInteger,
    ColumnElement,
    Connection,
    DateTime,
    Dialect,
    Engine,
    Integer,
    MetaData,
    SQLColumnExpression,
    String,
    UpdateBase,
    any_,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction
from sqlalchemy.types import JSON, TypeDecorator

from geo import vietnamese_order

BIG = BigInteger().with_variant(Integer, "sqlite")
"""Keys of tables that grow with every visit; SQLite only numbers INTEGER keys by itself."""

DOCUMENT = JSON(none_as_null=True).with_variant(JSONB(none_as_null=True), "postgresql")
LETTER = JSON(none_as_null=True)
"""A document that is read whole, as it was written, and never searched (docs/decisions/0030)."""


class Moment(TypeDecorator[dt.datetime]):
    """A point in time, UTC with zone on both sides; SQLite, which knows no zones, stores it as UTC."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone cannot be stored")
        utc = value.astimezone(dt.UTC)
        return utc.replace(tzinfo=None) if dialect.name == "sqlite" else utc

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class Base(DeclarativeBase):
    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(column_0_N_label)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {dt.datetime: Moment, dict[str, Any]: DOCUMENT, list[Any]: DOCUMENT}


class in_vietnamese_order(GenericFunction[str]):  # noqa: N801 (read in statements as the function that it is)
    """What a column of names is sorted by: `geo.vietnamese_order.sort_key`, worked out by the database (0034)."""

    name = "in_vietnamese_order"
    type = String()
    inherit_cache = True


@compiles(in_vietnamese_order, "postgresql")
def _as_postgresql(element: in_vietnamese_order, compiler: SQLCompiler, **options: Any) -> str:
    """By the same two tables; PostgreSQL's own Vietnamese collation is missing where it was built without ICU."""
    digits = vietnamese_order.DIGITS
    text = f"normalize({compiler.process(element.clauses, **options)}, NFC)"
    text = f"regexp_replace({text}, '([0-9]+)', '{'0' * digits}\\1', 'g')"
    text = f"regexp_replace({text}, '[0-9]*([0-9]{{{digits}}})', '\\1', 'g')"
    letters, tones = (
        "translate({}, '{}', '{}')".format(text, *(each.replace("'", "''") for each in pair))
        for pair in (vietnamese_order.LETTERS, vietnamese_order.TONES)
    )
    between = f"chr({ord(vietnamese_order.BETWEEN)})"
    return f'(({letters} || {between} || {tones}) COLLATE "C")'


class as_utf8(GenericFunction[str]):  # noqa: N801 (as above)
    """A column of bytes, known to be UTF-8, as text: as bytes PostgreSQL sends each in two letters, and both sides work
    at it."""

    name = "as_utf8"
    type = String()
    inherit_cache = True


@compiles(as_utf8, "sqlite")
def _utf8_of_sqlite(element: as_utf8, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS TEXT)"


@compiles(as_utf8, "postgresql")
def _utf8_of_postgresql(element: as_utf8, compiler: SQLCompiler, **options: Any) -> str:
    return f"convert_from({compiler.process(element.clauses, **options)}, 'UTF8')"


def is_among(column: SQLColumnExpression[Any], keys: Sequence[int], dialect: str) -> ColumnElement[bool]:
    """That a column is one of these keys, all of them as one parameter.

    With a parameter each, writing out and reading a statement of five hundred costs as much as its rows.
    """
    if dialect == "postgresql":
        return column == any_(literal(list(keys), ARRAY(BigInteger)))
    each = func.json_each(orjson.dumps(list(keys)).decode()).table_valued("value")
    return column.in_(select(each.c.value))


class RoutedSession(Session):
    """Reads where the request was told that it may (`read_replica.py`), writes in the one place that takes them."""

    def get_bind(
        self, mapper: Any = None, *, clause: Any = None, bind: Engine | Connection | None = None, **other: Any
    ) -> Engine | Connection:
        if self._flushing or isinstance(clause, UpdateBase):
            read_where_it_is_written()
        elsewhere = g.get(READS_FROM) if bind is None and has_app_context() else None
        return elsewhere or super().get_bind(mapper, clause=clause, bind=bind, **other)

    def close(self) -> None:
        """Let go of its connection, also of one that is gone: what it had not committed has ended with it.

        An answer that is ready is not taken back because the database went away after it was asked.
        """
        try:
            super().close()
        except DBAPIError as error:
            if not error.connection_invalidated:
                raise
            self.invalidate()


READS_FROM = "tungnha_reads_from"
"""In `g`: the engine that a request reads from, where that is not the one it writes to."""


def read_where_it_is_written() -> None:
    """Have this request read from the database itself: a writer sees what they wrote."""
    if has_app_context():
        g.pop(READS_FROM, None)


def reading_engine() -> Engine:
    """Where this request may read with a connection of its own."""
    elsewhere: Engine | None = g.get(READS_FROM)
    return elsewhere or db.engine


class Database(SQLAlchemy):
    """Flask-SQLAlchemy-Lite without its async sessions, of which we have none.

    Flask starts a thread for every request to close them, half a millisecond of CPU a visit.
    """

    def init_app(self, app: App) -> None:
        super().init_app(app)
        functions = app.teardown_appcontext_funcs
        functions[:] = [function for function in functions if not inspect.iscoroutinefunction(function)]

    def dispose(self) -> None:
        """Close all connections that the current application keeps."""
        for engine in self.engines.values():
            engine.dispose()


db = Database(session_options={"class_": RoutedSession})


def single_statements() -> Engine:
    """The engine whose statements are each their own transaction on PostgreSQL: one round trip, not three.

    SQLite has no round trips to save, and one engine.
    """
    return db.engines.get("single_statements", db.engine)


def writing() -> Connection:
    """The session's connection, in a transaction that is going to write (see `database_connections.py`)."""
    read_where_it_is_written()
    return db.session.connection(execution_options={"writes": True})


def is_writing() -> bool:
    """Whether the session is in a transaction that was begun to write: others may be waiting for it."""
    session = db.session if has_app_context() else None
    if session is None or not session.in_transaction():
        return False
    return bool(session.connection().get_execution_options().get("writes"))


def begin_writing() -> None:
    """End what the session has read so far, and begin a transaction that is going to write.

    A page has read who asks before it knows that it will write; SQLite refuses to write from a snapshot that
    somebody else has since written over. What was loaded before is read again when it is next asked for.
    """
    db.session.rollback()
    writing()


CONTENDED = ("40001", "40P01", "55P03", "57014")
"""What PostgreSQL says of statements that were in each other's way, or took longer than they may."""
_TRIES, _PAUSE_SECONDS = 6, 0.5
Result = TypeVar("Result")


def is_contended(error: DBAPIError) -> bool:
    """Whether a statement failed because others were at the same rows, or held the database for too long."""
    if isinstance(error.orig, sqlite3.Error):
        code = getattr(error.orig, "sqlite_errorcode", 0) & 0xFF
        return code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
    return getattr(error.orig, "sqlstate", None) in CONTENDED


def again(work: Callable[[], Result], session: Session) -> Result:
    """Do a piece of work that commits by itself, anew where somebody was in its way or the connection broke.

    For commands that run at night: each try begins from nothing, after a pause that grows.
    """
    for tries in range(1, _TRIES):
        try:
            return work()
        except DBAPIError as error:
            session.rollback()
            if not (is_contended(error) or error.connection_invalidated):
                raise
            time.sleep(_PAUSE_SECONDS * tries)
    return work()
