"""How often a poster may be answered: by one address, and by everybody together; asked before a body is read.

An address is counted in this process's memory and nowhere else: nobody keeps from where a citizen answered. What a
poster has taken is counted in the database, so that several processes and machines share one limit.
"""

import datetime as dt
import time

import sqlalchemy as sa
from flask import current_app, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from server import clock
from server.accounts.tries_by_address import network_of
from server.db import single_statements
from server.errors import Problem
from server.models import Submission
from server.posters.poster_problems import PosterProblem
from server.settings import Settings

_KEPT = "tungnha.poster_answers"
_MINUTE, _DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
_NTH_NEWEST = (
    sa.select(Submission.received_at)
    .where(Submission.poster_id == sa.bindparam("poster"))
    .order_by(Submission.id.desc())
    .offset(sa.bindparam("before"))
    .limit(1)
)
"""When the answer came before which `before` newer ones have come: by an index, however many there are."""


def take_turn_of_address() -> None:
    """One more answer from the address of this request: Problem ANSWERS_TOO_MANY where it is one too many."""
    most = _settings().poster_address_a_minute
    if most and (seconds := _of_address(most)):
        raise _too_many(seconds)


def take_turn_of_poster(poster_id: int) -> None:
    """One more answer to a poster: Problem ANSWERS_TOO_MANY, with when to come again, where it is one too many."""
    settings = _settings()
    for most, period in ((settings.poster_answers_a_minute, _MINUTE), (settings.poster_answers_a_day, _DAY)):
        if most and (seconds := _of_poster(poster_id, most, period)):
            raise _too_many(seconds)


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found


def _of_address(most: int) -> int:
    """Seconds that the address of this request should wait; 0 while it has not sent often."""
    limiter: FixedWindowRateLimiter = current_app.extensions.get(_KEPT) or current_app.extensions.setdefault(
        _KEPT, FixedWindowRateLimiter(MemoryStorage())
    )
    limit, network = RateLimitItemPerMinute(most), network_of(request.remote_addr or "")
    if limiter.hit(limit, network):
        return 0
    return max(1, round(limiter.get_window_stats(limit, network).reset_time - time.time()))


def _of_poster(poster_id: int, most: int, period: dt.timedelta) -> int:
    """Seconds until a poster that took `most` answers within the period takes the next; 0 where it does now."""
    with single_statements().connect() as connection:
        oldest = connection.scalar(_NTH_NEWEST, {"poster": poster_id, "before": most - 1})
    return 0 if oldest is None else max(0, round((oldest + period - clock.now()).total_seconds()))


def _too_many(seconds: int) -> Problem:
    return Problem(PosterProblem.ANSWERS_TOO_MANY, (("Retry-After", str(seconds)),), wait=_words(seconds))


def _words(seconds: int) -> str:
    """How long to wait, as one says it: never shorter than it is."""
    if seconds <= 60:
        return "một phút"
    minutes = -(-seconds // 60)
    return f"{minutes} phút" if minutes < 60 else f"{-(-minutes // 60)} giờ"
