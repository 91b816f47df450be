"""What the people who run the server ask it: is it alive, its figures for Prometheus, what the doctor says of it."""

import hmac
from ipaddress import ip_address

from flask import Blueprint, Flask, Response, current_app, jsonify, render_template, request

from server import clock
from server.accounts import access
from server.accounts.roles import Right
from server.db import db
from server.errors import CommonProblem, Problem
from server.operations import doctor, health, metrics
from server.operations.backup import last_backup
from server.settings import Settings

blueprint = Blueprint("status_pages", __name__)

LEVELS = {doctor.ERROR: "lỗi", doctor.WARNING: "cần xem", doctor.OK: "tốt"}
SUBJECTS = {
    "settings": "Thiết lập", "secrets": "Tệp bí mật", "disk": "Ổ đĩa", "database": "Cơ sở dữ liệu",
    "log": "Phiếu đã nhận", "doubts": "Xem phiếu đáng ngờ", "clock": "Đồng hồ", "deletion": "Xóa theo hạn",
    "fonts": "Phông chữ", "key": "Khóa bí mật", "backup": "Sao lưu",
}  # fmt: skip
_WORST = tuple(LEVELS)

FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")


@blueprint.get("/healthz")
@access.public
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
@access.public
def figures() -> Response:
    """For Prometheus on the same machine, or anywhere with TUNGNHA_METRICS_TOKEN as a bearer token."""
    if not (_is_from_here() or _has_token()):
        raise Problem(CommonProblem.NOT_ALLOWED)
    return Response(metrics.text(), content_type=metrics.CONTENT_TYPE)


@blueprint.get("/quan-tri/may-chu")
@access.needs(Right.READ_STATUS)
def show() -> str:
    """The quick part of what `flask doctor` says, the worst first; what reads everything is left to the command."""
    findings = sorted(doctor.examine(thorough=False), key=lambda each: _WORST.index(each.level))
    with db.engine.connect() as connection:
        newest = last_backup.find(connection)
    return render_template(
        "office/server.html",
        findings=findings,
        subjects=SUBJECTS,
        levels=LEVELS,
        last=newest,
        looked_at=clock.now(),
    )


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
