"""Under which code something is asked: that of a collector's phone or of a draft, in a header."""

from flask import request

from server.errors import Problem
from server.phones.phone_problems import PhoneProblem

SCHEME = "bearer"


def code() -> str:
    """The code in `Authorization: Bearer`; Problem KEY_UNKNOWN where there is none."""
    given = request.authorization
    if given is None or given.type != SCHEME or not given.token:
        raise Problem(PhoneProblem.KEY_UNKNOWN)
    return given.token
