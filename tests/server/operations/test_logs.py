"""Lines of logs: as JSON or plain, without anything that opens something."""

import json
import logging
import sys

import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.operations import logs

SECRETS = (
    "GET /key/4fQ9secret/formList",
    "GET /thu/4fQ9secret/formList",
    "GET /%6bey/4fQ9secret/formList",
    "GET /k%65y%2F4fQ9secret/formList",
    "GET /key//4fQ9secret/formList",
    "GET //KEY/4fQ9secret/formList",
    "GET /view//media/4fQ9secret",
    "Authorization: Token 4fQ9secret",
    "{'Authorization': 'Bearer 4fQ9secret'}",
    "Cookie: session=4fQ9secret",
    "mat_khau_moi=4fQ9secret",
    'password="4fQ9secret"',
    "could not connect to postgresql+psycopg://tungnha:4fQ9secret@db/tungnha",
)


def _record(message: str) -> logging.LogRecord:
    try:
        raise ValueError(message)
    except ValueError:
        return logging.LogRecord("server", logging.ERROR, "x.py", 1, "failed: %s", (message,), sys.exc_info())


@pytest.mark.parametrize("message", SECRETS)
@pytest.mark.parametrize("log_format", ["text", "json"])
def test_no_line_tells_what_opens_something(message: str, log_format: str) -> None:
    """Nor its traceback, which repeats the message."""
    line = logs.formatter(log_format).format(_record(message))
    assert "4fQ9secret" not in line
    assert "ValueError" in line


def test_a_json_line_is_one_object() -> None:
    told = json.loads(logs.JsonLines().format(_record("two\nlines")))
    assert told["message"] == "failed: two\nlines"
    assert (told["level"], told["logger"], told["error"]) == ("error", "server", "ValueError")
    assert told["at"].endswith("Z")


def test_a_failed_statement_does_not_tell_what_was_to_be_stored(app: Flask) -> None:
    with pytest.raises(sa.exc.DBAPIError) as caught, db.engine.connect() as connection:
        connection.execute(sa.text("SELECT :value FROM no_such_table"), {"value": "Nguyễn Thị Bí Mật"})
    assert "Bí Mật" not in str(caught.value)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("/xa/11629/ho?q=Nguy%E1%BB%85n+Th%E1%BB%8B+L%E1%BA%B9&trang=2", "/xa/11629/ho?q=…&trang=2"),
        ("/quan-tri/nhat-ky?ai=NGUYEN&ngay=2026-11-20", "/quan-tri/nhat-ky?ai=…&ngay=2026-11-20"),
        ("/xa/11629?x", "/xa/11629?x…"),
        ("/key/abc/submission?deviceID=collect%3A1", "/key/…/submission?deviceID=collect%3A1"),
        ("/%6bey/abc/formList?formID=x&name=B%C3%A0n", "/key/…/formList?formID=x&name=…"),
        ("/xa/11629", "/xa/11629"),
    ],
)
def test_an_access_log_tells_no_name_that_was_searched(address: str, told: str) -> None:
    """logs-1: what somebody typed goes on standing there when the household has long been deleted."""
    assert logs.asked("GET", address) == f"GET {told}"


def test_what_a_program_calls_itself_cannot_end_its_place_in_the_line() -> None:
    assert logs.redacted('a" 200 "b') == "a' 200 'b"
