"""Persons who sign in: made with a role and a scope, changed, disabled, enabled, reset; each act audited."""

import datetime as dt
import re
import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from flask import current_app

from server import audit, clock
from server.accounts import account_lock, passwords, second_factor, sessions
from server.accounts.roles import CITY_WIDE, ROLES, given_by
from server.audit import SHELL, Actor
from server.db import db
from server.models import Commune, Person, Role, Village
from server.settings import Settings

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{2,63}")


class PersonRejected(Exception):
    """A person that cannot be made or changed; the message is one Vietnamese sentence."""


@dataclass(frozen=True)
class NewPerson:
    """A person just made, and the password, which nobody can read again."""

    person: Person
    password: str


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

    Scope (R17): city-wide roles have no commune, all others one, or `more`; a team leader has villages of it.
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
    audit.add_by(by, "person.add", f"person:{person.id}", {"username": username, **described(person)})
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
    """Whether a person has not signed in for so long that the account has to be enabled anew (docs/security.md)."""
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


def looked_after(roles: frozenset[str], commune_id: int | None, own_id: int) -> sa.Select[Person]:
    """The accounts that somebody with these roles and this scope looks after; never their own."""
    given = given_by(roles)
    query = sa.select(Person).where(
        Person.id != own_id,
        Person.roles.any(Role.name.in_(given)),
        ~Person.roles.any(Role.name.not_in(given)),
    )
    if commune_id is None:
        return query
    return query.where(Person.commune_id == commune_id, ~Person.more_communes.any())


def change(
    person: Person,
    wanted: str,
    commune: Commune | None,
    villages: Sequence[Village],
    *,
    more: Sequence[Commune] = (),
    name: str,
    unit: str,
    by: Actor,
) -> None:
    """Give another role, scope, name or office. What was open with the old rights ends. Raises PersonRejected."""
    check_scope([wanted], commune, villages, more)
    before = described(person)
    if wanted != "admin":
        _keep_an_administrator(person)
    person.roles = [role(wanted)]
    person.commune = commune
    person.more_communes = list(more)
    person.villages = list(villages)
    person.name = " ".join(name.split()) or person.username
    person.unit = " ".join(unit.split()) or None
    db.session.flush()
    after = described(person)
    if after != before:
        sessions.end_all(person)
    audit.add_by(by, "person.change", f"person:{person.id}", {"before": before, "after": after})


def disable(person: Person, *, by: Actor) -> None:
    """Take an account out of use; its sessions end at once. Raises PersonRejected for the last administrator."""
    _keep_an_administrator(person)
    person.active = False
    person.disabled_at = clock.now()
    sessions.end_all(person)
    audit.add_by(by, "person.disable", f"person:{person.id}")


def enable(person: Person, *, by: Actor) -> None:
    """Give an account back that was disabled, not used for long, or is waiting after wrong tries."""
    person.active = True
    person.disabled_at = None
    person.enabled_at = clock.now()
    account_lock.forget_all(person.username)
    audit.add_by(by, "person.enable", f"person:{person.id}")


def unlock(person: Person, *, by: Actor) -> None:
    """Let a person who has tried too often try again at once."""
    account_lock.forget_all(person.username)
    audit.add_by(by, "person.unlock", f"person:{person.id}")


def reset(person: Person, *, by: Actor) -> str:
    """A password for one use, told once, for a person who has lost their own or their authenticator app."""
    password = passwords.give(person)
    second_factor.drop(person)
    person.enabled_at = clock.now()
    account_lock.forget_all(person.username)
    sessions.end_all(person)
    audit.add_by(by, "person.reset", f"person:{person.id}")
    return password


def end_sessions(person: Person, *, by: Actor) -> int:
    """Sign a person out everywhere; how many sessions there were."""
    count = sessions.end_all(person)
    audit.add_by(by, "person.end_sessions", f"person:{person.id}", {"sessions": count})
    return count


def _keep_an_administrator(person: Person) -> None:
    """Refuse to take the rights of the last administrator in use. Two who take each other's wait for each other."""
    if all(each.name != "admin" for each in person.roles) or not person.active:
        return
    db.session.execute(sa.select(Role.id).where(Role.name == "admin").with_for_update())
    others = sa.select(sa.func.count()).where(
        Person.id != person.id, Person.active, Person.roles.any(Role.name == "admin")
    )
    if not db.session.scalar(others):
        raise PersonRejected(
            "Đây là quản trị viên cuối cùng còn dùng; hãy thêm một quản trị viên khác trước."
        )
