"""Names of thôn as people write them: "Thôn Vạn Phúc", "KDC Vạn Phúc", "THÔN VẠN PHÚC (xã An Lão)" are one place."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping

from geo.plain_words import unaccented

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_KIND = (
    r"thon to dan pho|thon tdp|to dan pho so|to dan pho|to dan cu|khu dan cu|cum dan cu|khu pho so|khu pho|thon so"
    r"|tdp so|tdp|thon|th|kdc|ap|khu"
)
_KINDS = re.compile(rf"^({_KIND})\s+(?=\S)")
_LOOSE_KINDS = re.compile(rf"^({_KIND}|to so|to|so)\s+(?=\S)")
_BEHIND = re.compile(
    r"\(.*\)|[,;–-]\s*(?:xã|phường|thị trấn|đặc khu|xa|phuong|thi tran|x\.|p\.|tt\.).*$"
    r"|\s(?:xã|phường|thị trấn|đặc khu)\s.*$"
)
"""Brackets behind a name, and the commune that some write after it; with its mark, since "Xá" begins many names."""
_NUMBER = re.compile(r"\b0+(?=[0-9])")


_ROMAN = {
    "i": "1", "ii": "2", "iii": "3", "iv": "4", "v": "5", "vii": "7", "viii": "8", "ix": "9", "x": "10",
    "xii": "12", "xiii": "13", "xiv": "14", "xv": "15",
}  # fmt: skip
"""Numerals behind a name, but those that are syllables as well (VI, XI): Bình Minh II is Bình Minh 2."""


def plain(name: str) -> str:
    """A name for comparing: case, spaces, "thôn" before it, and where the tone stands (Hoà, Hòa) make no difference."""
    words = " ".join(_toned(word) for word in name.casefold().split())
    found = _KINDS.match(_letters(words))
    return " ".join(words.split()[len(found.group(1).split()) :]) if found else words


def loose(name: str) -> str:
    """A name without marks, kind ("thôn", "TDP số"), brackets, commune and leading zeros, its numeral a number: what
    may be meant."""
    kept = _letters(unaccented(brackets_off(name)))
    found = _LOOSE_KINDS.match(kept)
    bare = _NUMBER.sub("", (kept[found.end() :] if found else kept).removeprefix("so "))
    before, space, last = bare.rpartition(" ")
    return f"{before}{space}{_ROMAN.get(last, last)}"


def kinds_off(text: str) -> str:
    """The words without the kind before them, as they are written: "Thôn 11629018" is "11629018"."""
    spoken = " ".join(text.split())
    found = _KINDS.match(_letters(unaccented(spoken)))
    return " ".join(spoken.split()[len(found.group(1).split()) :]) if found else spoken


def brackets_off(text: str) -> str:
    """A name without brackets and commune behind it, marks and case as written; never less than a name."""
    spoken = " ".join(unicodedata.normalize("NFC", text).split())
    around = _BEHIND.search(spoken.lower())
    rest = spoken[: around.start()].strip(" ,;-–") if around else spoken
    return spoken if not rest or re.fullmatch(_KIND, _letters(unaccented(rest))) else rest


def _letters(text: str) -> str:
    spread = unicodedata.normalize("NFD", text).replace("đ", "d")
    seen = "".join(letter for letter in spread if not unicodedata.combining(letter))
    return " ".join(re.sub(r"[^a-z0-9 ]", "", seen).split())


def _toned(word: str) -> str:
    letters = unicodedata.normalize("NFD", word)
    tones = "".join(sorted(letter for letter in letters if letter in _TONES))
    return "".join(letter for letter in letters if letter not in _TONES) + tones


def unique(known: Mapping[str, str]) -> dict[str, str]:
    """From a plain name to the code it belongs to; names that several codes share are left out."""
    counted = Counter(plain(name) for name in known.values())
    return {plain(name): code for code, name in known.items() if counted[plain(name)] == 1}


def told_apart(known: Mapping[str, str]) -> dict[str, str]:
    """From each code to what its thôn is called: of names alike each with the end of its code, `Quyết Tiến (021)`."""
    counted = Counter(known.values())
    return {code: f"{name} ({code[-3:]})" if counted[name] > 1 else name for code, name in known.items()}


def once(names: Iterable[str]) -> set[str]:
    """The plain names that occur once in a file."""
    counted = Counter(map(plain, names))
    return {name for name, number in counted.items() if number == 1}
