"""Small submissions read in turn, by a real server: nobody waits for who is slow, and kept connections go on (0032)."""

import http.client
import socket
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from flask import Flask

from server.db import db
from tests import sample
from tests.live.served import HOST, Served
from tests.phone import multipart, part
from tests.server.intake.test_receive import differences

pytestmark = pytest.mark.live

BOUNDARY = "7d1c0b7e2f1e4a54"


def submission(token: str, instance_id: str | None = None) -> bytes:
    """A whole request, as a phone writes it."""
    xml = sample.filled(instance_id=instance_id)
    body = multipart(BOUNDARY, [part("xml_submission_file", xml, "a.xml", "text/xml")])
    return (
        f"POST /key/{token}/submission HTTP/1.1\r\nHost: {HOST}\r\nX-OpenRosa-Version: 1.0\r\n"
        f"Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode() + body


class Line:
    """One connection that is kept."""

    def __init__(self, served: Served) -> None:
        self.socket = socket.create_connection((HOST, served.port), timeout=60)

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, part: bytes) -> None:
        self.socket.sendall(part)

    def told(self) -> int:
        """The status of the next answer, which is read to its end and no further."""
        answer = http.client.HTTPResponse(self.socket)
        answer.fp = _Bytewise(self.socket)  # type: ignore[assignment]
        answer.begin()
        answer.read()
        return answer.status


class _Bytewise:
    """Reads of a socket no more than it is asked for: what follows is the next answer's."""

    def __init__(self, connection: socket.socket) -> None:
        self._socket = connection

    def readline(self, _most: int = -1) -> bytes:
        line = b""
        while not line.endswith(b"\n"):
            line += self.read(1)
        return line

    def read(self, size: int = -1) -> bytes:
        found = b""
        while len(found) < size:
            more = self._socket.recv(size - len(found))
            if not more:
                raise ConnectionError("the server ended the connection")
            found += more
        return found

    def close(self) -> None:
        """It is kept."""

    flush = close


@pytest.fixture
def token(app: Flask) -> str:
    sample.publish_plain()
    made = sample.make_collector()
    db.session.rollback()
    return made.token


def test_who_sends_slowly_keeps_nobody_waiting(served: Served, token: str) -> None:
    """A phone in the rain stops in the middle of its visit, in every process; the others send as ever."""
    whole = submission(token)
    slow = [Line(served) for _ in range(12)]
    for number, line in enumerate(slow):
        line.send(whole[: 40 + 60 * number])
    with Line(served) as quick:
        for _ in range(20):
            quick.send(submission(token))
            assert quick.told() == 201
    for number, line in enumerate(slow):
        line.send(whole[40 + 60 * number :])
    assert sorted(line.told() for line in slow) == [201] + [202] * 11
    for line in slow:
        line.socket.close()
    assert len(sample.arrived()) == 21


def test_a_kept_connection_sends_asks_and_sends_again(served: Served, token: str) -> None:
    page = f"GET /key/{token}/formList HTTP/1.1\r\nHost: {HOST}\r\nX-OpenRosa-Version: 1.0\r\n\r\n".encode()
    with Line(served) as line:
        for sent in (submission(token), submission(token), page, submission(token), page):
            line.send(sent)
            assert line.told() in (200, 201)
        line.send(submission(token) + page + submission(token) + submission(token))
        assert [line.told() for _ in range(4)] == [201, 200, 201, 201]
        line.send(submission("x" * 64))
        assert line.told() == 403
        line.send(submission(token))
        assert line.told() == 201
    assert len(sample.arrived()) == 7


def test_many_at_once_are_each_stored_once_and_told_so(served: Served, token: str) -> None:
    """C46: twins too, and what cannot be read among them is told to its sender alone (C39)."""
    ids = [f"uuid:{uuid.uuid4()}" for _ in range(60)]

    def burst(number: int) -> list[int]:
        with Line(served) as line:
            told = []
            for place in range(15):
                line.send(submission(token, ids[(number * 5 + place) % len(ids)]))
                told.append(line.told())
            broken = submission(token).replace(b"</data>", b"</dat?>")
            line.send(broken)
            told.append(line.told())
            return told

    with ThreadPoolExecutor(24) as pool:
        told = list(pool.map(burst, range(24)))
    assert {each[-1] for each in told} == {400}
    statuses = [status for each in told for status in each[:-1]]
    assert statuses.count(201) == len(ids)
    assert statuses.count(202) == len(statuses) - len(ids)
    assert sorted(row.instance_id for row in sample.arrived()) == sorted(ids)
    assert differences() == []
