"""Strangers who are slow, by the hundred, take nothing from phones and leaders, directly or through the proxy."""

import contextlib
import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, nullcontext

import pytest
import requests
from flask import Flask

from server.db import db
from server.serving import connections
from server.settings import Settings
from tests import sample
from tests.conftest import Template, application, on_a_copy
from tests.leaders import PASSWORD, sign_up
from tests.live import caddy, crowd
from tests.live.leader import Leader
from tests.live.served import HOST, Served
from tests.phone import OverSocket, Phone

pytestmark = pytest.mark.live

SLOW, ALIKE, DEAF = 500, 32, 32
PHONES, VISITS = 16, 4
PATIENCE = 5.0
"""Seconds that a visit may take on a machine at work: a third of those for which a slow head is waited for."""


@pytest.fixture(scope="module")
def ready(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The program, answering already: deadlines begin when a connection is taken."""
    with (
        on_a_copy(template_database, tmp_path_factory.mktemp("ready")) as settings,
        Served(settings) as found,
    ):
        caddy.wait_for(lambda: requests.get(f"{found.url}/healthz", timeout=60).status_code == 200)
        yield found


def walk(port: int, token: str) -> float:
    """A phone sends its visits; seconds of the slowest."""
    phone = Phone(OverSocket(HOST, port), f"http://{HOST}:{port}/key/{token}")
    slowest = 0.0
    for _ in range(VISITS):
        began = time.monotonic()
        assert phone.post(sample.filled()).status == 201
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(0.2)
    return slowest


@pytest.mark.parametrize("proxied", [False, True], ids=["direct", "caddy"])
def test_five_hundred_slow_connections_hold_up_no_visit_and_no_leader(
    app: Flask, settings: Settings, *, proxied: bool
) -> None:
    commune = sample.make_commune()
    token = sample.make_collector(commune).token
    sample.publish_plain()
    sign_up(commune)
    db.session.commit()
    if proxied and not caddy.is_installed():
        pytest.skip("no Caddy here")
    environ = {"TUNGNHA_PROXIES": "1"} if proxied else {}
    with Served(settings, environ=environ) as served, contextlib.ExitStack() as held:
        port = held.enter_context(
            caddy.before(served.port, settings.instance / "caddy") if proxied else nullcontext(served.port)
        )
        url = f"http://{HOST}:{port}"
        leader = Leader(requests.Session(), url, "")
        leader.sign_in("lanh.dao", PASSWORD)
        walk(port, token)  # every process has read the form
        held.enter_context(crowd.slow(port, SLOW))
        held.enter_context(crowd.asking_for_lookalikes(port, ALIKE))
        held.enter_context(crowd.never_reading(port, "/dang-nhap", DEAF))
        time.sleep(2)  # until they are all there
        with ThreadPoolExecutor(PHONES) as pool:
            phones = [pool.submit(walk, port, token) for _ in range(PHONES)]
            pages = []
            while not all(each.done() for each in phones):
                began = time.monotonic()
                assert leader.session.get(f"{url}/xa/{commune.code}", timeout=60).status_code == 200
                pages.append(time.monotonic() - began)
                time.sleep(0.2)
            slowest = [each.result() for each in phones]
    assert max(slowest) < PATIENCE, sorted(slowest)
    assert max(pages) < 2 * PATIENCE


@pytest.mark.parametrize("head", [*crowd.SLOW[1:3]], ids=["body", "head"])
def test_a_request_that_does_not_come_to_its_end_is_ended(ready: Served, head: bytes) -> None:
    most = max(connections.HEAD_WITHIN, connections.BODY_WITHIN + 1)
    began = time.monotonic()
    with closing(socket.create_connection((HOST, ready.port))) as line:
        line.settimeout(0.5)
        line.sendall(head)
        while time.monotonic() - began < most + PATIENCE:
            with contextlib.suppress(TimeoutError):
                try:
                    if not line.recv(1):
                        break
                except ConnectionResetError:
                    break
            with contextlib.suppress(OSError):
                line.sendall(b"x")
    assert time.monotonic() - began < most + 3


def test_who_sends_without_a_code_is_told_so_before_a_byte_of_the_body(ready: Served) -> None:
    """C10; the body is not waited for."""
    with closing(socket.create_connection((HOST, ready.port))) as line:
        line.settimeout(60)
        line.sendall(crowd.SLOW[0])
        assert line.recv(65536).startswith(b"HTTP/1.1 403 ")


def test_an_address_with_too_many_connections_loses_the_oldest(ready: Served) -> None:
    """And nobody is turned away: a phone behind the same address is let in."""
    with application(ready.settings):
        token = sample.make_collector().token
        sample.publish_plain()
    held = [socket.create_connection((HOST, ready.port)) for _ in range(5 * connections.MOST_OF_AN_ADDRESS)]
    assert ready.phone(token).post(sample.filled()).status == 201
    caddy.wait_for(lambda: sum(is_ended(each) for each in held) >= connections.MOST_OF_AN_ADDRESS)
    for each in held:
        each.close()


def test_whoever_has_asked_already_is_answered_where_a_crowd_comes_at_once(ready: Served) -> None:
    """The server was away for a moment: hundreds are at its door, strangers and phones behind one address."""
    processes = ready.processes()
    for each in processes:
        os.kill(each, signal.SIGSTOP)
    try:
        callers = [
            socket.create_connection((HOST, ready.port)) for _ in range(6 * connections.MOST_OF_AN_ADDRESS)
        ]
        for each in callers[::2]:
            each.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    finally:
        for each in processes:
            os.kill(each, signal.SIGCONT)
    for each in callers[::2]:
        each.settimeout(60)
        assert each.recv(100).startswith(b"HTTP/1.1 200 ")
    for each in callers:
        each.close()


def is_ended(line: socket.socket) -> bool:
    line.setblocking(False)
    try:
        return not line.recv(1)
    except BlockingIOError:
        return False
    except OSError:
        return True
