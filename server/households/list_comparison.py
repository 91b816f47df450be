"""A list of households set against those that are there: what is new, changed, alike, to be asked about, missing."""

import enum
import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import sqlalchemy as sa

from server import clock
from server.db import db
from server.households import household_parts, household_states, list_import, next_try
from server.households.entity_changes import HOUSEHOLDS
from server.households.household_parts import Parts
from server.households.list_import import ListRow, PlacedRow
from server.households.read_address import plain
from server.households.same_household import Known, Likeness, joined, likeness
from server.models import Commune, Entity, EntityList, Village
from server.places import merged_villages

CODE = "ma_ho"
"""The property that holds the code by which an office's list names a household; it is in no file on phones."""
_OWN = "H-"
_OWN_DIGITS = 12


class RowDoubt(enum.Enum):
    """Why a row is asked about rather than recognised; its value names it in forms."""

    PART = "thieu"
    """Nothing speaks against it, but something is missing."""
    HEAD = "chu_ho"
    """One address, two names: another head, or another household."""
    ADDRESS = "dia_chi"
    """One name, two addresses: it has moved, or it is a namesake."""
    CODE = "ma"
    """One code, and all else is another."""
    VILLAGE = "thon"
    """One code, two thôn."""
    REPEATED = "lap"
    """An earlier row of the list says the same."""


@dataclass(frozen=True)
class ListedHousehold:
    """A household that is there, `village` being its thôn of today."""

    id: uuid.UUID
    parts: Parts
    village: Village
    state: str
    """As its row has it (`chua_tham`)."""
    code: str = ""
    last_day: str = ""
    """`2026-11-24`, or "" where nobody has been."""
    is_closed: bool = False
    """Absent, and tried often enough: nobody goes there any more (R33)."""


@dataclass(frozen=True)
class Twin:
    """A row that is, or may be, a household which is there already, or which an earlier row of the list names."""

    placed: PlacedRow
    likeness: Likeness
    other: Parts
    known: ListedHousehold | None = None
    """None: it stands earlier in the same list, at row `other_row`."""
    by_code: bool = False
    other_row: int | None = None
    other_where: str = ""

    @property
    def other_id(self) -> uuid.UUID | None:
        return self.known.id if self.known is not None else None

    @cached_property
    def after(self) -> Parts:
        """What the household is called where the row is it."""
        return joined(self.other, self.placed.row.parts)

    @cached_property
    def doubt(self) -> RowDoubt | None:
        """Why its officer is asked; None where the household is recognised."""
        if self.known is None:
            return RowDoubt.REPEATED
        if self.by_code and self.known.village.id != self.placed.village.id:
            return RowDoubt.VILLAGE
        if self.by_code:
            return RowDoubt.CODE if self.likeness is Likeness.OTHER else None
        return _DOUBTS[self.likeness]

    @property
    def takes_code(self) -> bool:
        """Whether the list gives the household a code that it did not have."""
        code = self.placed.row.code
        return (
            self.known is not None
            and bool(code)
            and _key(code) not in (_key(self.known.code), own_key(self.known.id))
        )

    @property
    def renames(self) -> bool:
        """Whether the household is called otherwise afterwards."""
        is_as_filed = self.placed.row.parts == household_parts.as_filed(self.other)
        return not is_as_filed and (self.after.label, self.after.address) != (
            self.other.label,
            self.other.address,
        )

    @property
    def is_changed(self) -> bool:
        """Recognised, and called otherwise by the list: where name and address are the same, nobody rewrites them."""
        return self.doubt is None and self.by_code and self.renames


_DOUBTS: Mapping[Likeness, RowDoubt | None] = {
    Likeness.SAME: None, Likeness.PERHAPS: RowDoubt.PART, Likeness.NEIGHBOUR: RowDoubt.HEAD,
    Likeness.NAMESAKE: RowDoubt.ADDRESS, Likeness.OTHER: RowDoubt.CODE,
}  # fmt: skip


