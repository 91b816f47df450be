"""Spoils uploads at random, the same way for the same seed: bytes changed, cut, doubled; also inside a zip."""

import io
import random
import zipfile
from collections.abc import Callable

HOSTILE = (
    b"\x00", b"\xff" * 8, b"<", b"]]>", b"&#0;", b"&x;", b"<!DOCTYPE a [<!ENTITY x 'y'>]>", b"../../x", b"9" * 400,
    b"-1", b"NaN", b"1e999", b"''", b"${", b"\xed\xa0\x80", "ấ".encode("utf-16"), b"</a>", b"\r\n--b\r\n",
)  # fmt: skip
NAMES = ("../../x", "/x", "..", "", "a\\..\\x", "x" * 300, "con", "a/../../x")


def spoiled(content: bytes, rnd: random.Random) -> bytes:
    """The bytes with one to four changes."""
    for _ in range(rnd.randint(1, 4)):
        content = rnd.choice(_WAYS)(content, rnd)
    return content


def spoiled_zip(content: bytes, rnd: random.Random) -> bytes:
    """The zip with its own bytes spoiled, or packed anew with a member spoiled, renamed, left out or doubled."""
    if rnd.random() < 0.3:
        return spoiled(content, rnd)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [(name, archive.read(name)) for name in archive.namelist()]
    at = rnd.randrange(len(members))
    name, inside = members[at]
    way = rnd.choice(("spoil", "spoil", "spoil", "rename", "leave out", "double"))
    if way == "spoil":
        members[at] = (name, spoiled(inside, rnd))
    elif way == "rename":
        members[at] = (rnd.choice(NAMES) + rnd.choice(("", name[-4:])), inside)
    elif way == "leave out":
        del members[at]
    else:
        members.append((rnd.choice(NAMES), inside))
    return _packed(members)


def _packed(members: list[tuple[str, bytes]]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name or "x"), content)
    return packed.getvalue()


def _place(content: bytes, rnd: random.Random) -> tuple[int, int]:
    """Where a change begins and ends: short stretches are usual, long ones possible."""
    begin = rnd.randrange(len(content) + 1)
    return begin, min(len(content), begin + rnd.choice((1, 1, 4, 16, 200, len(content))))


def _flip(content: bytes, rnd: random.Random) -> bytes:
    begin, end = _place(content, rnd)
    return content[:begin] + rnd.randbytes(min(end - begin, 16)) + content[begin + min(end - begin, 16) :]


def _cut(content: bytes, rnd: random.Random) -> bytes:
    begin, end = _place(content, rnd)
    return content[:begin] + content[end:]


def _double(content: bytes, rnd: random.Random) -> bytes:
    begin, end = _place(content, rnd)
    return content[:end] + content[begin:end] + content[end:]


def _insert(content: bytes, rnd: random.Random) -> bytes:
    begin, _ = _place(content, rnd)
    return content[:begin] + rnd.choice(HOSTILE) + content[begin:]


def _replace_number(content: bytes, rnd: random.Random) -> bytes:
    """A digit becomes something that is none, or very many of them."""
    places = [at for at, byte in enumerate(content) if 0x30 <= byte <= 0x39]
    if not places:
        return _insert(content, rnd)
    at = rnd.choice(places)
    return content[:at] + rnd.choice(HOSTILE) + content[at + 1 :]


_WAYS: tuple[Callable[[bytes, random.Random], bytes], ...] = (
    _flip, _flip, _cut, _double, _insert, _insert, _replace_number,
)  # fmt: skip
