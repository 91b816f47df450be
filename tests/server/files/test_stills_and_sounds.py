"""HEIC, AVIF, GIF and sounds without place and phone; what cannot be taken apart is not kept (R21)."""

import io
import struct
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from server.files import attachments, photo_metadata, tagged_media
from tests.server.files.test_films import MAKER, PLACE, box

OTHER = b"Nha Tung 7 Pro"
PIXELS = bytes(range(200)) * 3
"""What stands for the coded picture."""


def full(name: bytes, version: int, content: bytes) -> bytes:
    return box(name, bytes([version, 0, 0, 0]) + content)


def item(number: int, kind: bytes) -> bytes:
    return full(b"infe", 2, struct.pack(">HH4s", number, 0, kind) + b"name\0")


def heic(
    *, exif: bytes = bytes(4) + b"MM\0*" + MAKER * 4, extra: bytes = b"", kind: bytes = b"hvc1"
) -> bytes:
    """A photo of a phone: a picture (item 1), Exif (2) and XMP (3), the last within `idat`, others in `mdat`."""
    xmp = b"<x:xmpmeta>" + PLACE

    def meta(first: int) -> bytes:
        iinf = full(b"iinf", 0, struct.pack(">H", 3) + item(1, kind) + item(2, b"Exif") + item(3, b"mime"))
        rows = [(1, 0, first, len(PIXELS)), (2, 0, first + len(PIXELS) + 9, len(exif)), (3, 1, 0, len(xmp))]
        places = b"".join(struct.pack(">HHHHII", n, method, 0, 1, at, size) for n, method, at, size in rows)
        iloc = full(b"iloc", 1, b"\x44\x00" + struct.pack(">H", 3) + places)
        told = box(b"iprp", box(b"ipco", box(b"irot", b"\x01") + full(b"udes", 0, PLACE)))
        return full(b"meta", 0, full(b"hdlr", 0, bytes(21)) + iinf + iloc + told + box(b"idat", xmp) + extra)

    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    first = len(head) + len(meta(0)) + 8
    data = box(b"mdat", PIXELS + b"unnamed!!" + exif + MAKER)
    return head + meta(first) + data + box(b"mpvd", PLACE)


def told(content: bytes) -> bool:
    return any(each in content for each in (PLACE, MAKER, b"unnamed"))


def test_a_heic_keeps_its_picture_and_tells_nothing() -> None:
    whole = heic()
    bare = photo_metadata.bare(whole)
    assert told(whole)
    assert not bare.is_broken
    assert not told(bare.content)
    assert len(bare.content) == len(whole), "others point at bytes by their number"
    assert bare.content[bare.content.index(PIXELS[:50]) :].startswith(PIXELS)
    assert box(b"irot", b"\x01") in bare.content, "it is turned as before"
    assert photo_metadata.bare(bare.content) == bare


def test_a_heic_that_cannot_be_taken_apart_is_not_kept() -> None:
    for odd in (heic()[:-100], heic().replace(b"iloc", b"ilok"), heic().replace(b"infe\x02", b"infe\x00")):
        assert photo_metadata.bare(odd) == photo_metadata.CutPhoto(b"", is_broken=True, is_refused=True)


@given(st.integers(0, 900), st.binary(min_size=1, max_size=8))
def test_a_spoiled_heic_fails_in_no_other_way(place: int, spoiled: bytes) -> None:
    whole = heic()
    found = (
        photo_metadata.bare(whole[:place] + spoiled + whole[place + len(spoiled) :])
        if place > 12
        else photo_metadata.bare(whole)
    )
    assert found.is_refused or len(found.content) >= len(whole) - 8


def test_a_real_avif_shows_the_same_picture_and_tells_nothing() -> None:
    picture = Image.effect_noise((64, 48), 80).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = MAKER.decode()
    exif.get_ifd(0x8825)[1] = "N"
    exif.get_ifd(0x8825)[2] = (20.0, 48.0, 44.3)
    out = io.BytesIO()
    picture.save(out, "AVIF", exif=exif, xmp=b"<x:xmpmeta>" + PLACE)
    bare = photo_metadata.bare(out.getvalue())
    assert told(out.getvalue())
    assert not bare.is_broken
    assert not told(bare.content)
    shown = Image.open(io.BytesIO(bare.content))
    assert shown.tobytes() == Image.open(io.BytesIO(out.getvalue())).tobytes()
    assert dict(shown.getexif()) == {}


