"""What programs talk to: JSON under /api/v1, described at /api/docs; other systems' doors; layers for maps."""

from typing import Any

from flask import Flask, Response, jsonify
from flask_smorest import Api

from server import read_replica
from server.addresses import is_of_maps, is_of_programs
from server.api import central, hook_content, kobo
from server.api.central import central_errors
from server.api.kobo import kobo_errors
from server.api.ogc import routes as ogc_routes
from server.api.v1 import bundle_routes, change_routes, commune_routes, documentation, schemas
from server.errors import Problem
from server.hooks import delivery
from server.intake import catch_up


class JsonApi(Api):
    """flask-smorest without its error handler.

    That one answers every error of the whole application as JSON, phones' and pages' too, and drops the
    headers that errors carry (`WWW-Authenticate`, `Allow`, `Retry-After`). `server.errors` answers by path
    and keeps them; `tests/protocol/test_errors.py` shows it.
    """

    ERROR_SCHEMA = schemas.ProblemSchema

    def _register_error_handlers(self) -> None:
        pass


def say(problem: Problem) -> Response:
    """A problem for a program: a code to act on and a sentence to show."""
    response = jsonify(code=problem.kind.code, message=problem.sentence)
    response.status_code = problem.status
    return response


SPEAKERS = (
    kobo_errors.SPEAKER,
    *central_errors.SPEAKERS,
    (is_of_maps, ogc_routes.say),
    (is_of_programs, say),
)
"""The doors first: their addresses are programs' too."""

SECURITY: dict[str, Any] = {
    "token": {
        "type": "apiKey", "in": "header", "name": "Authorization",
        "description": "`Token ` và 40 chữ số thập lục phân",
    },
    "session": {"type": "apiKey", "in": "cookie", "name": "session"},
}  # fmt: skip

for _blueprint in (commune_routes.blueprint, change_routes.blueprint, ogc_routes.blueprint):
    _blueprint.before_request(catch_up.caught_up)  # programs are told of all that has been sent
    _blueprint.before_request(read_replica.read_there)


def register(app: Flask) -> None:
    """Add programs' URLs to the application."""
    app.config.update(API_TITLE="Từng Nhà", API_VERSION="v1", OPENAPI_VERSION="3.0.3")
    api = JsonApi(app, spec_kwargs={"security": [{"token": []}, {"session": []}]})
    for name, scheme in SECURITY.items():
        api.spec.components.security_scheme(name, scheme)
    api.register_blueprint(commune_routes.blueprint)
    api.register_blueprint(change_routes.blueprint)
    documentation.register(app, api.spec)
    delivery.register(app, hook_content.of_submission)
    kobo.register(app)
    app.register_blueprint(ogc_routes.blueprint)
    app.register_blueprint(bundle_routes.blueprint)
    central.register(app)
