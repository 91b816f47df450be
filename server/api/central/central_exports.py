"""Submissions as Central's files: a CSV, and a zip of one for each table (O7, X15)."""

from flask import Blueprint, Response

from server.accounts.client_access import client
from server.accounts.roles import Right
from server.api.central.central_submissions import exported, wishes
from server.exports import stream_submissions

blueprint = Blueprint("central_exports", __name__, url_prefix="/v1/projects/<code>/forms/<form_id>")


@blueprint.route("/submissions.csv", methods=["GET", "POST"])
@client(Right.EXPORT_SUBMISSIONS, records=True)
def as_csv(code: str, form_id: str) -> Response:
    """The main table."""
    export = exported(code, form_id, wishes())
    return Response(stream_submissions.csv_bytes(export), content_type="text/csv; charset=utf-8")


@blueprint.route("/submissions.csv.zip", methods=["GET", "POST"])
@client(Right.EXPORT_SUBMISSIONS, records=True)
def as_zip(code: str, form_id: str) -> Response:
    """All tables, and the photos for readers who may have them."""
    export = exported(code, form_id, wishes())
    return Response(stream_submissions.zip_bytes(export), mimetype="application/zip")
