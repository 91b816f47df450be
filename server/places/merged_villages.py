"""Thôn that were merged: what belonged to an old one is the new one's, in every list and on every page (R4).

A household keeps the thôn in which it was listed, so that a past day stays what it was; who asks for a thôn's
households, visits or difficulties asks for those of all its parts.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from forms.choices import unaccented
from server.db import db
from server.models import Commune, Village

Row = sa.Row[*tuple[Any, ...]]


def parts(village_ids: Iterable[int], as_of: dt.date | None = None) -> sa.CTE:
    """Each of these thôn (`home`) with every one that was merged into it (`id`), however many steps ago.

    By the end of a day, or, without one, by what is recorded: lists need not wait for a merger's first day.
    """
    itself = sa.select(Village.id, Village.id.label("home")).where(Village.id.in_(list(village_ids)))
    part = itself.cte("part", recursive=True)
    merged = sa.select(Village.id, part.c.home).where(Village.merged_into_id == part.c.id)
    return part.union(merged if as_of is None else merged.where(Village.valid_to < as_of))


def homes(village_ids: Iterable[int]) -> dict[int, int]:
    """For each part of these thôn, themselves included, the one that it is a part of."""
    part = parts(village_ids)
    return {row.id: row.home for row in db.session.execute(sa.select(part.c.id, part.c.home))}


def on_day(villages: Iterable[Row], as_of: dt.date) -> dict[int, int]:
    """Where each thôn's counts stand on a day: in its own row, or in that of the one it was merged into.

    Rows have `id`, `valid_to` and `merged_into_id`; what is not among them is not looked for.
    """
    known = {village.id: village for village in villages}
    found = {}
    for village in known.values():
        home, seen = village, {village.id}
        while home.valid_to and home.valid_to < as_of and home.merged_into_id in known:
            home = known[home.merged_into_id]
            if home.id in seen:
                break
            seen.add(home.id)
        found[village.id] = home.id
    return found


def of(village_id: int) -> Sequence[int]:
    """A thôn and all its parts."""
    return sorted(homes([village_id]))


def around(village_id: int | None) -> Sequence[int]:
    """All parts of the thôn that this one is, or is a part of, today; nothing of no thôn."""
    village = db.session.get(Village, village_id) if village_id is not None else None
    return of(current(village).id) if village is not None else ()


def whole(villages: Iterable[Village]) -> list[Village]:
    """These thôn and all their parts."""
    given = list(dict.fromkeys(villages))
    missing = homes(village.id for village in given).keys() - {village.id for village in given}
    if not missing:
        return given
    return [
        *given,
        *db.session.scalars(sa.select(Village).where(Village.id.in_(missing)).order_by(Village.code)),
    ]


def current(village: Village) -> Village:
    """What a thôn is called today: the one that it was merged into at last, or itself."""
    met = {village.id}
    while village.merged_into_id is not None and village.merged_into_id not in met:
        village = db.session.get_one(Village, village.merged_into_id)
        met.add(village.id)
    return village


def merged(commune: Commune) -> dict[int, Village]:
    """For each thôn of a commune that was merged, what it is called today."""
    old = sa.select(Village).where(Village.commune_id == commune.id, Village.merged_into_id.is_not(None))
    return {village.id: current(village) for village in db.session.scalars(old)}


def by_words(commune: Commune) -> Mapping[str, Sequence[Village]]:
    """The thôn of today by code and by name without marks, as tables name them; a name may stand for several.

    The code of a merged thôn stands for the one it went into, and so does its name where no thôn of today has it
    (R17).
    """
    today: dict[str, list[Village]] = {}
    query = sa.select(Village).where(Village.commune_id == commune.id).order_by(Village.code)
    villages = db.session.scalars(query).all()
    for village in villages:
        if village.valid_to is None:
            for key in {village.code, unaccented(village.name)}:
                today.setdefault(key, []).append(village)
    before: dict[str, list[Village]] = {}
    for village in villages:
        home = current(village)
        if home is not village and home.valid_to is None:
            for key in {village.code, unaccented(village.name)}:
                if home not in before.setdefault(key, []):
                    before[key].append(home)
    return before | today


def called(places: Mapping[str, Sequence[Village]], text: str) -> Sequence[Village]:
    """The thôn that a person may mean by these words: a code or a name, with or without marks and “thôn”."""
    plain = unaccented(text)
    return places.get(text) or places.get(plain) or places.get(f"thon {plain}") or ()
