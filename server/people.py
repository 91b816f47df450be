"""Persons who sign in and programs with a token: made here, with secrets that are told once."""

import datetime as dt
import hashlib
import re
import secrets
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.orm import joinedload

from server import clock, passwords
from server.db import db
from server.models import ApiToken, Audit, Commune, Person, Role, Village
from server.settings import Settings

ROLES: Mapping[str, str] = {
    "admin": "Quản trị hệ thống",
    "city": "Thành phố (Sở Khoa học và Công nghệ)",
    "officer": "Cán bộ Phòng Văn hóa - Xã hội",
    "leader": "Lãnh đạo xã, phường",
    "team_leader": "Tổ trưởng Tổ công nghệ số cộng đồng",
    "reviewer": "Người soát phiếu",
}
READS: Mapping[str, str] = {
    "places": "Xã, thôn và số hộ của thôn",
    "targets": "Chỉ tiêu của kế hoạch và số liệu báo cáo",
    "coverage": "Mức bao phủ theo thôn và chỉ tiêu",
}
"""What a program's key may read under `/api/v1`; sums alone, whatever it is."""
CITY_WIDE = frozenset({"admin", "city"})
"""Roles that belong to no commune; all others need one (DESIGN 1, 7)."""

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")


class PersonRejected(Exception):
    """A person or token that cannot be made; the message is one Vietnamese sentence."""


@dataclass(frozen=True)
class NewPerson:
    """A person just made, and the password, which nobody can read again."""

    person: Person
    password: str


@dataclass(frozen=True)
class NewToken:
    """A program's token just made: 40 hexadecimal digits, which nobody can read again."""

    record: ApiToken
    token: str


@dataclass(frozen=True)
class Actor:
    """Who changes accounts, as the audit writes it: a person with the address he asks from, or the shell."""

    name: str = "system"
    address: str | None = None


SHELL = Actor()


def add(
    username: str,
    name: str,
    roles: Iterable[str],
    *,
    commune: Commune | None = None,
    more: Sequence[Commune] = (),
    villages: Sequence[Village] = (),
    unit: str = "",
    password: str | None = None,
    by: Actor = SHELL,
) -> NewPerson:
    """Make a person who signs in; without a password the server makes one, to be changed at once. The caller commits.

    Scope (DESIGN 5): city-wide roles have no commune, all others one, or `more`; a team leader has villages of it.
    Raises PersonRejected.
    """
    wanted = tuple(dict.fromkeys(roles))
    _check_username(username)
    check_scope(wanted, commune, villages, more)
    person = Person(
        username=username,
        name=" ".join(name.split()) or username,
        unit=" ".join(unit.split()) or None,
        fs_uniquifier=uuid.uuid4().hex,
        commune_id=commune.id if commune else None,
        created_at=clock.now(),
        roles=[role(each) for each in wanted],
        villages=list(villages),
        more_communes=list(more),
    )
    secret = password or passwords.give(person)
    if password:
        passwords.choose(person, password)
    db.session.add(person)
    db.session.flush()
    audit(by, "person.add", f"person:{person.id}", {"username": username, **described(person)})
    return NewPerson(person, secret)


def described(person: Person) -> dict[str, object]:
    """Roles and scope, as the audit keeps them."""
    return {
        "roles": [each.name for each in person.roles],
        "commune": person.commune.code if person.commune else None,
        "more_communes": [commune.code for commune in person.more_communes],
        "villages": [village.code for village in person.villages],
    }


def is_unused(person: Person) -> bool:
    """Whether a person has not signed in for so long that somebody has to enable his account anew (domain.md d)."""
    settings: Settings = current_app.config["SETTINGS"]
    since = max(filter(None, (person.created_at, person.enabled_at, person.signed_in_at)))
    return bool(settings.unused_days) and since + dt.timedelta(days=settings.unused_days) <= clock.now()


def _check_username(username: str) -> None:
    if not _USERNAME.fullmatch(username):
        raise PersonRejected(
            f"Tên đăng nhập “{username}” không dùng được: cần 3–64 chữ thường không dấu, số, dấu . _ -"
        )
    if db.session.scalar(sa.select(Person.id).where(Person.username == username)) is not None:
        raise PersonRejected(f"Đã có người dùng tên đăng nhập “{username}”.")


