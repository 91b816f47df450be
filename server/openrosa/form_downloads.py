"""What a phone downloads: form list, forms, manifests, media, and the integrity of its entity lists."""

import uuid
from urllib.parse import quote

from flask import Response, request

from forms.list_csv import md5
from server.db import single_statements
from server.errors import CommonProblem, Problem
from server.households import phone_lists
from server.households.entity_changes import HOUSEHOLDS
from server.openrosa import forms_for_phones, openrosa_xml
from server.openrosa.caught_up_views import reading
from server.openrosa.devices import asked_about, fetched, seen
from server.phones.phone_access import PhoneCaller, known, outside_url


@known
def form_list(caller: PhoneCaller) -> Response:
    """The forms a phone shall have; with `formID` only that one, or none (C21)."""
    seen(caller)
    only = request.args.get("formID")
    with single_statements().connect() as connection:
        forms = forms_for_phones.listed(connection, caller)
    chosen = [form for form in forms if only in (None, form.form_id)]
    return revalidated(
        openrosa_xml.form_list(_listed(caller, form) for form in chosen), openrosa_xml.CONTENT_TYPE
    )


@known
def form(caller: PhoneCaller, form_id: str, version: str) -> Response:
    """One published version, byte for byte (C22)."""
    with single_statements().connect() as connection:
        content = forms_for_phones.xform(connection, caller, form_id, version)
    fetched(caller, form_id, version)
    return revalidated(content.body, content.media_type, content.md5)


@reading
def manifest(caller: PhoneCaller, form_id: str, version: str) -> Response:
    """What else the version needs (C24)."""
    found = forms_for_phones.version(caller, form_id, version)
    with single_statements().connect() as connection:
        files = forms_for_phones.needed(connection, caller, found)
    base = f"{_base(caller)}{_path(form_id, version)}/media"
    listed = (_file(caller, base, file) for file in files)
    return revalidated(openrosa_xml.manifest(listed), openrosa_xml.CONTENT_TYPE)


@reading
def media(caller: PhoneCaller, form_id: str, version: str, name: str) -> Response:
    """One file of a version; lists are made for this collector."""
    found = forms_for_phones.version(caller, form_id, version)
    with single_statements().connect() as connection:
        content = forms_for_phones.file(connection, caller, found, name)
    response = revalidated(content.body, content.media_type, content.md5)
    response.headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name, safe='')}"
    return response


@reading
def integrity(caller: PhoneCaller, name: str) -> Response:
    """Which of the entities in `id` (separated by commas) are gone from this collector's list (E10)."""
    if name not in phone_lists.PROPERTIES:
        raise Problem(CommonProblem.FILE_UNKNOWN, name=name[:80])
    asked = {written: _uuid(written) for written in request.args.get("id", "").split(",")}
    ids = {key for key in asked.values() if key is not None}
    with single_statements().connect() as connection:
        gone = phone_lists.deleted(connection, name, ids, caller) if ids else {}
    if name == HOUSEHOLDS:
        asked_about(caller, len(ids) - len(gone))
    answers = [(written, gone[key]) for written, key in asked.items() if key is not None and key in gone]
    return Response(openrosa_xml.integrity(answers), content_type=openrosa_xml.CONTENT_TYPE)


def _listed(caller: PhoneCaller, listed: forms_for_phones.NewestVersion) -> openrosa_xml.ListedForm:
    url = f"{_base(caller)}{_path(listed.form_id, listed.version)}"
    return openrosa_xml.ListedForm(
        listed.form_id,
        listed.title,
        listed.version,
        listed.md5,
        f"{url}.xml",
        f"{url}/manifest" if listed.has_media else None,
    )


def _file(caller: PhoneCaller, base: str, file: forms_for_phones.Needed) -> openrosa_xml.ListedFile:
    name = file.name.removesuffix(".csv")
    check = f"{_base(caller)}/lists/{quote(name, safe='')}/integrity" if file.is_list else None
    return openrosa_xml.ListedFile(file.name, file.md5, f"{base}/{quote(file.name, safe='')}", check)


def _base(caller: PhoneCaller) -> str:
    """What every handed-out URL begins with: the host, scheme and prefix that the phone itself used (C11, C20)."""
    return f"{outside_url()}{caller.prefix}"


def _path(form_id: str, version: str) -> str:
    return f"/forms/{quote(form_id, safe='')}/{quote(version, safe='')}"


def revalidated(body: bytes, media_type: str, digest: str | None = None) -> Response:
    """An answer that a phone may keep but has to ask about each time; 304 where it has it already (C7)."""
    response = Response(body, content_type=media_type)
    response.set_etag(digest or md5(body))
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; sandbox"  # a browser runs nothing of it
    )
    response.make_conditional(request)
    return response


def _uuid(written: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(written)
    except ValueError:
        return None
