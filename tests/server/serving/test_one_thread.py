"""Small submissions are read in turn by one thread: which ones, and what they may not do there (decision 0032)."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence

import pytest
import sqlalchemy as sa
from flask import Flask
from greenlet import greenlet
from gunicorn.workers.gthread import TConn
from hypothesis import HealthCheck, given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from server.accounts import guessing
from server.db import db
from server.hot_path.group_commit import Ticket, Together
from server.models import Submission
from server.serving import one_thread
from tests import sample
from tests.phone import InProcess, Phone
from tests.server.intake.test_receive import count

BODY = b"--x\r\n\r\n<data/>\r\n--x--\r\n"
HEAD = b"POST /key/abc/submission?deviceID=x HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\nX: y\r\n\r\n" % len(
    BODY
)


class Line:
    """A connection without a server: what was sent on it, and whether a turn would take it."""

    def __init__(self) -> None:
        self.phone, self.sock = socket.socketpair()
        self.parser = None

    def takes(self, *sent: bytes) -> bool:
        for part in sent:
            self.phone.sendall(part)
        return one_thread.is_whole(self)


@pytest.fixture
def line() -> Iterator[Line]:
    made = Line()
    yield made
    made.phone.close()
    made.sock.close()


def test_a_small_submission_is_taken_when_its_last_byte_is_there_and_left_where_it_lies(line: Line) -> None:
    assert not line.takes(HEAD, BODY[:-1])
    assert line.takes(BODY[-1:])
    assert line.sock.recv(9999) == HEAD + BODY


@given(cut=st.integers(1, len(HEAD + BODY) - 1))
@hypothesis_settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_however_it_is_cut_no_part_of_it_is_taken(cut: int) -> None:
    """Who would read it waits for the rest, and all others with him."""
    line = Line()
    try:
        assert not line.takes((HEAD + BODY)[:cut])
        assert line.takes((HEAD + BODY)[cut:])
    finally:
        line.phone.close()
        line.sock.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"GET /key/abc/formList HTTP/1.1\r\nHost: x\r\n\r\n",
        b"HEAD /key/abc/submission HTTP/1.1\r\nHost: x\r\n\r\n",
        HEAD.replace(b"/submission", b"/other") + BODY,
        HEAD.replace(b"X: y", b"Transfer-Encoding: chunked") + BODY,
        HEAD.replace(b"Content-Length: %d\r\n" % len(BODY), b"") + BODY,
        HEAD.replace(b"Content-Length: ", b"Content-Length: -") + BODY,
        HEAD.replace(b"Content-Length: ", b"Content-Length: 9999999999") + BODY,
        HEAD.replace(b"Content-Length: %d" % len(BODY), b"Content-Length: 60000") + b"x" * 60000,
        b"\x16\x03\x01\x02\x00",
        b"",
    ],
    ids=[
        "page",
        "HEAD",
        "elsewhere",
        "chunked",
        "no length",
        "negative",
        "endless",
        "photo",
        "TLS",
        "nothing",
    ],
)
def test_everything_else_gets_a_thread_of_its_own(line: Line, sent: bytes) -> None:
    assert not line.takes(sent)


def test_who_takes_no_answers_has_to_wait_for_himself(line: Line) -> None:
    """Some thousand answers fit; the next one would be waited for, and by all others with it."""
    line.sock.setblocking(False)
    answers = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            answers += line.sock.send(b"x" * 400)
    assert not line.takes(HEAD + BODY)
    while answers:
        answers -= len(line.phone.recv(answers))
    assert line.takes()


def test_a_connection_that_was_closed_is_not_taken(line: Line) -> None:
    line.phone.close()
    assert not line.takes()


class Asked:
    """Requests begun in turn, each up to where it waits: `end` gives the first of them all tickets."""

    def __init__(self) -> None:
        self.begun: list[tuple[greenlet, object]] = []

    def begin(self, request: Callable[[], object]) -> None:
        one = greenlet(request)
        self.begun.append((one, one.switch()))

    def end(self) -> None:
        tickets = [ticket for _, ticket in self.begun]
        for one, _ in self.begun:
            one.switch(tickets)
            tickets = []


def test_those_in_turn_are_done_together_and_an_error_is_its_own() -> None:
    done: list[list[int]] = []

    def do(tickets: Sequence[Ticket[int, int]]) -> None:
        done.append([ticket.work for ticket in tickets])
        for ticket in tickets:
            if ticket.work == 2:
                ticket.fail(ValueError("2"))
            else:
                ticket.settle(ticket.work * 10)

    queue: Together[int, int] = Together(do, 32)
    told: list[int | str] = []

    def ask(number: int) -> None:
        try:
            told.append(queue.join(number))
        except ValueError as error:
            told.append(str(error))

    asked = Asked()
    for number in range(5):
        asked.begin(lambda number=number: ask(number))  # type: ignore[misc]
    assert done == []
    asked.end()
    assert done == [[0, 1, 2, 3, 4]]
    assert told == [0, 10, "2", 30, 40]
    assert queue.join(7) == 70, "a thread of its own goes on as ever"


def test_more_in_turn_than_are_done_at_once_are_all_done() -> None:
    sizes: list[int] = []

    def do(tickets: Sequence[Ticket[int, int]]) -> None:
        sizes.append(len(tickets))
        for ticket in tickets:
            ticket.settle(ticket.work)

    queue: Together[int, int] = Together(do, 3)
    told: list[int] = []
    asked = Asked()
    for number in range(8):
        asked.begin(lambda number=number: told.append(queue.join(number)))  # type: ignore[misc]
    asked.end()
    assert told == list(range(8))
    assert sizes == [3, 3, 2]


def test_whatever_breaks_in_between_the_others_are_done_and_the_queue_goes_on() -> None:
    def do(tickets: Sequence[Ticket[int, int]]) -> None:
        for ticket in tickets:
            if ticket.work == 1:
                raise KeyboardInterrupt
            ticket.settle(ticket.work)

    queue: Together[int, int] = Together(do, 2)
    told: list[int | str] = []

    def ask(number: int) -> None:
        try:
            told.append(queue.join(number))
        except KeyboardInterrupt:
            told.append("broken")

    asked = Asked()
    for number in range(6):
        asked.begin(lambda number=number: ask(number))  # type: ignore[misc]
    asked.end()
    assert told == [0, "broken", 2, 3, 4, 5]
    assert queue.join(7) == 7


def held() -> list[int]:
    """How many connections are lent, of each pool that lends them."""
    pools: list[object] = [engine.pool for engine in db.engines.values()]
    return [pool.checkedout() for pool in pools if isinstance(pool, sa.pool.QueuePool)]


def test_submissions_that_wait_hold_no_connection_to_the_database(app: Flask) -> None:
    """Forty held in one thread would wait for each other for ever, since a pool has fewer."""
    sample.publish_plain()
    commune = sample.make_commune()
    village = sample.make_village(commune)
    tokens = [sample.make_collector(commune, [village], f"Người số {n}").token for n in range(40)]
    db.session.close()
    before = held()
    statuses: list[int] = []

    def send(token: str) -> None:
        phone = Phone(InProcess(app), f"http://localhost/key/{token}")
        statuses.append(phone.post(sample.filled()).status)

    asked = Asked()
    for token in tokens:
        asked.begin(lambda token=token: send(token))  # type: ignore[misc]
    assert all(ticket is not None for _, ticket in asked.begun)
    assert held() == before
    asked.end()
    assert statuses == [201] * 40
    assert count(Submission) == 40


def test_who_guesses_in_turn_holds_nobody_up() -> None:
    begun = time.monotonic()
    one = greenlet(guessing.Guesses(1).hold)
    one.switch()
    assert one.dead
    assert time.monotonic() - begun < guessing.HELD


def test_a_connection_is_what_gunicorn_says_it_is() -> None:
    """What `is_whole` asks of it; a new version of gunicorn may call it otherwise."""
    one, other = socket.socketpair()
    with one, other:
        made = TConn(None, one, None, None)
        assert made.parser is None
        assert not one_thread.is_whole(made)


class Broken:
    """A worker in which something breaks that nobody foresaw."""

    alive = True

    def __init__(self) -> None:
        self.ended = threading.Event()

    def handle(self, _connection: object) -> bool:
        raise ZeroDivisionError

    def handle_exit(self, _signal: int, _frame: object) -> None:
        self.ended.set()


def test_a_process_that_reads_none_any_more_ends(line: Line) -> None:
    """gunicorn starts another; else its phones would wait for ever."""
    worker = Broken()
    reading = one_thread.Turns(worker)
    assert line.takes(HEAD, BODY)
    reading.take(line)
    assert worker.ended.wait(10)
