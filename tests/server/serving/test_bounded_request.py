"""Bodies of requests: as many fields as a page may send, no line that takes the server's memory, no bottomless JSON."""

import tracemalloc

import pytest
from flask import Flask, request

from server.serving.bounded_request import MOST_FIELDS, ONE_LINE

SIGN_IN = "/dang-nhap"


@pytest.mark.parametrize("body", [b"a&" * 5_000_000, b"a=" + b"x" * 15_000_000], ids=["fields", "one field"])
def test_a_line_that_is_too_long_is_refused_before_it_is_taken_apart(app: Flask, body: bytes) -> None:
    tracemalloc.start()
    answer = app.test_client().post(SIGN_IN, data=body, content_type=ONE_LINE)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 413
    assert "quá nhiều ô" in answer.text
    assert most < 30_000_000


PART = b'--b\r\nContent-Disposition: form-data; name="a"\r\n\r\nx\r\n'


def test_a_form_of_too_many_parts_is_told_as_such_and_not_as_a_photo(app: Flask) -> None:
    body, kind = PART * 1_001 + b"--b--\r\n", "multipart/form-data; boundary=b"
    answer = app.test_client().post(SIGN_IN, data=body, content_type=kind)
    assert (answer.status_code, "ảnh" in answer.text) == (413, False)
    assert "chia ra gửi nhiều lần" in answer.text


def test_a_page_may_send_thousands_of_fields(app: Flask) -> None:
    body = "&".join(f"dong={number}" for number in range(MOST_FIELDS))
    with app.test_request_context(SIGN_IN, method="POST", data=body, content_type=ONE_LINE):
        assert request.form.getlist("dong") == [str(number) for number in range(MOST_FIELDS)]
    with app.test_request_context(
        SIGN_IN, method="POST", data="ten=%C4%90%E1%BB%97&ten=", content_type=ONE_LINE
    ):
        assert request.form.getlist("ten") == ["Đỗ", ""]


@pytest.mark.parametrize("body", [b"[" * 1_000_000, b'{"email":' * 100_000, b"[1e400, NaN]"])
def test_json_that_nobody_reads_is_the_askers_mistake(app: Flask, body: bytes) -> None:
    """Where a stranger may send some: Central's clients sign in with it."""
    answer = app.test_client().post("/v1/sessions", data=body, content_type="application/json")
    assert 400 <= answer.status_code < 500


def test_json_says_what_it_said(app: Flask) -> None:
    body = '{"tên": "Đỗ", "số": [1, 2.5, null, true]}'
    with app.test_request_context("/", method="POST", data=body.encode(), content_type="application/json"):
        assert request.get_json() == {"tên": "Đỗ", "số": [1, 2.5, None, True]}
