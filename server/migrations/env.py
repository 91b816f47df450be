"""Runs migrations with the application's own engine and tables."""

import warnings
from typing import Any

import sqlalchemy as sa
from alembic import context

from server import models
from server.db import LETTER, Base, Moment, db

TABLES = models.__all__  # what Alembic compares with the database


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Write our own types into migrations as what they are in the database."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and item is LETTER:
        return "sa.JSON()"
    if kind == "type" and isinstance(item, sa.JSON):
        return "sa.JSON().with_variant(JSONB(), 'postgresql')"
    return False


def is_ours(_object: object, name: str | None, kind: str, *_others: object) -> bool:
    """Whether Alembic compares it: indexes of answers are a server's own (server/answers/indexed_questions.py)."""
    return kind != "index" or not (name or "").startswith("ix_answer_")


def migrate(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render_item,
        include_object=is_ours,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


def without_foreign_keys(connection: sa.Connection) -> None:
    """On SQLite a table is altered by copying and dropping it, which would take along the rows that point to it.

    SQLite knows the switch only outside a transaction, hence by the driver; what the keys hold is checked after.
    """
    raw: Any = connection.connection.driver_connection
    raw.execute("PRAGMA foreign_keys=OFF")
    try:
        migrate(connection)
        connection.commit()
        broken = raw.execute("PRAGMA foreign_key_check").fetchall()
    finally:
        raw.execute("PRAGMA foreign_keys=ON")
    if broken:
        raise SystemExit(f"rows point to rows that are not there: {broken[:3]}")


# SQLAlchemy cannot read these from SQLite, and need not (server/answers/indexed_questions.py makes them anew)
warnings.filterwarnings("ignore", "Skipped unsupported reflection of expression-based index ix_answer_")
with db.engine.connect() as connection:
    if connection.dialect.name == "sqlite":
        without_foreign_keys(connection)
    else:
        migrate(connection)
        connection.commit()
