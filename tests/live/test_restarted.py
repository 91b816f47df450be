"""A server that is told to end while phones send: each gets its answer, none a reset."""

import http.client
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.models import Submission
from server.operations import health
from server.settings import Settings
from tests import sample
from tests.live.applied import wait_until_applied
from tests.live.served import HOST, Served
from tests.phone import multipart, part

pytestmark = pytest.mark.live

PHONES, RESTARTS = 8, 2


def walk(served: Served, token: str, ended: threading.Event) -> list[int]:
    """Visit after visit over one line, as long as the server keeps it; how each was answered."""
    line = http.client.HTTPConnection(HOST, served.port, timeout=60)
    told = []
    while not ended.is_set():
        body = multipart("b", [part("xml_submission_file", sample.filled(), "x.xml")])
        head = {"Content-Type": "multipart/form-data; boundary=b", "X-OpenRosa-Version": "1.0"}
        line.request("POST", f"/key/{token}/submission", body, head)
        answer = line.getresponse()
        answer.read()
        told.append(answer.status)
    line.close()
    return told


def test_a_server_that_ends_answers_every_phone_that_was_sending(app: Flask, served: Served) -> None:
    """The listening socket stays open, as systemd may hold it: whoever calls meanwhile waits for the next server."""
    token = sample.make_collector().token
    sample.publish_plain()
    ended = threading.Event()
    with ThreadPoolExecutor(PHONES) as pool:
        phones = [pool.submit(walk, served, token, ended) for _ in range(PHONES)]
        try:
            for _ in range(RESTARTS):
                before = arrived()
                while arrived() < before + 3 * PHONES:
                    time.sleep(0.05)
                served.restart()
        finally:
            ended.set()
        told = [status for phone in phones for status in phone.result(120)]
    assert set(told) == {201}
    wait_until_applied()
    assert arrived() == len(told)


def arrived() -> int:
    with db.engine.connect() as connection:
        return connection.scalar(sa.select(sa.func.count()).select_from(Submission)) or 0


def test_a_place_whose_restore_was_cut_short_is_not_served(app: Flask, settings: Settings) -> None:
    """ops-05: whoever was deleted since the backup would be there again; `flask restore` goes on with it."""
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.exec_driver_sql(f"CREATE TABLE {health.RESTORING} (id INTEGER)")
        connection.commit()
    with Served(settings) as served:
        assert served.ended() != 0
    assert "flask restore" in (settings.instance / "server.log").read_text()
