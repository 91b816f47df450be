"""A commune's own box (SQLite) and the city's server, each as it is served, with TLS between them (N13)."""

import datetime as dt
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import requests
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from app import create_app
from server import clock, migrate
from server.db import db
from server.models import BundleSource
from server.settings import Settings
from tests import leaders
from tests.conftest import SECRET, Template, hash_cheaply
from tests.live import behind_tls
from tests.live.served import HOST, Served
from tests.people import make_commune

pytestmark = pytest.mark.live
Run = Callable[..., Result]


@pytest.fixture
def box(template_database: Template, tmp_path: Path) -> Iterator[tuple[Flask, Settings]]:
    """The commune's machine: SQLite, whatever the city has."""
    folder = tmp_path / "box"
    folder.mkdir()
    is_file = template_database.kind == "sqlite"
    url = template_database.copy(folder) if is_file else f"sqlite:///{folder / 'tungnha.sqlite3'}"
    settings = Settings(instance=folder, database_url=url, secret_key=SECRET, fold_seconds=0)
    made = create_app(settings)
    hash_cheaply(made)
    with made.app_context():
        if not is_file:
            migrate.upgrade()
        leaders.fill("11629")
        db.session.commit()
        db.session.close()
    yield made, settings
    with made.app_context():
        db.dispose()


def running(made: Flask) -> Run:
    """Its commands, as its administrator types them."""

    def run(*words: str) -> Result:
        with made.app_context():  # else a command asks the application of the test
            found = made.test_cli_runner().invoke(args=["rollup", *words])
            db.session.close()
            return found

    return run


def sent_to(box: tuple[Flask, Settings], url: str) -> Run:
    """The same of a box that is told where the city is."""
    settings = replace(box[1], rollup_url=url, hook_hosts=url, hook_networks="127.0.0.0/8")
    return running(create_app(settings))


def taken() -> tuple[dt.date | None, int]:
    """What the city holds of the commune."""
    db.session.rollback()
    source = db.session.scalars(sa.select(BundleSource)).one()
    return source.as_of, source.number


def test_sums_come_over_the_network_and_on_a_stick_whatever_happens_between(
    app: Flask,
    settings: Settings,
    box: tuple[Flask, Settings],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = dt.datetime.now(dt.UTC)
    yesterday = now.astimezone(clock.LOCAL).date() - dt.timedelta(days=1)

    def night(ago: int) -> None:
        monkeypatch.setattr(clock, "now", lambda: now - dt.timedelta(days=ago))

    make_commune("11629", "An Lão")
    city, here = running(app), running(box[0])
    key = here("key").output.split()[3]
    stick = tmp_path / "usb"
    stick.mkdir()
    with Served(settings) as served, behind_tls.served(served.port, tmp_path) as (url, certificate):
        send, into_nothing = sent_to(box, url), sent_to(box, f"https://{HOST}:{_closed_port()}")
        assert requests.get(
            f"{served.url}/healthz", timeout=60
        ).ok  # it is there, before anybody waits ten seconds
        night(3)
        unknown = send("write")
        assert (unknown.exit_code, "Chứng chỉ" in unknown.output) == (1, True), unknown.output
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        stranger = send("write")
        assert (stranger.exit_code, "không phải khóa của xã nào" in stranger.output) == (1, True), (
            stranger.output
        )
        assert city("trust", "11629", key).exit_code == 0
        first = send("write")
        assert (first.exit_code, taken()[0]) == (0, yesterday - dt.timedelta(days=3)), first.output
        kept = taken()
        for ago in (2, 1):  # the city is down for two nights
            night(ago)
            assert into_nothing("write").exit_code == 1
        assert taken() == kept
        night(0)
        assert here("write", "--to", str(stick)).exit_code == 0
        [carried] = stick.glob("*.tungnha")
        assert send("write").exit_code == 0
        newest = taken()
        assert newest[0] == yesterday
        night(1)
        slow = send("write")  # the clock of the box was set back a day
        assert (slow.exit_code, "ngày giờ của máy xã" in slow.output) == (1, True), slow.output
        night(0)
        older = requests.post(f"{url}/api/v1/rollup", carried.read_bytes(), verify=certificate, timeout=30)
        assert (older.status_code, older.json()["code"]) == (409, "bundle_older")
        assert taken() == newest
        assert here("write", "--to", str(stick)).exit_code == 0
        assert [city("take", str(carried)).exit_code for _ in range(2)] == [0, 0]
        again = requests.post(f"{url}/api/v1/rollup", carried.read_bytes(), verify=certificate, timeout=30)
        assert (again.status_code, again.json()["new"]) == (200, False)
        assert taken()[1] > newest[1]


def _closed_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])
