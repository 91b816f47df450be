"""What every answer tells a browser: nothing may come from anywhere else, nothing is guessed, nothing is kept."""

import base64
import hashlib
import re
from pathlib import Path

from flask import Flask, Response, request

from server import addresses
from server.settings import Settings

DAY = 24 * 3600  # seconds
PLAIN = Path(__file__).parents[1] / "templates" / "plain.html"


def page_policy() -> str:
    """What a page may load: our own files, and the one style that the page of a failing server brings with it.

    That page stands alone, since files may fail too; its style is let in by its hash, and no other inline style is.
    """
    [style] = re.findall(r"<style>(.*?)</style>", PLAIN.read_text(encoding="utf-8"), re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self' 'sha256-{digest}'; font-src 'self'; "
        "img-src 'self' data:; connect-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'"
    )


OF_ALL = (
    ("X-Content-Type-Options", "nosniff"),
    ("Referrer-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
)
OF_PAGES = (
    ("Content-Security-Policy", page_policy()),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
)
OF_DOCUMENTS = (("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox"),)
"""What is no page of ours and may bring scripts: the XML of a visit, which anybody at a poster writes, or a drawing."""
_DOCUMENT = re.compile(r"(?:text|application)/xml|[\w.-]+/[\w.-]+\+xml")


def register(app: Flask) -> None:
    """Add the headers to every answer, whatever made it; a view that has said one itself is not overruled."""
    settings: Settings = app.config["SETTINGS"]
    is_secure = settings.https and settings.hsts_days > 0
    secure_for = f"max-age={settings.hsts_days * DAY}" if is_secure else ""

    def protect(response: Response) -> Response:
        if secure_for:
            response.headers["Strict-Transport-Security"] = secure_for
        if addresses.is_of_phones(request.path):
            return response  # no browsers: phones have headers of their own (server/openrosa)
        for name, value in OF_ALL + _more(response.mimetype or ""):
            response.headers.setdefault(name, value)
        # a shared computer shows nothing after sign-out
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    app.after_request(protect)


def _more(media_type: str) -> tuple[tuple[str, str], ...]:
    """The headers of whatever a browser draws as a document of its own."""
    if media_type == "text/html":
        return OF_PAGES
    return OF_DOCUMENTS if _DOCUMENT.fullmatch(media_type) else ()
