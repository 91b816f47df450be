"""What a connection does whose server says nothing: a slow one is waited for, one that is gone is not."""

import socket
import threading
import time
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from server import database_connections
from server.database_connections import Connector, WatchedConnection, gives_sign, places
from server.db import db, single_statements


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database_connections, "LOOK_AFTER", 0.2)
    monkeypatch.setattr(database_connections, "SIGN_WITHIN", 0.3)


def test_every_connection_is_watched(app: Flask, database: str) -> None:
    if database == "sqlite":
        pytest.skip("a file is no server")
    for engine in (db.engine, single_statements()):
        with engine.connect() as connection:
            assert isinstance(connection.connection.dbapi_connection, WatchedConnection)


def test_a_connection_gives_back_what_it_grew_by_after_half_an_hour(
    app: Flask, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if database == "sqlite":
        pytest.skip("a file is no server")
    began = time.time()
    for engine in (db.engine, single_statements()):
        told = []
        for minutes in (0, 20, 40):
            monkeypatch.setattr(time, "time", lambda seconds=60 * minutes: began + seconds)
            with engine.connect() as connection:
                told.append(connection.scalar(text("SELECT pg_backend_pid()")))
        assert told[0] == told[1] != told[2]


@pytest.mark.usefixtures("impatient")
def test_a_slow_statement_of_a_server_that_lives_is_waited_for(app: Flask, database: str) -> None:
    if database == "sqlite":
        pytest.skip("a file is no server")
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT 7 FROM pg_sleep(1.2)")) == 7


def test_nobody_gives_no_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is closed, one that takes connections and says nothing, a socket that is not there."""
    monkeypatch.setattr(database_connections, "SIGN_WITHIN", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        assert not gives_sign("127.0.0.1", port)
        assert time.monotonic() - began < 2
    assert not gives_sign("127.0.0.1", port)
    assert not gives_sign(str(tmp_path), 5432)


def test_whoever_answers_gives_a_sign(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{tmp_path}/.s.PGSQL.5432")
        server.listen()

        def answer() -> None:
            line, _ = server.accept()
            line.recv(8)
            line.sendall(b"N")
            line.close()

        threading.Thread(target=answer, daemon=True).start()
        assert gives_sign(str(tmp_path), 5432)


@pytest.mark.parametrize(
    ("hosts", "ports", "expected"),
    [
        ("a,b,c", "1,2,3", [("a", "1"), ("b", "2"), ("c", "3")]),
        ("a,a", "1,2", [("a", "1"), ("a", "2")]),
        ("a,b", "5", [("a", "5"), ("b", "5")]),
        ("a,b", "", [("a", None), ("b", None)]),
        ("/run/x,b", ",6", [("/run/x", None), ("b", "6")]),
    ],
)
def test_hosts_and_ports_are_read_as_libpq_reads_them(
    hosts: str, ports: str, expected: list[tuple[str, str | None]]
) -> None:
    assert places(hosts, ports) == expected


def test_ports_that_fit_no_hosts_are_refused() -> None:
    with pytest.raises(psycopg.OperationalError):
        places("a,b,c", "1,2")


def test_a_host_that_is_silent_costs_one_connection_its_time(app: Flask, database: str) -> None:
    """And the one that took the last connection is asked first."""
    if database == "sqlite":
        pytest.skip("a file is no server")
    real = db.engine.url
    with socket.create_server(("127.0.0.1", 0)) as silent:
        hosts = f"127.0.0.1,{real.query['host']}"
        wanted = {"host": hosts, "port": f"{silent.getsockname()[1]},5432", "connect_timeout": 2}
        wanted |= {"dbname": real.database, "user": real.username}
        connector, took = Connector(), []
        for _ in range(3):
            began = time.monotonic()
            connector.connect(**wanted).close()
            took.append(time.monotonic() - began)
    assert took[0] > 1.5
    assert max(took[1:]) < 1


def test_a_connection_that_fails_says_so(tmp_path: Path) -> None:
    with pytest.raises(psycopg.OperationalError):
        Connector().connect(host=f"{tmp_path},{tmp_path}", dbname="t")
