"""A photo without what it tells beside the picture: where, when and by which phone it was taken (R21).

Nothing is decoded and drawn anew: pieces of the file are kept whole or left out, by lists of those that make the
picture. So a photo loses no quality, and no spoiled file can be a bomb. How it is to be turned stays, as the only
tag.
"""

import dataclasses
import itertools
import re
import struct
import zlib
from collections.abc import Callable, Iterator

from server.files import films, heif_photos, tagged_media
from server.files.media_boxes import OddBoxes

_EXIF = b"Exif\x00\x00"
_PNG = b"\x89PNG\r\n\x1a\n"
_ORIENTATION = 0x0112

_JPEG_KEPT = frozenset({*range(0xC0, 0xD0), 0xDB, 0xDC, 0xDD, 0xDE, 0xDF}) - {0xC8}
"""Frames, tables and sizes; scans (0xDA) are copied apart."""
_JPEG_NAMED = {0xE0: b"JFIF\x00", 0xE2: b"ICC_PROFILE\x00", 0xEE: b"Adobe"}
"""Segments of applications that decide how colours look."""
_FILL = re.compile(rb"\xff+")
"""A marker may be preceded by any number of bytes that fill."""
_MARKER = re.compile(rb"\xff(?:[^\x00\xd0-\xd7]|\Z)")
_PNG_KEPT = frozenset(
    b"IHDR PLTE IDAT IEND tRNS cHRM gAMA iCCP sBIT sRGB cICP bKGD pHYs acTL fcTL fdAT".split()
)
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP"})
_WEBP_EXIF_FLAG, _WEBP_XMP_FLAG = 0x08, 0x04


_MOST_PIECES = 200_000
"""Of one file; a photo of a phone has some hundreds."""
_OLD_FILM = frozenset({b"moov", b"mdat", b"wide", b"free", b"skip", b"pnot"})
"""First boxes of QuickTime films older than `ftyp`."""
_REFUSED_BOXES = frozenset({b"JXL ", b"jP  "})


@dataclasses.dataclass(frozen=True)
class CutPhoto:
    """The picture alone; `is_broken` where the file broke off or made no sense from some place on."""

    content: bytes
    is_broken: bool
    is_refused: bool = False
    """Nothing of it is kept, since what it tells cannot be told apart from what it shows."""


def is_picture(head: bytes) -> bool:
    """Whether a file with these first 16 bytes is one that `bare` reads."""
    return _reader(head) is not None


def bare(content: bytes) -> CutPhoto:
    """What is left of a photo, film or sound; ValueError for anything else. Bare once, it stays as it is."""
    read = _reader(content)
    if read is None:
        raise ValueError("no photo, film or sound")
    return read(content)


def _reader(head: bytes) -> Callable[[bytes], CutPhoto] | None:
    if heif_photos.is_one(head):
        return _boxed(lambda content: (heif_photos.bare(content), False))
    if head[4:8] == b"ftyp" or head[4:8] in _OLD_FILM:
        return _boxed(films.bare)
    if head[4:8] in _REFUSED_BOXES:
        return _refused
    if head[:4] == b"RIFF":
        return {b"WEBP": _webp, b"WAVE": _tagged(tagged_media.wave)}.get(head[8:12], _refused)
    found = next((read for first, read in _BY_FIRST_BYTES if head.startswith(first)), None)
    is_sound = head[:1] == b"\xff" and head[1:2] >= b"\xe0"
    return found or (_tagged(tagged_media.mp3) if is_sound else None)


def _tagged(read: Callable[[bytes], tuple[bytes, bool]]) -> Callable[[bytes], CutPhoto]:
    return lambda content: CutPhoto(*read(content))


def _boxed(read: Callable[[bytes], tuple[bytes, bool]]) -> Callable[[bytes], CutPhoto]:
    def cut(content: bytes) -> CutPhoto:
        try:
            return CutPhoto(*read(content))
        except OddBoxes:
            return _refused(content)

    return cut


def _jpeg(content: bytes) -> CutPhoto:
    """JPEG by its segments; whatever stands behind the end of the picture (a film, a second photo) is dropped."""
    kept: list[bytes] = []
    turn, at, is_broken = 1, 2, True
    while len(kept) < _MOST_PIECES and (found := _segment(content, at)) is not None:
        marker, start, end = found
        if marker == 0xD9:
            is_broken = False
            break
        body = content[start + 4 : end]
        if marker == 0xE1 and body.startswith(_EXIF):
            turn = _turn(body[len(_EXIF) :]) or turn
        elif marker == 0xDA:
            end = _end_of_scan(content, end)
            kept.append(content[start:end])
        elif marker in _JPEG_KEPT or body.startswith(_JPEG_NAMED.get(marker, b"\xff\xff\xff")):
            kept.append(content[start:end])
        at = end
    if turn != 1:
        exif = _EXIF + _tag(turn)
        place = 1 if kept and kept[0][1] == 0xE0 else 0
        kept.insert(place, b"\xff\xe1" + struct.pack(">H", len(exif) + 2) + exif)
    return CutPhoto(b"\xff\xd8" + b"".join(kept) + b"\xff\xd9", is_broken)


