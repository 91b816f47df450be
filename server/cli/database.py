"""`flask db`: the tables and their version."""

import contextlib
import importlib
from collections.abc import Iterator

import click
from alembic.util import CommandError
from flask.cli import with_appcontext

from server import migrate
from server.answers import indexed_questions
from server.cli.groups import refuse
from server.db import db


@click.group("db")
def group() -> None:
    """Bring the database's tables to the version of this program."""


class Version(click.ParamType[str]):
    """A version of the tables that this program knows, or as many steps from where they are."""

    name = "bản"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        is_step = value[:1] in "+-" and value[1:].isascii() and value[1:].isdigit()
        if value not in ("head", "base", *migrate.revisions()) and not is_step:
            refuse(f"Không có bản “{value}” của bảng dữ liệu; bản mới nhất là {migrate.head()}.")
        return value


VERSION = Version()


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    """What Alembic refuses (tables of another version, steps that lead nowhere), as any command tells it."""
    try:
        yield
    except CommandError as error:
        refuse(
            f"Bảng dữ liệu không ở bản của chương trình này ({error}): hãy xem “flask doctor”.", cause=error
        )


@group.command()
@click.argument("revision", default="head", type=VERSION)
@with_appcontext
def upgrade(revision: str) -> None:
    """Create or update tables; data is kept."""
    health = importlib.import_module("server.operations.health")
    with db.engine.connect() as connection:
        if health.is_restoring(connection):
            refuse(health.CUT_SHORT)
    with _sentences():
        migrate.upgrade(revision)
    if revision == "head":
        indexed_questions.ensure()


@group.command()
@click.argument("revision", type=VERSION)
@with_appcontext
def downgrade(revision: str) -> None:
    """Go back to an older version of the tables."""
    with _sentences():
        migrate.downgrade(revision)


@group.command()
@with_appcontext
def check() -> None:
    """Fail where tables and migrations differ."""
    with _sentences():
        migrate.check()
