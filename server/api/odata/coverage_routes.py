"""Addresses of a commune's sums as an OData service: /v1/projects/<commune>/coverage.svc."""

from flask import Blueprint, Response, url_for

from server.accounts import access
from server.accounts.client_access import sums
from server.api.odata import coverage_sets, flat_service

blueprint = Blueprint("odata_coverage", __name__, url_prefix="/v1/projects/<code>/coverage.svc")


@blueprint.get("/")
@sums("coverage")
def document(code: str) -> Response:
    """What the service has."""
    return flat_service.document(_root(code), coverage_sets.of_commune(access.open_commune(code)))


@blueprint.get("/$metadata")
@sums("coverage")
def metadata(code: str) -> Response:
    """What its columns are."""
    return flat_service.metadata(coverage_sets.of_commune(access.open_commune(code)))


@blueprint.get("/<name>")
@sums("coverage")
def rows(code: str, name: str) -> Response:
    """The rows of a set that are asked for."""
    found = flat_service.named(name, coverage_sets.of_commune(access.open_commune(code)))
    return flat_service.page(_root(code), found)


@blueprint.get("/<name>/$count")
@sums("coverage")
def count(code: str, name: str) -> Response:
    """How many rows of a set there are."""
    return flat_service.count(flat_service.named(name, coverage_sets.of_commune(access.open_commune(code))))


def _root(code: str) -> str:
    return url_for(".document", code=code, _external=True).rstrip("/")
