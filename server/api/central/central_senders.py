"""Who sends at Central's door: collectors, by the code of their phone. Persons' keys send no visits (R24, K20)."""

import functools
from collections.abc import Callable
from typing import Any

from flask import Response, request

from server.accounts.access import View
from server.errors import CommonProblem, Problem
from server.phones import phone_access
from server.phones.phone_access import TOKEN, PhoneCaller
from server.places import communes

Sent = Callable[..., Response]


def or_collector(of_collector: Sent) -> Callable[[View], View]:
    """A view for persons that is another one for the collector whose code stands where a key does."""

    def opened(view: View) -> View:
        @functools.wraps(view)
        def asked(*args: Any, **path: Any) -> Any:
            code = _code()
            if code is None:
                return view(*args, **path)
            caller = phone_access.by_token(code, sends=True)
            _check_own(caller, path.pop("code"))
            return of_collector(caller, *args, **path)

        return asked

    return opened


def known_code(text: str) -> bool:
    """Whether this is the code of a collector who may send; Problem KEY_UNKNOWN for one that only looks like it."""
    if not TOKEN.fullmatch(text):
        return False
    phone_access.by_token(text, sends=True)
    return True


def _code() -> str | None:
    """A collector's code as a key or as the password of Basic; None where there is none."""
    given = request.authorization
    if given is None:
        return None
    text = (
        given.password if given.type == "basic" else given.token if given.type in ("token", "bearer") else ""
    )
    return text if text and TOKEN.fullmatch(text) else None


def _check_own(caller: PhoneCaller, code: str) -> None:
    """Problem NOT_FOUND for another commune than the collector's."""
    if communes.commune(code).id != caller.commune_id:
        raise Problem(CommonProblem.NOT_FOUND)
