"""Problems in Kobo's shape: `{"detail": …}`, or the field that is wrong with a list of sentences."""

from flask import Response, jsonify

from server.accounts.account_problems import AccountProblem
from server.addresses import is_of_kobo
from server.api.kobo.kobo_problems import KoboProblem
from server.errors import CommonProblem, Problem

_DETAILS = {
    CommonProblem.AUTHENTICATION_NEEDED: "Authentication credentials were not provided.",
    AccountProblem.TOKEN_UNKNOWN: "Invalid token.",
    CommonProblem.NOT_FOUND: "Not found.",
    CommonProblem.FORM_UNKNOWN: "Not found.",
    CommonProblem.FILE_UNKNOWN: "Not found.",
    CommonProblem.NOT_ALLOWED: "You do not have permission to perform this action.",
}
"""Sentences that clients compare; all others are ours."""


def say(problem: Problem) -> Response:
    """A problem as Kobo words it; a page that has expired is another's form (CSRF)."""
    if problem.kind is KoboProblem.FIELD_WRONG:
        response = jsonify({str(problem.fields["field"]): problem.fields["why"]})
    else:
        response = jsonify(detail=_DETAILS.get(problem.kind, problem.sentence))
    response.status_code = problem.status
    return response


SPEAKER = (is_of_kobo, say)


def wrong(field: str, why: str) -> Problem:
    """A field of the request that cannot be used."""
    return Problem(KoboProblem.FIELD_WRONG, field=field, why=why)
