"""Matching rows to registered thôn by their names, where a file brings no codes; never where a name is not unique."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_KINDS = re.compile(r"^(thon|tdp|to dan pho|khu pho|khu dan cu|kdc|ap|khu)\s+")


def plain(name: str) -> str:
    """A name for comparing: case, spaces, "thôn" before it, and where the tone stands (Hoà, Hòa) make no difference."""
    words = " ".join(_toned(word) for word in name.casefold().split())
    kind = unicodedata.normalize("NFD", words).replace("đ", "d")
    bare = "".join(letter for letter in kind if not unicodedata.combining(letter) and letter.isascii())
    found = _KINDS.match(re.sub(r"[^a-z0-9 ]", "", bare))
    return " ".join(words.split()[len(found.group(1).split()) :]) if found else words


def _toned(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    tones = "".join(sorted(letter for letter in letters if letter in _TONES))
    return "".join(letter for letter in letters if letter not in _TONES) + tones


def unique(known: Mapping[str, str]) -> dict[str, str]:
    """From a plain name to the code it belongs to; names that several codes share are left out."""
    counted = Counter(plain(name) for name in known.values())
    return {plain(name): code for code, name in known.items() if counted[plain(name)] == 1}


def once(names: Iterable[str]) -> set[str]:
    """The plain names that occur once in a file."""
    counted = Counter(map(plain, names))
    return {name for name, number in counted.items() if number == 1}
