"""What pages need of a browser: where our files are, and what the frame of a map may load."""

import gzip
import hashlib
import secrets
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

from flask import Blueprint, Flask, Response, request, url_for
from werkzeug.security import safe_join

from server.accounts import access
from server.errors import CommonProblem, Problem

FILES = Path(__file__).parent / "static"
KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml", ".woff2": "font/woff2"}
YEAR = 365 * 24 * 3600  # seconds

blueprint = Blueprint("browser", __name__)


@blueprint.get("/static/dashboards/<path:name>")
@access.public
def file(name: str) -> Response:
    """One of our files; scripts and styles compressed where the browser takes that.

    Sent from memory: they are small, and a browser that leaves half-way leaves no open file behind.
    """
    path = Path(safe_join(str(FILES), name) or FILES)
    kind = "text/plain" if path.name == "LICENSE" else KINDS.get(path.suffix)
    if kind is None or not path.is_file():
        raise Problem(CommonProblem.NOT_FOUND)
    is_packed = path.suffix in (".css", ".js") and takes_gzip()
    content = _compressed(path, path.stat().st_mtime_ns) if is_packed else path.read_bytes()
    response = Response(content, mimetype=kind)
    if is_packed:
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    response.cache_control.max_age = YEAR if "v" in request.args else 0  # with its hash it never changes
    response.add_etag()
    response.make_conditional(request)
    return response


def takes_gzip() -> bool:
    """Whether the browser that asks takes compressed answers."""
    return request.accept_encodings.best_match(("gzip",)) is not None


def packed(response: Response) -> Response:
    """Compressed where the browser takes it; a map holds nothing secret that its length could give away."""
    if takes_gzip():
        response.set_data(gzip.compress(response.get_data(), compresslevel=5))
        response.content_encoding = "gzip"
    response.vary.add("Accept-Encoding")
    return response


def address(name: str) -> str:
    """The URL of one of our files, with the hash of what is in it."""
    path = FILES / name
    changed = path.stat().st_mtime_ns if path.exists() else 0
    return url_for("browser.file", name=name, v=_hash(path, changed))


@lru_cache(maxsize=256)
def _compressed(path: Path, _changed: int) -> bytes:
    """The file as it travels: the copy that `assets` made of it, else compressed once and kept."""
    packed = path.with_name(f"{path.name}.gz")
    return packed.read_bytes() if packed.is_file() else gzip.compress(path.read_bytes(), mtime=0)


@lru_cache(maxsize=256)
def _hash(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes() if path.exists() else b"").hexdigest()[:10]


def nonce() -> str:
    """Lets the inline scripts of one response run, and no others."""
    return secrets.token_urlsafe(16)


def frame_policy(allowed: str, base_map: str) -> str:
    """What a map's frame may load: our files, what carries the nonce, and the base map's tiles if one is set."""
    tiles = ""
    if base_map:
        parts = urlsplit(base_map)
        host = parts.netloc.replace("{s}", "*").encode("idna").decode()  # a header has no other letters
        tiles = f" {parts.scheme}://{host}" if host else ""
    return (
        f"default-src 'none'; script-src 'self' 'nonce-{allowed}'; style-src 'self' 'nonce-{allowed}'; "
        f"font-src 'self'; img-src 'self' data:{tiles}; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
    )


def register(app: Flask) -> None:
    """Serve our files."""
    app.register_blueprint(blueprint)
    app.jinja_env.globals["address"] = address
