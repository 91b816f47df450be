"""Photos of submissions, shown to those who may see single records, as pictures and nothing else."""

import sqlalchemy as sa
from flask import Blueprint, Response
from werkzeug.http import dump_options_header

from server import audit
from server.accounts import access
from server.accounts.roles import Right
from server.db import db
from server.errors import Problem
from server.files import attachments, blobs
from server.files.file_problems import FileProblem
from server.models import Attachment, Collector, Poster, Submission, Village

blueprint = Blueprint("photos", __name__)

SHOWN = frozenset({"image/jpeg", "image/png", "image/gif", "image/webp"})
"""Types that a browser only draws; anything else is handed out as a file to keep."""


@blueprint.get("/quan-tri/xa/<code>/anh/<int:attachment_id>")
@access.needs(Right.READ_SUBMISSIONS, records=True)
def show(code: str, attachment_id: int) -> Response:
    """One attachment by what its bytes are, never by what the phone called it; the act is logged."""
    found = _open(code, attachment_id)
    response = handed_out(found, f"tep-{attachment_id}")
    audit.note_reading("photo.read", f"attachment:{found.id}")
    return response


def handed_out(found: Attachment, name: str) -> Response:
    """A stored file for a browser that is never to run anything of it; Problem PHOTO_UNKNOWN where it is gone."""
    content = blobs.get(found.stored_sha256)
    if content is None:
        raise Problem(FileProblem.PHOTO_UNKNOWN)
    is_picture = found.media_type in SHOWN
    response = Response(content, mimetype=found.media_type if is_picture else attachments.UNKNOWN_TYPE)
    response.headers["Content-Disposition"] = dump_options_header(
        "inline" if is_picture else "attachment", {"filename": name}
    )
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Cache-Control"] = "private, no-store"
    return response


def photos_of(submission_id: int) -> list[Attachment]:
    """The pictures that came with a submission."""
    query = sa.select(Attachment).where(
        Attachment.submission_id == submission_id, Attachment.media_type.in_(SHOWN)
    )
    return list(db.session.scalars(query.order_by(Attachment.id)))


def _open(code: str, attachment_id: int) -> Attachment:
    """The attachment, for one who may see the records of its thôn; to all others there is none."""
    commune = access.open_commune(code)
    found = db.session.get(Attachment, attachment_id)
    submission = db.session.get(Submission, found.submission_id) if found else None
    if found is None or submission is None or not _is_of(submission, commune.id):
        raise Problem(FileProblem.PHOTO_UNKNOWN)
    if not access.signed_in().sees_submissions(commune, submission.village_id):
        raise Problem(FileProblem.PHOTO_UNKNOWN)
    return found


def _is_of(submission: Submission, commune_id: int) -> bool:
    """Whether a submission is a commune's: by its thôn, else by its collector or poster."""
    if submission.village_id is not None:
        village = db.session.get(Village, submission.village_id)
        return village is not None and village.commune_id == commune_id
    sender: Collector | Poster | None = None
    if submission.collector_id is not None:
        sender = db.session.get(Collector, submission.collector_id)
    elif submission.poster_id is not None:
        sender = db.session.get(Poster, submission.poster_id)
    return sender is not None and sender.commune_id == commune_id
