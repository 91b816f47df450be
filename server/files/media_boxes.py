"""Boxes of which films and new kinds of photos are made (ISO/IEC 14496-12): walked, emptied, overwritten."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

_MOST = 20_000
"""Boxes of one row; a film of an hour in pieces has some thousands."""

Place = tuple[int, int]
"""Where some bytes begin and end."""


class OddBoxes(ValueError):
    """Boxes that do not say where something lies, or say it more often than any camera."""


@dataclass(frozen=True)
class Box:
    """Where a box begins, where what is in it begins, and where it ends."""

    name: bytes
    start: int
    body: int
    end: int


def boxes(content: bytearray, at: int, end: int) -> Iterator[Box]:
    """The boxes from one place to another. Raises OddBoxes where they do not fill it, after those that are whole."""
    for _ in range(_MOST):
        if at == end:
            return
        if at + 8 > end:
            break
        size, head = int.from_bytes(content[at : at + 4]), 8
        if size == 1 and at + 16 <= end:
            size, head = int.from_bytes(content[at + 8 : at + 16]), 16
        size = size or end - at  # 0: to the end
        if size < head or at + size > end:
            break
        yield Box(bytes(content[at + 4 : at + 8]), at, at + head, at + size)
        at += size
    raise OddBoxes("boxes do not fit")


def empty(content: bytearray, box: Box) -> None:
    """Make of a box one that tells nothing, in its place: others point at bytes by their number."""
    content[box.start + 4 : box.start + 8] = b"free"
    content[box.body : box.end] = bytes(box.end - box.body)


def joined(places: Iterable[Place]) -> list[Place]:
    """The same bytes, each once, in order: what lies over another is one with it."""
    found: list[Place] = []
    for start, end in sorted(places):
        if found and start <= found[-1][1]:
            found[-1] = found[-1][0], max(found[-1][1], end)
        elif start < end:
            found.append((start, end))
    return found


def within(places: Iterable[Place], others: Iterable[Place]) -> Iterator[Place]:
    """What both have; both are `joined`."""
    rest = iter(others)
    other = next(rest, None)
    for start, end in places:
        while other is not None and other[0] < end:
            if other[1] > start:
                yield max(start, other[0]), min(end, other[1])
            if other[1] > end:
                break
            other = next(rest, None)


def without(places: Iterable[Place], others: Iterable[Place]) -> Iterator[Place]:
    """What the others have not; both are `joined`."""
    taken = list(others)
    first = 0
    for start, end in places:
        while first < len(taken) and taken[first][1] <= start:
            first += 1
        at, number = start, first
        while number < len(taken) and taken[number][0] < end:
            if taken[number][0] > at:
                yield at, taken[number][0]
            at = max(at, taken[number][1])
            number += 1
        if at < end:
            yield at, end


def blank(content: bytearray, places: Iterable[Place]) -> None:
    """Overwrite bytes with nothing."""
    for start, end in places:
        content[start:end] = bytes(end - start)
