"""What may be done to other people's accounts, by whom, and how: give a role, disable, enable, reset, end sessions."""

from collections.abc import Mapping, Sequence

import sqlalchemy as sa

from server import clock, passwords, second_factor, sessions, tries
from server.db import db
from server.models import Commune, Person, Role, Village
from server.people import Actor, PersonRejected, audit, check_scope, described, role

MANAGES: Mapping[str, frozenset[str]] = {
    "admin": frozenset({"admin", "city", "officer", "leader", "team_leader", "reviewer"}),
    "city": frozenset({"officer"}),
    "officer": frozenset({"leader", "team_leader", "reviewer"}),
}
"""Whose accounts a role looks after, and so the roles it may give; an officer those of his own commune alone."""


def given_by(roles: frozenset[str]) -> frozenset[str]:
    """The roles that somebody with these roles may give."""
    return frozenset[str]().union(*(MANAGES.get(each, frozenset()) for each in roles))


def looked_after(roles: frozenset[str], commune_id: int | None, own_id: int) -> sa.Select[Person]:
    """The accounts that somebody with these roles and this scope looks after; never his own."""
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
    audit(by, "person.change", f"person:{person.id}", {"before": before, "after": after})


def disable(person: Person, *, by: Actor) -> None:
    """Take an account out of use; its sessions end at once. Raises PersonRejected for the last administrator."""
    _keep_an_administrator(person)
    person.active = False
    person.disabled_at = clock.now()
    sessions.end_all(person)
    audit(by, "person.disable", f"person:{person.id}")


def enable(person: Person, *, by: Actor) -> None:
    """Give an account back that was disabled, not used for long, or is waiting after wrong tries."""
    person.active = True
    person.disabled_at = None
    person.enabled_at = clock.now()
    tries.forget(person.username)
    audit(by, "person.enable", f"person:{person.id}")


def unlock(person: Person, *, by: Actor) -> None:
    """Let a person who has tried too often try again at once."""
    tries.forget(person.username)
    audit(by, "person.unlock", f"person:{person.id}")


def reset(person: Person, *, by: Actor) -> str:
    """A password for one use, told once, for a person who has lost his own or his authenticator app."""
    password = passwords.give(person)
    second_factor.drop(person)
    person.enabled_at = clock.now()
    tries.forget(person.username)
    sessions.end_all(person)
    audit(by, "person.reset", f"person:{person.id}")
    return password


def end_sessions(person: Person, *, by: Actor) -> int:
    """Sign a person out everywhere; how many sessions there were."""
    count = sessions.end_all(person)
    audit(by, "person.end_sessions", f"person:{person.id}", {"sessions": count})
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
