"""The whole application: the server and what leaders see. The only file that knows both."""

from flask import Flask

import dashboards
from server.factory import create_server
from server.serving.front import Front
from server.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """What the `flask` command runs."""
    app = create_server(settings)
    dashboards.register(app)
    return app


def create_front() -> Front:
    """What gunicorn runs: the same behind the front."""
    return Front(create_app())
