"""Files of a form at Kobo's door: pictures, sounds and lists that its newest version opens (K17)."""

import base64
import binascii
import hashlib
from typing import Any

import orjson
from flask import Blueprint, Response, jsonify, request

from forms.file_names import file_name
from server.accounts import access
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.api.kobo import asset_json, kobo_addresses, kobo_ids, paging
from server.api.kobo.asset_routes import open_form, reading
from server.api.kobo.kobo_bodies import given, text
from server.api.kobo.kobo_errors import wrong
from server.db import begin_writing, db
from server.errors import CommonProblem, Problem
from server.files import form_media
from server.models import Form, FormFile, FormVersion
from server.published_forms import version_files
from server.published_forms.publishing import MediaFile

blueprint = Blueprint("kobo_media", __name__, url_prefix="/api/v2/assets/<uid>/files")

Json = dict[str, Any]
KINDS = ("form_media", "map_layer")


@blueprint.get("")
@client(Right.MANAGE_FORMS)
def listing(uid: str) -> Response:
    """The files of the newest version."""
    version = _version(uid)
    return jsonify(
        paging.of([_told(uid, version, each) for each in version_files.listed(version)], paging.asked())
    )


@blueprint.post("")
@client(Right.MANAGE_FORMS)
def add(uid: str) -> tuple[Response, int]:
    """Add a file: in the request, or as base64. An address of another machine is not fetched."""
    said = given()
    kind = text(said, "file_type", KINDS[0])
    if kind != KINDS[0]:
        raise wrong("file_type", f'"{kind[:40]}" is not a valid choice.')
    file = _file(said)
    begin_writing()
    version = _own_version(uid)
    row = version_files.add(version, file)
    told = _told(uid, version, row) | {"description": text(said, "description")[:200]}
    db.session.commit()
    return jsonify(told), 201


@blueprint.get("/<file_uid>")
@client(Right.MANAGE_FORMS)
def one(uid: str, file_uid: str) -> Response:
    """What is known of a file."""
    version = _version(uid)
    return jsonify(_told(uid, version, _one(version, file_uid)))


@blueprint.get("/<file_uid>/content")
@client(Right.MANAGE_FORMS)
def content(uid: str, file_uid: str) -> Response:
    """The file itself; never as a page."""
    row = _one(_version(uid), file_uid)
    headers = {"Content-Disposition": "attachment", "Content-Security-Policy": "default-src 'none'; sandbox"}
    return Response(row.content, content_type=row.media_type, headers=headers)


@blueprint.delete("/<file_uid>")
@client(Right.MANAGE_FORMS)
def remove(uid: str, file_uid: str) -> tuple[str, int]:
    """Take a file away."""
    begin_writing()
    version = _own_version(uid)
    version_files.remove(version, _one(version, file_uid))
    db.session.commit()
    return "", 204


def _version(uid: str) -> FormVersion:
    return open_form(uid, reading()).versions[-1]


def _own_version(uid: str) -> FormVersion:
    """The newest version of a form of the asker's own commune; Problem NOT_ALLOWED for the city's."""
    form: Form = open_form(uid, reading())
    if form.commune_id is None or form.commune_id != access.signed_in().commune_id:
        raise Problem(CommonProblem.NOT_ALLOWED)
    return form.versions[-1]


def _one(version: FormVersion, file_uid: str) -> FormFile:
    found = next((each for each in version_files.listed(version) if _uid(version, each) == file_uid), None)
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return found


def _file(said: Json) -> MediaFile:
    name, content = _named(said)
    name = file_name(name)
    return MediaFile(name, content, form_media.type_of(name, content))


def _named(said: Json) -> tuple[str, bytes]:
    metadata = said.get("metadata", {})
    if isinstance(metadata, str) and metadata:
        try:
            metadata = orjson.loads(metadata)
        except orjson.JSONDecodeError as error:
            raise wrong("metadata", "Value must be valid JSON.") from error
    if not isinstance(metadata, dict):
        raise wrong("metadata", "Value must be valid JSON.")
    name = text(metadata, "filename")
    sent = request.files.get("content")
    if sent is not None:
        return name or sent.filename or "tep", sent.stream.read(version_files.MOST_BYTES + 1)
    if "base64Encoded" in said:
        try:
            content = base64.b64decode(text(said, "base64Encoded").rpartition(",")[2], validate=True)
        except binascii.Error as error:
            raise wrong("base64Encoded", "Not valid base64.") from error
        return name or "tep", content
    if "redirect_url" in metadata:
        raise wrong(
            "metadata", "Máy chủ không tự tải tệp từ nơi khác; hãy gửi tệp (content hoặc base64Encoded)."
        )
    raise wrong("content", "No files have been submitted.")


def _uid(version: FormVersion, row: FormFile) -> str:
    return kobo_ids.uid("af", version.form.form_id, row.name, row.md5)


def _told(uid: str, version: FormVersion, row: FormFile) -> Json:
    """A file in Kobo's shape."""
    path = f"/assets/{uid}/files/{_uid(version, row)}"
    return {
        "uid": _uid(version, row),
        "url": kobo_addresses.address(path),
        "asset": kobo_addresses.address(f"/assets/{uid}"),
        "user": None,
        "user__username": None,
        "file_type": KINDS[0],
        "description": "",
        "date_created": asset_json.moment(version.published_at),
        "content": kobo_addresses.address(f"{path}/content"),
        "metadata": {
            "hash": f"md5:{hashlib.md5(row.content, usedforsecurity=False).hexdigest()}",
            "filename": row.name,
            "mimetype": row.media_type.partition(";")[0],
        },
    }
