"""What programs talk to: JSON under /api/v1, described by OpenAPI."""

from flask import Flask, Response, jsonify

from server.errors import Problem


def speaks(path: str) -> bool:
    """Whether a path belongs to programs."""
    return path.startswith("/api/")


def say(problem: Problem) -> Response:
    """A problem for a program: a code to act on and a sentence to show."""
    response = jsonify(code=problem.kind.code, message=problem.sentence)
    response.status_code = problem.kind.status
    return response


SPEAKER = (speaks, say)


def register(app: Flask) -> None:
    """Add programs' URLs to the application."""
