"""The whole application: the server and what leaders see. The only file that knows both."""

from flask import Flask

import dashboards
from server.factory import create_server
from server.settings import Settings


def create_app(settings: Settings | None = None) -> Flask:
    """What gunicorn and the `flask` command run."""
    app = create_server(settings)
    dashboards.register(app)
    return app
