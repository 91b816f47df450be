"""GIFs and sounds without what they tell beside picture and sound: comments, titles, places, who made them."""

from collections.abc import Iterator

_GIF_KEPT = (b"NETSCAPE2.0", b"ANIMEXTS1.0", b"ICCRGBG1012")
"""Extensions that say how often a picture repeats, and how colours look."""
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
    while at < len(content):
        start, kind = at, content[at : at + 1]
        if kind == b";":
            yield kind, at, at + 1
            return
        if kind == b"!":
            at += 2
        elif kind == b",":
            at += 11 + _colours(content, at + 9)
        else:
            return
        while at < len(content) and content[at]:
            at += 1 + content[at]
        if at >= len(content):
            return
        at += 1
        yield kind, start, at


def mp3(content: bytes) -> tuple[bytes, bool]:
    """An MP3 without ID3 and APE; it cannot be said to have broken off."""
    while content[:3] == b"ID3" and len(content) >= 10:
        size = sum((byte & 127) << shift for byte, shift in zip(content[6:10], (21, 14, 7, 0), strict=True))
        content = content[10 + size + (10 if content[5] & 0x10 else 0) :]
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
    while at + 8 <= len(content):
        name, size = content[at : at + 4], int.from_bytes(content[at + 4 : at + 8], "little")
        end = at + 8 + size + size % 2
        if name in _WAVE_KEPT:
            kept.append(content[at:end])
        at = end
    body = b"WAVE" + b"".join(kept)
    return b"RIFF" + len(body).to_bytes(4, "little") + body, at > len(content) + 1


_OGG_COMMENTS = (b"OpusTags", b"\x03vorbis", b"\x81theora")


def ogg(content: bytes) -> tuple[bytes, bool]:
    """An Ogg whose comments are blank, and whether it broke off; nothing moves (RFC 3533, RFC 7845)."""
    sound = bytearray(content)
    at, telling = 0, None
    while content[at : at + 4] == b"OggS" and at + 27 <= len(content):
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


def _ogg_check(page: bytearray) -> int:
    """The sum of a page by which it is known to be whole."""
    found = 0
    for byte in page:
        found = ((found << 8) & 0xFFFFFFFF) ^ _OGG_SUMS[(found >> 24) ^ byte]
    return found


def _ogg_sum(first: int) -> int:
    found = first << 24
    for _ in range(8):
        found = ((found << 1) ^ (0x04C11DB7 if found & 0x80000000 else 0)) & 0xFFFFFFFF
    return found


_OGG_SUMS = tuple(map(_ogg_sum, range(256)))
