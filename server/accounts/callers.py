"""The one who asks: a person or a program, with their rights, and the communes and thôn that are theirs (R24)."""

import dataclasses
from collections.abc import Mapping

from server.accounts import passwords, program_keys, second_factor
from server.accounts.roles import MAY, Right
from server.models import Commune, Person, Village
from server.places import merged_villages


@dataclasses.dataclass(frozen=True)
class Caller:
    """A person who has signed in, or a program with a token; `actor` is what the audit writes."""

    actor: str
    name: str
    roles: frozenset[str]
    commune_id: int | None
    """None: the whole city."""
    village_ids: frozenset[int] = frozenset()
    """The thôn of a team leader; empty for all others."""
    commune_code: str | None = None
    communes: Mapping[int, tuple[str, str]] = dataclasses.field(default_factory=dict)
    """Code and name of every commune of a person who works for several, by its id; empty for all others."""
    reads: frozenset[str] = frozenset()
    """What a program may read; empty for persons, whose roles say it."""
    duty: str = ""
    """What a person has to do for their own account before anything else, in words; "" where nothing."""
    username: str = ""
    """What the person signs in with; "" for a program's own key."""

    @property
    def sees_running_day(self) -> bool:
        """Whether sums of a day that still goes on are told: to people, and to programs whose key says so (R24)."""
        return self.is_person or program_keys.RUNNING_DAY in self.reads

    @property
    def is_person(self) -> bool:
        """Whether it is a person who has signed in, and no program."""
        return self.actor.startswith("person:")

    @property
    def person_id(self) -> int:
        """The person who has signed in; ValueError for a program."""
        return int(self.actor.removeprefix("person:"))

    def may(self, right: Right) -> bool:
        """Whether one of the person's roles has this right; programs have none."""
        return not MAY[right].isdisjoint(self.roles)

    def may_see(self, commune: Commune) -> bool:
        """Whether sums of this commune are the caller's to see: their own commune, or any for the city."""
        return self.commune_id is None or self.belongs_to(commune)

    def belongs_to(self, commune: Commune) -> bool:
        """Whether this is one of their own communes, and not only one whose sums they see."""
        return commune.id == self.commune_id or commune.id in self.communes

    @property
    def commune_ids(self) -> frozenset[int] | None:
        """All of their communes; None: the whole city."""
        return None if self.commune_id is None else frozenset({self.commune_id, *self.communes})

    def sees_submissions(self, commune: Commune, village_id: int | None) -> bool:
        """Whether single submissions of a thôn may be shown, by name or not: to a reviewer without names."""
        if not self.belongs_to(commune):
            return False
        return self.may(Right.REVIEW) or village_id in self.village_ids

    def sees_records(self, commune: Commune, village: Village | None = None) -> bool:
        """Whether single households may be shown, and small cells with them (R25).

        An officer sees their commune; a team leader sees their thôn alone, so for a table of a whole commune
        (no `village`) they are shown what everybody is. Administrators, the city and programs see no records.
        """
        if not self.belongs_to(commune):
            return False
        if self.may(Right.READ_LABELS):
            return True
        return village is not None and village.id in self.village_ids


def of_person(person: Person, actor: str = "", reads: frozenset[str] = frozenset()) -> Caller:
    """A person with their rights and their area; as `actor` where a key or a link of theirs asks."""
    roles = frozenset(role.name for role in person.roles)
    return Caller(
        actor=actor or f"person:{person.id}",
        name=person.name,
        roles=roles,
        commune_id=person.commune_id,
        village_ids=_villages(person) if "team_leader" in roles else frozenset(),
        commune_code=person.commune.code if person.commune else None,
        communes=_communes(person),
        reads=reads,
        duty=_duty(person),
        username=person.username,
    )


def _communes(person: Person) -> dict[int, tuple[str, str]]:
    if person.commune is None or not person.more_communes:
        return {}
    return {each.id: (each.code, each.name) for each in (person.commune, *person.more_communes)}


def _duty(person: Person) -> str:
    if passwords.is_due(person):
        return "đổi mật khẩu"
    return "cài mã xác thực" if second_factor.is_due(person) else ""


def _villages(person: Person) -> frozenset[int]:
    return frozenset(merged_villages.homes(village.id for village in person.villages))
