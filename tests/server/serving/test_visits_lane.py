"""The lane of visits: what waits at the same moment is kept by one statement, and what cannot be begins again alone."""

import asyncio
import io
import sys
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db, single_statements
from server.intake import submission_log
from server.models import Submission
from server.serving.visits_lane import VisitsLane
from server.serving.wsgi_calls import WsgiCall
from tests import sample
from tests.phone import multipart, part


@pytest.fixture
def token(app: Flask) -> str:
    sample.publish_plain()
    return sample.make_collector().token


@pytest.fixture
def additions(app: Flask) -> Iterator[list[str]]:
    """Statements that add to the log."""
    found: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        if statement.startswith("INSERT INTO submission "):
            found.append(statement)

    engines = {db.engine, single_statements()}
    for engine in engines:
        sa.event.listen(engine, "before_cursor_execute", note)
    yield found
    for engine in engines:
        sa.event.remove(engine, "before_cursor_execute", note)


def call(app: Flask, token: str, xml: bytes) -> WsgiCall:
    body = multipart("b", [part("xml_submission_file", xml, "x.xml")])
    return WsgiCall(
        app,
        {
            "REQUEST_METHOD": "POST", "PATH_INFO": f"/key/{token}/submission", "QUERY_STRING": "", "SCRIPT_NAME": "",
            "SERVER_NAME": "x", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1", "REMOTE_ADDR": "192.0.2.1",
            "CONTENT_TYPE": "multipart/form-data; boundary=b", "CONTENT_LENGTH": str(len(body)),
            "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO(),
            "wsgi.version": (1, 0), "wsgi.multithread": True, "wsgi.multiprocess": True, "wsgi.run_once": False,
        },
    )  # fmt: skip


def sent(app: Flask, calls: list[WsgiCall]) -> list[bool]:
    """Whether each was answered, of visits that all wait when the lane's thread looks."""

    async def wait() -> list[bool]:
        lane = VisitsLane(app)
        begun = asyncio.gather(*(lane.answered(each) for each in calls))
        await asyncio.sleep(0)  # each has come in
        lane.start()
        return await begun

    return asyncio.run(wait())


def test_a_visit_that_would_end_the_lane_holds_up_no_later_one(
    app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (call(app, token, sample.filled()) for _ in range(2))
    monkeypatch.setattr(first, "begin", lambda: sys.exit("ends the thread that meets it"))

    async def one_after_the_other() -> list[bool]:
        lane = VisitsLane(app)
        lane.start()
        return [await asyncio.wait_for(lane.answered(each), 20) for each in (first, second)]

    assert asyncio.run(one_after_the_other()) == [False, True]
    assert instances() == 1


def instances() -> int:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(Submission)) or 0


def test_visits_that_wait_are_kept_by_one_statement(app: Flask, token: str, additions: list[str]) -> None:
    calls = [call(app, token, sample.filled()) for _ in range(5)]
    assert sent(app, calls) == [True] * 5
    assert [each.status for each in calls] == [201] * 5
    assert all("Đã nhận".encode() in each.piece for each in calls)
    assert all(dict(each.headers)[b"content-length"] == str(len(each.piece)).encode() for each in calls)
    assert instances() == 5
    if db.engine.dialect.name == "postgresql":
        assert len(additions) == 1


def test_what_cannot_be_read_is_refused_and_its_neighbours_are_kept(app: Flask, token: str) -> None:
    calls = [call(app, token, xml) for xml in (sample.filled(), b"<data", sample.filled())]
    assert sent(app, calls) == [True] * 3
    assert [each.status for each in calls] == [201, 400, 201]
    assert instances() == 2


def test_a_visit_that_is_there_already_begins_again_alone(app: Flask, token: str) -> None:
    twin = sample.filled()
    assert sent(app, [call(app, token, twin)]) == [True]
    assert sent(app, [call(app, token, twin), call(app, token, sample.filled())]) == [False, True]
    assert instances() == 2


def test_where_the_database_is_away_each_begins_again_alone(
    app: Flask, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(_sents: object) -> list[submission_log.Kept]:
        raise sa.exc.OperationalError("", {}, Exception())

    monkeypatch.setattr(submission_log, "keep", away)
    assert sent(app, [call(app, token, sample.filled()) for _ in range(2)]) == [False, False]
    assert instances() == 0
