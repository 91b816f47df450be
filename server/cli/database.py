"""`flask db`: the tables and their version."""

import importlib

import click
from flask.cli import with_appcontext

from server import migrate
from server.answers import indexed_questions
from server.cli.groups import refuse
from server.db import db


@click.group("db")
def group() -> None:
    """Bring the database's tables to the version of this program."""


@group.command()
@click.argument("revision", default="head")
@with_appcontext
def upgrade(revision: str) -> None:
    """Create or update tables; data is kept."""
    health = importlib.import_module("server.operations.health")
    with db.engine.connect() as connection:
        if health.is_restoring(connection):
            refuse(health.CUT_SHORT)
    migrate.upgrade(revision)
    if revision == "head":
        indexed_questions.ensure()


@group.command()
@click.argument("revision")
@with_appcontext
def downgrade(revision: str) -> None:
    """Go back to an older version of the tables."""
    migrate.downgrade(revision)


@group.command()
@with_appcontext
def check() -> None:
    """Fail where tables and migrations differ."""
    migrate.check()
