"""What a citizen's browser reads and sends by a poster: one form, without an account, online, once.

Nothing is asked of who they are: no address, no browser and no device is kept with an answer.
"""

from collections.abc import Callable

from flask import Response, current_app, jsonify, render_template, request, url_for

from forms.list_csv import entities_csv, md5
from server.accounts import access
from server.db import single_statements
from server.errors import Problem
from server.households import phone_lists
from server.intake import receive_submission
from server.intake.submission_sender import Sender
from server.openrosa import form_downloads, forms_for_phones, multipart_parts, submission_request
from server.openrosa.forms_for_phones import Content
from server.phones.phone_access import PhoneCaller
from server.posters import answer_limits, answering, which_forms
from server.posters.answering import OpenPoster
from server.posters.poster_problems import PosterProblem
from server.posters.which_forms import ServedForm
from server.published_forms.read_submission import understand
from server.webform import page as pages

TURN_TAKEN = "tungnha.turn_taken"
"""In a request's environment: it was asked by its head whether it may come (server/serving/front.py), and may."""


@access.poster
def page(code: str) -> Response:
    """The document: who asks and why, what becomes of the answer, and the form."""
    poster = answering.by_code(code)
    found = _served(poster)
    told = {"poster": poster, "form": found.version.form, "version": pages.version()}
    return dressed(Response(render_template("webform/poster.html", **told)))


def dressed(response: Response) -> Response:
    """A page of a poster with the policy of the form in a browser; no service worker, no manifest."""
    response.headers["Content-Security-Policy"] = pages.POLICY.replace(
        "manifest-src 'self'; worker-src 'self'", "manifest-src 'none'; worker-src 'none'"
    )
    response.headers["Permissions-Policy"] = pages.ASKS_FOR
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


@access.poster
def about(code: str) -> Response:
    """The form and the files that it needs."""
    found = _served(answering.by_code(code))
    version = found.version.version
    files = (
        (name, url_for(".media", code=code, version=version, name=name)) for name in found.definition.media
    )
    return jsonify(
        id=found.definition.form_id,
        version=version,
        title=found.version.form.title,
        url=url_for(".form", code=code, version=version),
        files=[{"name": name, "url": url} for name, url in files],
    )


@access.poster
def form(code: str, version: str) -> Response:
    """The XForm, byte for byte; Problem ANSWER_OUTDATED where a newer version has come meanwhile."""
    found = _version(answering.by_code(code), version)
    return form_downloads.revalidated(found.version.xform, "text/xml; charset=utf-8", found.version.md5)


@access.poster
def media(code: str, version: str, name: str) -> Response:
    """A file of the form; of a list with people in it nothing but its heading."""
    poster = answering.by_code(code)
    found = _version(poster, version)
    content = _file(poster, found, name)
    return form_downloads.revalidated(content.body, content.media_type, content.md5)


@access.poster
def send(code: str) -> Response:
    """An answer, taken in as any submission and counted apart; whether one more may come is asked before its body."""
    is_new = TURN_TAKEN not in request.environ
    if is_new:
        answer_limits.take_turn_of_address()
    poster = answering.by_code(code)
    _refuse_large()
    if is_new:
        answer_limits.take_turn_of_poster(poster.id)
    with multipart_parts.received(
        request.stream, request.content_type or "", request.content_length
    ) as found:
        xml, files = submission_request.unwrap(found)
        reading = understand(xml)
        answering.refuse_what_reaches_out(reading, poster)
        uploads = [each for each in submission_request.uploads(files) if each.name in reading.files]
        receipt = receive_submission.accept(xml, uploads, _sender(poster))
    response = jsonify(message=receipt.sentence, number=receipt.submission_id or None)
    response.status_code = 201 if receipt.new else 202
    return response


def _sender(poster: OpenPoster) -> Sender:
    return Sender(None, poster.commune_id, poster.villages, poster_id=poster.id)


def _refuse_large() -> None:
    most = current_app.config["SETTINGS"].poster_mb
    if (request.content_length or 0) > most * 1_000_000:
        raise Problem(PosterProblem.ANSWER_TOO_LARGE, limit_mb=most)


def _served(poster: OpenPoster) -> ServedForm:
    """The newest version of the poster's form, where it may still be shown."""
    found = which_forms.served(poster.form_id)
    if found is None or found.obstacles:
        raise Problem(PosterProblem.POSTER_FORM_GONE)
    return found


def _version(poster: OpenPoster, version: str) -> ServedForm:
    found = _served(poster)
    if found.version.version != version:
        raise Problem(PosterProblem.ANSWER_OUTDATED)
    return found


def _file(poster: OpenPoster, found: ServedForm, name: str) -> Content:
    reader = PhoneCaller(0, poster.commune_id, "", "", poster.villages)
    with single_statements().connect() as connection:
        if name in which_forms.lists_of_people(found.version, found.definition):
            columns = phone_lists.schema(connection, name.removesuffix(".csv")) or ()
            empty = entities_csv((), columns)
            return Content(empty, "text/csv; charset=utf-8", md5(empty))
        version = forms_for_phones.version(reader, found.definition.form_id, found.version.version)
        return forms_for_phones.file(connection, reader, version, name)


def say(problem: Problem) -> Response:
    """A problem for the person who opened the page, as a page; for the page's own requests, a code and a sentence."""
    if request.method in ("GET", "HEAD") and request.path.rstrip("/").count("/") == 2:
        response = dressed(
            Response(
                render_template(
                    "webform/poster_closed.html", sentence=problem.sentence, version=pages.version()
                )
            )
        )
    else:
        response = jsonify(code=problem.kind.code, message=problem.sentence)
    response.status_code = problem.status
    return response


ROUTES: tuple[tuple[str, Callable[..., Response], tuple[str, ...]], ...] = (
    ("/<code>", page, ("GET",)),
    ("/<code>/about", about, ("GET",)),
    ("/<code>/<path:version>/form.xml", form, ("GET",)),
    ("/<code>/<path:version>/media/<name>", media, ("GET",)),
    ("/<code>/submission", send, ("POST",)),
)
