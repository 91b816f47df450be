"""Forms at Central's door: their list, one of them, its files, its questions and versions (O4)."""

from typing import Any

from flask import Blueprint, Response, jsonify, request

from forms.odata_names import identifier
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers import who_may_read as readers
from server.api.central.central_projects import own_commune
from server.api.odata.form_routes import open_form, reading
from server.api.odata.form_rows import moment
from server.exports import form_columns, select_submissions
from server.models import Commune, Form, FormVersion

blueprint = Blueprint("central_forms", __name__, url_prefix="/v1/projects/<code>/forms")

Json = dict[str, Any]
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
KINDS = {
    "integer": "int",
    "meta": "string",
    "text": "string",
    "select_one": "string",
    "select_multiple": "string",
}
"""What Central calls the kinds of questions; those that are not here have its names already."""
_KNOWN = frozenset(
    ("decimal", "date", "dateTime", "time", "geopoint", "geotrace", "geoshape", "binary", "boolean")
)


@blueprint.get("")
@client(Right.READ_SUBMISSIONS)
def listing(code: str) -> Response:
    """The forms that the commune has."""
    commune = own_commune(code)
    of = reading(commune)
    sent = readers.sent(of)
    return jsonify([_form(form, commune, sent.get(form.id)) for form in readers.forms(of)])


@blueprint.get("/<form_id>")
@client(Right.READ_SUBMISSIONS)
def one(code: str, form_id: str) -> Response:
    """One of them."""
    commune = own_commune(code)
    of = reading(commune)
    form = open_form(of, form_id)
    return jsonify(_form(form, commune, readers.sent(of).get(form.id)))


@blueprint.get("/<form_id>.xml")
@client(Right.READ_SUBMISSIONS)
def xform(code: str, form_id: str) -> Response:
    """Its XForm, as phones load it."""
    return Response(_newest(code, form_id).xform, mimetype="application/xml")


@blueprint.get("/<form_id>.xlsx")
@client(Right.READ_SUBMISSIONS)
def workbook(code: str, form_id: str) -> Response:
    """Its XLSForm, as it was published."""
    return Response(_newest(code, form_id).workbook, mimetype=_XLSX)


@blueprint.get("/<form_id>/versions")
@client(Right.READ_SUBMISSIONS)
def versions(code: str, form_id: str) -> Response:
    """Its versions, the newest first."""
    commune = own_commune(code)
    form = open_form(reading(commune), form_id)
    return jsonify([_of_version(form, each, commune) for each in reversed(form.versions)])


@blueprint.get("/<form_id>/attachments")
@client(Right.READ_SUBMISSIONS)
def attachments(code: str, form_id: str) -> Response:
    """Files that the form itself names: lists and pictures, all of which are there once it is published."""
    form = open_form(reading(own_commune(code)), form_id)
    [*_, newest] = select_submissions.definitions(form.id)
    return jsonify([{"name": name, "type": "file", "exists": True} for name in newest.media])


@blueprint.get("/<form_id>/fields")
@client(Right.READ_SUBMISSIONS)
def fields(code: str, form_id: str) -> Response:
    """Groups, repeats and questions in the form's order; `odata=true` with the names that OData gives them."""
    form = open_form(reading(own_commune(code)), form_id)
    whole = form_columns.merged(select_submissions.definitions(form.id))
    repeats = {each.repeat for each in whole.fields if each.repeat}
    told: dict[str, Json] = {}
    for each in whole.fields:
        parts = each.path.split("/")
        for place in range(1, len(parts)):
            path = "/".join(parts[:place])
            told.setdefault(path, _field(path, "repeat" if path in repeats else "structure", len(told)))
        kind = KINDS.get(each.kind, each.kind if each.kind in _KNOWN else "string")
        told[each.path] = _field(each.path, kind, len(told)) | {
            "binary": True if kind == "binary" else None,
            "selectMultiple": True if each.kind == "select_multiple" else None,
        }
    flat = request.args.get("flatten", "").lower() == "true"
    return jsonify([each for each in told.values() if not (flat and each["type"] == "structure")])


def _field(path: str, kind: str, order: int) -> Json:
    is_odata = request.args.get("odata", "").lower() == "true"
    shown = "/".join(map(identifier, path.split("/"))) if is_odata else path
    return {
        "path": f"/{shown}", "name": shown.rpartition("/")[2], "type": kind, "binary": None, "selectMultiple": None,
        "order": order,
    }  # fmt: skip


def _newest(code: str, form_id: str) -> FormVersion:
    return open_form(reading(own_commune(code)), form_id).versions[-1]


def as_published(form: Form, commune: Commune) -> Json:
    """A form that was published now."""
    return _form(form, commune, None)


def _form(form: Form, commune: Commune, sent: readers.FormCount | None) -> Json:
    return _of_version(form, form.versions[-1], commune) | {
        "createdAt": moment(form.versions[0].published_at),
        "submissions": sent.count if sent else 0,
        "lastSubmission": moment(sent.last) if sent and sent.last else None,
        "reviewStates": None,
        "createdBy": None,
        "publicLinks": 0,
    }


def _of_version(form: Form, version: FormVersion, commune: Commune) -> Json:
    published = moment(version.published_at)
    told = as_json(
        form.form_id,
        form.title,
        version.version,
        version.md5,
        commune,
        created=published,
        published=published,
    )
    return told | {
        "state": "open" if form.retired_at is None else "closed",
        "updatedAt": published if len(form.versions) > 1 else None,
    }


def as_json(
    form_id: str,
    title: str,
    version: str,
    md5: str,
    commune: Commune,
    *,
    created: str,
    published: str | None,
) -> Json:
    """A version of a form, or a draft (`published` is None), in Central's words."""
    return {
        "projectId": int(commune.code),
        "xmlFormId": form_id,
        "name": title,
        "version": version,
        "hash": md5,
        "sha": None,
        "sha256": None,
        "state": "open",
        "draftToken": None,
        "enketoId": None,
        "enketoOnceId": None,
        "keyId": None,
        "createdAt": created,
        "updatedAt": None,
        "publishedAt": published,
        "excelContentType": _XLSX,
    }
