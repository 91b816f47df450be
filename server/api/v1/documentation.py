"""The API described: OpenAPI as JSON for programs, and a page of the same for people, without any outside script."""

import dataclasses
from collections.abc import Iterator
from typing import Any

from apispec import APISpec
from flask import Blueprint, Flask, Response, current_app, jsonify, render_template

from server.accounts import access

blueprint = Blueprint("documentation", __name__, url_prefix="/api")

_SPEC = "tungnha_openapi"


@dataclasses.dataclass(frozen=True)
class Parameter:
    name: str
    where: str
    """`path` or `query`."""
    description: str


@dataclasses.dataclass(frozen=True)
class DescribedOperation:
    """One thing a program may ask for, as the page lists it."""

    method: str
    path: str
    summary: str
    parameters: tuple[Parameter, ...]
    statuses: tuple[str, ...]


@blueprint.get("/openapi.json")
@access.public
def openapi() -> Response:
    """The description that programs read."""
    return jsonify(spec())


@blueprint.get("/docs")
@access.public
def docs() -> str:
    """The description that people read."""
    return render_template("api.html", operations=tuple(operations(spec())))


def spec() -> dict[str, Any]:
    """The OpenAPI description of this application."""
    known: APISpec = current_app.extensions[_SPEC]
    described: dict[str, Any] = known.to_dict()
    return described


def operations(described: dict[str, Any]) -> Iterator[DescribedOperation]:
    """What an OpenAPI description offers, in its order."""
    for path, methods in described["paths"].items():
        shared = methods.get("parameters", [])
        for method, operation in methods.items():
            if method == "parameters":
                continue
            yield DescribedOperation(
                method=method.upper(),
                path=path,
                summary=operation.get("summary", ""),
                parameters=tuple(_parameter(each) for each in (*shared, *operation.get("parameters", []))),
                statuses=tuple(sorted(status for status in operation["responses"] if status != "default")),
            )


def register(app: Flask, described: APISpec) -> None:
    """Serve the description."""
    app.extensions[_SPEC] = described
    app.register_blueprint(blueprint)


def _parameter(each: dict[str, Any]) -> Parameter:
    return Parameter(each["name"], each["in"], each.get("description", ""))
