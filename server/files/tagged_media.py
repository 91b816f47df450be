"""GIFs and sounds without what they tell beside picture and sound: comments, titles, places, who made them."""

import zlib
from collections.abc import Iterator

_GIF_KEPT = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
"""Extensions that say how often a picture repeats, and how colours look."""
_SEVENS = (21, 14, 7, 0)
"""ID3 writes a size in four times seven bits."""
_MOST_TAGS = 1_000
_MOST_PIECES = 200_000
"""Of one file; a sound of an hour has some ten thousand."""
_WAVE_KEPT = frozenset({b"fmt ", b"data", b"fact", b"cue ", b"smpl", b"ds64", b"PEAK"})


def gif(content: bytes) -> tuple[bytes, bool]:
    """A GIF by its blocks without comments and XMP, and whether it broke off (GIF89a, 12 to 27)."""
    at = 13 + _colours(content, 10)
    kept = [content[:at]]
    for kind, start, end in _gif_blocks(content, at):
        if kind == b";":
            return b"".join([*kept, b";"]), False
        label = content[start + 1 : start + 2]
        is_told = kind == b"!" and (
            label == b"\xfe" or (label == b"\xff" and content[start + 3 : start + 14] not in _GIF_KEPT)
        )
        if not is_told:
            kept.append(content[start:end])
    return b"".join([*kept, b";"]), True


def _colours(content: bytes, flags: int) -> int:
    """Bytes of the table of colours that the flags at this place announce."""
    found = content[flags] if flags < len(content) else 0
    return 3 * 2 ** ((found & 7) + 1) if found & 0x80 else 0


def _gif_blocks(content: bytes, at: int) -> Iterator[tuple[bytes, int, int]]:
    """The first byte, start and end of each block that is whole."""
    pieces = 0
    while at < len(content):
        start, kind = at, content[at : at + 1]
        pieces += 1
        if kind == b";":
            yield kind, at, at + 1
            return
        if kind == b"!":
            at += 2
        elif kind == b",":
            at += 11 + _colours(content, at + 9)
        else:
            return
        while at < len(content) and content[at] and pieces < _MOST_PIECES:
            at += 1 + content[at]
            pieces += 1
        if pieces >= _MOST_PIECES or at >= len(content):
            return
        at += 1
        yield kind, start, at


def mp3(content: bytes) -> tuple[bytes, bool]:
    """A sound of MPEG without ID3 and APE; only one of tags without an end is said to have broken off."""
    at = 0
    for _ in range(_MOST_TAGS):
        if not content.startswith(b"ID3", at) or len(content) < at + 10:
            break
        size = sum(
            (byte & 127) << shift for byte, shift in zip(content[at + 6 : at + 10], _SEVENS, strict=True)
        )
        at += 10 + size + (10 if content[at + 5] & 0x10 else 0)
    else:
        return b"", True
    content = content[at:]
    if content[-128:-125] == b"TAG":
        content = content[:-128]
    if content[-32:-24] == b"APETAGEX":
        size = int.from_bytes(content[-20:-16], "little")
        content = content[: max(0, len(content) - size - (32 if content[-9] & 0x80 else 0))]
    return content, False


def wave(content: bytes) -> tuple[bytes, bool]:
    """A WAV of its sound alone, and whether it broke off: then what is there of the sound stays."""
    kept: list[bytes] = []
    at = 12
    for _ in range(_MOST_PIECES):
        if at + 8 > len(content):
            break
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        if name in _WAVE_KEPT:
            kept.append(content[at:end])
        at = end
    body = b"WAVE" + b"".join(kept)
    is_whole = len(content) - 8 < at <= len(content) + 1
    return b"RIFF" + len(body).to_bytes(4, "little") + body, not is_whole


_OGG_COMMENTS = (b"OpusTags", b"\x03vorbis", b"\x81theora")


def ogg(content: bytes) -> tuple[bytes, bool]:
    """An Ogg whose comments are blank, and whether it broke off; nothing moves (RFC 3533, RFC 7845)."""
    sound = bytearray(content)
    at, telling = 0, None
    for _ in range(_MOST_PIECES):
        if content[at : at + 4] != b"OggS" or at + 27 > len(content):
            break
        laces = content[at + 27 : at + 27 + content[at + 26]]
        body, end = at + 27 + len(laces), at + 27 + len(laces) + sum(laces)
        if end > len(content):
            break
        serial = content[at + 14 : at + 18]
        head = next((each for each in _OGG_COMMENTS if content.startswith(each, body)), None)
        if head is not None or telling == serial:
            first = len(laces) - len(bytes(laces).lstrip(b"\xff"))
            ends = sum(laces[: first + 1])
            # no name of a program, no comments, and the bit that ends them
            blank = (head + bytes(8) + b"\x01" if head is not None else b"") + bytes(ends)
            sound[body : body + ends] = blank[:ends]
            telling = serial if first == len(laces) else None
            sound[at + 22 : at + 26] = bytes(4)
            sound[at + 22 : at + 26] = _ogg_check(sound[at:end]).to_bytes(4, "little")
        at = end
    return bytes(sound[:at]), at != len(content)


def _ogg_check(page: bytes | bytearray) -> int:
    """The sum of a page by which it is known to be whole: CRC-32 without the turned bits that zlib's has."""
    turned = zlib.crc32(page.translate(_TURNED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{turned:032b}"[::-1], 2)


_TURNED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))
"""Each byte with its bits in the other order."""
