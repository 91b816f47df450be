"""Which columns of the thôn table a reader has chosen; their browser remembers them from one visit to the next."""

from collections.abc import Collection, Iterable

from flask import Response, current_app, request

from server.settings import Settings

NAME = "cot"
"""In the address of a page, once for each column; the cookie of this name keeps their codes."""
_DAYS = 400  # the longest that browsers keep a cookie


def asked() -> Collection[str]:
    """The codes in the address, else those that the browser remembers; empty: the table's own choice."""
    if NAME in request.args:
        return frozenset(request.args.getlist(NAME))
    return frozenset(request.cookies.get(NAME, "").split("."))


def remember(response: Response, path: str, known: Iterable[str]) -> Response:
    """Keep what the address asks for, of the columns that there are, for pages below `path`; none forgets it."""
    if NAME not in request.args:
        return response
    codes = [code for code in known if code in request.args.getlist(NAME)]
    if not codes:
        response.delete_cookie(NAME, path=path)
        return response
    settings: Settings = current_app.config["SETTINGS"]
    response.set_cookie(
        NAME,
        ".".join(codes),
        max_age=_DAYS * 24 * 3600,
        path=path,
        secure=settings.https,
        httponly=True,
        samesite="Lax",
    )
    return response
