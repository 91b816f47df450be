"""Photos in the box format of films (HEIC, AVIF; ISO/IEC 23008-12) without what they tell beside the picture.

A box `meta` names the items of the file (`iinf`) and where the bytes of each lie (`iloc`): Exif and XMP are items like
the pictures. Their bytes are overwritten in their place, since others are found by number; how the picture is to be
turned is a property of its own (`irot`, `imir`) and stays.
"""

from collections.abc import Iterator

from server.files import films, media_boxes
from server.files.media_boxes import Box, OddBoxes, Place, boxes

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
_MOST_PLACES = 20_000
"""Of one photo; one of 48 megapixels is put together from some hundreds."""


def is_one(head: bytes) -> bool:
    """Whether a file with these first 16 bytes is one."""
    return head[4:8] == b"ftyp" and head[8:12] in BRANDS


def bare(content: bytes) -> bytes:
    """The photo with everything but its pictures overwritten, of the same length. Raises OddBoxes."""
    photo = bytearray(content)
    top = list(boxes(photo, 0, len(photo)))
    metas = [box for box in top if box.name == b"meta"]
    if not metas:
        raise OddBoxes("no meta")
    found = [_items_of(photo, meta) for meta in metas]
    kept = media_boxes.joined(place for each, _ in found for place in each)
    gone = media_boxes.joined(place for _, each in found for place in each)
    if any(media_boxes.within(kept, gone)):
        raise OddBoxes("pictures and tags share bytes")
    media_boxes.blank(photo, gone)
    if any(box.name in (b"moov", b"moof") for box in top):
        films.empty_told(photo, _TOP)
    else:
        data = media_boxes.joined((box.body, box.end) for box in top if box.name == b"mdat")
        media_boxes.blank(photo, media_boxes.without(data, kept))
    for box in top:
        if box.name not in _TOP:
            media_boxes.empty(photo, box)
    for start, end in (place for _, tags in found for place in tags):
        photo[start : min(end, start + len(_NO_TAGS))] = _NO_TAGS[: end - start]
    return bytes(photo)


def _items_of(photo: bytearray, meta: Box) -> tuple[list[Place], list[Place]]:
    """Where the pictures of a `meta` lie, and where its other items do; what else it tells is emptied."""
    inside = {}
    for box in boxes(photo, meta.body + 4, meta.end):
        inside[box.name] = box
        if box.name not in _META:
            media_boxes.empty(photo, box)
    if b"iinf" not in inside or b"iloc" not in inside:
        raise OddBoxes("no items")
    for container in boxes(photo, inside[b"iprp"].body, inside[b"iprp"].end) if b"iprp" in inside else ():
        for told in boxes(photo, container.body, container.end) if container.name == b"ipco" else ():
            if told.name in _PROPERTIES:
                media_boxes.empty(photo, told)
    pictures = {number for number, kind in _items(photo, inside[b"iinf"]) if kind in _PICTURES}
    whole = Box(b"", 0, 0, len(photo))
    kept: list[Place] = []
    gone: list[Place] = []
    for number, is_within, start, length in _places(photo, inside[b"iloc"]):
        holder = inside.get(b"idat") if is_within else whole
        if holder is None or holder.body + start + length > holder.end:
            raise OddBoxes("an item lies outside the file")
        if len(kept) + len(gone) >= _MOST_PLACES:
            raise OddBoxes("more places than a photo has")
        end = holder.body + start + length if length else holder.end
        (kept if number in pictures else gone).append((holder.body + start, end))
    return kept, gone


def _items(photo: bytearray, box: Box) -> Iterator[tuple[int, bytes]]:
    """Number and type of each item (`infe`, versions 2 and 3; the older ones know no pictures)."""
    version = photo[box.body]
    at = box.body + 4 + (2 if version == 0 else 4)
    for entry in boxes(photo, at, box.end):
        of = photo[entry.body]
        if entry.name != b"infe" or of not in (2, 3):
            raise OddBoxes("an item without a type")
        wide = 2 if of == 2 else 4
        number = int.from_bytes(photo[entry.body + 4 : entry.body + 4 + wide])
        kind = entry.body + 4 + wide + 2
        yield number, bytes(photo[kind : kind + 4])


def _places(photo: bytearray, box: Box) -> Iterator[tuple[int, bool, int, int]]:
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
