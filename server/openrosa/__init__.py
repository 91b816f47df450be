"""What phones talk to: OpenRosa under a token in the path, and under HTTP Digest."""

from flask import Flask, Response

from server.errors import Problem


def speaks(path: str) -> bool:
    """Whether a path is one that phones ask for."""
    return path.startswith(("/key/", "/formList", "/submission", "/forms/", "/lists/", "/view/"))


def say(problem: Problem) -> Response:
    """A problem in OpenRosa's words (C38, C39)."""
    return Response(problem.sentence, problem.kind.status, content_type="text/xml; charset=utf-8")


SPEAKER = (speaks, say)


def register(app: Flask) -> None:
    """Add phones' URLs to the application."""
