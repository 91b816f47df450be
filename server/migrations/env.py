"""Runs migrations with the application's own engine and tables."""

import sqlalchemy as sa
from alembic import context

from server import models
from server.db import Base, Moment, db

TABLES = models.__all__  # what Alembic compares with the database


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Write our own types into migrations as what they are in the database."""
    if kind == "type" and isinstance(item, Moment):
        return "sa.DateTime(timezone=True)"
    if kind == "type" and isinstance(item, sa.JSON):
        return "sa.JSON().with_variant(JSONB(), 'postgresql')"
    return False


def migrate(connection: sa.Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        render_item=render_item,
        compare_type=True,
    )
    with context.begin_transaction():
        context.run_migrations()


with db.engine.connect() as connection:
    if connection.dialect.name == "sqlite":
        # a table that is altered by copying it is dropped for a moment, with rows of others still pointing to it
        connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
        connection.commit()
    migrate(connection)
    connection.commit()
    if connection.dialect.name == "sqlite":
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
        connection.exec_driver_sql("PRAGMA foreign_keys=ON")
        if broken:
            raise SystemExit(f"migrations broke references: {broken[:3]}")
