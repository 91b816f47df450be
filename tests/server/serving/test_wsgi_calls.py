"""The application called from asyncio: what it is told of a request, and what it does with the head alone."""

import io
from typing import Any

import pytest
from flask import Flask, Response, request

from server.serving.wsgi_calls import PIECE, BodyWanted, WsgiCall, environ_of, with_body
from tests import sample


def scope(
    method: str = "GET", path: str = "/", *headers: tuple[bytes, bytes], query: bytes = b""
) -> dict[str, Any]:
    return {
        "method": method, "raw_path": path.encode(), "query_string": query, "server": ("127.0.0.1", 8000),
        "client": ("192.0.2.7", 5), "http_version": "1.1", "scheme": "http", "headers": list(headers),
    }  # fmt: skip


def test_the_environment_says_what_the_request_said() -> None:
    environ = environ_of(
        scope(
            "GET",
            "/xa/%C4%91",
            (b"cookie", b"a=1"),
            (b"cookie", b"b=2"),
            (b"accept", b"x"),
            (b"accept", b"y"),
            query=b"q=%20",
        )
    )
    assert environ["PATH_INFO"].encode("latin-1").decode() == "/xa/đ"
    assert environ["RAW_URI"] == "/xa/%C4%91?q=%20"
    assert (environ["HTTP_COOKIE"], environ["HTTP_ACCEPT"]) == ("a=1; b=2", "x,y")
    assert environ["REMOTE_ADDR"] == "192.0.2.7"


def test_a_header_that_could_pass_for_a_proxys_is_dropped() -> None:
    assert "HTTP_X_FORWARDED_FOR" not in environ_of(scope("GET", "/", (b"x_forwarded_for", b"192.0.2.1")))


SENDS = (b"content-type", b"multipart/form-data; boundary=b")


@pytest.mark.parametrize("body", [(b"content-length", b"100"), (b"transfer-encoding", b"chunked")])
def test_the_body_of_a_known_key_is_wanted_and_an_unknown_one_is_answered_by_the_head(
    app: Flask, body: tuple[bytes, bytes]
) -> None:
    """C10: whoever has no code is told so before a byte of the body."""
    token = sample.make_collector().token
    with pytest.raises(BodyWanted):
        WsgiCall(app, environ_of(scope("POST", f"/key/{token}/submission", SENDS, body))).begin()
    refused = WsgiCall(app, environ_of(scope("POST", f"/key/{'x' * 64}/submission", SENDS, body)))
    refused.begin()
    assert (refused.status, refused.is_whole) == (403, True)


def _echoed() -> bytes:
    return request.get_data()


def test_a_body_is_read_from_its_beginning_each_time() -> None:
    app = Flask("echo")
    app.add_url_rule("/", view_func=_echoed, methods=["POST"])
    environ, body = environ_of(scope("POST", "/", (b"transfer-encoding", b"chunked"))), io.BytesIO(b"abc")
    for _ in range(2):
        call = WsgiCall(app, with_body(environ, body, 3))
        call.begin()
        assert (call.status, call.piece) == (200, b"abc")


def test_a_long_answer_comes_in_pieces_and_can_be_let_go() -> None:
    closed: list[bool] = []
    app = Flask("long")

    def long() -> Response:
        answer = Response(bytes(PIECE) for _ in range(3))
        answer.call_on_close(lambda: closed.append(True))
        return answer

    app.add_url_rule("/", view_func=long)
    call = WsgiCall(app, environ_of(scope()))
    call.begin()
    assert (len(call.piece), call.is_whole, closed) == (PIECE, False, [])
    call.close()
    assert closed == [True]
