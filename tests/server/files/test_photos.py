"""Photos without what they tell beside the picture: of every kind, and spoiled at random."""

import contextlib
import io
import random
import struct

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps
from PIL.PngImagePlugin import PngInfo

from server.files import attachments, photo_metadata
from server.files.attachments import Upload
from tests import mutations

MAKER = "Samsung SM-A057"
PLACE = b"http://ns.adobe.com/xap/1.0/\x00<x exif:GPSLatitude='20,50.694N'/>"
KINDS = ("JPEG", "PNG", "WEBP")


def drawn() -> Image.Image:
    """A picture that looks different however it is turned."""
    picture = Image.linear_gradient("L").resize((60, 40)).convert("RGB")
    picture.paste((200, 0, 0), (0, 0, 20, 10))
    return picture


def taken(kind: str, turn: int = 6, **more: object) -> bytes:
    """A photo as a phone takes it: with a place, a maker, a comment, and how it is to be turned."""
    exif = Image.Exif()
    exif[0x0112] = turn
    exif[0x010F] = MAKER
    exif.get_ifd(0x8825).update({1: "N", 2: (20.0, 50.0, 41.68), 3: "E", 4: (106.0, 41.0, 17.2)})
    told: dict[str, object] = {"exif": exif, "lossless": True, "xmp": PLACE}
    if kind == "PNG":
        info = PngInfo()
        info.add_text("Comment", MAKER)
        info.add_itxt("XML:com.adobe.xmp", PLACE.decode("latin-1"))
        told = {"exif": exif, "pnginfo": info}
    if kind == "JPEG":
        told = {"exif": exif, "comment": MAKER.encode(), "xmp": PLACE}
    written = io.BytesIO()
    drawn().save(written, kind, **(told | more))
    return written.getvalue()


def tells(content: bytes) -> set[int]:
    """The tags that a reader of photos finds."""
    with Image.open(io.BytesIO(content)) as picture:
        return set(picture.getexif())


def seen(content: bytes) -> bytes:
    """What a person sees: turned as the photo says."""
    with Image.open(io.BytesIO(content)) as picture:
        return ImageOps.exif_transpose(picture).convert("RGB").tobytes()


@pytest.mark.parametrize("turn", [1, 3, 6, 8])
@pytest.mark.parametrize("kind", KINDS)
def test_only_the_picture_and_its_turn_are_left(kind: str, turn: int) -> None:
    content = taken(kind, turn)
    assert 0x8825 in tells(content)
    left = photo_metadata.bare(content)
    assert not left.is_broken
    assert tells(left.content) == ({0x0112} if turn != 1 else set())
    assert seen(left.content) == seen(content)
    for told in (MAKER.encode(), b"GPS", b"adobe"):
        assert told in content or kind != "JPEG"
        assert told not in left.content


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_bare_stays_as_it_is(kind: str) -> None:
    """So a photo that goes out and comes in again is the same file."""
    once = photo_metadata.bare(taken(kind)).content
    assert photo_metadata.bare(once) == photo_metadata.CutPhoto(once, is_broken=False)


def test_colours_and_steps_of_drawing_stay() -> None:
    """A profile of colours, and a JPEG drawn in several scans."""
    profile = struct.pack(">I", 128) + bytes(124)
    content = taken("JPEG", progressive=True, icc_profile=profile)
    left = photo_metadata.bare(content)
    with Image.open(io.BytesIO(left.content)) as picture:
        assert picture.info["icc_profile"] == profile
        assert picture.info["progressive"]
    assert seen(left.content) == seen(content)


def test_a_film_or_a_second_photo_behind_the_picture_is_dropped() -> None:
    """Phones append a film of the moment, with its place; the picture ends before it."""
    for kind in KINDS:
        content = taken(kind)
        assert (
            photo_metadata.bare(content + b"ftypmp42 GPS 20.8449112").content
            == photo_metadata.bare(content).content
        )


@pytest.mark.parametrize("kind", KINDS)
def test_a_photo_that_broke_off_keeps_what_came(kind: str) -> None:
    content = taken(kind)
    half = photo_metadata.bare(content[: len(content) - 40])
    assert half.is_broken
    assert b"GPS" not in half.content


@given(st.sampled_from(KINDS), st.randoms(use_true_random=False))
def test_a_spoiled_photo_never_keeps_its_tags(kind: str, chance: random.Random) -> None:
    """Whatever comes is read to some end, ends the same way a second time, and what can be opened has no tags."""
    head = {"JPEG": 3, "PNG": 8, "WEBP": 12}[kind]
    content = taken(kind)
    spoiled = content[:head] + mutations.spoiled(content[head:], chance)
    left = photo_metadata.bare(spoiled).content
    assert photo_metadata.bare(left).content == left
    too_large = (
        Image.DecompressionBombError,
        Image.DecompressionBombWarning,
    )  # a spoiled width: never opened
    with contextlib.suppress(OSError, SyntaxError, ValueError, *too_large):
        assert tells(left) <= {0x0112}


def test_what_is_sealed_is_kept_as_it_came(app: Flask) -> None:
    """C44: nothing in it can be read here, whatever its bytes look like."""
    content = taken("JPEG")
    blob = attachments.store(Upload("1.jpg.enc", io.BytesIO(content), ""), sealed=True)
    assert blob.stored_sha256 == blob.received_sha256
