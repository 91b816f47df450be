"""A reading by pages is in the audit once: its first page is written down, and gives the next ones a mark that says so.

Nobody can make the mark for themselves: a page that is asked for without one, or with that of another reader, table or
filter, or with one of the day before yesterday, is a reading of its own.
"""

import datetime as dt
import hashlib
import hmac
from collections.abc import Mapping

from flask import request

from server import clock, sealed_secrets
from server.accounts import access

NAME = "noted"
"""Under which the mark stands in a `$skiptoken`."""
_NOT_OF_THE_READING = ("$skiptoken", "$skip", "$top")


def mark(after: Mapping[str, str]) -> str:
    """What the page after this one brings along; of a day, so that an answer stays the same to the letter."""
    return after[NAME] if is_noted(after) else _made(clock.today())


def is_noted(after: Mapping[str, str]) -> bool:
    """Whether this page goes on with a reading that was written down today or yesterday."""
    given = after.get(NAME, "")
    try:
        day = dt.date.fromisoformat(given.partition(".")[0])
    except ValueError:
        return False
    is_recent = dt.timedelta(0) <= clock.today() - day <= dt.timedelta(days=1)
    return is_recent and hmac.compare_digest(given.encode(), _made(day).encode())


def _made(day: dt.date) -> str:
    asked = sorted((name, value) for name, value in request.args.items() if name not in _NOT_OF_THE_READING)
    said = f"{day}\n{access.signed_in().actor}\n{request.path}\n{asked}"
    key = sealed_secrets.key_for("readings by pages")
    return f"{day}.{hmac.new(key, said.encode(), hashlib.sha256).hexdigest()[:32]}"