def check_scope(
    roles: Sequence[str], commune: Commune | None, villages: Sequence[Village], more: Sequence[Commune] = ()
) -> None:
    """Raise PersonRejected where these roles cannot have this scope."""
    unknown = [each for each in roles if each not in ROLES]
    if unknown or not roles:
        raise PersonRejected(f"Vai trò “{', '.join(unknown)}” không có; các vai trò: {', '.join(ROLES)}.")
    local = [each for each in roles if each not in CITY_WIDE]
    if local and commune is None:
        raise PersonRejected(f"Vai trò “{local[0]}” cần mã xã (--commune).")
    if commune is not None and not local:
        raise PersonRejected(f"Vai trò “{roles[0]}” là của cả thành phố, không gắn với một xã.")
    if more and (not local or "team_leader" in roles):
        raise PersonRejected("Chỉ cán bộ, lãnh đạo, người soát phiếu mới phụ trách được nhiều xã.")
    if "team_leader" in roles and not villages:
        raise PersonRejected("Tổ trưởng cần ít nhất một thôn (--village).")
    for village in villages:
        if commune is None or village.commune_id != commune.id:
            raise PersonRejected(f"Thôn {village.code} ({village.name}) không thuộc xã này.")


def role(name: str) -> Role:
    """The row of a role; the first person who needs it brings it along."""
    found = db.session.scalars(sa.select(Role).where(Role.name == name)).first()
    if found is None:
        found = Role(name=name, description=ROLES[name])
        db.session.add(found)
    return found


def everyone() -> Sequence[Person]:
    """All persons by their user names."""
    return db.session.scalars(sa.select(Person).order_by(Person.username)).unique().all()


def add_token(
    name: str,
    *,
    commune: Commune | None = None,
    reads: Iterable[str] = tuple(READS),
    days: int | None = None,
    by: Actor = SHELL,
) -> NewToken:
    """Make a program's key to what it `reads` of one commune or all, for `days` or until revoked.

    Raises PersonRejected. The caller commits.
    """
    wanted = [each for each in READS if each in set(reads)]
    if not name.strip():
        raise PersonRejected("Khóa truy cập cần một tên để sau này biết của chương trình nào.")
    if not wanted:
        raise PersonRejected(f"Khóa truy cập cần ít nhất một loại dữ liệu: {', '.join(READS)}.")
    token = secrets.token_hex(20)
    record = ApiToken(
        name=" ".join(name.split()),
        token_hash=hashlib.sha256(token.encode()).digest(),
        commune_id=commune.id if commune else None,
        reads=" ".join(wanted),
        created_at=clock.now(),
        expires_at=clock.now() + dt.timedelta(days=days) if days is not None else None,
    )
    db.session.add(record)
    db.session.flush()
    scope = {"commune": commune.code if commune else None, "reads": wanted, "days": days}
    audit(by, "token.add", f"token:{record.id}", {"name": record.name, **scope})
    return NewToken(record, token)


def tokens(commune_id: int | None) -> Sequence[ApiToken]:
    """The keys of a commune, or all of them; those in use first. Never what opens anything."""
    query = sa.select(ApiToken).order_by(ApiToken.revoked_at.is_not(None), ApiToken.id.desc())
    query = query.options(joinedload(ApiToken.commune).load_only(Commune.code, Commune.name))
    if commune_id is not None:
        query = query.where(ApiToken.commune_id == commune_id)
    return db.session.scalars(query).unique().all()


def revoke_token(record: ApiToken, *, by: Actor = SHELL) -> None:
    """Refuse a key from this moment on. The caller commits."""
    if record.revoked_at is None:
        record.revoked_at = clock.now()
        audit(by, "token.revoke", f"token:{record.id}", {"name": record.name})


def audit(by: Actor, act: str, record: str, detail: dict[str, object] | None = None) -> None:
    """Add the row of what somebody does to an account; the caller commits."""
    db.session.add(
        Audit(at=clock.now(), actor=by.name, act=act, record=record, address=by.address, detail=detail)
    )
