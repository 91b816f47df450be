"""Whether a browser asks because another site's page has it ask: where no page's own form proves the opposite."""

from urllib.parse import urlsplit

from flask import request


def asks() -> bool:
    """For requests that come with a name and a password: a browser adds those that were typed once (HTTP Basic, Digest)
    by itself, as it does its cookies. Programs and phones say nothing of sites.
    """
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        return True
    origin = request.headers.get("Origin")
    return origin is not None and urlsplit(origin).netloc != request.host