@dataclass(frozen=True)
class Compared:
    """A list set against what is there: rows that are new, rows with a twin, and households that it does not name."""

    new: tuple[PlacedRow, ...]
    twins: tuple[Twin, ...]
    missing: tuple[ListedHousehold, ...] = ()
    """Of the thôn that the list names."""

    @cached_property
    def asked(self) -> tuple[Twin, ...]:
        """Rows of which a person has to say whether they are the household beside them."""
        return tuple(twin for twin in self.twins if twin.doubt is not None)

    @cached_property
    def changed(self) -> tuple[Twin, ...]:
        """Households that are recognised and called otherwise by the list."""
        return tuple(twin for twin in self.twins if twin.is_changed)

    @cached_property
    def alike(self) -> tuple[Twin, ...]:
        """Households that are recognised and stay as they are."""
        return tuple(twin for twin in self.twins if twin.doubt is None and not twin.is_changed)


def own_key(entity_id: uuid.UUID) -> str:
    """The code by which the server's own files name a household."""
    return _key(own_code(entity_id))


def own_code(entity_id: uuid.UUID) -> str:
    """The code that stands in files for a household which no office gave one: it is recognised by it."""
    return f"{_OWN}{entity_id.hex[:_OWN_DIGITS]}"


def _key(code: str) -> str:
    return plain(code)


def compare(rows: Iterable[ListRow], commune: Commune) -> Compared:
    """Find the thôn of every row and its household, if there is one. Raises RegisterRejected for wrong rows."""
    return compare_placed(list_import.placed_rows(list(rows), commune), commune)


def compare_placed(placed: Sequence[PlacedRow], commune: Commune) -> Compared:
    """Set rows against the households of their commune.

    By its code first, then the most alike: each household is the twin of one row at most, so that of three rows with
    one name and three addresses those find their own two households, and the third is new.
    """
    listed = listed_households(commune)
    twins = _by_code(placed, listed)
    for village_id in {each.village.id for each in placed}:
        own = [each for each in placed if each.village.id == village_id]
        known = listed.in_village.get(village_id, Known())
        twins |= _matched(own, known, twins)
        twins |= _repeated(own, twins)
        twins |= _matched(own, known, twins, Likeness.NAMESAKE)
    twins |= _by_code(placed, listed, twins, Likeness.OTHER)
    named, found = {each.village.id for each in placed}, {twin.other_id for twin in twins.values()}
    return Compared(
        tuple(each for each in placed if each.row.number not in twins),
        tuple(twins[each.row.number] for each in placed if each.row.number in twins),
        tuple(each for each in listed.all if each.village.id in named and each.id not in found),
    )


@dataclass
class ListedHouseholds:
    """The households of a commune, found by thôn and likeness or by code."""

    all: list[ListedHousehold] = field(default_factory=list)
    in_village: dict[int, Known[ListedHousehold]] = field(default_factory=dict)
    _by_code: dict[str, list[ListedHousehold]] = field(default_factory=lambda: defaultdict(list))

    def add(self, household: ListedHousehold) -> None:
        self.all.append(household)
        self.in_village.setdefault(household.village.id, Known()).add(household.parts, household)
        for code in {_key(household.code), own_key(household.id)} - {""}:
            self._by_code[code].append(household)

    def coded(self, code: str, village_id: int) -> ListedHousehold | None:
        """The only one of this code in a thôn, else the only one of the commune."""
        every = self._by_code.get(_key(code), []) if code else []
        found = [each for each in every if each.village.id == village_id] or every
        return found[0] if len(found) == 1 else None


def listed_households(commune: Commune) -> ListedHouseholds:
    """All that are on a commune's list now, ready to be recognised."""
    found = ListedHouseholds()
    for each in listed(commune):
        found.add(each)
    return found


