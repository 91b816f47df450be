"""What phones read of what phones have sent: lists and submissions, with everything that was acknowledged."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response

from server.intake import catch_up
from server.phones.phone_access import PhoneCaller, known


def reading(view: Callable[..., Response]) -> Callable[..., Response]:
    """A view that shows what has been sent: gets the Caller, and finds all that was accepted applied."""

    @wraps(view)
    def shown(caller: PhoneCaller, **path: Any) -> Response:
        catch_up.caught_up()
        return view(caller, **path)

    return known(shown)
