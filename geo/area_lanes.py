"""A thôn split into parts to walk: lanes kept whole where that is possible, parts alike in size; pure arithmetic.

Households come in the order in which a team walks, each with the lane it stands in. Everything follows from that order,
so that the same list is split the same way, and a household that comes later falls where its neighbours are.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate, pairwise
from typing import Generic, TypeVar

Key = TypeVar("Key", bound=Hashable)
_TOLERANCE = Fraction(1, 4)
"""How far a cut may move, in shares of a part's size, so that it falls between two lanes."""


@dataclass(frozen=True)
class WalkedHome(Generic[Key]):
    """A household, known by its key, and its lane; lanes are alike where these texts are."""

    key: Key
    lane: str


@dataclass(frozen=True)
class AreaLanes:
    """A part by its number, and the lanes that are its own with all that stands in them."""

    area: int
    lanes: frozenset[str]


@dataclass(frozen=True)
class AreaShare(Generic[Key]):
    """What a split gives one part: whole lanes, and single households of lanes that had to be divided."""

    lanes: tuple[str, ...]
    singles: tuple[Key, ...]


def by_lane(homes: Iterable[WalkedHome[Key]]) -> dict[str, list[Key]]:
    """The households of each lane; lanes in the order in which one comes to them."""
    found: dict[str, list[Key]] = {}
    for home in homes:
        found.setdefault(home.lane, []).append(home.key)
    return found


def cuts(sizes: Sequence[int], parts: int) -> list[int]:
    """After how many households each part but the last ends, lanes having these `sizes`.

    A cut falls between two lanes where one ends within a quarter of a part of the even place, else at the even place,
    within a lane. So no part has less than half or more than one and a half of an even share, but for rounding.
    ValueError where there are fewer households than parts, or no part.
    """
    total = sum(sizes)
    if not 0 < parts <= total:
        raise ValueError(f"{total} households cannot be split into {parts} parts")
    share, ends = Fraction(total, parts), list(accumulate(sizes))
    found = []
    for number in range(1, parts):
        even = number * share
        nearest = _nearest(ends, even)
        is_near = abs(nearest - even) <= share * _TOLERANCE and 0 < nearest < total
        found.append(nearest if is_near else int(even + Fraction(1, 2)))
    return found


def _nearest(ends: Sequence[int], even: Fraction) -> int:
    return min(ends, key=lambda end: (abs(end - even), end))


def split(homes: Iterable[WalkedHome[Key]], parts: int) -> list[AreaShare[Key]]:
    """What each of so many parts gets; every household in one of them. ValueError as `cuts`."""
    lanes = by_lane(homes)
    inner = cuts([len(keys) for keys in lanes.values()], parts)
    ordered = [(lane, key) for lane, keys in lanes.items() for key in keys]
    shares = []
    for first, last in pairwise([0, *inner, len(ordered)]):
        own = by_lane(WalkedHome(key, lane) for lane, key in ordered[first:last])
        whole = tuple(lane for lane, keys in own.items() if len(keys) == len(lanes[lane]))
        singles = tuple(key for lane, keys in own.items() if lane not in whole for key in keys)
        shares.append(AreaShare(whole, singles))
    return shares


def place(
    homes: Iterable[WalkedHome[Key]], areas: Sequence[AreaLanes], singles: Mapping[Key, int]
) -> dict[Key, int]:
    """The part of each household: its own, its lane's, else that of the one before it in the lane, or next after.

    A lane that no part knows falls to the part of the lane before it, the first ones to the part of the next. Empty
    where there are no parts.
    """
    of_lane = {lane: each.area for each in areas for lane in each.lanes}
    known = {each.area for each in areas}
    found: dict[Key, int] = {}
    waiting: list[Key] = []
    before: int | None = None
    for lane, keys in by_lane(homes).items():
        own = {key: singles[key] for key in keys if singles.get(key) in known}
        if lane in of_lane:
            own = dict.fromkeys(keys, of_lane[lane])
        if not own and before is None:
            waiting += keys
            continue
        current = own[next(key for key in keys if key in own)] if own else before
        for key in (*waiting, *keys):
            current = own.get(key, current)
            if current is not None:
                found[key] = current
        before, waiting = current, []
    return found
