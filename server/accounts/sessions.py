"""The browsers a person is signed in with: begun, kept awake by use, ended by idling, by them or by others."""

import datetime as dt
import hashlib
import logging
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import current_app, g, request, session
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import joinedload

from server import clock
from server.accounts import person_keys
from server.db import db
from server.models import ApiToken, Commune, Person, PersonSession
from server.settings import Settings

log = logging.getLogger(__name__)

KEY = "phien"
"""Where a browser's cookie holds the key of its session."""
NAMES_ALONE = tuple(
    joinedload(each).load_only(Commune.code, Commune.name, Commune.kind)
    for each in (Person.commune, Person.more_communes)
)
"""A person's communes without their outlines, which are large and which few pages draw."""
_OF_PASSWORD = ApiToken.reads.endswith(f" {person_keys.SESSION}")
_SEEN_EVERY = dt.timedelta(seconds=30)
_LONGEST_AGENT = 200


@dataclass(frozen=True)
class Open:
    """A session as its owner is shown it."""

    id: int
    began_at: dt.datetime
    seen_at: dt.datetime
    address: str
    browser: str
    is_this: bool


def begin(person: Person) -> None:
    """Sign a person in with this browser; what it was signed in as before ends. The caller commits."""
    end_this()
    moment = clock.now()
    _forget_ended(person, moment)
    key = secrets.token_urlsafe(32)
    db.session.add(
        PersonSession(
            person_id=person.id,
            key_hash=_hash(key),
            began_at=moment,
            seen_at=moment,
            address=request.remote_addr,
            agent=request.headers.get("User-Agent", "")[:_LONGEST_AGENT],
        )
    )
    session[KEY] = key


def ask_no_more() -> None:
    """Nobody is looked up for the rest of this request: a page that says that the database is away must not need it."""
    g.asks_no_more = True


def load(uniquifier: str) -> Person | None:
    """Whose session this browser holds; None where it has ended, or where they may not sign in any more.

    Flask-Login asks once a request, and again while a page is drawn if it had no answer. A session that is used is
    kept awake by a transaction of its own.
    """
    key = session.get(KEY)
    if not key or not uniquifier or g.get("asks_no_more"):
        return None
    query = (
        sa.select(Person, PersonSession)
        .join(PersonSession, PersonSession.person_id == Person.id)
        .where(PersonSession.key_hash == _hash(key), Person.fs_uniquifier == uniquifier, Person.active)
        .options(*NAMES_ALONE)
    )
    found = db.session.execute(query).unique().first()
    if found is None:
        return None
    person, row = found
    moment = clock.now()
    if not is_awake(row, person, moment):
        return None
    if moment - row.seen_at >= _SEEN_EVERY:
        _keep_awake(row.id, moment)
    return person


def is_awake(row: PersonSession, person: Person, moment: dt.datetime) -> bool:
    """Whether a session has been used lately, and has not lasted for a whole working day."""
    settings = _settings()
    longest = dt.timedelta(hours=settings.session_hours)
    return moment - row.seen_at < idle(person) and moment - row.began_at < longest


def idle(person: Person) -> dt.timedelta:
    """How long a person's browser may lie unused: an administrator's for a shorter while (docs/security.md)."""
    settings = _settings()
    is_admin = any(role.name == "admin" for role in person.roles)
    minutes = settings.admin_idle_minutes if is_admin else settings.idle_minutes
    return dt.timedelta(minutes=minutes)


def open_of(person: Person) -> list[Open]:
    """A person's sessions that are awake, the last used first."""
    moment = clock.now()
    own = _hash(session.get(KEY) or "")
    rows = db.session.scalars(_of(person).order_by(PersonSession.seen_at.desc(), PersonSession.id.desc()))
    return [
        Open(row.id, row.began_at, row.seen_at, row.address or "–", browser(row.agent), row.key_hash == own)
        for row in rows
        if is_awake(row, person, moment)
    ]


def end_all(person: Person, *, but_this: bool = False) -> int:
    """End a person's sessions, at once and everywhere, those at the doors of other systems too; in how many browsers
    there was one. The caller commits.
    """
    at_doors = (ApiToken.person_id == person.id, ApiToken.revoked_at.is_(None), _OF_PASSWORD)
    db.session.execute(sa.update(ApiToken).where(*at_doors).values(revoked_at=clock.now()))
    query = sa.delete(PersonSession).where(PersonSession.person_id == person.id)
    if but_this:
        query = query.where(PersonSession.key_hash != _hash(session.get(KEY) or ""))
    return int(db.session.execute(query).rowcount)  # type: ignore[attr-defined]


def end_this() -> None:
    """End the session of this browser. The caller commits."""
    key = session.pop(KEY, None)
    if key:
        db.session.execute(sa.delete(PersonSession).where(PersonSession.key_hash == _hash(key)))


_BROWSERS = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("coc_coc", "Cốc Cốc"), ("Firefox", "Firefox"), ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)  # fmt: skip
_SYSTEMS = (
    ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
    ("Mac OS", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


def browser(agent: str) -> str:
    """`Chrome, Windows`: what a person recognises their own machine by."""
    names = (_first(_BROWSERS, agent), _first(_SYSTEMS, agent))
    return ", ".join(name for name in names if name) or "trình duyệt không rõ"


def _first(known: Sequence[tuple[str, str]], agent: str) -> str:
    return next((name for mark, name in known if mark in agent), "")


def _of(person: Person) -> sa.Select[PersonSession]:
    return sa.select(PersonSession).where(PersonSession.person_id == person.id)


def _forget_ended(person: Person, moment: dt.datetime) -> None:
    """Their rows that no browser can use any more; the audit keeps that they signed in."""
    unused = sa.or_(
        PersonSession.seen_at <= moment - idle(person),
        PersonSession.began_at <= moment - dt.timedelta(hours=_settings().session_hours),
    )
    db.session.execute(sa.delete(PersonSession).where(PersonSession.person_id == person.id, unused))


def _keep_awake(session_id: int, moment: dt.datetime) -> None:
    """On a full disk pages can still be read, until the session sleeps."""
    update = sa.update(PersonSession).where(PersonSession.id == session_id).values(seen_at=moment)
    try:
        with db.engine.connect().execution_options(writes=True) as connection:
            connection.execute(update)
            connection.commit()
    except DBAPIError as error:
        log.warning("a session was not kept awake: %s", error.orig)


def _hash(key: str) -> bytes:
    return hashlib.sha256(key.encode()).digest()


def _settings() -> Settings:
    found: Settings = current_app.config["SETTINGS"]
    return found
