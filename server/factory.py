"""Makes the Flask application: settings, database, blueprints, errors."""

import os
from pathlib import Path

import orjson
from flask import Flask

from server import api, cli, errors, office, openrosa, read_replica, webform
from server.accounts import flask_security_setup
from server.database_connections import prepare, unless_given
from server.db import db
from server.office import problem_pages
from server.operations import outages, status_pages
from server.serving import bounded_request, first_pieces, proxies, security_headers
from server.settings import Settings, check_databases, make_instance, secret_key


def create_server(settings: Settings | None = None) -> Flask:
    """The web server without leaders' pages; `app.create_app` adds those."""
    settings = settings or Settings.from_env()
    os.umask(0o077)  # what the server and its commands write is their account's alone
    make_instance(settings)
    check_databases(settings)
    app = Flask(
        "server", root_path=str(Path(__file__).parent), instance_path=str(settings.instance.absolute())
    )
    app.request_class = bounded_request.BoundedRequest
    configure(app, settings)
    db.init_app(app)
    with app.app_context():
        prepare(db.engine)
    read_replica.register(app)
    security_headers.register(app)
    flask_security_setup.register(app)
    openrosa.register(app)
    webform.register(app)
    api.register(app)
    problem_pages.register(app)
    office.register(app)
    status_pages.register(app)
    cli.register(app)
    speakers = (openrosa.SPEAKER, *webform.SPEAKERS, *api.SPEAKERS)
    errors.register(app, speakers, page=problem_pages.say, passing=outages.kind_of)
    first_pieces.register(app)
    return app


def configure(app: Flask, settings: Settings) -> None:
    """Turn settings into what Flask and its extensions read."""
    app.config.update(
        SETTINGS=settings,
        SECRET_KEY=secret_key(settings),
        SQLALCHEMY_ENGINES=engines(settings),
        # a single photo larger than the announced limit still comes, alone, with its XML (C36)
        MAX_CONTENT_LENGTH=(settings.max_submission_mb + 1) * 1_000_000,
        MAX_FORM_MEMORY_SIZE=6_000_000,
        SESSION_COOKIE_SECURE=settings.https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        PREFERRED_URL_SCHEME="https" if settings.https else "http",
    )
    app.json = bounded_request.BoundedJson(app)
    app.url_map.strict_slashes = False  # a phone must never be redirected (C6)
    app.wsgi_app = proxies.behind(app.wsgi_app, settings)  # type: ignore[method-assign]


CONNECTION_SECONDS = 1800
"""How old a connection to PostgreSQL becomes. Both its ends keep what the largest of all its statements and answers
took until it is closed, and each connection meets the large ones some time."""


def engines(settings: Settings) -> dict[str, dict[str, object]]:
    """What a database of this kind needs: its address, how JSON is written, how many connections are kept."""
    options: dict[str, object] = {
        "url": settings.database,
        "json_serializer": _to_json,
        "json_deserializer": orjson.loads,
        # what failed is logged, and its parameters are people's answers
        "hide_parameters": True,
    }
    if settings.database.startswith("sqlite"):
        return {"default": options}
    away = unless_given(settings.database)
    # At most 30 a process: four keep the 130 of docs/install.md, three the 100 that PostgreSQL allows as installed.
    # A thread with a connection may need a second of the default ones for a moment: there are more than threads, so one
    # of those who wait for it always gets it. Of the others nobody has two.
    pooled = {
        **options, "pool_use_lifo": True, "pool_recycle": CONNECTION_SECONDS, "connect_args": away, "pool_size": 8,
        "max_overflow": 12,
    }  # fmt: skip
    # set once a connection: SQLAlchemy takes longer to change it on every loan than PostgreSQL to answer
    single = {**pooled, "isolation_level": "AUTOCOMMIT", "pool_size": 10, "max_overflow": 0}
    found = {"default": pooled, "single_statements": single}
    if settings.replica_url:
        beside = unless_given(settings.replica_url, "prefer-standby")
        found["replica"] = {**pooled, "url": settings.replica_url, "connect_args": beside}
    return found


def _to_json(value: object) -> str:
    return orjson.dumps(value).decode()
