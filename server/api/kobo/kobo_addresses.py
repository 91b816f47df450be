"""Addresses as Kobo's clients write them: slash or none, doubled slashes, `.json` at the end; and those told back."""

import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Response, request

from server.addresses import is_of_kobo

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

FORMATS = ("json", "xml", "geojson", "xls", "xlsx", "csv")
_SUFFIX = re.compile(rf"\.({'|'.join(FORMATS)})$")
_SLASHES = re.compile("/{2,}")
_ENDING = "tungnha.kobo_ending"
_SENT = re.compile(
    r"/collector/([A-Za-z0-9]{64})/(submission|formList|forms/.+|lists/.+)|/(?!phieu/)[\w.-]{1,100}/submission"
    r"|/api/v1/submissions"
)
"""Where Kobo's collectors and old scripts send to (K20): `/collector/<key>/…`, `/<user>/submission`, version 1."""


class PlainAddresses:
    """One address for each thing: `//assets.json`, `/assets/` and `/assets` reach the same view, without a redirect.

    OpenFn throws on any redirect, and Excel drops its key after one. The ending is kept for `ending()`.
    """

    def __init__(self, app: "WSGIApplication") -> None:
        self.app = app

    def __call__(self, environ: "WSGIEnvironment", start_response: "StartResponse") -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        plain = _SLASHES.sub("/", path).rstrip("/")
        sent = _SENT.fullmatch(plain)
        if sent is not None:
            environ["PATH_INFO"] = f"/key/{sent[1]}/{sent[2]}" if sent[1] else "/submission"
        elif is_of_kobo(plain):
            found = _SUFFIX.search(plain)
            environ["PATH_INFO"] = _SUFFIX.sub("", plain)
            environ[_ENDING] = found.group(1) if found else ""
        return self.app(environ, start_response)


def ending() -> str:
    """The ending that the address had, without its point; "" for none."""
    found: str = request.environ.get(_ENDING, "")
    return found


def wanted_format() -> str:
    """By the address's ending, else by `?format=`, else JSON. What a client says that it accepts is not heeded."""
    said = ending() or request.args.get("format", "json").lower()
    return said if said in FORMATS else "json"


def root() -> str:
    """The address of this server as the client knows it, without a slash at its end."""
    return request.url_root.rstrip("/")


def address(path: str, suffix: str = "", query: Mapping[str, object] | None = None) -> str:
    """An address under /api/v2 for the client to ask; pykobo cuts what follows the last slash (`suffix`)."""
    asked = f"?{urlencode(query)}" if query else ""
    return f"{root()}/api/v2{path}{suffix or '/'}{asked}"


def told_suffix() -> str:
    """What ends the addresses in an answer: as the request's own address ended, `.json` or a slash."""
    return f".{ending()}" if ending() == "json" else ""


def beside(changed: Mapping[str, object]) -> str:
    """The address of this request with other parameters (None: without it): the page before, the page after."""
    asked = {name: value for name, value in request.args.items() if name not in changed}
    said = {name: value for name, value in changed.items() if value is not None}
    end = f".{ending()}" if ending() else "/"
    return f"{root()}{request.path}{end}?{urlencode({**asked, **said})}"


def known_already(response: Response) -> Response:
    """Tell a client that asks again for what it has that nothing has changed (K24)."""
    if request.method not in ("GET", "HEAD") or response.status_code != 200 or "ETag" in response.headers:
        return response
    if not response.is_streamed and "no-store" not in response.headers.get("Cache-Control", ""):
        response.add_etag(weak=True)
        response.headers.setdefault("Cache-Control", "private, no-cache")
        response.make_conditional(request)
    return response
