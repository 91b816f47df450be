"""Brings the database's tables to the version of this code, and back."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory


def config() -> Config:
    """Alembic's settings; migrations find the engine through the application's context."""
    found = Config()
    found.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    found.set_main_option("file_template", "%%(rev)s_%%(slug)s")
    return found


def upgrade(revision: str = "head") -> None:
    command.upgrade(config(), revision)


def downgrade(revision: str) -> None:
    command.downgrade(config(), revision)


def head() -> str:
    """The version that this program's tables have."""
    found = ScriptDirectory.from_config(config()).get_current_head()
    assert found is not None  # noqa: S101 - there are migrations
    return found


def revisions() -> frozenset[str]:
    """Every version of the tables that this program knows."""
    script = ScriptDirectory.from_config(config())
    return frozenset(each.revision for each in script.walk_revisions())


def check() -> None:
    """Raise where tables and migrations differ."""
    command.check(config())
