"""Wrong codes, keys and passwords: an address that sends many waits; a right one never does.

Nothing is counted before it was found wrong, so a team behind one address goes on while somebody guesses beside it.
The secrets are too long to be found by guessing (95 bits and more; people's passwords lock after five tries): what is
protected here is the time of the server.
"""

import ipaddress
import threading
import time

from flask import current_app, request
from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter

from server.errors import CommonProblem, Problem
from server.settings import Settings

HELD = 1.0
"""Seconds that an answer to a guess is kept back."""
_KEPT = "tungnha.guesses"


class Guesses:
    """What was guessed wrong in the last minute, by address; each process counts for itself."""

    def __init__(self, most: int) -> None:
        self.limit = RateLimitItemPerMinute(most)
        self.limiter = FixedWindowRateLimiter(MemoryStorage())
        self._turn = threading.Semaphore(1)

    def seconds_to_wait(self, address: str) -> int:
        """Count one more; how long this address should keep still, 0 while it has not guessed often."""
        network = network_of(address)
        if self.limiter.hit(self.limit, network):
            return 0
        ends_at = self.limiter.get_window_stats(self.limit, network).reset_time
        return max(1, round(ends_at - time.time()))

    def hold(self) -> None:
        """Keep the answer back, one at a time: guessers must not take the threads that others need."""
        if self._turn.acquire(blocking=False):
            try:
                time.sleep(HELD)
            finally:
                self._turn.release()


def network_of(address: str) -> str:
    """What one household or office has: an IPv4 address, or the 64 bits of an IPv6 network."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return str(ipaddress.ip_network((found, 64), strict=False)) if found.version == 6 else str(found)


def refuse_often() -> None:
    """One more wrong code, key or password; Problem TOO_MANY_REQUESTS, late, where this address has sent many."""
    seconds = _one_more()
    if seconds:
        raise Problem(CommonProblem.TOO_MANY_REQUESTS, (("Retry-After", str(seconds)),))


def slow() -> None:
    """The same for a page, which says itself what was wrong: late, and no more than that."""
    _one_more()


def _one_more() -> int:
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.guesses_a_minute:
        return 0
    guesses = current_app.extensions.get(_KEPT) or current_app.extensions.setdefault(
        _KEPT, Guesses(settings.guesses_a_minute)
    )
    seconds: int = guesses.seconds_to_wait(request.remote_addr or "")
    if seconds:
        guesses.hold()
    return seconds
