"""The town under siege: two communes, one whose visits are timed and one whose people attack, and all that opens it."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server.accounts import person_keys, persons, program_keys, shared_links
from server.audit import SHELL
from server.db import db
from server.models import Commune, Person, Village
from server.phones import collectors
from tests import sample
from tests.posters import OPINION, make_poster

PASSWORD = "mat khau de do 2026"
HOME, OTHERS = "11630", "11629"
"""The commune whose visits are timed, and the one whose people attack."""
KEPT_MONTHS = 24
"""As long as their forms say; a clock that is ahead by more makes everything due."""
PHONES = 4
TEAM = 300
"""Collectors of the other commune whose codes its officer prints."""


@dataclass(frozen=True)
class Codes:
    """What opens what, as it was told when it was made."""

    phones: Sequence[str]
    """Of the commune that is timed."""
    attacker: str
    """A collector's of the other commune."""
    key: str
    """A program's in an officer's name, with everything that such a key may be for."""
    sums: str
    """A program's to sums alone."""
    poster: str
    ended_link: str
    """Of the other commune's coverage, revoked."""
    beside: str
    """A collector's of another thôn of the attackers' commune."""
    leaving: tuple[int, str]
    """A collector of the other commune who is going to be revoked: the number and the code."""
    home_key: str
    """A program's in the name of an officer of the commune that is timed."""
    households: Mapping[str, uuid.UUID]
    """One in each thôn, by the thôn's code."""


def town() -> Codes:
    """Two communes with their forms, phones, households and people, stored."""
    attacked, attackers = sample.make_commune(HOME, "Tràng Thủy"), sample.make_commune(OTHERS)
    home = sample.make_village(attacked, f"{HOME}001", "Thôn Tây")
    east, south = sample.make_village(attackers), sample.make_village(attackers, f"{OTHERS}002", "Thôn Nam")
    for each in ("don_gian", "thu_cong"):
        sample.publish_plain(form_id=each).form.retention_months = KEPT_MONTHS
    sample.publish_visit()
    sample.publish_plain(form_id="rieng", commune=attacked, title="Của xã khác")
    version = sample.publish(OPINION, version="1")
    phones = [sample.make_collector(attacked, [home], f"Người {n}").token for n in range(PHONES)]
    attacker = sample.make_collector(attackers, [east], "Kẻ phá").token
    beside = sample.make_collector(attackers, [south], "Người bên").token
    leaving = sample.make_collector(attackers, [east], "Người thôi")
    for number in range(TEAM):
        collectors.add(f"Đội {number}", attackers, [south])
    households = {each.code: sample.make_entity(each, f"Hộ {each.name}", data={"thon": each.code}).id
                  for each in (home, east, south)}  # fmt: skip
    _people(attacked, attackers, east)
    officer, home_officer = _person("officer"), _person("home_officer")
    key = person_keys.add(officer, "Công cụ", person_keys.OF_PERSONS, by=SHELL).token
    home_key = person_keys.add(home_officer, "Công cụ", person_keys.OF_PERSONS, by=SHELL).token
    sums = program_keys.add("Bảng số liệu", commune=attackers).token
    link = shared_links.add("Đã thôi", shared_links.COVERAGE, officer.id, commune=attackers, by=SHELL)
    shared_links.revoke(link.record, by=SHELL)
    poster = make_poster(attackers, version, east).code
    db.session.commit()
    return Codes(
        phones, attacker, key, sums, poster, link.key, beside, (leaving.collector.id, leaving.token), home_key,
        households,
    )  # fmt: skip


def _people(attacked: Commune, attackers: Commune, village: Village) -> None:
    for role in ("officer", "leader"):
        persons.add(role, f"Người {role}", [role], commune=attackers, password=PASSWORD)
    persons.add("home_officer", "Cán bộ xã khác", ["officer"], commune=attacked, password=PASSWORD)
    persons.add(
        "team", "Tổ trưởng", ["team_leader"], commune=attackers, villages=[village], password=PASSWORD
    )
    for role in ("city", "admin"):
        persons.add(role, f"Người {role}", [role], password=PASSWORD)
    db.session.flush()


def _person(name: str) -> Person:
    return db.session.scalars(sa.select(Person).where(Person.username == name)).unique().one()