def listed(commune: Commune, village_ids: Collection[int] | None = None) -> list[ListedHousehold]:
    """What is on a commune's list now, or on that of some of today's thôn: thôn by thôn in their walking order."""
    homes = homes_today(commune)
    wanted = [key for key, home in homes.items() if village_ids is None or home.id in village_ids]
    rows: Iterable[Any] = db.session.execute(
        sa.select(Entity.village_id, Entity.label, Entity.data, Entity.id).where(*is_listed(wanted))
    )
    day, most = clock.today(), next_try.most()
    found = (
        ListedHousehold(
            row.id, household_parts.of_row(row.label, row.data), homes[row.village_id],
            str(row.data.get("tinh_trang") or household_states.NOT_VISITED), str(row.data.get(CODE) or ""),
            str(row.data.get("ngay_cuoi") or ""), next_try.of(row.data, day, most).is_closed,
        )
        for row in rows
    )  # fmt: skip
    return sorted(found, key=lambda each: (each.village.code, each.parts.walking, str(each.id)))


def homes_today(commune: Commune) -> Mapping[int, Village]:
    """For each thôn that a commune has or had, the one it belongs to today."""
    today = merged_villages.merged(commune)
    every = db.session.scalars(sa.select(Village).where(Village.commune_id == commune.id))
    return {village.id: today.get(village.id, village) for village in every}


def is_listed(village_ids: Iterable[int]) -> tuple[sa.ColumnElement[bool], ...]:
    """Conditions of rows of Entity: households of these thôn that are on the list."""
    households = sa.select(EntityList.id).where(EntityList.name == HOUSEHOLDS).scalar_subquery()
    return Entity.list_id == households, Entity.village_id.in_(list(village_ids)), Entity.ended_at.is_(None)


def _by_code(
    placed: Sequence[PlacedRow],
    listed: ListedHouseholds,
    before: Mapping[int, Twin] | None = None,
    most: Likeness = Likeness.SAME,
) -> dict[int, Twin]:
    """Rows that name a household by its code: first those that agree in name or address, at last (`most`) all."""
    before = before or {}
    found: dict[int, Twin] = {}
    taken = {twin.other_id for twin in before.values()}
    for each in placed:
        known = listed.coded(each.row.code, each.village.id) if each.row.number not in before else None
        if known is None or known.id in taken:
            continue
        alike = likeness(each.row.parts, known.parts)
        if each.row.parts == household_parts.as_filed(known.parts):
            alike = Likeness.SAME
        if alike is not Likeness.OTHER or most is Likeness.OTHER:
            found[each.row.number] = Twin(each, alike, known.parts, known, by_code=True)
            taken.add(known.id)
    return found


def _matched(
    placed: Sequence[PlacedRow],
    known: Known[ListedHousehold],
    before: Mapping[int, Twin],
    least: Likeness = Likeness.PERHAPS,
) -> dict[int, Twin]:
    """The rows of one thôn with the household that each may be, by the numbers of the rows.

    Of rows and households that are left over `before`, one name at two addresses may have moved, and one address with
    two names have another head: these are asked about too, lest they be listed twice.
    """
    pairs = [
        (alike, each, other)
        for each in placed
        if each.row.number not in before
        for alike, other in known.like(each.row.parts, least)
    ]
    found: dict[int, Twin] = {}
    taken = {twin.other_id for twin in before.values()}
    for alike, each, other in sorted(pairs, key=lambda pair: (-pair[0], pair[1].row.number)):
        if each.row.number not in found and other.id not in taken:
            found[each.row.number] = Twin(each, alike, other.parts, other)
            taken.add(other.id)
    return found


def _repeated(placed: Sequence[PlacedRow], matched: Mapping[int, Twin]) -> dict[int, Twin]:
    """Rows of one thôn that say what an earlier row of the list said."""
    earlier: Known[PlacedRow] = Known()
    found: dict[int, Twin] = {}
    for each in placed:
        if each.row.number not in matched:
            for alike, other in earlier.like(each.row.parts)[:1]:
                found[each.row.number] = Twin(
                    each, alike, other.row.parts, other_row=other.row.number, other_where=other.row.where
                )
        earlier.add(each.row.parts, each)
    return found
