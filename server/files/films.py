"""Films and sounds in boxes (MP4, 3GP, MOV, M4A) without where, when and with what they were made (ISO/IEC 14496-12).

Boxes that no player needs are emptied in their place, since others point at bytes by number. Where a track is neither
picture nor sound (`mebx`, `camm`, `gpmd`, subtitles with places), its bytes are overwritten where they lie.
"""

import struct
from collections.abc import Iterator
from contextlib import suppress

from server.files import media_boxes
from server.files.media_boxes import Box, OddBoxes, Place

_STABLE = frozenset(
    b"stsd stts ctts cslg stss stps stsc stsz stz2 stco co64 sdtp sgpd sbgp subs saiz saio stdp padb".split()
)
_KEPT = {
    b"moov": frozenset(b"mvhd trak mvex iods".split()),
    b"mvex": frozenset(b"mehd trex leva".split()),
    b"trak": frozenset(b"tkhd mdia edts tref tapt clip matt load".split()),
    b"mdia": frozenset(b"mdhd hdlr minf elng".split()),
    b"minf": frozenset(b"vmhd smhd nmhd hdlr dinf stbl".split()),
    b"stbl": _STABLE,
    b"moof": frozenset(b"mfhd traf".split()),
    b"traf": frozenset(b"tfhd tfdt trun senc".split()) | _STABLE,
}
"""What a player needs of each box that holds others."""
_TOP = frozenset(b"ftyp styp moov moof mdat mfra sidx ssix pdin imda".split())
_DATA = frozenset((b"mdat", b"imda"))
_SEEN = frozenset(b"vide auxv pict".split())
_PLAYED = _SEEN | {b"soun"}
"""Kinds of tracks that are seen and heard."""
_TIMED = frozenset(b"mvhd tkhd mdhd".split())
_MAKER, _CODER = (12, 16), (42, 74)
"""Where a description of pictures says who made them, and by which program."""
_BRAND = 12
"""Bytes by which a film is known to be one."""
_MOST_NUMBERS = 200_000
"""Of one table of a track that is left out; those of an hour have some ten thousand."""


def bare(content: bytes) -> tuple[bytes, bool]:
    """A film that tells nothing beside picture and sound, and whether it broke off. Raises OddBoxes.

    What is whole of one that broke off is kept, and of the rest what may be picture or sound.
    """
    film = bytearray(content)
    is_whole = empty_told(film, _TOP)
    return bytes(film), not is_whole


def empty_told(film: bytearray, top: frozenset[bytes]) -> bool:
    """Empty what tells something, of boxes not in `top` all; whether they fill the file. Raises OddBoxes."""
    cleaner = _Cleaner(film)
    is_whole = cleaner.row(0, len(film), top)
    media_boxes.blank(film, cleaner.told())
    return is_whole


class _NotKept(OddBoxes):
    """A film of which it cannot be said what in it tells something."""


