"""A film without where and by which phone it was taken; its picture and sound stay byte for byte (R21)."""

import struct

from hypothesis import given
from hypothesis import strategies as st

from server.files import photos

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
        bare = photos.bare(whole)
        assert not bare.is_broken
        assert PLACE not in bare.content
        assert MAKER not in bare.content
        assert len(bare.content) == len(whole), "others point at bytes by their number"
        assert bare.content[-858:] == whole[-858:]
        assert photos.bare(bare.content) == bare


def test_a_film_that_broke_off_is_kept_as_far_as_it_goes_and_told() -> None:
    cut = photos.bare(film()[:-100])
    assert cut.is_broken
    assert PLACE not in cut.content


@given(st.binary(max_size=200))
def test_no_film_is_too_strange_to_be_read(rest: bytes) -> None:
    assert len(photos.bare(box(b"ftyp", b"mp42") + rest).content) == 12 + len(rest)


def test_boxes_in_boxes_without_end_end() -> None:
    deep = b""
    for _ in range(5_000):
        deep = box(b"moov", deep)
    assert len(photos.bare(box(b"ftyp", b"mp42") + deep).content) == 12 + len(deep)
