"""Who asks on pages and in the API, what they may see, and what every view declares about it (R24)."""

import dataclasses
import functools
import time
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from flask import Response, current_app, make_response, request
from flask_security import current_user
from flask_wtf.csrf import CSRFError, CSRFProtect

from server import audit
from server.accounts import callers, program_keys, shared_links
from server.accounts.account_problems import AccountProblem
from server.accounts.callers import Caller
from server.accounts.roles import Right
from server.db import db
from server.errors import CommonProblem, Problem
from server.models import Commune, Village
from server.places import communes

csrf = CSRFProtect()

_CALLER = "tungnha.caller"
_LINK = "tungnha.link"

View = Callable[..., Any]


@dataclasses.dataclass(frozen=True)
class Access:
    """What a view declares: for whom it is, and for `people` with which right."""

    kind: str
    """`public`, `people`, `program`, `client`, `sign_in` (server/accounts/client_access.py), `link`, `phone`,
    `web_form` or `poster`."""
    right: Right | None = None
    """For `people` and `client`; None: everybody who signs in."""
    reads: str = ""
    """For `program`: what a token needs to be allowed to read (program_keys.READS)."""
    records: bool = False
    """For `people`: single households are shown here, by name where the reader may and asks, and logged."""
    before_duty: bool = False
    """Open also while a person has their password to change or their authenticator app to set up."""


def caller() -> Caller | None:
    """Who asks: the token of the request if it has one, else the person of the session, else nobody.

    Kept with the request rather than in `g`, which belongs to the application context and may outlive it.
    """
    if _CALLER not in request.environ:
        has_key = request.authorization is not None and request.authorization.type == "token"
        request.environ[_CALLER] = _program() if has_key else _person()
    found: Caller | None = request.environ[_CALLER]
    if found is not None:
        audit.act_as(found.actor)
    return found


def signed_in() -> Caller:
    """Who asks, on a view that nobody reaches without signing in."""
    found = caller()
    if found is None:
        raise Problem(CommonProblem.AUTHENTICATION_NEEDED)
    return found


def may_see(commune: Commune) -> bool:
    """Whether the one who asks may see sums of this commune."""
    found = caller()
    return found is not None and found.may_see(commune)


def sees_records(commune: Commune, village: Village | None = None) -> bool:
    """Whether the one who asks may see single records of this commune, or of this thôn of it."""
    found = caller()
    return found is not None and found.sees_records(commune, village)


def may(right: Right, commune: Commune) -> bool:
    """Whether the asker has a right, and this commune is one of their own."""
    found = caller()
    return found is not None and found.may(right) and found.belongs_to(commune)


def villages_seen(commune: Commune) -> frozenset[int] | None:
    """The thôn of a commune whose records the asker may see; None: all of it."""
    return None if sees_records(commune) else signed_in().village_ids


def open_commune(code: str) -> Commune:
    """The commune with this code, for one who may see it; Problem COMMUNE_UNKNOWN or NOT_ALLOWED otherwise."""
    found = communes.commune(code)
    if not may_see(found):
        raise Problem(CommonProblem.NOT_ALLOWED)
    return found


def open_village(commune: Commune, code: str) -> Village:
    """The thôn with this code, for one who may see its records; Problem NOT_FOUND or NOT_ALLOWED."""
    query = sa.select(Village).where(
        Village.commune_id == commune.id, Village.code == code, Village.valid_to.is_(None)
    )
    found = db.session.scalars(query).first()
    if found is None:
        raise Problem(CommonProblem.NOT_FOUND)
    if not sees_records(commune, found):
        raise Problem(CommonProblem.NOT_ALLOWED)
    return found


def open_own_commune(code: str) -> Commune:
    """The commune with this code, for one who belongs to it; Problem COMMUNE_UNKNOWN or NOT_ALLOWED otherwise."""
    found = open_commune(code)
    if not signed_in().belongs_to(found):
        raise Problem(CommonProblem.NOT_ALLOWED)
    return found


def public(view: View) -> View:
    """A page that anybody may open; what it changes still needs the page's own form (CSRF)."""
    return declared(view, Access("public"), own_form)


def phone(view: View) -> View:
    """A view for phones: `server.phones` finds the collector. Nothing of people's sign-in runs before it."""
    view.access = Access("phone")  # type: ignore[attr-defined]
    return view


def web_form(view: View) -> View:
    """A view for a collector's browser: `server.webform` finds the collector by the code in a header."""
    view.access = Access("web_form")  # type: ignore[attr-defined]
    return view


