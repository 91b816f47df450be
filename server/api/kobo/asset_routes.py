"""Forms at Kobo's door: their list, one of them, its content, its files, its versions (K2 to K7)."""

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from server.accounts import access, client_access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers import reader as readers
from server.answers.reader import AnswersReader
from server.api.kobo import asset_json, asset_search, kobo_addresses, paging, uids
from server.errors import CommonProblem, Problem
from server.models import Form

blueprint = Blueprint("kobo_assets", __name__, url_prefix="/api/v2")
_DEFAULT, _MOST = 100, 1000


def reading() -> AnswersReader:
    """Who asks, as a reader; personal answers by the key's making, or where a person says `ca_nhan=1`."""
    caller = access.signed_in()
    wished = request.args.get("ca_nhan") == "1"
    return readers.reader(caller, personal=client_access.may_read_personal(caller, wished=wished))


def open_form(uid: str, reader: AnswersReader) -> Form:
    """The form with this id, among those that the reader has; Problem NOT_FOUND otherwise."""
    found = next((form for form in readers.forms(reader) if uids.of_form(form) == uid), None)
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
        return made(form)
    asset = asset_json.of(form, reader, readers.sent(reader))
    may_change = access.signed_in().may(Right.CORRECT)
    told = asset_json.detailed(asset, kobo_addresses.told_suffix(), {}, may_change)
    return jsonify({name: told[name] for name in told if name not in _left_out()})


def _left_out() -> frozenset[str]:
    return frozenset(request.args.get("exclude", "").split(","))


_FILES: dict[str, Callable[[Form], Response]] = {}
