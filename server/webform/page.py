"""The page itself: one document, its modules, its worker and its manifest; nothing in them is about a person.

Modules stand under an address that holds the hash of them all: a browser has either all of one version or none, and
the worker (static/worker.js) keeps the whole set for use without a network.
"""

import functools
import gzip
import hashlib
import json
from collections.abc import Callable
from pathlib import Path

from flask import Response, current_app, render_template, request, url_for

from server.accounts import access
from server.errors import CommonProblem, Problem
from server.settings import Settings

FILES = Path(__file__).parent / "static"
KINDS = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".png": "image/png"}
NOT_FOR_COLLECTORS = frozenset({"correction.js", "correction_view.js", "visit.js", "poster.js"})
"""Modules of officers' and citizens' pages, which no collector's phone keeps."""
YEAR = 365 * 24 * 3600  # seconds

POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self' blob:; connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'"
)
"""The engine brings two WASM modules along; pictures that were just taken are shown from memory."""
ASKS_FOR = "camera=(self), geolocation=(self), microphone=(), payment=(), usb=()"


@access.public
def page() -> Response:
    """The document; who opens it is known by the code in the fragment, which is never sent."""
    response = allowed(Response(render_template("webform/page.html", version=version(), tiles=_own_tiles())))
    response.headers["Permissions-Policy"] = ASKS_FOR
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _own_tiles() -> str:
    """The address of the base map's tiles where this server gives them out itself, else "".

    Another host would learn where collectors stand, tile by tile; it is never asked from here.
    """
    settings: Settings = current_app.config["SETTINGS"]
    return settings.tiles if settings.tiles.startswith("/") else ""


def allowed(response: Response) -> Response:
    """A document whose modules may do what the form needs (POLICY), this page or the one for corrections."""
    response.headers["Content-Security-Policy"] = POLICY
    return response


@access.public
def file(wanted: str, name: str) -> Response:
    """One file of today's version; Problem NOT_FOUND for another version, which would be mixed with this one."""
    path = FILES / name
    if wanted != version() or name not in _names():
        raise Problem(CommonProblem.NOT_FOUND)
    response = Response(_sent(path), mimetype=KINDS[path.suffix])
    if _packs(path):
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.cache_control.max_age = YEAR
    response.cache_control.public = True
    response.cache_control.immutable = True
    return response


@access.public
def worker() -> Response:
    """The service worker, with the files that it keeps; another version of them makes it another script."""
    names = (name for name in _names() if name not in NOT_FOR_COLLECTORS)
    kept = [url_for(".page"), *(url_for(".file", wanted=version(), name=name) for name in names)]
    head = f"const VERSION = {json.dumps(version())};\nconst KEPT = {json.dumps(kept)};\n"
    script = (FILES / "worker.js").read_text(encoding="utf-8")
    response = Response(head + script, mimetype="text/javascript")
    response.headers["Cache-Control"] = "no-cache"
    return response


@access.public
def manifest() -> Response:
    """What the Home Screen needs. No `start_url`: the address that was saved holds the code."""
    icon = url_for(".file", wanted=version(), name="icon.svg")
    told = {
        "name": "Từng Nhà",
        "short_name": "Từng Nhà",
        "lang": "vi",
        "display": "standalone",
        "scope": url_for(".page"),
        "background_color": "#ffffff",
        "theme_color": "#0b3d6b",
        "icons": [{"src": icon, "sizes": "any", "type": "image/svg+xml"}],
    }
    return Response(json.dumps(told, ensure_ascii=False), mimetype="application/manifest+json")


ROUTES: tuple[tuple[str, Callable[..., Response], tuple[str, ...]], ...] = (
    ("/", page, ("GET",)),
    ("/worker.js", worker, ("GET",)),
    ("/app.webmanifest", manifest, ("GET",)),
    ("/files/<wanted>/<name>", file, ("GET",)),
)


@functools.cache
def _names() -> tuple[str, ...]:
    """The files that the page loads; the worker is asked for under an address of its own."""
    found = (path.name for path in FILES.iterdir() if path.suffix in KINDS and path.name != "worker.js")
    return tuple(sorted(found))


@functools.cache
def version() -> str:
    """Ten hexadecimal digits that change with any of the files."""
    names = (*_names(), "worker.js")
    return hashlib.sha256(b"".join((FILES / name).read_bytes() for name in names)).hexdigest()[:10]


def _packs(path: Path) -> bool:
    return path.suffix != ".png" and request.accept_encodings.best_match(("gzip",)) is not None


def _sent(path: Path) -> bytes:
    return _packed(path) if _packs(path) else path.read_bytes()


@functools.cache
def _packed(path: Path) -> bytes:
    return gzip.compress(path.read_bytes(), mtime=0)
