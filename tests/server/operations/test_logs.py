"""Lines of logs: as JSON or plain, without anything that opens something."""

import json
import logging
import sys
import time

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


def test_what_somebody_else_chose_begins_no_line_of_its_own() -> None:
    """Nor does it move the cursor of whoever reads the log."""
    forged = "x\n[2026-11-30 07:00:00 +0000] [1] [INFO] all is well\x1b[2J\x85y\u2028z"
    first, *more = logs.Plain().format(_record(forged)).split("\n")
    assert first.startswith("[")
    assert first.endswith("failed: x")
    assert all(line.startswith("    ") for line in more)
    assert any("Traceback" in line for line in more)
    assert all(letter.isprintable() for line in (first, *more) for letter in line)


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
        ("/xa/11629/ho?Nguy%E1%BB%85n+V%C4%83n+A", "/xa/11629/ho?…"),
        ("/xa/11629?tu=Nguyen+Van+A&den=2026-11-20", "/xa/11629?tu=…&den=2026-11-20"),
        ("/submission?deviceID=B%C3%A0+N%C4%83m", "/submission?deviceID=…"),
    ],
)
def test_an_access_log_tells_no_name_that_was_searched(address: str, told: str) -> None:
    """logs-1: what somebody typed goes on standing there when the household has long been deleted."""
    assert logs.asked("GET", address) == f"GET {told}"


CODE = "aB3" * 21 + "z"
LINK = "aB3-x_Z" * 6 + "q"


@pytest.mark.parametrize("code", [CODE, LINK])
@pytest.mark.parametrize(
    "address",
    [
        "/%256bey/{}/formList", "/k%252565y/{}", "/key/./{}/formList", "/key;x/{}/formList", "/key\\{}", "/x/%00key/{}",
        "/key/%0a{}", "/key/'{}'/submission", '/key/"{}"', "/key/…{}", "/Key/%20{}", "/a/b?c=d&key/{}", "/{}",
        "/phieu?{}=1",
    ],
)  # fmt: skip
def test_what_looks_like_a_code_stands_in_no_line_however_its_address_is_spelt(
    address: str, code: str
) -> None:
    assert code[4:] not in logs.asked("GET", address.format(code))


@pytest.mark.parametrize(
    "piece", ["/", "key/", "/key/", "a", "%25", "a1-", "x://", "password=", "view/", " ", "a://b:"]
)
def test_a_long_line_is_looked_through_once(piece: str) -> None:
    """An address may have 64 KB, and is told by the thread that takes everybody's requests off the line."""
    text = "/key/" + piece * (64_000 // len(piece))
    before = time.thread_time()
    logs.asked("GET", text)
    logs.blotted(text)
    assert time.thread_time() - before < 0.5


def test_ids_and_names_of_files_are_not_taken_for_codes() -> None:
    for path in (
        "/quan-tri/xa/11629/ho/58cd7d27-1b7e-43db-8e80-10e39e9719c7",
        "/static/dashboards/bieu-do-cua-cac-thon-theo-tuan.js",
    ):
        assert logs.asked("GET", path) == f"GET {path}"


def test_what_a_program_calls_itself_cannot_end_its_place_in_the_line() -> None:
    assert logs.redacted('a" 200 "b') == "a' 200 'b"
