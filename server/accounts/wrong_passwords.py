"""Wrong tries at signing in: five for a user name, from any browser, and then it waits."""

import datetime as dt
import hashlib
from collections.abc import Iterable

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.dialects import postgresql, sqlite

from server import clock
from server.accounts.account_problems import AccountProblem
from server.db import db
from server.errors import Problem
from server.models import SignInTry
from server.settings import Settings

MOST = 5
"""Counted by user name alone: a team behind one address never locks itself out, a guesser with a hundred
addresses gains nothing. Names that nobody has are counted alike, so that waiting tells nothing about who exists."""


def spend(name: str) -> int:
    """Take one try, before anything is compared: guesses sent at once are counted one by one.

    Returns how many have been taken; Problem SIGN_IN_TOO_OFTEN where none is left.
    """
    moment = clock.now()
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(sa.delete(SignInTry).where(SignInTry.last_at <= moment - _wait()))
        tries: int = connection.execute(_one_more(connection, name, moment)).scalar_one()
        if tries <= MOST:
            connection.commit()
            return tries
        connection.rollback()
        last = connection.scalar(sa.select(SignInTry.last_at).where(SignInTry.name_hash == _hash(name)))
    raise _too_often(last or moment, moment)


def give_back(name: str) -> None:
    """A try that was not wrong: the password was right, and the code from the phone is still to come."""
    update = sa.update(SignInTry).where(SignInTry.name_hash == _hash(name)).values(tries=SignInTry.tries - 1)
    with db.engine.connect().execution_options(writes=True) as connection:
        connection.execute(update)
        connection.commit()


def forget(name: str) -> None:
    """Begin anew, after signing in or where an administrator unlocks. The caller commits."""
    db.session.execute(sa.delete(SignInTry).where(SignInTry.name_hash == _hash(name)))


def waiting(names: Iterable[str]) -> set[str]:
    """Those of the accounts that have to wait now."""
    by_hash = {_hash(name): name for name in names}
    query = sa.select(SignInTry.name_hash).where(
        SignInTry.name_hash.in_(by_hash), SignInTry.tries >= MOST, SignInTry.last_at > clock.now() - _wait()
    )
    return {by_hash[found] for found in db.session.scalars(query)}


def _one_more(connection: sa.Connection, name: str, moment: dt.datetime) -> sa.Executable:
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    return (
        insert(SignInTry)
        .values(name_hash=_hash(name), tries=1, last_at=moment)
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
