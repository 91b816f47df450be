"""Names of thôn as people write them: "Thôn Vạn Phúc", "KDC Vạn Phúc", "THÔN VẠN PHÚC (xã An Lão)" are one place."""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from geo import village_kinds
from geo.plain_words import unaccented

_TONES = "\u0300\u0301\u0303\u0309\u0323"
_ANYHOW = (*village_kinds.unmarked((*village_kinds.UNITS, *village_kinds.SHORT)), "th", "khu")
_NUMBERED = r"(?: so(?= (?:[0-9]|[ivx]+\b)))?"
_KIND = rf"(?:thon to dan pho|thon tdp|{village_kinds.pattern(_ANYHOW)}){_NUMBERED}"
_KINDS = re.compile(rf"^({_KIND})\s+(?=\S)")
_LOOSE_KINDS = re.compile(rf"^({_KIND}|to{_NUMBERED}|so(?= [0-9]))\s+(?=\S)")
_MARKED = re.compile(rf"({village_kinds.pattern(village_kinds.MARKED_UNITS)})\s+(?=\S)")
_GLUED = re.compile(rf"^({village_kinds.pattern((*village_kinds.ALL, *_ANYHOW))})\.?(?=[0-9])", re.IGNORECASE)
"""A kind that is written together with its number: TDP05, ấp3."""
_SMALL = re.compile(rf"({village_kinds.pattern(village_kinds.SMALL_UNITS)})\s+(?=\S)")
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
    words = [_toned(word) for word in name.casefold().split()]
    return " ".join(words[_kind_words(name, _KINDS) :])


def loose(name: str) -> str:
    """A name without marks, kind ("thôn", "TDP số"), brackets, commune and leading zeros, its numeral a number: what
    may be meant."""
    spoken = _GLUED.sub(r"\1 ", brackets_off(name))
    return _numbered(_letters(unaccented(spoken)).split()[_kind_words(spoken, _LOOSE_KINDS) :])


def loose_with_kind(name: str) -> str:
    """The same with its kind: where a commune has a khóm 3 and an ấp 3."""
    spoken = _GLUED.sub(r"\1 ", brackets_off(name))
    return _numbered(_letters(unaccented(spoken)).replace(" so ", " ").split())


def loose_without_small_kind(name: str) -> str:
    """The same without "xóm" and the like, a part of a thôn elsewhere: what a registered one may be called."""
    spoken = brackets_off(name)
    found = _SMALL.match(spoken.casefold())
    return loose(spoken[found.end() :] if found else spoken)


def numeral(word: str) -> str:
    """The number that a Roman numeral in small letters says; any other word as it is."""
    return _ROMAN.get(word, word)


def _numbered(words: Sequence[str]) -> str:
    """Letters without zeros before numbers, the last numeral a number."""
    *before, last = _NUMBER.sub("", " ".join(words)).split() or [""]
    return " ".join((*before, numeral(last)))


def kinds_off(text: str) -> str:
    """The words without the kind before them, as they are written: "Thôn 11629018" is "11629018"."""
    return " ".join(text.split()[_kind_words(text, _KINDS) :])


def _kind_words(text: str, kinds: re.Pattern[str]) -> int:
    """How many words a name's kind has: none of its own words ("Làng Sen" has one, "Lang Can" none)."""
    spoken = " ".join(unicodedata.normalize("NFC", text).casefold().split())
    if found := kinds.match(_letters(unaccented(spoken))):
        return len(found[1].split())
    return 1 if _MARKED.match(spoken) else 0


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


def unique(known: Mapping[str, str], written: Callable[[str], str] = plain) -> dict[str, str]:
    """From a name as `written` has it to the code it belongs to; names that several codes share are left out."""
    counted = Counter(written(name) for name in known.values())
    return {written(name): code for code, name in known.items() if counted[written(name)] == 1}


def told_apart(known: Mapping[str, str]) -> dict[str, str]:
    """From each code to what its thôn is called: of names alike each with the end of its code, `Quyết Tiến (021)`."""
    counted = Counter(known.values())
    return {code: f"{name} ({code[-3:]})" if counted[name] > 1 else name for code, name in known.items()}


def once(names: Iterable[str], written: Callable[[str], str] = plain) -> set[str]:
    """The names that occur once in a file, as `written` has them."""
    counted = Counter(map(written, names))
    return {name for name, number in counted.items() if number == 1}
