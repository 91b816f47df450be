"""Who asks on a phone's URL: a collector, by the token in the path, by HTTP Digest, or on https by Basic."""

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import Any

import sqlalchemy as sa
from flask import Flask, Response, current_app, request

from server import clock
from server.accounts import access, another_site, tries_by_address
from server.db import single_statements
from server.errors import CommonProblem, Problem
from server.models import Collector, CollectorVillage, OldKey, Village
from server.phones import http_digest
from server.phones.phone_problems import PhoneProblem
from server.sealed_secrets import unseal

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
    .outerjoin(
        CollectorVillage,
        sa.and_(
            CollectorVillage.collector_id == Collector.id,
            sa.or_(CollectorVillage.until.is_(None), CollectorVillage.until > sa.bindparam("now")),
        ),
    )
    .outerjoin(Village, Village.id == CollectorVillage.village_id)
)
_BY_TOKEN = _ROW.where(Collector.token_hash == sa.bindparam("sought"))
_BY_USERNAME = _ROW.where(Collector.username == sa.bindparam("sought"))
_OLD = sa.and_(OldKey.collector_id == Collector.id, OldKey.until > sa.bindparam("now"))
_BY_OLD_TOKEN = _ROW.join(OldKey, _OLD).where(OldKey.token_hash == sa.bindparam("sought"))
_OLD_PASSWORDS = (
    sa.select(OldKey.ha1_sealed).join(Collector, _OLD).where(Collector.username == sa.bindparam("sought"))
)


@dataclass(frozen=True)
class PhoneCaller:
    """The collector behind a request. `villages` are their thôn, key by code.

    `prefix` stands before the path of every URL they are given: `/key/<token>`, or nothing under Digest (C12).
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
    """A view that phones read: gets the Caller first, by a code that is good today."""

    @wraps(view)
    def asked(token: str | None = None, **path: Any) -> Response:
        return view(by_password() if token is None else by_token(token), **path)

    return access.phone(asked)


def sending(view: Callable[..., Response]) -> Callable[..., Response]:
    """A view that phones send to: gets the Caller first, before a byte of the body is read (C10).

    A code that was changed still sends for a while: visits that were filled in under it are not lost (R23).
    """

    @wraps(view)
    def asked(token: str | None = None, **path: Any) -> Response:
        if token is None:
            if request.method == "POST" and another_site.asks():
                raise Problem(CommonProblem.NOT_ALLOWED)
            return view(by_password(sends=True), **path)
        return view(by_sent_token(token) if request.method == "POST" else by_token(token, sends=True), **path)

    return access.phone(asked)


def by_token(token: str, *, sends: bool = False) -> PhoneCaller:
    """The collector whose QR code holds this token; Problem KEY_UNKNOWN for any other or a revoked one (C12).

    A token that was changed is good only where one `sends`; Problem KEY_CHANGED else. Found by the token's hash,
    so that neither the index nor the time it takes tells anything of the token.
    """
    if not TOKEN.fullmatch(token):
        tries_by_address.refuse_often()
        raise Problem(PhoneProblem.KEY_UNKNOWN)
    key = hashlib.sha256(token.encode()).digest()
    rows = _rows(_BY_TOKEN, key)
    if not rows:
        rows = _rows(_BY_OLD_TOKEN, key)
        if rows and rows[0][4] and not sends:
            raise Problem(PhoneProblem.KEY_CHANGED)
    if not rows:
        tries_by_address.refuse_often()
    return _caller(rows, f"/key/{token}")


def by_sent_token(token: str) -> PhoneCaller:
    """As `by_token`, for what a phone sends: a collector seen in the last REMEMBERED seconds is taken as they were.

    A phone sends its day in one burst, and asking the database anew would cost a fifth of each visit. That he
    was not revoked meanwhile is asked when the visit is kept (`submission_log.look`); what phones read is
    never answered from memory.
    """
    known_until = _recent()
    key = hashlib.sha256(token.encode()).digest()
    caller, until = known_until.get(key, (None, 0.0))
    if caller is None or until < time.monotonic():
        caller = by_token(token, sends=True)
        if len(known_until) >= MOST_REMEMBERED:
            known_until.clear()
        known_until[key] = caller, time.monotonic() + REMEMBERED
    return caller


def opened_lately(app: Flask, token: str) -> bool:
    """Whether `by_sent_token` would take this token from memory, in this process."""
    known_until: dict[bytes, tuple[PhoneCaller, float]] = app.extensions.get(_RECENT, {})
    _, until = known_until.get(hashlib.sha256(token.encode()).digest(), (None, 0.0))
    return until > time.monotonic()


def forget() -> None:
    """Ask the database again for everybody; this process alone, the others within REMEMBERED seconds."""
    _recent().clear()


def _recent() -> dict[bytes, tuple[PhoneCaller, float]]:
    found: dict[bytes, tuple[PhoneCaller, float]] = current_app.extensions.setdefault(_RECENT, {})
    return found


def by_password(*, sends: bool = False) -> PhoneCaller:
    """The collector who proves their password; Problem AUTHENTICATION_NEEDED, with challenges, for others (C13).

    A password that was changed is good only where one `sends`.
    """
    given = request.authorization
    scheme = given.type if given is not None else ""
    if given is None or scheme not in ("digest", "basic") or (scheme == "basic" and not is_https()):
        raise _needs_password()
    by = _by_digest if scheme == "digest" else _by_basic
    return by(given.parameters, sends=sends)


def by_typed(username: str, password: str) -> PhoneCaller:
    """The collector whose name and password were typed into the web form; Problem PASSWORD_WRONG for others."""
    rows = _proven(username, password, sends=False)
    if rows is None:
        raise Problem(PhoneProblem.PASSWORD_WRONG)
    return _caller(rows, "")


def is_https() -> bool:
    """Whether the phone speaks https to us, or to the proxy in front of us."""
    return request.is_secure or bool(current_app.config["SETTINGS"].https)


def outside_url() -> str:
    """This server as the one who asks has reached it: scheme, host and what a proxy put before the path."""
    scheme = "https" if is_https() else request.scheme
    return f"{scheme}://{request.host}{request.root_path}"


def _by_digest(parameters: Mapping[str, str | None], *, sends: bool) -> PhoneCaller:
    answer = http_digest.read(parameters, parameters.get("algorithm"))
    if answer is None or not answer.is_for(_target(), request.root_path):
        raise _needs_password()
    rows = _by_name(answer.username)
    if not any(answer.proves(each, request.method) for each in _ha1s(rows, answer.username, sends=sends)):
        tries_by_address.refuse_often()
        raise _needs_password()
    if not http_digest.is_fresh(answer.nonce):
        raise _needs_password(stale=True)
    return _caller(rows, "")


def _by_basic(parameters: Mapping[str, str | None], *, sends: bool) -> PhoneCaller:
    """No slow hash: it would have to be paid on every request, and the password is ours, 95 bits strong."""
    rows = _proven(parameters.get("username") or "", parameters.get("password") or "", sends=sends)
    if rows is None:
        raise _needs_password()
    return _caller(rows, "")


def _proven(username: str, password: str, *, sends: bool) -> Sequence[Any] | None:
    """The rows of the collector whose password this is; None, counted as a guess, where it is nobody's."""
    rows, given = _by_name(username), http_digest.ha1(username, password).encode()
    if any(hmac.compare_digest(each.encode(), given) for each in _ha1s(rows, username, sends=sends)):
        return rows
    tries_by_address.refuse_often()
    return None


