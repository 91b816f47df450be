"""What whoever runs the server asks it: `/healthz` and `/metrics`."""

import dataclasses
import socket
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from server.db import db
from server.operations import health, metrics
from server.settings import Settings
from tests.conftest import SECRET
from tests.people import Browser, browser


def test_a_server_that_can_take_visits_says_so_and_nothing_else(app: Flask) -> None:
    answer = browser(app).get("/healthz")
    assert answer.status_code == 200
    assert answer.get_json() == {"status": "ok", "database": "ok", "tables": "ok", "disk": "ok"}


def test_tables_of_another_version_are_no_health(app: Flask) -> None:
    with db.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '0001'"))
    answer = browser(app).get("/healthz")
    assert answer.status_code == 503
    assert answer.get_json() == {"status": "unavailable", "database": "ok", "tables": "behind", "disk": "ok"}


def test_an_empty_database_is_behind(tmp_path: Path) -> None:
    assert _elsewhere(Settings(instance=tmp_path, secret_key=SECRET))["tables"] == "behind"


def test_a_database_that_nobody_serves_is_gone(tmp_path: Path) -> None:
    """A real port at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"postgresql+psycopg://nobody:not-to-be-told@127.0.0.1:{port}/x"
    told = _elsewhere(Settings(instance=tmp_path, secret_key=SECRET, database_url=url))
    assert told == {"status": "unavailable", "database": "gone", "tables": "unknown", "disk": "ok"}


def _elsewhere(settings: Settings) -> dict[str, str]:
    other = create_app(settings)
    told: dict[str, str] = browser(other).get("/healthz").get_json()
    with other.app_context():
        db.dispose()
    return told


@pytest.mark.parametrize(
    ("free_mb", "word", "status"), [(10_000, "ok", 200), (1_500, "low", 200), (39, "full", 503)]
)
def test_a_disk_is_low_before_it_is_full(
    app: Flask, monkeypatch: pytest.MonkeyPatch, free_mb: int, word: str, status: int
) -> None:
    """Only the disk's size is made up; a disk that is really full is in test_full_disk.py."""
    space = health.Space("data", Path("/"), 10**12, free_mb * 1_000_000)
    monkeypatch.setattr(health, "spaces", lambda _settings: [space])
    answer = browser(app).get("/healthz")
    assert (answer.status_code, answer.get_json()["disk"]) == (status, word)


def test_figures_are_for_this_machine(app: Flask) -> None:
    here = browser(app).get("/metrics")
    assert here.status_code == 200
    assert "tungnha_able 1.0" in here.text
    assert 'tungnha_disk_free_bytes{disk="blobs"}' in here.text
    assert browser(app).get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.7"}).status_code == 403
    behind_a_proxy = browser(app).get("/metrics", headers={"X-Forwarded-For": "203.0.113.7"})
    assert behind_a_proxy.status_code == 403


def test_a_token_opens_the_figures_from_elsewhere(app: Flask, settings: Settings) -> None:
    app.config["SETTINGS"] = dataclasses.replace(settings, metrics_token="the token of a test")
    visitor = browser(app)
    assert _from_elsewhere(visitor, "Bearer the token of a test") == 200
    assert _from_elsewhere(visitor, "Bearer another") == 403
    assert _from_elsewhere(visitor, "") == 403
    app.config["SETTINGS"] = settings
    assert _from_elsewhere(visitor, "Bearer ") == 403, "no token was set"


def _from_elsewhere(visitor: Browser, authorization: str) -> int:
    return visitor.get(
        "/metrics", environ_base={"REMOTE_ADDR": "203.0.113.7"}, headers={"Authorization": authorization}
    ).status_code


def test_strangers_cannot_make_series_of_their_own() -> None:
    paths = ("/key/a/submission", "/submission", "/key/a/formList", "/api/v1/communes", "/xa/1", "/%00/x")
    assert [metrics.kind_of(path) for path in paths] == [
        "submission", "submission", "phone", "api", "page", "page",
    ]  # fmt: skip
