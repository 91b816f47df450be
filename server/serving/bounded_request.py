"""What the body of a request may be: the framework bounds forms of parts by itself; forms in one line and JSON do we.

A line of ten million empty fields is twenty megabytes on the wire, 800 in memory and most of a minute of work. What
nests deeper than a reader of JSON goes is no JSON to us, and a defect of the server to the framework.
"""

import io
from typing import IO, Any

import orjson
from flask import Request
from flask.json.provider import DefaultJSONProvider
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.formparser import FormDataParser

MOST_FIELDS = 20_000
"""Far more than the longest page sends: 5,000 rows of a table, each with a few fields."""
ONE_LINE = "application/x-www-form-urlencoded"


class BoundedFormParser(FormDataParser):
    """The framework's, which raises RequestEntityTooLarge where one line of fields is too long, or has too many."""

    def parse(
        self,
        stream: IO[bytes],
        mimetype: str,
        content_length: int | None,
        options: dict[str, str] | None = None,
    ) -> Any:
        if mimetype != ONE_LINE:
            return super().parse(stream, mimetype, content_length, options)
        most = self.max_form_memory_size
        body = stream.read() if most is None else stream.read(most + 1)
        if (most is not None and len(body) > most) or body.count(b"&") >= MOST_FIELDS:
            raise RequestEntityTooLarge
        return super().parse(io.BytesIO(body), mimetype, len(body), options)


class BoundedRequest(Request):
    """A request whose form is read within bounds."""

    form_data_parser_class = BoundedFormParser


class BoundedJson(DefaultJSONProvider):
    """JSON as answers are written, and as requests are read: what is none is a ValueError, as the framework expects."""

    ensure_ascii = False
    sort_keys = False

    def loads(self, s: str | bytes, **kwargs: Any) -> Any:
        return orjson.loads(s)