class _Cleaner:
    """One walk through a film: what it met of data, and of tracks that tell something."""

    def __init__(self, film: bytearray) -> None:
        self._film = film
        self._data: list[Place] = []
        self._told: list[Place] = []
        self._has_pieces = self._has_told = self._is_seen = False

    def told(self) -> Iterator[Place]:
        """Bytes of tracks that are neither seen nor heard, within those of the film."""
        if self._has_pieces and self._has_told:
            raise _NotKept("a track that tells something lies in pieces")
        return media_boxes.within(media_boxes.joined(self._told), media_boxes.joined(self._data))

    def row(self, at: int, end: int, kept: frozenset[bytes]) -> bool:
        """Clean the boxes from one place to another; whether they fill it."""
        try:
            for box in media_boxes.boxes(self._film, at, end):
                self._box(box, kept)
                at = box.end
        except _NotKept:
            raise
        except OddBoxes:
            self._rest(at, end, kept)
            return False
        return True

    def _rest(self, at: int, end: int, kept: frozenset[bytes]) -> None:
        """What follows the last whole box: data of a film that broke off stay, anything else may tell something."""
        is_data = bool(kept & _DATA) and self._film[at + 4 : at + 8] == b"mdat"
        if is_data:
            self._data.append((at + 8, end))
        else:
            media_boxes.blank(self._film, [(at or _BRAND, end)])

    def _box(self, box: Box, kept: frozenset[bytes]) -> None:
        if box.name == b"cmov":
            raise _NotKept("a head that is packed")
        if box.name not in kept:
            media_boxes.empty(self._film, box)
        elif box.name == b"trak":
            self._track(box)
        elif box.name in _KEPT:
            self._has_pieces = self._has_pieces or box.name == b"moof"
            self.row(box.body, box.end, _KEPT[box.name])
        elif box.name in _DATA:
            self._data.append((box.body, box.end))
        else:
            self._blank_within(box)

    def _blank_within(self, box: Box) -> None:
        """Times and makers within a box that stays."""
        if box.name in _TIMED:
            wide = 8 if self._film[box.body : box.body + 1] == b"\0" else 16
            self._blank(box, 4, 4 + wide)
        elif box.name == b"hdlr":
            self._blank(box, 12, box.end - box.body)
        elif box.name == b"stsd" and self._is_seen:
            for entry in self._in(box, 8):
                self._blank(entry, *_MAKER)
                self._blank(entry, *_CODER)

    def _blank(self, box: Box, first: int, last: int) -> None:
        start, end = (min(box.body + each, box.end) for each in (first, last))
        media_boxes.blank(self._film, [(start, end)])

    def _track(self, track: Box) -> None:
        handler = self._first(track, b"mdia", b"hdlr")
        kind = bytes(self._film[handler.body + 8 : handler.body + 12]) if handler is not None else b""
        if kind in _PLAYED:
            self._is_seen = kind in _SEEN
            self.row(track.body, track.end, _KEPT[b"trak"])
            return
        table = self._first(track, b"mdia", b"minf", b"stbl")
        if table is not None:
            self._has_told = True
            self._told += self._chunks(table)
        media_boxes.empty(self._film, track)

    def _chunks(self, table: Box) -> Iterator[Place]:
        """Where the chunks of a track lie; a chunk is so many samples, each of its size."""
        _, *places = self._numbers(table, b"stco", "I", 1) or self._numbers(table, b"co64", "Q", 1) or [0]
        _, *runs = self._numbers(table, b"stsc", "I", 1) or [0]
        alike, _, *sizes = self._numbers(table, b"stsz", "I", 2) or [0, 0]
        if places and (len(runs) < 3 or not (alike or sizes)):
            raise _NotKept("a track that does not say how large it is")
        run = sample = 0
        for number, start in enumerate(places, 1):
            while run + 5 < len(runs) and runs[run + 3] <= number:
                run += 3
            count = runs[run + 1]
            size = alike * count if alike else sum(sizes[sample : sample + count])
            sample += count
            yield start, start + size

    def _numbers(self, table: Box, name: bytes, kind: str, heads: int) -> list[int]:
        """What a table says first, in so many numbers of 4 bytes, and its rows; nothing where it is not there."""
        box = self._first(table, name)
        if box is None or box.end < box.body + 4 + 4 * heads:
            return []
        first = box.body + 4 + 4 * heads
        count = (box.end - first) // struct.calcsize(">" + kind)
        if count > _MOST_NUMBERS:
            raise _NotKept("more chunks than a film has")
        head = struct.unpack_from(f">{heads}I", self._film, box.body + 4)
        return [*head, *struct.unpack_from(f">{count}{kind}", self._film, first)]

    def _first(self, box: Box, *names: bytes) -> Box | None:
        """The first box of a name within the first of another, and so on; None where there is none."""
        found: Box | None = box
        for name in names:
            found = next((each for each in self._in(found, 0) if each.name == name), None) if found else None
        return found

    def _in(self, box: Box, first: int) -> Iterator[Box]:
        """The boxes within another, as far as they are whole."""
        with suppress(OddBoxes):
            yield from media_boxes.boxes(self._film, box.body + first, box.end)
