"""What is streamed begins before its status is told: what goes wrong until then has an answer of its own.

The first rows of a download are read while its answer is drawn. A database that went away then was told as a bug of
the server's.
"""

from itertools import chain

from flask import Flask, Response, request
from werkzeug.wsgi import ClosingIterator

from server.serving.wsgi_calls import PIECE


def register(app: Flask) -> None:
    """For every answer; registered last, so that an error's answer is dressed like any other."""

    @app.after_request
    def begin(response: Response) -> Response:
        if not response.is_streamed or response.direct_passthrough or request.method == "HEAD":
            return response
        try:
            _begin(response)
        except Exception as error:
            response.close()
            return app.make_response(app.handle_user_exception(error))
        return response


def _begin(response: Response) -> None:
    """Draw as much as is sent in one go; the answer is the same, and closed as before."""
    streamed = response.response
    rest, first, size = response.iter_encoded(), list[bytes](), 0
    for piece in rest:
        first.append(piece)
        size += len(piece)
        if size >= PIECE:
            break
    ends = [streamed.close] if hasattr(streamed, "close") else []
    response.response = ClosingIterator(chain(first, rest), ends)