def test_a_gif_keeps_its_pictures_and_no_comment() -> None:
    frames = [Image.effect_noise((20, 20), n * 9 + 9).convert("P") for n in range(3)]
    out = io.BytesIO()
    frames[0].save(out, "GIF", save_all=True, append_images=frames[1:], loop=0, comment=PLACE)
    xmp = b"!\xff\x0bXMP DataXMP" + bytes([len(MAKER)]) + MAKER + b"\0"
    whole = out.getvalue()[:-1] + xmp + b";" + MAKER
    bare = photo_metadata.bare(whole)
    assert told(whole)
    assert not told(bare.content)
    assert not bare.is_broken
    one, other = Image.open(io.BytesIO(bare.content)), Image.open(out)
    assert one.n_frames == other.n_frames == 3
    for n in range(3):
        one.seek(n)
        other.seek(n)
        assert one.convert("RGB").tobytes() == other.convert("RGB").tobytes()
    assert one.info["loop"] == 0
    assert photo_metadata.bare(whole[:200]).is_broken


def test_an_mp3_keeps_its_sound_alone() -> None:
    sound = b"\xff\xfb\x90\x00" + PIXELS
    head = b"ID3\x04\0\0" + bytes([0, 0, len(PLACE) >> 7, len(PLACE) & 127]) + PLACE
    ape = MAKER + b"APETAGEX" + struct.pack("<IIII", 2_000, len(MAKER) + 32, 1, 0) + bytes(8)
    for whole in (
        head + sound,
        head + head + sound + ape + b"TAG" + MAKER.ljust(125),
        sound + b"TAG" + MAKER.ljust(125),
    ):
        assert photo_metadata.bare(whole) == photo_metadata.CutPhoto(sound, is_broken=False)


def test_a_wav_keeps_its_sound_alone() -> None:
    def chunk(name: bytes, content: bytes) -> bytes:
        return name + struct.pack("<I", len(content)) + content + bytes(len(content) % 2)

    kept = chunk(b"fmt ", bytes(16)) + chunk(b"data", PIXELS)
    whole = b"WAVE" + chunk(b"LIST", b"INFOICMT" + PLACE) + kept + chunk(b"id3 ", MAKER)
    bare = photo_metadata.bare(b"RIFF" + struct.pack("<I", len(whole)) + whole)
    assert bare == photo_metadata.CutPhoto(
        b"RIFF" + struct.pack("<I", len(kept) + 4) + b"WAVE" + kept, is_broken=False
    )


