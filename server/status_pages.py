"""What whoever runs the server asks it: is it alive, and its figures for Prometheus."""

import hmac
from ipaddress import ip_address

from flask import Blueprint, Flask, Response, current_app, jsonify, request

from server import auth, health, metrics
from server.errors import NOT_ALLOWED, Problem
from server.settings import Settings

blueprint = Blueprint("status_pages", __name__)

FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


@blueprint.get("/healthz")
@auth.public
def healthz() -> Response:
    """200 while visits can be stored, 503 while they cannot; in one word each, what is wrong."""
    found = health.look()
    response = jsonify(
        status="ok" if found.is_able else "unavailable",
        database=found.database,
        tables=found.tables,
        disk=found.disk,
    )
    response.status_code = 200 if found.is_able else 503
    return response


@blueprint.get("/metrics")
@auth.public
def figures() -> Response:
    """For Prometheus on the same machine, or anywhere with TUNGNHA_METRICS_TOKEN as a bearer token."""
    if not (_is_from_here() or _has_token()):
        raise Problem(NOT_ALLOWED)
    return Response(metrics.text(), content_type=metrics.CONTENT_TYPE)


def _is_from_here() -> bool:
    """Asked on this machine, and not by a proxy on it that asks for somebody else."""
    if any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ip_address(request.remote_addr or "").is_loopback
    except ValueError:
        return False


def _has_token() -> bool:
    settings: Settings = current_app.config["SETTINGS"]
    given = request.headers.get("Authorization", "").encode()
    wanted = f"Bearer {settings.metrics_token}".encode()
    return bool(settings.metrics_token) and hmac.compare_digest(given, wanted)


def register(app: Flask) -> None:
    """Add these addresses to the application."""
    app.register_blueprint(blueprint)
