"""What the parts of a commune are called: thôn in most of the north, what other regions have in its place."""

import re
from collections.abc import Iterable

from geo.plain_words import words

UNITS = (
    "thôn", "tổ dân phố", "tổ dân cư", "tổ nhân dân", "khu dân cư", "cụm dân cư", "khu phố", "khối phố", "khu vực",
    "tiểu khu", "khóm", "ấp", "buôn",
)  # fmt: skip
"""Known with marks and without: nothing else is called so."""
MARKED_UNITS = ("khối", "bản", "làng", "bon")
"""Known with their marks alone: "Ban", "Lang" and "Khôi" begin names."""
SMALL_UNITS = ("xóm", "sóc", "phum", "plei", "plây")
"""A part of a commune in some regions, of a thôn in others, or a word of its name."""
SHORT = ("tdp", "kdc", "kp", "tk", "kv")
ALL = (*UNITS, *MARKED_UNITS, *SMALL_UNITS, *SHORT)

_PARTED = re.compile(r"[/,;()\[\]&+–-]")


def pattern(kinds: Iterable[str]) -> str:
    """A pattern of these kinds as they are written in small letters with marks, the longest first."""
    return "|".join(re.escape(each) for each in sorted(kinds, key=len, reverse=True))


def unmarked(kinds: Iterable[str]) -> tuple[str, ...]:
    """The same in small letters without marks."""
    return tuple(dict.fromkeys(map(words, kinds)))


def of_heading(title: str) -> str:
    """The one kind that a column's heading names ("Tên khóm" is "khóm"); "" where it names several or none."""
    said = f" {words(title)} "
    found = {each for each in ALL if f" {words(each)} " in said}
    longest = [
        each for each in found if not any(each != other and words(each) in words(other) for other in found)
    ]
    return longest[0] if len(longest) == 1 else ""