def poster(view: View) -> View:
    """A view for answers by a poster: `server.webform` finds it by the code in the address. Nobody signs in."""
    view.access = Access("poster")  # type: ignore[attr-defined]
    return view


def needs(right: Right, *, records: bool = False) -> Callable[[View], View]:
    """A page for people who have signed in and hold this right; scope is `open_commune`'s to check.

    `records`: it shows single households, by name where the reader may see them, and writes that down in the
    audit. No other page shows any (tests/rules/test_walk.py opens them all).
    """
    access = Access("people", right, records=records)

    def admit() -> None:
        found = signed_in()
        if not found.may(right) or (records and found.commune_id is None):
            raise Problem(CommonProblem.NOT_ALLOWED)
        without_duty()
        own_form()

    return lambda view: declared(view, access, admit)


def own(view: View) -> View:
    """A page about the person themselves, which is open also while they have something to do for their account."""

    def admit() -> None:
        if not signed_in().is_person:
            raise Problem(CommonProblem.NOT_ALLOWED)
        own_form()

    return declared(view, Access("people", before_duty=True), admit)


def program(reads: str) -> Callable[[View], View]:
    """A view of the API, for a person who has signed in, or for a token that may read this (program_keys.READS).

    Both see sums within their scope.
    """
    if reads not in program_keys.READS:
        raise ValueError(f"programs read {tuple(program_keys.READS)}, not {reads}")

    def admit() -> None:
        found = caller()
        if found is None:
            raise Problem(CommonProblem.AUTHENTICATION_NEEDED, program_keys.CHALLENGE)
        if found.is_person:
            without_duty()
            own_form()
        elif reads not in found.reads:
            raise Problem(CommonProblem.NOT_ALLOWED)

    return lambda view: declared(view, Access("program", reads=reads), admit)


def link(view: View) -> View:
    """A view that a shared link opens, by the `key` in its address: read with the rights its maker has now (R24).

    The view is given the link where its address has the key.
    Problem LINK_UNKNOWN or LINK_ENDED, this also where its maker may not see the table any more.
    """

    def admit() -> None:
        found = shared_links.opened((request.view_args or {})["key"])
        maker = callers.of_person(found.person, f"link:{found.id}")
        admit_as(maker)
        request.environ[_LINK] = found
        if not may_link(maker, found.subject, found.commune):
            raise Problem(AccountProblem.LINK_ENDED)

    def told(**values: Any) -> Any:
        rest = {name: value for name, value in values.items() if name != "key"}
        return view(request.environ[_LINK], **rest)

    return declared(functools.wraps(view)(told), Access("link"), admit)


def may_link(maker: Caller, subject: str, commune: Commune | None) -> bool:
    """Whether somebody may have a link to this subject of a commune, or of the city where there is none."""
    if not maker.may(shared_links.NEEDS[subject]):
        return False
    if commune is None or subject == shared_links.CITY:
        return maker.commune_id is None and commune is None and subject == shared_links.CITY
    return maker.may_see(commune) if subject == shared_links.COVERAGE else maker.belongs_to(commune)


def declared(view: View, access: Access, admit: Callable[[], None]) -> View:
    """The view behind its check, telling how long it took (Server-Timing, milliseconds)."""

    @functools.wraps(view)
    def guarded(*args: Any, **kwargs: Any) -> Response:
        started = time.perf_counter()
        admit()
        response = make_response(current_app.ensure_sync(view)(*args, **kwargs))
        response.headers["Server-Timing"] = f"total;dur={(time.perf_counter() - started) * 1000:.1f}"
        return response

    guarded.access = access  # type: ignore[attr-defined]
    return guarded


def own_form() -> None:
    """Refuse a change that another site's page sends in the person's name."""
    try:
        csrf.protect()
    except CSRFError as error:
        raise Problem(CommonProblem.PAGE_EXPIRED) from error


def without_duty() -> None:
    """Refuse everything but a person's own account while they have something to do there."""
    duty = signed_in().duty
    if duty:
        raise Problem(AccountProblem.OWN_DUTY_FIRST, what=duty)


def admit_as(found: Caller) -> None:
    """Take this caller for the one who asks in this request."""
    request.environ[_CALLER] = found
    audit.act_as(found.actor)


def _person() -> Caller | None:
    person = current_user
    return callers.of_person(person) if person and person.is_authenticated else None


def _program() -> Caller:
    """The program whose token stands in `Authorization: Token …`; Problem TOKEN_UNKNOWN for any other."""
    found = program_keys.known((request.authorization.token if request.authorization else None) or "")
    return Caller(
        f"token:{found.id}", found.name, frozenset(), found.commune_id, reads=frozenset(found.reads.split())
    )
