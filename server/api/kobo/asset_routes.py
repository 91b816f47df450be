"""Forms at Kobo's door: their list, one of them, its content, its files, its versions (K2 to K7)."""

from collections.abc import Callable, Mapping

from flask import Blueprint, Response, jsonify, request

from forms import library
from server.accounts import access, client_access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers import who_may_read as readers
from server.answers.who_may_read import AnswersReader
from server.api.kobo import asset_content, asset_json, asset_search, kobo_addresses, kobo_ids, paging
from server.errors import CommonProblem, Problem
from server.models import Form, FormVersion
from server.published_forms import read_workbook

blueprint = Blueprint("kobo_assets", __name__, url_prefix="/api/v2")
_DEFAULT, _MOST = 100, 1000


def reading() -> AnswersReader:
    """Who asks, as a reader; personal answers by the key's making, or where a person says `ca_nhan=1`."""
    caller = access.signed_in()
    wished = request.args.get("ca_nhan") == "1"
    return readers.reader(caller, personal=client_access.may_read_personal(caller, wished=wished))


def open_form(uid: str, reader: AnswersReader) -> Form:
    """The form with this id, among those that the reader has; Problem NOT_FOUND otherwise."""
    found = next((form for form in readers.forms(reader) if kobo_ids.of_form(form) == uid), None)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


@blueprint.get("/assets")
@client(Right.READ_SUMS)
def listing() -> Response:
    """The forms that the reader has, narrowed by `q`, ordered by `ordering` (K2)."""
    reader = reading()
    sent = readers.sent(reader)
    found = [asset_json.of(form, reader, sent) for form in readers.forms(reader)]
    page = paging.asked(_DEFAULT, _MOST, "offset")
    suffix = kobo_addresses.told_suffix()
    kept = asset_search.narrowed([asset_json.listed(each, suffix) for each in found], request.args)
    return jsonify(paging.of(kept, page))


@blueprint.get("/assets/<uid>")
@client(Right.READ_SUBMISSIONS)
def one(uid: str) -> Response:
    """One form with its content (K4); as the workbook or the XForm by its ending or `?format=` (K6)."""
    reader = reading()
    form = open_form(uid, reader)
    made = _FILES.get(kobo_addresses.wanted_format())
    if made is not None:
        return made(form.versions[-1])
    asset = asset_json.of(form, reader, readers.sent(reader))
    may_change = access.signed_in().may(Right.CORRECT)
    content = asset_content.of_version(asset.newest)
    told = asset_json.detailed(asset, kobo_addresses.told_suffix(), content, may_change)
    left_out = frozenset(request.args.get("exclude", "").split(","))
    return jsonify({name: told[name] for name in told if name not in left_out})


@blueprint.get("/assets/<uid>/content")
@client(Right.READ_SUBMISSIONS)
def content(uid: str) -> Response:
    """What a form asks (K5)."""
    newest = open_form(uid, reading()).versions[-1]
    return jsonify(kind="asset.content", uid=uid, data=asset_content.of_version(newest))


@blueprint.get("/assets/<uid>/versions")
@client(Right.READ_SUBMISSIONS)
def versions(uid: str) -> Response:
    """The versions of a form, the newest first (K7)."""
    reader = reading()
    asset = asset_json.of(open_form(uid, reader), reader, {})
    return jsonify(paging.of(asset_json.versions(asset), paging.asked(_DEFAULT, _MOST, "offset")))


@blueprint.get("/assets/<uid>/versions/<version_uid>")
@client(Right.READ_SUBMISSIONS)
def version(uid: str, version_uid: str) -> Response:
    """One version with its content (K7)."""
    reader = reading()
    asset = asset_json.of(open_form(uid, reader), reader, {})
    told = next((each for each in asset_json.versions(asset) if each["uid"] == version_uid), None)
    if told is None:
        raise Problem(CommonProblem.NOT_FOUND)
    found = next(each for each in asset.form.versions if kobo_ids.of_form_version(each) == version_uid)
    return jsonify(told | {"content": asset_content.of_version(found)})


def _workbook(version: FormVersion) -> Response:
    """The workbook as it was published; tables of text as a workbook."""
    stored = version.workbook
    ending, kind = read_workbook.ending_and_type(stored)
    if ending == "txt":
        stored, ending, kind = library.workbook(stored.decode()), "xlsx", read_workbook.XLSX
    return _file(stored, kind, f"{version.form.form_id}.{ending}")


def _xform(version: FormVersion) -> Response:
    """The XForm, byte for byte as phones load it."""
    return _file(version.xform, "text/xml; charset=utf-8", f"{version.form.form_id}.xml")


def _file(content: bytes, kind: str, name: str) -> Response:
    response = Response(content, content_type=kind)
    response.headers.set("Content-Disposition", "attachment", filename=name)
    return response


_FILES: Mapping[str, Callable[[FormVersion], Response]] = {"xls": _workbook, "xlsx": _workbook, "xml": _xform}
