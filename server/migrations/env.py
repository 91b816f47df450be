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


with db.engine.begin() as connection:
    migrate(connection)
