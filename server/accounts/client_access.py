"""Who asks at the doors for other programs: by a key, by name and password (HTTP Basic), or signed in on a page."""

import hashlib
import hmac
import time
from collections.abc import Callable

import sqlalchemy as sa
from flask import Response, after_this_request, current_app, request

from server import sealed_secrets
from server.accounts import (
    access,
    account_lock,
    another_site,
    callers,
    passwords,
    person_keys,
    persons,
    program_keys,
    sign_in,
    tries_by_address,
)
from server.accounts.access import Access, View
from server.accounts.account_problems import AccountProblem
from server.accounts.callers import Caller
from server.accounts.roles import Right
from server.db import db
from server.errors import CommonProblem, Problem
from server.models import Person

CHALLENGES = (
    ("WWW-Authenticate", "Token"),
    ("WWW-Authenticate", 'Basic realm="Tung Nha", charset="UTF-8"'),
)
"""Power Query says that a source's kind of credential is not supported where it is not asked for Basic."""
READING = ("GET", "HEAD")
_KEPT = "tungnha.good_passwords"
_KEPT_SECONDS = 60.0
_MOST_KEPT = 500
_KEY_LETTERS = 40


def client(right: Right, *, records: bool = False) -> Callable[[View], View]:
    """A view for programs that other systems' users have, in the name of a person who holds this right.

    Who may not read something is told that it is not there; who may not change it, that they may not. `records`: it
    shows single households, by name where the reader may see them, and writes that down in the audit.
    """
    needed = Access("client", right, records=records)

    def admit() -> None:
        found = who()
        is_reading = request.method in READING
        if not found.may(right) or not _key_allows(found, is_reading=is_reading):
            raise Problem(CommonProblem.NOT_FOUND if is_reading else CommonProblem.NOT_ALLOWED)
        access.without_duty()
        if request.authorization is None:
            access.own_form()
        elif not is_reading and another_site.asks():
            raise Problem(CommonProblem.NOT_ALLOWED)

    return lambda view: access.declared(view, needed, admit)


def signs_in(view: View) -> View:
    """A view that is told a name and a password in the request itself, and looks at no session and no key: another
    site's page gains nothing by sending it.
    """

    def admit() -> None:
        pass

    return access.declared(view, Access("sign_in"), admit)


def sums(reads: str, *, records: bool = False) -> Callable[[View], View]:
    """A view of sums for programs that other systems' users have: for persons, for their keys that read submissions,
    and for a program's own key that may read this (program_keys.READS). `records`: who may see single submissions is
    shown them as well, and that is written down in the audit.
    """
    if reads not in program_keys.READS:
        raise ValueError(f"programs read {tuple(program_keys.READS)}, not {reads}")

    def admit() -> None:
        found = who()
        if not found.reads.intersection((reads, person_keys.SUBMISSIONS)) and not found.is_person:
            raise Problem(CommonProblem.NOT_ALLOWED)
        access.without_duty()

    return lambda view: access.declared(view, Access("program", reads=reads, records=records), admit)


def known() -> Caller | None:
    """Who asks, on a view that is open to everybody; TOKEN_UNKNOWN for a key that is not good."""
    found = _who()
    if found is not None:
        access.admit_as(found)
    return found


def _key_allows(found: Caller, *, is_reading: bool) -> bool:
    """Whether the key, where there is one, was made for this; persons themselves are held by their rights alone."""
    if found.is_person:
        return True
    return person_keys.SUBMISSIONS in found.reads and (is_reading or person_keys.CHANGES in found.reads)


def who() -> Caller:
    """Who asks; AUTHENTICATION_NEEDED or TOKEN_UNKNOWN with what may be tried where nobody is known."""
    try:
        found = _who()
    except Problem as problem:
        if problem.kind is AccountProblem.TOKEN_UNKNOWN:
            raise Problem(AccountProblem.TOKEN_UNKNOWN, CHALLENGES) from problem
        raise
    if found is None:
        raise Problem(CommonProblem.AUTHENTICATION_NEEDED, CHALLENGES)
    access.admit_as(found)
    return found


