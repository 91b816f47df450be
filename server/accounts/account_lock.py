"""Wrong tries at signing in: five for a user name, from any browser, and then it waits.

A browser that has signed in under the name before has five of its own: strangers who guess lock each other out, and not
the person whose name it is.
"""

import datetime as dt
import hashlib
import secrets
from collections.abc import Iterable
from dataclasses import dataclass

import sqlalchemy as sa
from flask import Response, current_app, request
from itsdangerous import BadSignature, URLSafeSerializer
from sqlalchemy.dialects import postgresql, sqlite

from server import clock
from server.accounts.account_problems import AccountProblem
from server.db import db
from server.errors import Problem
from server.models import SignInTry
from server.settings import Settings

COOKIE = "trinh_duyet"
"""Where a browser keeps, signed, under which name it has signed in."""
COOKIE_DAYS = 400
_HALF = 16
MOST = 5
"""Counted by user name alone: a team behind one address never locks itself out, a guesser with a hundred
addresses gains nothing. Names that nobody has are counted alike, so that waiting tells nothing about who exists."""


@dataclass(frozen=True)
class Tries:
    """What is counted: a user name, or a browser that is known under it."""

    name: str
    browser: str = ""

    @property
    def key(self) -> bytes:
        """All keys of a name begin alike, so that an administrator's unlocking finds them."""
        if not self.browser:
            return _hash(self.name)
        return _hash(self.name)[:_HALF] + _hash(self.browser)[:_HALF]


def of_request(name: str) -> Tries:
    """Whose tries those of this request under a user name are."""
    try:
        known, browser = _signer().loads(request.cookies.get(COOKIE, ""))
    except (BadSignature, ValueError):
        return Tries(name)
    return Tries(name, str(browser)) if known == _hash(name).hex() else Tries(name)


def know_browser(response: Response, name: str) -> None:
    """Have this browser, which has signed in under a name, keep tries of its own from now on."""
    settings: Settings = current_app.config["SETTINGS"]
    browser = of_request(name).browser or secrets.token_hex(16)
    response.set_cookie(
        COOKIE, _signer().dumps([_hash(name).hex(), browser]), max_age=dt.timedelta(days=COOKIE_DAYS),
        httponly=True, samesite="Lax", secure=settings.https,
    )  # fmt: skip


def _signer() -> URLSafeSerializer:
    return URLSafeSerializer(current_app.config["SECRET_KEY"], salt="tungnha.browser")


def spend(of: Tries) -> int:
    """Take one try, before anything is compared: guesses sent at once are counted one by one.

    Returns how many have been taken; Problem SIGN_IN_TOO_OFTEN where none is left.
    """
    moment = clock.now()
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.delete(SignInTry).where(SignInTry.last_at <= moment - _wait()))
        tries: int = connection.execute(_one_more(connection, of, moment)).scalar_one()
        if tries <= MOST:
            connection.commit()
            return tries
        connection.rollback()
        last = connection.scalar(sa.select(SignInTry.last_at).where(SignInTry.name_hash == of.key))
    raise _too_often(last or moment, moment)


def give_back(of: Tries) -> None:
    """A try that was not wrong: the password was right, and the code from the phone is still to come."""
    update = sa.update(SignInTry).where(SignInTry.name_hash == of.key).values(tries=SignInTry.tries - 1)
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(update)
        connection.commit()


def forget(of: Tries) -> None:
    """Begin anew after signing in. The caller commits."""
    db.session.execute(sa.delete(SignInTry).where(SignInTry.name_hash == of.key))


def forget_all(name: str) -> None:
    """Begin anew for everybody who tries this name, where an administrator unlocks it. The caller commits."""
    begun = _hash(name)[:_HALF]
    of_name = SignInTry.name_hash.between(begun + bytes(_HALF), begun + b"\xff" * _HALF)
    db.session.execute(sa.delete(SignInTry).where(of_name))


def waiting(names: Iterable[str]) -> set[str]:
    """Those of the accounts that have to wait now."""
    by_hash = {_hash(name): name for name in names}
    query = sa.select(SignInTry.name_hash).where(
        SignInTry.name_hash.in_(by_hash), SignInTry.tries >= MOST, SignInTry.last_at > clock.now() - _wait()
    )
    return {by_hash[found] for found in db.session.scalars(query)}


def _one_more(connection: sa.Connection, of: Tries, moment: dt.datetime) -> sa.Executable:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return (
        insert(SignInTry)
        .values(name_hash=of.key, tries=1, last_at=moment)
        .on_conflict_do_update(
            index_elements=[SignInTry.name_hash], set_={"tries": SignInTry.tries + 1, "last_at": moment}
        )
        .returning(SignInTry.tries)
    )


def _too_often(last: dt.datetime, moment: dt.datetime) -> Problem:
    seconds = max(60, int((last + _wait() - moment).total_seconds()))
    hours, minutes = divmod(-(-seconds // 60), 60)
    wait = (
        f"{hours} giờ {minutes} phút" if hours and minutes else f"{hours} giờ" if hours else f"{minutes} phút"
    )
    return Problem(AccountProblem.SIGN_IN_TOO_OFTEN, (("Retry-After", str(seconds)),), wait=wait)


def _wait() -> dt.timedelta:
    settings: Settings = current_app.config["SETTINGS"]
    return dt.timedelta(hours=settings.lock_hours)


def _hash(name: str) -> bytes:
    return hashlib.sha256(name.encode()).digest()
