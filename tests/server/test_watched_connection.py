"""What a connection does whose server says nothing: a slow one is waited for, one that is gone is not."""

import socket
import threading
import time
from pathlib import Path

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from server import watched_connection
from server.db import db, single_statements
from server.watched_connection import Connector, WatchedConnection, gives_sign


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watched_connection, "LOOK_AFTER", 0.2)
    monkeypatch.setattr(watched_connection, "SIGN_WITHIN", 0.3)


def test_every_connection_is_watched(app: Flask, database: str) -> None:
    if database == "sqlite":
        pytest.skip("a file is no server")
    for engine in (db.engine, single_statements()):
        with engine.connect() as connection:
            assert isinstance(connection.connection.dbapi_connection, WatchedConnection)


@pytest.mark.usefixtures("impatient")
def test_a_slow_statement_of_a_server_that_lives_is_waited_for(app: Flask, database: str) -> None:
    if database == "sqlite":
        pytest.skip("a file is no server")
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT 7 FROM pg_sleep(1.2)")) == 7


def test_nobody_gives_no_sign(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A port that is closed, one that takes connections and says nothing, a socket that is not there."""
    monkeypatch.setattr(watched_connection, "SIGN_WITHIN", 0.2)
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
    ("hosts", "ports", "last", "expected"),
    [
        ("a,b,c", "1,2,3", None, ("a,b,c", "1,2,3")),
        ("a,b,c", "1,2,3", ("b", "2"), ("b,a,c", "2,1,3")),
        ("a,a", "1,2", ("a", "2"), ("a,a", "2,1")),
        ("a,b", "5", ("b", "5"), ("b,a", "5,5")),
        ("a,b", None, ("b", ""), ("b,a", None)),
        ("a", "1", ("a", "1"), ("a", "1")),
    ],
)
def test_the_host_that_took_the_last_connection_is_asked_first(
    hosts: str, ports: str | None, last: tuple[str, str] | None, expected: tuple[str, str | None]
) -> None:
    connector = Connector()
    connector.last = last
    wanted = {"host": hosts, "dbname": "t"} | ({"port": ports} if ports else {})
    ordered = connector.reordered(wanted)
    assert (ordered["host"], ordered.get("port")) == expected
    assert ordered["dbname"] == "t"


def test_a_connection_that_fails_says_so(tmp_path: Path) -> None:
    with pytest.raises(psycopg.OperationalError):
        Connector().connect(host=f"{tmp_path},{tmp_path}", dbname="t")