def ogg_page(sequence: int, packet: bytes) -> bytes:
    laces = bytes([255] * (len(packet) // 255) + [len(packet) % 255])
    head = b"OggS\0\0" + struct.pack("<qIII", 0, 7, sequence, 0) + bytes([len(laces)]) + laces
    check = tagged_media._ogg_check(bytearray(head + packet))
    return head[:22] + struct.pack("<I", check) + head[26:] + packet


@pytest.mark.parametrize("head", [b"OpusTags", b"\x03vorbis"])
def test_an_ogg_keeps_its_sound_and_its_pages_are_whole(head: bytes) -> None:
    comments = head + struct.pack("<I", 4) + b"prog" + struct.pack("<II", 1, len(PLACE)) + PLACE + MAKER * 30
    pages = [ogg_page(0, b"OpusHead" + bytes(11)), ogg_page(1, comments), ogg_page(2, PIXELS)]
    bare = photo_metadata.bare(b"".join(pages))
    blank = head + bytes(8) + b"\x01" + bytes(len(comments) - len(head) - 9)
    assert bare == photo_metadata.CutPhoto(pages[0] + ogg_page(1, blank) + pages[2], is_broken=False)


def test_the_sum_of_an_ogg_page_is_that_of_the_standard() -> None:
    """CRC-32 bit by bit, with the polynomial of RFC 3533 and nothing turned round."""
    found = 0
    for byte in PIXELS:
        found ^= byte << 24
        for _ in range(8):
            found = ((found << 1) ^ (0x04C11DB7 if found & 0x80000000 else 0)) & 0xFFFFFFFF
    assert tagged_media._ogg_check(PIXELS) == found


@pytest.mark.parametrize(
    "head",
    [
        b"II*\0", b"MM\0*", b"\x1aE\xdf\xa3", b"fLaC", b"\0\0\0\x0cJXL \r\n\x87\n", b"\xff\x0a",
        b"\0\0\0\x0cjP  \r\n\x87\n", b"RIFF\0\0\0\0AVI ", b"FORM\0\0\0\0AIFF", b"FORM\0\0\0\0AIFC", b"caff\0\1",
        b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", b"FLV\x01", b"IIU\0", b"IIRO", b"IIRS", b"FUJIFILMCCD-RAW ",
    ],
)  # fmt: skip
def test_what_tells_and_shows_at_once_is_not_kept_and_said_so(head: bytes) -> None:
    assert photo_metadata.is_picture((head + bytes(12))[:16])
    assert photo_metadata.bare(head + PLACE) == photo_metadata.CutPhoto(b"", is_broken=True, is_refused=True)


@pytest.mark.parametrize(
    ("head", "kind"),
    [(b"heic", "image/heic"), (b"mif1", "image/heic"), (b"avif", "image/avif"), (b"mp42", "video/mp4")],
)
def test_boxes_are_called_what_they_are(head: bytes, kind: str) -> None:
    assert attachments.type_of(box(b"ftyp", head + bytes(8))[:16], "a.jpg") == kind


def test_a_heic_with_a_film_in_it_tells_no_more_than_a_film() -> None:
    """Pictures that move have a `moov` beside their `meta`."""
    moving = heic() + box(b"moov", box(b"udta", box(b"\xa9xyz", PLACE)) + box(b"smta", OTHER))
    bare = photo_metadata.bare(moving)
    assert not bare.is_refused
    assert not any(each in bare.content for each in (PLACE, OTHER))


@pytest.mark.parametrize("head", [b"\xff\xfa", b"\xff\xf1", b"\xff\xf9", b"\xff\xe3"])
def test_sounds_of_mpeg_lose_their_titles_however_they_begin(head: bytes) -> None:
    sound = head + b"\x90\x00" + PIXELS
    assert photo_metadata.bare(sound + b"TAG" + MAKER.ljust(125)).content == sound


def many_extents() -> bytes:
    """A HEIC that says 65,535 times, in no byte each, where an item lies; and so 2,000 times."""
    items = full(b"iinf", 0, struct.pack(">H", 1) + item(1, b"hvc1"))
    rows = struct.pack(">HHH", 1, 0, 65_535) * 2_000
    places = full(b"iloc", 0, b"\0\0" + struct.pack(">H", 2_000) + rows)
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + full(b"meta", 0, items + places)


def many_items() -> bytes:
    """A HEIC of 19,000 items, each of which lies over the whole file."""
    numbers = range(19_000)
    items = b"".join(item(n, b"hvc1" if n % 2 else b"Exif") for n in numbers)
    rows = b"".join(struct.pack(">HHHII", n, 0, 1, 100, 400_000) for n in numbers if n % 2 == 0)
    places = full(b"iloc", 0, b"\x44\0" + struct.pack(">H", len(numbers) // 2) + rows)
    return box(b"ftyp", b"heic\0\0\0\0mif1heic") + full(
        b"meta", 0, full(b"iinf", 0, struct.pack(">H", len(numbers)) + items) + places
    )


PIECES = {
    "tags before a sound": b"ID3\4\0\0\0\0\0\0" * 400_000,
    "extents without bytes": many_extents(),
    "items over each other": many_items(),
    "chunks of a PNG": b"\x89PNG\r\n\x1a\n" + b"\0\0\0\0IDAT\0\0\0\0" * 400_000,
    "chunks of a WebP": b"RIFF\xff\xff\xff\0WEBP" + b"VP8 \0\0\0\0" * 500_000,
    "blocks of a GIF": b"GIF89a\1\0\1\0\0\0\0" + b"!\xfe" + b"\1a" * 2_000_000,
    "pages of an Ogg": (b"OggS" + bytes(22) + b"\0") * 150_000,
    "boxes of a film": box(b"ftyp", b"isom") + box(b"moov", box(b"trak", b"") * 500_000),
    "a scan full of escapes": b"\xff\xd8\xff\xda\0\2" + b"\xff\0" * 2_000_000,
}
"""Some 4 MB each; a phone may send 20."""


@pytest.mark.parametrize("name", PIECES)
def test_a_file_of_a_million_pieces_costs_no_more_than_its_bytes(name: str) -> None:
    """They are read in the process that phones wait for (docs/decisions/0040)."""
    before = time.thread_time()
    photo_metadata.bare(PIECES[name])
    assert time.thread_time() - before < 0.6
