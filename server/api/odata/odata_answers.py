"""How a service answers: JSON or XML with OData's headers, in the version that was asked for, and not sent twice."""

from typing import Any

import orjson
from flask import Response, request

from server.api.odata.odata_problems import ODataProblem
from server.errors import Problem

JSON = "application/json; odata.metadata=minimal"
XML = "application/xml"
_VERSION = "4.0"


def refuse_other_forms(*, is_xml: bool) -> None:
    """Problem VERSION_TOO_OLD for clients of an older OData, FORMAT_REFUSED where `$format` asks for another form.

    What `Accept` says is passed over: clients ask for XML and read JSON.
    """
    newest = request.headers.get("OData-MaxVersion", "").strip()
    if newest and newest.partition(".")[0] in ("1", "2", "3"):
        raise Problem(ODataProblem.VERSION_TOO_OLD, wanted=newest[:10])
    wanted = request.args.get("$format", "").partition(";")[0].strip().lower()
    known = ("xml", "application/xml") if is_xml else ("json", "application/json")
    if wanted and wanted not in known:
        raise Problem(ODataProblem.FORMAT_REFUSED, wanted=wanted[:40])


def json(told: Any) -> Response:
    """A whole answer, with its ETag (O20)."""
    return whole(Response(orjson.dumps(told), content_type=JSON))


def xml(text: str) -> Response:
    """A description, with its ETag."""
    return whole(Response(text, content_type=XML))


def number(count: int) -> Response:
    """How many rows there are, as `…/$count` tells it."""
    return whole(Response(str(count), content_type="text/plain"))


def whole(response: Response) -> Response:
    """Headers that every answer has; what has not changed is not sent again."""
    response.headers["OData-Version"] = _VERSION
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["Vary"] = "Accept-Encoding, Authorization, Cookie"
    if not response.is_streamed:
        response.add_etag()
        response.make_conditional(request)
    return response
