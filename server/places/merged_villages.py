"""Thôn that were merged: what belonged to an old one is the new one's, in every list and on every page (R4).

A household keeps the thôn in which it was listed, so that a past day stays what it was; a reader of a thôn's
households, visits or difficulties asks for those of all its parts.
"""

import datetime as dt
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from geo import village_names
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


@dataclass(frozen=True)
class VillagesByWords:
    """The thôn of today by what tables call them, the surest way of writing first; a name may stand for several.

    The code of a merged thôn stands for the one it went into, and so does its name where no thôn of today has it
    (R17).
    """

    ways: tuple[Mapping[str, Sequence[Village]], ...]
    """By code, by name with its kind ("thôn Đông"), by name alone, and without marks: with its kind, alone."""
    kind: str = "xã"
    """Of the commune: what sentences call it."""

    def called(self, text: str) -> Sequence[Village]:
        """The thôn that a person may mean: "11629018", "Thôn 11629018", "KDC Vạn Phúc", "thon van phuc"."""
        found = [way[key] for way, key in zip(self.ways, _keys(text), strict=True) if key in way]
        only = (
            villages for villages in found if len(villages) == 1
        )  # "khóm số 3", where there is an ấp 3 as well
        return next(only, None) or next(iter(found), None) or self._by_code_within(text)

    def find(self, code: str, name: str) -> Village | str:
        """The one thôn that a row means by its code, its name or both; else what is wrong, in Vietnamese."""
        written = code or name
        found = self.called(written) or (self._by_short_code(code) if code else ())
        if not found:
            what = f"nào mang mã {code[:32]}" if code else f"“{name[:40]}”"
            return f"{self.kind} không có thôn {what}"
        if len(found) > 1:
            codes = ", ".join(sorted(village.code for village in found))
            return f"có {len(found)} thôn tên “{written[:40]}”; hãy ghi mã: {codes}"
        named = self.called(name) if code and name else found
        if named and found[0] not in named:
            return f"mã {code[:32]} là {found[0].name}, không phải “{name[:40]}”"
        return found[0]

    def _by_short_code(self, code: str) -> Sequence[Village]:
        """A number within the commune: "7" and "007" are 11629007."""
        if not re.fullmatch(r"[0-9]{1,3}", code):
            return ()
        end = f"{int(code):03d}"
        found = [way for own, way in self.ways[0].items() if len(own) > len(end) and own.endswith(end)]
        return found[0] if len(found) == 1 else ()

    def _by_code_within(self, text: str) -> Sequence[Village]:
        """The one code among other words, where these are its thôn's name: "11629018 - Vạn Phúc"."""
        found = [word for word in re.findall(r"[0-9A-Za-z]+", text) if word in self.ways[0]]
        rest = re.sub(r"[^\w ]+|\b(?:mã|số)\b", " ", text.replace(found[0], " ")) if len(found) == 1 else ""
        villages = self.ways[0][found[0]] if len(found) == 1 else ()
        same = [
            village for village in villages if village_names.loose(rest) == village_names.loose(village.name)
        ]
        return villages if same or not village_names.kinds_off(rest).strip() else ()


def _keys(text: str) -> tuple[str, str, str, str, str]:
    name = village_names.brackets_off(text)
    return (
        village_names.kinds_off(name),
        " ".join(name.casefold().split()),
        village_names.plain(name),
        village_names.loose_with_kind(text),
        village_names.loose(text),
    )


def _registered_keys(village: Village) -> tuple[str, ...]:
    """By which a thôn is found in each way; in the last also without "xóm" before it."""
    return village.code, *_keys(village.name)[1:], village_names.loose_without_small_kind(village.name)


def by_words(commune: Commune) -> VillagesByWords:
    """The thôn of a commune by code and name, as tables name them."""
    query = sa.select(Village).where(Village.commune_id == commune.id).order_by(Village.code)
    villages = db.session.scalars(query).all()
    ways: tuple[dict[str, list[Village]], ...] = ({}, {}, {}, {}, {})
    before: tuple[dict[str, list[Village]], ...] = ({}, {}, {}, {}, {})
    for village in villages:
        home = current(village)
        if home.valid_to is None:
            into = ways if home is village else before
            for way, key in zip((*into, into[-1]), _registered_keys(village), strict=True):
                if home not in way.setdefault(key, []):
                    way[key].append(home)
    return VillagesByWords(tuple(old | new for old, new in zip(before, ways, strict=True)), commune.kind)
