"""What phones talk to: OpenRosa under a token in the path, and under HTTP Digest."""

from collections.abc import Callable

from flask import Blueprint, Flask, Response, current_app, request
from werkzeug.http import http_date

from server import clock
from server.addresses import is_of_phones
from server.errors import Problem
from server.openrosa import (
    briefcase_pull,
    form_downloads,
    form_draft_on_phone,
    json_submission,
    openrosa_xml,
    submission_request,
)

ROUTES: tuple[tuple[str, Callable[..., Response], tuple[str, ...]], ...] = (
    ("/formList", form_downloads.form_list, ("GET",)),
    ("/forms/<form_id>/<path:version>.xml", form_downloads.form, ("GET",)),
    ("/forms/<form_id>/<path:version>/manifest", form_downloads.manifest, ("GET",)),
    ("/forms/<form_id>/<path:version>/media/<name>", form_downloads.media, ("GET",)),
    ("/lists/<name>/integrity", form_downloads.integrity, ("GET",)),
    ("/view/submissionList", briefcase_pull.submission_list, ("GET",)),
    ("/view/downloadSubmission", briefcase_pull.download_submission, ("GET",)),
    ("/view/media/<signed>", briefcase_pull.attachment, ("GET",)),
    ("/upload", briefcase_pull.push, ("HEAD",)),
    ("/formUpload", briefcase_pull.push, ("POST",)),
    # HEAD is named because it is a question of its own here, not a GET without a body (C31)
    ("/submission", submission_request.submission, ("HEAD", "POST")),
)

HEADERS = (
    ("X-OpenRosa-Version", "1.0"),
    ("Referrer-Policy", "no-referrer"),
    ("X-Content-Type-Options", "nosniff"),
)


def say(problem: Problem) -> Response:
    """A problem in OpenRosa's words (C38, C39); in JSON to a sender of JSON (K20)."""
    if json_submission.is_json():
        return dressed(json_submission.say(problem))
    response = Response(
        openrosa_xml.message(problem.sentence), problem.status, content_type=openrosa_xml.CONTENT_TYPE
    )
    return dressed(response)


SPEAKER = (is_of_phones, say)


def dressed(response: Response) -> Response:
    """The headers of every answer to a phone (C3); the token in a URL is told to nobody (C12)."""
    headers = response.headers
    if "X-OpenRosa-Version" in headers:
        return response  # a problem told inside the blueprint passes here twice
    most = current_app.config["SETTINGS"].max_submission_mb * 1_000_000
    headers.extend((*HEADERS, ("X-OpenRosa-Accept-Content-Length", str(most))))
    if request.environ.get("SERVER_SOFTWARE") != "uvicorn":  # which writes a Date of its own
        headers.add("Date", http_date(clock.now()))
    return response


def register(app: Flask) -> None:
    """Add phones' URLs to the application, once under a token and once under HTTP Digest."""
    blueprint = Blueprint("openrosa", __name__)
    blueprint.after_request(dressed)
    for rule, view, methods in ROUTES:
        blueprint.add_url_rule(rule, view_func=view, methods=methods, provide_automatic_options=False)
    app.register_blueprint(blueprint, name="phones_by_token", url_prefix="/key/<token>")
    app.register_blueprint(blueprint, name="phones_by_password")
    on_trial = Blueprint("trial", __name__)
    on_trial.after_request(dressed)
    for rule, view, methods in form_draft_on_phone.ROUTES:
        on_trial.add_url_rule(rule, view_func=view, methods=methods, provide_automatic_options=False)
    app.register_blueprint(on_trial, url_prefix="/thu/<token>")