def _segment(content: bytes, at: int) -> tuple[int, int, int] | None:
    """The marker at a place, where it begins and where its segment ends; None where there is none."""
    filled = _FILL.match(content, at)
    if filled is None:
        return None
    at = filled.end() - 1
    marker = content[at + 1] if at + 1 < len(content) else 0
    if marker == 0xD9:
        return marker, at, at + 2
    length = int.from_bytes(content[at + 2 : at + 4]) if at + 4 <= len(content) else 0
    if marker < 0xC0 or 0xD0 <= marker <= 0xD8 or length < 2 or at + 2 + length > len(content):
        return None
    return marker, at, at + 2 + length


def _end_of_scan(content: bytes, at: int) -> int:
    """Where coded data end: at the first 0xFF that is neither stuffed (00) nor a restart (D0 to D7)."""
    found = _MARKER.search(content, at)
    return found.start() if found is not None else len(content)


def _png(content: bytes) -> CutPhoto:
    """PNG by its chunks, up to the last one."""
    kept: list[bytes] = []
    turn, is_broken = 1, True
    for name, start, end in itertools.islice(_png_chunks(content), _MOST_PIECES):
        if name == b"eXIf":
            turn = _turn(content[start + 8 : end - 4]) or turn
        elif name in _PNG_KEPT:
            kept.append(content[start:end])
        is_broken = name != b"IEND"
    if turn != 1 and kept:
        exif = b"eXIf" + _tag(turn)
        kept.insert(1, struct.pack(">I", len(exif) - 4) + exif + struct.pack(">I", zlib.crc32(exif)))
    return CutPhoto(_PNG + b"".join(kept), is_broken)


def _png_chunks(content: bytes) -> Iterator[tuple[bytes, int, int]]:
    at = len(_PNG)
    while at + 12 <= len(content):
        end = at + 12 + int.from_bytes(content[at : at + 4])
        name = content[at + 4 : at + 8]
        if end > len(content):
            return
        yield name, at, end
        if name == b"IEND":
            return
        at = end


def _webp(content: bytes) -> CutPhoto:
    """WebP by its chunks, within the length that its head tells."""
    kept: list[bytes] = []
    turn = 1
    last = min(len(content), 8 + int.from_bytes(content[4:8], "little"))
    at = 12
    while at + 8 <= last and len(kept) < _MOST_PIECES:
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        end = at + 8 + size
        if end > last:
            break
        if name == b"EXIF":
            turn = _turn(content[at + 8 : end].removeprefix(_EXIF)) or turn
        elif name in _WEBP_KEPT:
            kept.append(_even(content[at:end]))
        at = end + size % 2
    is_broken = at < last or 8 + int.from_bytes(content[4:8], "little") > len(content)
    return CutPhoto(_webp_of(kept, turn), is_broken)


def _webp_of(kept: list[bytes], turn: int) -> bytes:
    """The file again; only its extended head (VP8X) can say that it is turned."""
    is_extended = bool(kept) and kept[0][:4] == b"VP8X" and len(kept[0]) >= 9
    if is_extended:
        flags = kept[0][8] & ~(_WEBP_EXIF_FLAG | _WEBP_XMP_FLAG) | (_WEBP_EXIF_FLAG if turn != 1 else 0)
        kept = [kept[0][:8] + bytes([flags]) + kept[0][9:], *kept[1:]]
        if turn != 1:
            tag = _tag(turn)
            kept.append(_even(b"EXIF" + struct.pack("<I", len(tag)) + tag))
    body = b"WEBP" + b"".join(kept)
    return b"RIFF" + struct.pack("<I", len(body)) + body


def _even(chunk: bytes) -> bytes:
    return chunk + b"\x00" * (len(chunk) % 2)


def _turn(tiff: bytes) -> int | None:
    """How the picture is to be turned (1 to 8) by the first list of tags; None where it does not say."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 8:
        return None
    (at,) = struct.unpack_from(order + "I", tiff, 4)
    if at + 2 > len(tiff):
        return None
    (count,) = struct.unpack_from(order + "H", tiff, at)
    for place in range(at + 2, min(at + 2 + 12 * count, len(tiff) - 11), 12):
        tag, kind, _, value = struct.unpack_from(order + "HHIH", tiff, place)
        if tag == _ORIENTATION:
            return value if kind == 3 and 1 <= value <= 8 else None
    return None


def _tag(turn: int) -> bytes:
    """Tags with this one alone."""
    head = b"MM\x00\x2a" + struct.pack(">I", 8)
    return head + struct.pack(">HHHIHHI", 1, _ORIENTATION, 3, 1, turn, 0, 0)


def _refused(_content: bytes) -> CutPhoto:
    """TIFF and raw photos, JPEG XL and 2000, AVI, Matroska, AIFF, FLAC, ASF: they tell among what they show."""
    return CutPhoto(b"", is_broken=True, is_refused=True)


_MIXED = (
    b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+", b"IIU\x00", b"IIRO", b"IIRS", b"FUJIFILM", b"\xff\x0a",
    b"\x1aE\xdf\xa3", b"fLaC", b"FORM", b"caff", b"\x30\x26\xb2\x75", b"FLV\x01",
)  # fmt: skip
_BY_FIRST_BYTES = (
    (b"\xff\xd8\xff", _jpeg),
    (_PNG, _png),
    (b"GIF8", _tagged(tagged_media.gif)),
    (b"ID3", _tagged(tagged_media.mp3)),
    (b"OggS", _tagged(tagged_media.ogg)),
    *((first, _refused) for first in _MIXED),
)
