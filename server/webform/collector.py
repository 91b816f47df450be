"""What the page reads and sends for a collector: the same forms, lists and way in as ODK Collect has.

The collector's code stands in a header, never in an address: addresses are written down by proxies and browsers.
"""

import functools
from collections.abc import Callable
from typing import Any

import shapely
import sqlalchemy as sa
from flask import Response, jsonify, request

from geo.vietnamese_order import sort_key
from server.accounts import access
from server.db import db, in_vietnamese_order, single_statements
from server.intake import catch_up
from server.models import Collector, Commune, Village
from server.openrosa import form_downloads, forms_for_phones, submission_request
from server.openrosa.devices import fetched, seen
from server.phones import collectors, phone_access
from server.phones.phone_access import PhoneCaller
from server.webform import bearer_code, form_json

_COARSE = 0.0001
"""Degrees within which an outline on a small map may differ."""


def _reads(view: Callable[..., Response]) -> Callable[..., Response]:
    """A view that reads under a code that is good today, and finds all that was accepted applied."""

    @functools.wraps(view)
    def opened(**path: Any) -> Response:
        caller = phone_access.by_token(bearer_code.code())
        catch_up.caught_up()
        return view(caller, **path)

    return access.web_form(opened)


@_reads
def about(caller: PhoneCaller) -> Response:
    """Whose page it is, and every form with the files that it needs and why the web can't show it, if so."""
    seen(caller)
    with single_statements().connect() as connection:
        every = sorted(forms_for_phones.listed(connection, caller), key=functools.partial(_order, caller))
        listed = [_form(connection, caller, form) for form in every]
        commune = connection.scalar(
            sa.select(Commune.kind + " " + Commune.name).where(Commune.id == caller.commune_id)
        )
        walked = sa.select(Village.name, Village.outline).where(Village.id.in_(caller.village_ids))
        villages = connection.execute(walked.order_by(in_vietnamese_order(Village.name))).all()
    return jsonify(
        name=caller.name,
        username=caller.username,
        commune=commune,
        villages=[row.name for row in villages],
        outlines=[ring for row in villages if row.outline for ring in _rings(row.outline)],
        forms=listed,
    )


def _rings(outline: bytes) -> list[list[tuple[float, float]]]:
    """The outer lines of a thôn for small maps, within some 10 m of it: rings of (latitude, longitude)."""
    parts = shapely.get_parts(shapely.simplify(shapely.from_wkb(outline), _COARSE))
    return [[(round(y, 5), round(x, 5)) for x, y in part.exterior.coords] for part in parts]


def _order(caller: PhoneCaller, listed: forms_for_phones.NewestVersion) -> tuple[bool, str]:
    """What is filled at every door stands first, the others by their titles."""
    found = forms_for_phones.version(caller, listed.form_id, listed.version).definition
    return not found.visits_households, sort_key(listed.title)


def _form(
    connection: sa.Connection, caller: PhoneCaller, listed: forms_for_phones.NewestVersion
) -> dict[str, Any]:
    found = forms_for_phones.version(caller, listed.form_id, listed.version)
    xform = forms_for_phones.xform(connection, caller, listed.form_id, listed.version).body
    needed = forms_for_phones.needed(connection, caller, found) if listed.has_media else []
    files = ((each.name, each.md5) for each in needed)
    return form_json.form(listed.form_id, listed.version, listed.title, xform, listed.md5, files, "")


@_reads
def form(caller: PhoneCaller, form_id: str, version: str) -> Response:
    """A published version, byte for byte."""
    with single_statements().connect() as connection:
        content = forms_for_phones.xform(connection, caller, form_id, version)
    fetched(caller, form_id, version)
    return form_downloads.revalidated(content.body, content.media_type, content.md5)


@_reads
def media(caller: PhoneCaller, form_id: str, version: str, name: str) -> Response:
    """A file of a version; lists are made for this collector, as for their phone."""
    found = forms_for_phones.version(caller, form_id, version)
    with single_statements().connect() as connection:
        content = forms_for_phones.file(connection, caller, found, name)
    return form_downloads.revalidated(content.body, content.media_type, content.md5)


@access.web_form
def send() -> Response:
    """A filled form with its files, taken in as one from ODK Collect; sent again it is known (202)."""
    caller = phone_access.by_sent_token(bearer_code.code())
    receipt = submission_request.take(caller)
    response = jsonify(message=receipt.sentence)
    response.status_code = 201 if receipt.new else 202
    return response


@access.web_form
def code() -> Response:
    """The code of the collector who typed their name and password: for who cannot scan it."""
    typed = request.get_json(silent=True)
    username, password = (
        (typed.get("username"), typed.get("password")) if isinstance(typed, dict) else ("", "")
    )
    caller = phone_access.by_typed(str(username), str(password))
    return jsonify(code=collectors.token(db.session.get_one(Collector, caller.collector_id)))


ROUTES: tuple[tuple[str, Callable[..., Response], tuple[str, ...]], ...] = (
    ("/about", about, ("GET",)),
    ("/code", code, ("POST",)),
    ("/forms/<form_id>/<path:version>.xml", form, ("GET",)),
    ("/forms/<form_id>/<path:version>/media/<name>", media, ("GET",)),
    ("/submission", send, ("POST",)),
)
