"""Forms of pages: as many fields as a page may send, and no line that takes the server's memory."""

import tracemalloc

import pytest
from flask import Flask, request

from server.serving.bounded_forms import MOST_FIELDS, ONE_LINE

SIGN_IN = "/dang-nhap"


@pytest.mark.parametrize("body", [b"a&" * 5_000_000, b"a=" + b"x" * 15_000_000], ids=["fields", "one field"])
def test_a_line_that_is_too_long_is_refused_before_it_is_taken_apart(app: Flask, body: bytes) -> None:
    tracemalloc.start()
    answer = app.test_client().post(SIGN_IN, data=body, content_type=ONE_LINE)
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert answer.status_code == 413
    assert most < 30_000_000


def test_a_page_may_send_thousands_of_fields(app: Flask) -> None:
    body = "&".join(f"dong={number}" for number in range(MOST_FIELDS))
    with app.test_request_context(SIGN_IN, method="POST", data=body, content_type=ONE_LINE):
        assert request.form.getlist("dong") == [str(number) for number in range(MOST_FIELDS)]
    with app.test_request_context(
        SIGN_IN, method="POST", data="ten=%C4%90%E1%BB%97&ten=", content_type=ONE_LINE
    ):
        assert request.form.getlist("ten") == ["Đỗ", ""]
