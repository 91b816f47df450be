"""A film without where and by which phone it was taken; its picture and sound stay byte for byte (R21)."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from server.files import photo_metadata

PLACE, MAKER = b"+20.8123+106.5456/", b"Tung Nha Phone 9"


def box(name: bytes, content: bytes, *, is_long: bool = False) -> bytes:
    if is_long:
        return struct.pack(">I4sQ", 1, name, len(content) + 16) + content
    return struct.pack(">I4s", len(content) + 8, name) + content


def film(*, is_long: bool = False) -> bytes:
    told = box(b"udta", box(b"\xa9xyz", PLACE)) + box(b"meta", MAKER) + box(b"mvhd", bytes(100))
    track = box(b"trak", box(b"tkhd", bytes(84)) + box(b"udta", MAKER))
    return (
        box(b"ftyp", b"isom\0\0\0\0isom")
        + box(b"moov", told + track, is_long=is_long)
        + box(b"uuid", bytes(16) + b"<x:xmpmeta>" + PLACE)
        + box(b"mdat", b"picture and sound" * 50)
    )


def test_a_film_tells_neither_place_nor_phone_and_nothing_moves() -> None:
    for is_long in (False, True):
        whole = film(is_long=is_long)
        bare = photo_metadata.bare(whole)
        assert not bare.is_broken
        assert PLACE not in bare.content
        assert MAKER not in bare.content
        assert len(bare.content) == len(whole), "others point at bytes by their number"
        assert bare.content[-858:] == whole[-858:]
        assert photo_metadata.bare(bare.content) == bare


def test_a_film_that_broke_off_is_kept_as_far_as_it_goes_and_told() -> None:
    cut = photo_metadata.bare(film()[:-100])
    assert cut.is_broken
    assert PLACE not in cut.content


@given(st.binary(max_size=200))
def test_no_film_is_too_strange_to_be_read(rest: bytes) -> None:
    assert len(photo_metadata.bare(box(b"ftyp", b"mp42") + rest).content) == 12 + len(rest)


def test_boxes_in_boxes_without_end_end() -> None:
    deep = b""
    for _ in range(5_000):
        deep = box(b"moov", deep)
    assert len(photo_metadata.bare(box(b"ftyp", b"mp42") + deep).content) == 12 + len(deep)


SEEN = b"picture"
TIMES = struct.pack(">II", 3_900_000_001, 3_900_000_002)
"""When it was made and changed, in seconds since 1904."""


def full(name: bytes, *numbers: int, rest: bytes = b"") -> bytes:
    return box(name, struct.pack(f">{len(numbers) + 1}I", 0, *numbers) + rest)


def track(
    kind: bytes, chunks: list[int], sizes: list[int], *, per_chunk: int = 1, is_wide: bool = False
) -> bytes:
    """A track of a film: what it is, where its chunks begin, and how large its samples are."""
    if is_wide:
        places = full(b"co64", len(chunks), rest=struct.pack(f">{len(chunks)}Q", *chunks))
    else:
        places = full(b"stco", len(chunks), *chunks)
    alike = sizes[0] if len(set(sizes)) == 1 else 0
    table = full(b"stsz", alike, len(sizes), *(() if alike else sizes))
    tables = box(b"stbl", full(b"stsd", 0) + full(b"stsc", 1, 1, per_chunk, 1) + table + places)
    handler = full(b"hdlr", 0, rest=kind + b"appl" + bytes(8) + MAKER + b"\0")
    media = full(b"mdhd", rest=TIMES + bytes(12)) + handler + box(b"minf", tables)
    return box(b"trak", full(b"tkhd", rest=TIMES + bytes(72)) + box(b"mdia", media))


def film_of_tracks(told: list[bytes], *, kind: bytes, is_wide: bool = False) -> bytes:
    """A film whose places are a track beside its pictures, as cameras that follow their way write them."""
    head = box(b"ftyp", b"qt  \0\0\0\0qt  ")
    sizes = [len(each) for each in told]
    first = len(head) + 8
    data = b"".join(SEEN + each for each in told)
    chunks = [first + n * len(SEEN) + sum(sizes[:n]) + len(SEEN) for n in range(len(told))]
    pictures = [first + n * len(SEEN) + sum(sizes[:n]) for n in range(len(told))]
    tracks = track(b"vide", pictures, [len(SEEN)] * len(told)) + track(kind, chunks, sizes, is_wide=is_wide)
    return head + box(b"mdat", data) + box(b"moov", full(b"mvhd", rest=TIMES + bytes(88)) + tracks)


@pytest.mark.parametrize("kind", [b"meta", b"camm", b"text", b"sbtl", b"data"])
def test_places_in_a_track_beside_the_pictures_go_and_the_pictures_stay(kind: bytes) -> None:
    """Phones and cameras write where they are every second: `mebx`, `camm`, `gpmd`, or as subtitles."""
    told = [PLACE, PLACE + b"and more", PLACE * 2]
    for is_wide in (False, True):
        whole = film_of_tracks(told, kind=kind, is_wide=is_wide)
        bare = photo_metadata.bare(whole)
        assert not bare.is_broken
        assert PLACE not in bare.content
        assert bare.content.count(SEEN) == whole.count(SEEN) == 3
        assert len(bare.content) == len(whole)
        assert photo_metadata.bare(bare.content) == bare


def test_a_film_does_not_say_when_and_with_what_it_was_made() -> None:
    bare = photo_metadata.bare(film_of_tracks([PLACE], kind=b"meta")).content
    assert MAKER not in bare
    assert TIMES[:4] not in bare
    assert TIMES[4:] not in bare
    assert b"vide" in bare


def test_what_no_player_needs_goes_whatever_it_is_called() -> None:
    whole = film()
    for name in (b"smta", b"gps ", b"Xtra", b"prft", b"emsg", b"zzzz"):
        odd = whole + box(name, PLACE) + box(b"moov", box(name, PLACE) + box(b"trak", box(name, MAKER)))
        assert PLACE not in photo_metadata.bare(odd).content, name
        assert MAKER not in photo_metadata.bare(odd).content, name


def test_a_film_that_broke_off_within_its_head_tells_nothing_of_it() -> None:
    whole = film()
    for end in range(whole.index(PLACE), whole.index(b"mdat") - 4, 7):
        cut = photo_metadata.bare(whole[:end])
        assert cut.is_broken
        assert PLACE[:6] not in cut.content
        assert MAKER[:6] not in cut.content


def test_a_film_in_pieces_with_a_track_that_tells_is_not_kept() -> None:
    fragment = box(b"moof", box(b"traf", b""))
    assert photo_metadata.bare(film_of_tracks([PLACE], kind=b"meta") + fragment).is_refused
    assert photo_metadata.bare(box(b"ftyp", b"isom") + box(b"moov", box(b"cmov", PLACE))).is_refused
    assert not photo_metadata.bare(film() + fragment).is_refused
