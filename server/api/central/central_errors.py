"""Problems in Central's shape: a sentence, and a code whose fraction says which kind of its status it is (O10)."""

from collections.abc import Mapping

from flask import Response, jsonify, request

from server.accounts.account_problems import AccountProblem
from server.addresses import is_of_central, is_of_odata
from server.api.central.central_problems import CentralProblem
from server.api.odata.odata_problems import ODataProblem
from server.errors import CommonProblem, Problem, ProblemKind
from server.households.household_problems import HouseholdProblem

CODES: Mapping[ProblemKind, float] = {
    CommonProblem.AUTHENTICATION_NEEDED: 401.2,
    AccountProblem.TOKEN_UNKNOWN: 401.2,
    CommonProblem.NOT_ALLOWED: 403.1,
    CommonProblem.NOT_FOUND: 404.1,
    CommonProblem.FORM_UNKNOWN: 404.1,
    CommonProblem.METHOD_NOT_ALLOWED: 404.1,
    CentralProblem.VALUE_WRONG: 400.8,
    CentralProblem.BODY_EMPTY: 400.3,
    CentralProblem.COLLECTORS_SEND: 403.1,
    HouseholdProblem.HOUSEHOLD_UNKNOWN: 404.1,
    HouseholdProblem.OVERTAKEN: 409.15,
    CentralProblem.FORM_THERE: 409.3,
    CentralProblem.VERSION_THERE: 409.6,
    CentralProblem.VERSION_IN_WORKBOOK: 409.6,
    ODataProblem.FORMAT_REFUSED: 406.1,
    ODataProblem.OPTION_UNSUPPORTED: 501.1,
    ODataProblem.OPTION_WRONG: 400.8,
}
"""The fractions that Central's clients know; any other kind is the first of its status."""


def say(problem: Problem) -> Response:
    """A problem for a program: a code to act on and a sentence to show; OData's own shape beside it in a service."""
    code = CODES.get(problem.kind, problem.status + 0.1)
    told: dict[str, object] = {
        "message": problem.sentence,
        "code": code,
        "details": {"kind": problem.kind.code},
    }
    if is_of_odata(request.path):
        told["error"] = {"code": str(code), "message": problem.sentence}
    response = jsonify(told)
    response.status_code = problem.status
    response.headers["OData-Version"] = "4.0"
    return response


SPEAKERS = ((is_of_central, say), (is_of_odata, say))