def _needs_password(*, stale: bool = False) -> Problem:
    """The challenges in the order in which a phone takes the first that it knows (C9)."""
    challenges = [("WWW-Authenticate", http_digest.challenge(stale=stale))]
    if is_https():
        challenges.append(("WWW-Authenticate", f'Basic realm="{http_digest.REALM}"'))
    return Problem(CommonProblem.AUTHENTICATION_NEEDED, tuple(challenges))


def _target() -> str:
    """What stood in the request line, as far as the server tells."""
    raw = request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI")
    return str(raw or request.full_path.removesuffix("?"))


def _by_name(username: str) -> Sequence[Any]:
    # our user names are plain ASCII; PostgreSQL would refuse a NUL with an error of its own
    return _rows(_BY_USERNAME, username) if username.isascii() and username.isprintable() else ()


def _ha1s(rows: Sequence[Any], username: str, *, sends: bool) -> Iterator[str]:
    """What a proof is held against: the password of today, then, for one who `sends`, those it replaced."""
    yield unseal(rows[0].ha1_sealed) if rows else _NOBODY
    if rows and sends:
        for row in _rows(_OLD_PASSWORDS, username):
            yield unseal(row.ha1_sealed)


def _rows(statement: sa.Executable, sought: bytes | str) -> Sequence[Any]:
    """One row a thôn of the collector; one without a thôn where they have none."""
    with single_statements().connect() as connection:
        return connection.execute(statement, {"sought": sought, "now": clock.now()}).all()


def _caller(rows: Sequence[Any], prefix: str) -> PhoneCaller:
    if not rows or not rows[0][4]:
        raise Problem(PhoneProblem.KEY_UNKNOWN)
    collector_id, commune_id, name, username = rows[0][:4]
    return PhoneCaller(
        collector_id,
        commune_id,
        name,
        username,
        {row[5]: row[6] for row in rows if row[5] is not None},
        prefix,
    )
