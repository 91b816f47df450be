"""The form in a browser: for collectors without ODK Collect (iPhones), who try a draft, or who answer a poster."""

from flask import Blueprint, Flask, Response, jsonify

from server.addresses import is_of_posters, is_of_web_form
from server.errors import Problem
from server.webform import collector, form_draft_on_web, page, poster


def say(problem: Problem) -> Response:
    """A problem for the page: a code that it acts on and a sentence that it shows."""
    response = jsonify(code=problem.kind.code, message=problem.sentence)
    response.status_code = problem.status
    return response


SPEAKERS = ((is_of_web_form, say), (is_of_posters, poster.say))


def register(app: Flask) -> None:
    """Add the page, its files, and what it reads and sends."""
    blueprint = Blueprint("webform", __name__, url_prefix="/phieu")
    for rule, view, methods in (*page.ROUTES, *collector.ROUTES):
        blueprint.add_url_rule(rule, view_func=view, methods=methods)
    for rule, name, view, methods in form_draft_on_web.ROUTES:
        blueprint.add_url_rule(rule, name, view, methods=methods)
    app.register_blueprint(blueprint)
    of_posters = Blueprint("poster", __name__, url_prefix="/khao-sat")
    for rule, view, methods in poster.ROUTES:
        of_posters.add_url_rule(rule, view_func=view, methods=methods)
    app.register_blueprint(of_posters)
