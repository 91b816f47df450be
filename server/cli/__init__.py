"""Administration by `flask <group> <verb>`; every command says in one sentence what went wrong."""

from flask import Flask

from server.cli import database


def register(app: Flask) -> None:
    """Add all commands to the application."""
    app.cli.add_command(database.group)
