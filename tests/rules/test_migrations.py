"""Tables and migrations agree, forward and back, on both databases."""

from flask import Flask

from server import migrate


def test_tables_are_what_the_migrations_make(app: Flask) -> None:
    migrate.check()


def test_migrations_go_back_and_forward(app: Flask) -> None:
    migrate.downgrade("base")
    migrate.upgrade()
    migrate.check()
