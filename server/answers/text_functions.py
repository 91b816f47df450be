"""Texts compared without regard to large and small letters, and by patterns: the same on SQLite and PostgreSQL.

SQLite knows the letters of ASCII alone, and so does PostgreSQL for answers, which it compares byte by byte.
"""

from typing import Any

import regex
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import GenericFunction

from geo import vietnamese_order
from server.db import db

_MATCHES = "answer_matches"
_PATIENCE = 0.2
"""Seconds that one text is matched for; a pattern that takes longer matches nothing."""


class in_small_letters(GenericFunction[str]):  # noqa: N801 (read in statements as the function that it is)
    """A text in small letters, those of Vietnamese with all their marks."""

    name = "in_small_letters"
    type = sa.Text()
    inherit_cache = True


@compiles(in_small_letters, "postgresql")
def _as_postgresql(element: in_small_letters, compiler: SQLCompiler, **options: Any) -> str:
    large, small = vietnamese_order.CAPITALS
    return f"translate(lower({compiler.process(element.clauses, **options)}), '{large}', '{small}')"


def is_matched(
    column: sa.ColumnElement[Any], pattern: str, *, cased: bool, dialect: str
) -> sa.ColumnElement[bool]:
    """That a text has a place which a regular expression describes; not `cased`: in letters of either kind."""
    found: sa.ColumnElement[bool]
    if dialect != "postgresql":
        found = getattr(sa.func, _MATCHES)(column, pattern, cased) == 1
    elif cased:
        found = column.op("~", return_type=sa.Boolean())(pattern)
    else:  # letters of ASCII stay in the pattern, where `\D` is not `\d`
        small = pattern.translate(str.maketrans(*vietnamese_order.CAPITALS))
        found = in_small_letters(column).op("~*", return_type=sa.Boolean())(small)
    return found


def register(app: Flask) -> None:
    """Give SQLite what it has not."""
    with app.app_context():
        engine = db.engine
    if engine.dialect.name == "sqlite":

        @event.listens_for(engine, "connect")
        def _connected(connection: Any, _record: Any) -> None:
            connection.create_function(_MATCHES, 3, _found, deterministic=True)
            connection.create_function(in_small_letters.name, 1, _small, deterministic=True)


def _small(text: str | None) -> str | None:
    return None if text is None else text.lower()


def _found(text: str | None, pattern: str, cased: int) -> int:
    if text is None:
        return 0
    try:
        return int(bool(regex.search(pattern, text, 0 if cased else regex.IGNORECASE, timeout=_PATIENCE)))
    except TimeoutError:
        return 0
