"""Photos and other files of submissions at Kobo's door: who may read the answer may have its file (K14)."""

from typing import Any

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import RequestedRangeNotSatisfiable

from server import audit
from server.accounts.client_access import client
from server.accounts.roles import Right
from server.answers import submission_pages
from server.api.kobo import submission_json
from server.api.kobo.data_routes import FoundSubmissions, one_listed
from server.db import db, reading_engine
from server.errors import CommonProblem, Problem
from server.exports import select_submissions
from server.files import blobs, reading_process, smaller_photos
from server.files.reading_process import Bounds, Stopped
from server.models import Attachment

blueprint = Blueprint(
    "kobo_attachments", __name__, url_prefix="/api/v2/assets/<uid>/data/<submission_id>/attachments"
)

LONGEST = {"large": 1280, "medium": 640, "small": 240}
"""Pixels of the longer side."""
_BOUNDS = Bounds(cpu=3, clock=8, turn=8)
_SAFE = "default-src 'none'; sandbox"

Json = dict[str, Any]


@blueprint.get("")
@client(Right.READ_SUBMISSIONS)
def listing(uid: str, submission_id: str) -> Response:
    """The files of a submission, or the one of a question (`?xpath=`)."""
    found = _told(one_listed(uid, submission_id))
    wanted = request.args.get("xpath", "")
    kept = [each for each in found if wanted in ("", each["question_xpath"])]
    return jsonify(count=len(kept), next=None, previous=None, results=kept)


@blueprint.get("/<file_uid>")
@client(Right.READ_SUBMISSIONS)
def original(uid: str, submission_id: str, file_uid: str) -> Response:
    """The file as it is kept, or a part of it (`Range`)."""
    stored = _stored(one_listed(uid, submission_id), file_uid)
    return _sent(stored, _content(stored), stored.media_type)


@blueprint.get("/<file_uid>/<any(large,medium,small,original):size>")
@client(Right.READ_SUBMISSIONS)
def sized(uid: str, submission_id: str, file_uid: str, size: str) -> Response:
    """A picture in one of Kobo's sizes; what cannot be made smaller as it is."""
    stored = _stored(one_listed(uid, submission_id), file_uid)
    content = _content(stored)
    if size == "original" or not stored.media_type.startswith("image/"):
        return _sent(stored, content, stored.media_type)
    try:
        made = reading_process.read_within(_BOUNDS, smaller_photos.smaller, content, LONGEST[size])
    except (ValueError, Stopped):
        return _sent(stored, content, stored.media_type)
    return _sent(stored, made, "image/jpeg")


def _told(found: FoundSubmissions) -> list[Json]:
    """The files that the answers shown to the reader name."""
    with select_submissions.reading(reading_engine()) as connection:
        rows = next(iter(submission_pages.rows(connection, found.ids, submission_json.COLUMNS)), [])
        told = found.told().of(rows, connection)
        files: list[Json] = told[0]["_attachments"]
        return files


def _stored(found: FoundSubmissions, file_uid: str) -> Attachment:
    name = next((each["media_file_basename"] for each in _told(found) if each["uid"] == file_uid), None)
    if name is None:
        raise Problem(CommonProblem.NOT_FOUND)
    stored = db.session.query(Attachment).filter_by(submission_id=found.ids[0], name=name).one()
    audit.note_reading("photo.read", f"attachment:{stored.id}")
    return stored


def _content(stored: Attachment) -> bytes:
    content = blobs.get(stored.stored_sha256)
    if content is None:
        raise Problem(CommonProblem.NOT_FOUND)
    return content


def _sent(stored: Attachment, content: bytes, kind: str) -> Response:
    """The bytes, so that nothing in them is ever run."""
    response = Response(content, content_type=kind)
    response.set_etag(f"{stored.stored_sha256.hex()}-{len(content)}")
    response.headers.set("Content-Disposition", "inline", filename=stored.name)
    response.headers["Content-Security-Policy"] = _SAFE
    response.headers["Cache-Control"] = "private, max-age=3600"
    try:
        response.make_conditional(request, accept_ranges=True, complete_length=len(content))
    except RequestedRangeNotSatisfiable:
        return Response(status=416, headers={"Content-Range": f"bytes */{len(content)}"})
    return response