def person() -> Person:
    """The person in whose name the request is made; NOT_ALLOWED for a program's own key."""
    number = person_id(access.signed_in())
    if number is None:
        raise Problem(CommonProblem.NOT_ALLOWED)
    return db.session.get_one(Person, number)


def person_id(found: Caller) -> int | None:
    """The person who asks or whose key it is; None for a program's own key."""
    if found.is_person:
        return found.person_id
    if not found.username:
        return None
    return db.session.scalar(sa.select(Person.id).where(Person.username == found.username))


def may_read_personal(found: Caller, *, wished: bool) -> bool:
    """Whether personal answers may stand in what is read: by right, and by the key's making or the reader's wish."""
    asked = wished if found.is_person else person_keys.PERSONAL in found.reads
    return asked and found.may(Right.READ_LABELS)


def _who() -> Caller | None:
    given = request.authorization
    if given is None:
        after_this_request(_kept_by_no_browser)
        return access.caller()
    if given.type in ("token", "bearer"):
        return of_key(given.token or "")
    if given.type != "basic":
        return None
    name, password = (given.username or "").strip().casefold(), given.password or ""
    return known_as(name, password)


def _kept_by_no_browser(response: Response) -> Response:
    """A shared computer shows nothing after sign-out, whatever a program may keep of the same answer."""
    response.headers["Cache-Control"] = "no-store"
    return response


def known_as(name: str, password: str) -> Caller | None:
    """A person by name and password; whose key it is where a key stands in the password's place. None: nobody."""
    if len(password) == _KEY_LETTERS:
        return of_key(password)
    known_name = name.strip().casefold()
    return _by_password(known_name, password) if known_name else None


def of_key(token: str) -> Caller:
    """The caller of a key: its person, within what it was made for; Problem TOKEN_UNKNOWN where it is not good."""
    known = program_keys.known(token)
    actor, reads = f"token:{known.id}", frozenset(known.reads.split())
    if known.person is None:
        return Caller(actor, known.name, frozenset(), known.commune_id, reads=reads)
    if not known.person.active:
        raise Problem(AccountProblem.TOKEN_UNKNOWN)
    return callers.of_person(known.person, actor, reads)


def _by_password(name: str, password: str) -> Caller | None:
    """A person by name and password. Who signs in with a code as well has keys for programs, and no password."""
    found = db.session.scalars(sa.select(Person).where(Person.username == name)).unique().first()
    if found is not None and _was_good(found, password):
        return callers.of_person(found)
    tries = account_lock.of_request(name)
    spent = account_lock.spend(tries)
    is_right = passwords.matches(found, password)
    if found is None or not is_right or not _may_enter(found):
        sign_in.note_failure(found, "password", spent)
        db.session.rollback()
        tries_by_address.refuse_often()
        return None
    account_lock.give_back(tries)
    _keep_good(found, password)
    return callers.of_person(found)


def _may_enter(found: Person) -> bool:
    return found.active and not persons.is_unused(found) and found.totp_sealed is None


def _was_good(found: Person, password: str) -> bool:
    """Whether this was found right within the last minute: hashing it anew would cost more than what is read."""
    until = _good().get(_mark(found, password), 0.0)
    return until > time.monotonic() and _may_enter(found)


def _keep_good(found: Person, password: str) -> None:
    good, now = _good(), time.monotonic()
    if len(good) >= _MOST_KEPT:
        good.clear()
    good[_mark(found, password)] = now + _KEPT_SECONDS


def _good() -> dict[bytes, float]:
    kept: dict[bytes, float] = current_app.extensions.setdefault(_KEPT, {})
    return kept


def _mark(found: Person, password: str) -> bytes:
    """Of the person, the hash of their password as it stands now, and what was given; nothing can be read from it."""
    said = f"{found.id}\n{found.password}\n{password}".encode()
    return hmac.new(sealed_secrets.key_for("good passwords"), said, hashlib.sha256).digest()
