"""What every page has in common, and problems told as pages."""

from flask import Flask, Response

from server.errors import Problem


def register(app: Flask) -> None:
    """Add the pages that everybody may see."""


def say(problem: Problem) -> Response:
    """A problem for a person: what happened and what to do."""
    return Response(problem.sentence, problem.kind.status, content_type="text/plain; charset=utf-8")
