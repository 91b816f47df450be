"""Addresses of a form's submissions as an OData service: /v1/projects/<commune>/forms/<form>.svc."""

import dataclasses

from flask import Blueprint, Response, request, url_for

from server.accounts import access, client_access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers import who_may_read as readers
from server.answers.who_may_read import AnswersReader
from server.api.odata import form_rounds
from server.api.odata.form_service import FormService
from server.api.odata.form_tables import FLAT, ROOT
from server.errors import CommonProblem, Problem
from server.models import Commune, Form
from server.places import communes

blueprint = Blueprint("odata_forms", __name__, url_prefix="/v1/projects/<code>/forms/<form_id>.svc")


@blueprint.get("/")
@client(Right.READ_SUBMISSIONS)
def document(code: str, form_id: str) -> Response:
    """What the service has."""
    return _service(code, form_id).document()


@blueprint.get("/$metadata")
@client(Right.READ_SUBMISSIONS)
def metadata(code: str, form_id: str) -> Response:
    """What its columns are."""
    return _service(code, form_id).metadata()


@blueprint.get("/<name>")
@client(Right.READ_SUBMISSIONS, records=True)
def rows(code: str, form_id: str, name: str) -> Response:
    """The rows of a table that are asked for, or one submission."""
    service = _service(code, form_id)
    if name in (ROOT, FLAT):
        return service.page(name)
    return service.one(name) if name.startswith("Submissions('") else form_rounds.page(service, name)


@blueprint.get("/<name>/$count")
@client(Right.READ_SUBMISSIONS, records=True)
def count(code: str, form_id: str, name: str) -> Response:
    """How many rows of a table a filter finds."""
    service = _service(code, form_id)
    return service.count(name) if name in (ROOT, FLAT) else form_rounds.count(service, name)


@blueprint.get("/<name>/<path:inside>")
@client(Right.READ_SUBMISSIONS, records=True)
def rounds(code: str, form_id: str, name: str, inside: str) -> Response:
    """The rounds of a repeat in one submission."""
    return form_rounds.of_one(_service(code, form_id), name, inside)


def reading(commune: Commune) -> AnswersReader:
    """Who asks, as a reader of this commune alone; personal answers by the key's making, or with `ca_nhan=1`.

    Problem NOT_FOUND for a reader who does not belong to it: what somebody may not read is not there for them.
    """
    caller = access.signed_in()
    if not caller.belongs_to(commune):
        raise Problem(CommonProblem.NOT_FOUND)
    here = dataclasses.replace(caller, commune_id=commune.id, communes={})
    wished = request.args.get("ca_nhan") == "1"
    return readers.reader(here, personal=client_access.may_read_personal(caller, wished=wished))


def open_form(of: AnswersReader, form_id: str) -> Form:
    """A form that the reader's commune has; Problem FORM_UNKNOWN."""
    found = next((form for form in readers.forms(of) if form.form_id == form_id), None)
    if found is None:
        raise Problem(CommonProblem.FORM_UNKNOWN, form_id=form_id[:64])
    return found


def _service(code: str, form_id: str) -> FormService:
    of = reading(communes.commune(code))
    root = url_for(".document", code=code, form_id=form_id, _external=True).rstrip("/")
    return FormService(of, open_form(of, form_id), root)
