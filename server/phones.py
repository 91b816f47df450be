"""Who asks on a phone's URL: a collector, by the token in the path, by HTTP Digest, or on https by Basic."""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import sqlalchemy as sa
from flask import Response, current_app, request

from server import auth, digest
from server.db import single_statements
from server.errors import AUTHENTICATION_NEEDED, KEY_UNKNOWN, Problem
from server.models import Collector, CollectorVillage, Village
from server.sealing import unseal

TOKEN = re.compile(r"[A-Za-z0-9]{64}")
_NOBODY = secrets.token_hex(16)
"""Stands where a name is unknown: nothing proves it."""
_RECENT = "tungnha.phones"

REMEMBERED = 5.0
"""Seconds. Long enough for the visits that a phone sends one after the other."""
MOST_REMEMBERED = 10_000

_ROW = (
    sa.select(
        Collector.id,
        Collector.commune_id,
        Collector.name,
        Collector.username,
        Collector.revoked_at.is_(None),
        Village.code,
        Village.id,
        Collector.ha1_sealed,
    )
    .select_from(Collector)
    .outerjoin(CollectorVillage, CollectorVillage.collector_id == Collector.id)
    .outerjoin(Village, Village.id == CollectorVillage.village_id)
)
_BY_TOKEN = _ROW.where(Collector.token_hash == sa.bindparam("sought"))
_BY_USERNAME = _ROW.where(Collector.username == sa.bindparam("sought"))


@dataclass(frozen=True)
class Caller:
    """The collector behind a request. `villages` are his thôn, key by code.

    `prefix` stands before the path of every URL he is given: `/key/<token>`, or nothing under Digest (C12).
    """

    collector_id: int
    commune_id: int
    name: str
    username: str
    villages: Mapping[str, int]
    prefix: str = ""

    @property
    def village_ids(self) -> tuple[int, ...]:
        return tuple(self.villages.values())


def known(view: Callable[..., Response]) -> Callable[..., Response]:
    """A view for phones: gets the Caller first, who is found before a byte of the body is read (C10)."""

    @wraps(view)
    def asked(token: str | None = None, **path: Any) -> Response:
        if token is None:
            return view(by_password(), **path)
        return view(by_sent_token(token) if request.method == "POST" else by_token(token), **path)

    return auth.phone(asked)


def by_token(token: str) -> Caller:
    """The collector whose QR code holds this token; Problem KEY_UNKNOWN for any other or a revoked one (C12).

    Found by the token's hash, so that neither the index nor the time it takes tells anything of the token.
    """
    if not TOKEN.fullmatch(token):
        raise Problem(KEY_UNKNOWN)
    return _caller(_rows(_BY_TOKEN, hashlib.sha256(token.encode()).digest()), f"/key/{token}")


def by_sent_token(token: str) -> Caller:
    """As `by_token`, for what a phone sends: a collector seen in the last REMEMBERED seconds is taken as he was.

    A phone sends its day in one burst, and asking the database anew would cost a fifth of each visit. That he
    was not revoked meanwhile is asked in the visit's own transaction (`resend.STORED`); what phones read is
    never answered from memory.
    """
    known_until = _recent()
    key = hashlib.sha256(token.encode()).digest()
    caller, until = known_until.get(key, (None, 0.0))
    if caller is None or until < time.monotonic():
        caller = by_token(token)
        if len(known_until) >= MOST_REMEMBERED:
            known_until.clear()
        known_until[key] = caller, time.monotonic() + REMEMBERED
    return caller


def forget() -> None:
    """Ask the database again for everybody; this process alone, the others within REMEMBERED seconds."""
    _recent().clear()


def _recent() -> dict[bytes, tuple[Caller, float]]:
    found: dict[bytes, tuple[Caller, float]] = current_app.extensions.setdefault(_RECENT, {})
    return found


def by_password() -> Caller:
    """The collector who proves his password; Problem AUTHENTICATION_NEEDED, with challenges, for others (C13)."""
    given = request.authorization
    scheme = given.type if given is not None else ""
    if given is None or scheme not in ("digest", "basic") or (scheme == "basic" and not is_https()):
        raise _needs_password()
    return _by_digest(given.parameters) if scheme == "digest" else _by_basic(given.parameters)


def is_https() -> bool:
    """Whether the phone speaks https to us, or to the proxy in front of us."""
    return request.is_secure or bool(current_app.config["SETTINGS"].https)


def _by_digest(parameters: Mapping[str, str | None]) -> Caller:
    answer = digest.read(parameters, parameters.get("algorithm"))
    if answer is None or not answer.is_for(_target(), request.root_path):
        raise _needs_password()
    rows = _by_name(answer.username)
    if not answer.proves(_ha1(rows), request.method):
        raise _needs_password()
    if not digest.is_fresh(answer.nonce):
        raise _needs_password(stale=True)
    return _caller(rows, "")


def _by_basic(parameters: Mapping[str, str | None]) -> Caller:
    """No slow hash: it would have to be paid on every request, and the password is ours, 95 bits strong."""
    username, password = parameters.get("username") or "", parameters.get("password") or ""
    rows = _by_name(username)
    if not hmac.compare_digest(_ha1(rows).encode(), digest.ha1(username, password).encode()):
        raise _needs_password()
    return _caller(rows, "")


def _needs_password(*, stale: bool = False) -> Problem:
    """The challenges in the order in which a phone takes the first that it knows (C9)."""
    challenges = [("WWW-Authenticate", digest.challenge(stale=stale))]
    if is_https():
        challenges.append(("WWW-Authenticate", f'Basic realm="{digest.REALM}"'))
    return Problem(AUTHENTICATION_NEEDED, tuple(challenges))


def _target() -> str:
    """What stood in the request line, as far as the server tells."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI")
    return str(raw or request.full_path.removesuffix("?"))


def _by_name(username: str) -> Sequence[Any]:
    # our user names are plain ASCII; PostgreSQL would refuse a NUL with an error of its own
    return _rows(_BY_USERNAME, username) if username.isascii() and username.isprintable() else ()


def _ha1(rows: Sequence[Any]) -> str:
    return unseal(rows[0].ha1_sealed) if rows else _NOBODY


def _rows(statement: sa.Executable, sought: bytes | str) -> Sequence[Any]:
    """One row a thôn of the collector; one without a thôn where he has none."""
    with single_statements().connect() as connection:
        return connection.execute(statement, {"sought": sought}).all()


def _caller(rows: Sequence[Any], prefix: str) -> Caller:
    if not rows or not rows[0][4]:
        raise Problem(KEY_UNKNOWN)
    collector_id, commune_id, name, username = rows[0][:4]
    return Caller(
        collector_id,
        commune_id,
        name,
        username,
        {row[5]: row[6] for row in rows if row[5] is not None},
        prefix,
    )
