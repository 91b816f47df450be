"""Persons who sign in and programs with a token: made here, with secrets that are told once."""

import datetime as dt
import hashlib
import re
import secrets
import string
import unicodedata
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask_security.utils import hash_password

from server import clock
from server.db import db
from server.models import ApiToken, Audit, Commune, Person, Role, Village

ROLES: Mapping[str, str] = {
    "admin": "Quản trị hệ thống",
    "city": "Thành phố (Sở Khoa học và Công nghệ)",
    "officer": "Cán bộ Phòng Văn hóa - Xã hội",
    "leader": "Lãnh đạo xã, phường",
    "team_leader": "Tổ trưởng Tổ công nghệ số cộng đồng",
    "reviewer": "Người soát phiếu",
}
CITY_WIDE = frozenset({"admin", "city"})
"""Roles that belong to no commune; all others need one (DESIGN 1, 7)."""

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")
_ALPHABET = string.ascii_letters + string.digits


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


def add(
    username: str,
    name: str,
    roles: Iterable[str],
    *,
    commune: Commune | None = None,
    villages: Sequence[Village] = (),
    password: str | None = None,
) -> NewPerson:
    """Make a person who signs in; without a password the server makes one. The caller commits.

    Scope (DESIGN 5): city-wide roles have no commune, all others one; a team leader has villages of it.
    Raises PersonRejected.
    """
    wanted = tuple(dict.fromkeys(roles))
    _check_username(username)
    _check_scope(wanted, commune, villages)
    secret = password or new_password()
    person = Person(
        username=username,
        name=" ".join(name.split()) or username,
        password=hash_password(unicodedata.normalize("NFKD", secret)),  # as Flask-Security reads it
        fs_uniquifier=uuid.uuid4().hex,
        commune_id=commune.id if commune else None,
        created_at=clock.now(),
        roles=[_role(each) for each in wanted],
        villages=list(villages),
    )
    db.session.add(person)
    db.session.flush()
    _audit("person.add", f"person:{person.id}", {"username": username, "roles": list(wanted)})
    return NewPerson(person, secret)


def new_password() -> str:
    """16 letters and digits: about 95 bits."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(16))


def _check_username(username: str) -> None:
    if not _USERNAME.fullmatch(username):
        raise PersonRejected(
            f"Tên đăng nhập “{username}” không dùng được: cần 3–64 chữ thường không dấu, số, dấu . _ -"
        )
    if db.session.scalar(sa.select(Person.id).where(Person.username == username)) is not None:
        raise PersonRejected(f"Đã có người dùng tên đăng nhập “{username}”.")


def _check_scope(roles: Sequence[str], commune: Commune | None, villages: Sequence[Village]) -> None:
    unknown = [each for each in roles if each not in ROLES]
    if unknown or not roles:
        raise PersonRejected(f"Vai trò “{', '.join(unknown)}” không có; các vai trò: {', '.join(ROLES)}.")
    local = [each for each in roles if each not in CITY_WIDE]
    if local and commune is None:
        raise PersonRejected(f"Vai trò “{local[0]}” cần mã xã (--commune).")
    if commune is not None and not local:
        raise PersonRejected(f"Vai trò “{roles[0]}” là của cả thành phố, không gắn với một xã.")
    if "team_leader" in roles and not villages:
        raise PersonRejected("Tổ trưởng cần ít nhất một thôn (--village).")
    for village in villages:
        if commune is None or village.commune_id != commune.id:
            raise PersonRejected(f"Thôn {village.code} ({village.name}) không thuộc xã này.")


def _role(name: str) -> Role:
    found = db.session.scalars(sa.select(Role).where(Role.name == name)).first()
    if found is None:
        found = Role(name=name, description=ROLES[name])
        db.session.add(found)
    return found


def everyone() -> Sequence[Person]:
    """All persons by their user names."""
    return db.session.scalars(sa.select(Person).order_by(Person.username)).unique().all()


def add_token(name: str, *, commune: Commune | None = None, days: int | None = None) -> NewToken:
    """Make a program's token for `/api/v1`, for one commune or all, for `days` or until revoked."""
    if not name.strip():
        raise PersonRejected("Khóa truy cập cần một tên để sau này biết của chương trình nào.")
    token = secrets.token_hex(20)
    record = ApiToken(
        name=" ".join(name.split()),
        token_hash=hashlib.sha256(token.encode()).digest(),
        commune_id=commune.id if commune else None,
        created_at=clock.now(),
        expires_at=clock.now() + dt.timedelta(days=days) if days is not None else None,
    )
    db.session.add(record)
    db.session.flush()
    _audit("token.add", f"token:{record.id}", {"name": record.name})
    return NewToken(record, token)


def _audit(act: str, record: str, detail: dict[str, object]) -> None:
    db.session.add(Audit(at=clock.now(), actor="system", act=act, record=record, address=None, detail=detail))
