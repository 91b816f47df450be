"""Photos in the box format of films (HEIC, AVIF; ISO/IEC 23008-12) without what they tell beside the picture.

A box `meta` names the items of the file (`iinf`) and where the bytes of each lie (`iloc`): Exif and XMP are items like
the pictures. Their bytes are overwritten in their place, since others are found by number; how the picture is to be
turned is a property of its own (`irot`, `imir`) and stays.
"""

from collections.abc import Iterator
from dataclasses import dataclass

BRANDS = frozenset(b"heic heix heim heis hevc hevx mif1 mif2 msf1 avif avis".split())
_PICTURES = frozenset(b"hvc1 lhv1 av01 grid iovl iden tmap unci".split())
"""Types of items that are pictures, or say how others are put together; a JPEG inside may have tags of its own."""
_TOP = frozenset(b"ftyp meta mdat moov moof pdin mfra".split())
"""Boxes without which pictures are not found; others tell something: XMP, a film beside the photo."""
_META = frozenset(b"hdlr dinf pitm iloc iinf iprp iref idat grpl".split())
_PROPERTIES = frozenset({b"udes", b"altt", b"crtt", b"mdft", b"uuid"})
"""Descriptions and times among what is said of each picture."""
_NO_TAGS = b"\x00\x00\x00\x00MM\x00\x2a\x00\x00\x00\x08" + bytes(6)
"""An Exif item that has no tags."""
_MOST_BOXES = 20_000


class OddBoxes(ValueError):
    """Boxes that do not say where the pictures lie."""


_Place = tuple[int, int]
"""Where some bytes begin and end."""


@dataclass(frozen=True)
class _Box:
    name: bytes
    start: int
    body: int
    end: int


def is_one(head: bytes) -> bool:
    """Whether a file with these first 16 bytes is one."""
    return head[4:8] == b"ftyp" and head[8:12] in BRANDS


def bare(content: bytes) -> bytes:
    """The photo with everything but its pictures overwritten, of the same length. Raises OddBoxes."""
    photo = bytearray(content)
    top = list(_boxes(photo, 0, len(photo)))
    metas = [box for box in top if box.name == b"meta"]
    if not metas:
        raise OddBoxes("no meta")
    found = [_items_of(photo, meta) for meta in metas]
    kept = [place for each, _ in found for place in each]
    gone = [place for _, each in found for place in each]
    if any(start < stop and begin < end for start, end in gone for begin, stop in kept):
        raise OddBoxes("pictures and tags share bytes")
    if not any(box.name in (b"moov", b"moof") for box in top):
        gone += [rest for box in top if box.name == b"mdat" for rest in _between(box, kept)]
    for box in top:
        if box.name not in _TOP:
            _empty(photo, box)
    for start, end in sorted(gone, key=lambda place: place[0] - place[1]):
        photo[start:end] = bytes(end - start)
    for _, tags in found:
        for start, end in tags:
            photo[start:end] = (_NO_TAGS + bytes(end - start))[: end - start]
    return bytes(photo)


def _between(box: _Box, kept: list[_Place]) -> Iterator[_Place]:
    """What of a box's bytes belongs to no picture."""
    at = box.body
    for start, end in sorted(kept):
        if start > at:
            yield at, min(start, box.end)
        at = max(at, end)
        if at >= box.end:
            return
    yield at, box.end


def _boxes(photo: bytearray, at: int, end: int) -> Iterator[_Box]:
    """The boxes from one place to another. Raises OddBoxes where they do not fill it."""
    for _ in range(_MOST_BOXES):
        if at == end:
            return
        if at + 8 > end:
            break
        size, head = int.from_bytes(photo[at : at + 4]), 8
        if size == 1 and at + 16 <= end:
            size, head = int.from_bytes(photo[at + 8 : at + 16]), 16
        size = size or end - at  # 0: to the end
        if size < head or at + size > end:
            break
        yield _Box(bytes(photo[at + 4 : at + 8]), at, at + head, at + size)
        at += size
    raise OddBoxes("boxes do not fit")


def _empty(photo: bytearray, box: _Box) -> None:
    photo[box.start + 4 : box.start + 8] = b"free"
    photo[box.body : box.end] = bytes(box.end - box.body)


def _items_of(photo: bytearray, meta: _Box) -> tuple[list[_Place], list[_Place]]:
    """Where the pictures of a `meta` lie, and where its other items do; what else it tells is emptied."""
    inside = {}
    for box in _boxes(photo, meta.body + 4, meta.end):
        inside[box.name] = box
        if box.name not in _META:
            _empty(photo, box)
    if b"iinf" not in inside or b"iloc" not in inside:
        raise OddBoxes("no items")
    for container in _boxes(photo, inside[b"iprp"].body, inside[b"iprp"].end) if b"iprp" in inside else ():
        for told in _boxes(photo, container.body, container.end) if container.name == b"ipco" else ():
            if told.name in _PROPERTIES:
                _empty(photo, told)
    pictures = {number for number, kind in _items(photo, inside[b"iinf"]) if kind in _PICTURES}
    whole = _Box(b"", 0, 0, len(photo))
    kept: list[_Place] = []
    gone: list[_Place] = []
    for number, is_within, start, length in _places(photo, inside[b"iloc"]):
        holder = inside.get(b"idat") if is_within else whole
        if holder is None or holder.body + start + length > holder.end:
            raise OddBoxes("an item lies outside the file")
        end = holder.body + start + length if length else holder.end
        (kept if number in pictures else gone).append((holder.body + start, end))
    return kept, gone


def _items(photo: bytearray, box: _Box) -> Iterator[tuple[int, bytes]]:
    """Number and type of each item (`infe`, versions 2 and 3; the older ones know no pictures)."""
    version = photo[box.body]
    at = box.body + 4 + (2 if version == 0 else 4)
    for entry in _boxes(photo, at, box.end):
        of = photo[entry.body]
        if entry.name != b"infe" or of not in (2, 3):
            raise OddBoxes("an item without a type")
        wide = 2 if of == 2 else 4
        number = int.from_bytes(photo[entry.body + 4 : entry.body + 4 + wide])
        kind = entry.body + 4 + wide + 2
        yield number, bytes(photo[kind : kind + 4])


def _places(photo: bytearray, box: _Box) -> Iterator[tuple[int, bool, int, int]]:
    """Number, whether within `idat`, start and length (0: to the end) of each extent of each item."""
    reader = _Numbers(photo, box.body, box.end)
    version = reader.number(1)
    reader.number(3)
    sizes, more = reader.number(1), reader.number(1)
    offset, length, base, index = sizes >> 4, sizes & 15, more >> 4, more & 15 if version else 0
    wide = 4 if version == 2 else 2
    for _ in range(reader.number(wide)):
        number = reader.number(wide)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)
        start = reader.number(base)
        for _extent in range(reader.number(2)):
            reader.number(index)
            at, size = reader.number(offset), reader.number(length)
            if method > 1:
                raise OddBoxes("an item made of others' bytes")
            yield number, method == 1, start + at, size


class _Numbers:
    """Numbers of so many bytes, one after the other. Raises OddBoxes beyond the last."""

    def __init__(self, content: bytearray, at: int, end: int) -> None:
        self._content, self._at, self._end = content, at, end

    def number(self, width: int) -> int:
        """The next number; 0 where it has no bytes."""
        start, self._at = self._at, self._at + width
        if self._at > self._end:
            raise OddBoxes("a number beyond its box")
        return int.from_bytes(self._content[start : self._at])
