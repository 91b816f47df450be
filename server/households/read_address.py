"""Reads the address of a house as people write it: lanes, number and descriptions, in any order and with any marks.

What cannot be told apart is never guessed: it stays whole.
"""

import functools
import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from geo.plain_words import one_line, titled, unaccented

LONGEST = 200
"""Letters of a label or an address."""

_AREA = "khu vuc"
"""The kind of what is larger than a lane (thôn, xã, tỉnh …): said of the address, no part of it."""
_LANES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("khu", "Khu phố", ("khu phố",)),
    ("khu", "Khu", ("khu",)),
    ("cum", "Cụm", ("cụm",)),
    ("doi", "Đội", ("đội",)),
    ("to", "Tổ", ("tổ",)),
    ("xom", "Xóm", ("xóm",)),
    ("quoc lo", "Quốc lộ", ("quốc lộ", "ql")),
    ("tinh lo", "Tỉnh lộ", ("tỉnh lộ", "đường tỉnh", "tl")),
    ("duong", "Đường", ("đường",)),
    ("duong", "Phố", ("phố",)),
    ("ngo", "Ngõ", ("ngõ",)),
    ("ngo", "Hẻm", ("hẻm",)),
    ("ngo", "Kiệt", ("kiệt",)),
    ("ngach", "Ngách", ("ngách",)),
    ("day", "Dãy", ("dãy",)),
    ("lo", "Lô", ("lô",)),
)
"""Kind (what is compared), the word on labels, how people write it; in the order in which an address names them."""
_AREAS = (
    "tổ dân phố", "khu dân cư", "cụm dân cư", "tdp", "kdc", "thôn", "khối phố", "tiểu khu", "khóm", "ấp", "buôn", "xã",
    "phường", "đặc khu", "thị trấn", "huyện", "quận", "thành phố", "tp", "tỉnh",
)  # fmt: skip
_NUMBERS = ("số nhà", "nhà số", "số", "nhà", "sn", "s/n", "s.n")
_SHORT = {"ng": "ngõ", "ngh": "ngách", "đ": "đường", "đg": "đường", "x": "xóm", "s": "số", "no": "số"}
"""Abbreviations; understood only before a number."""

_BREAK = re.compile(r"[,;|()\[\]]|\s[-–—]+\s|[-–—]\s*(?=[^\W\d_]{2})|/\s*(?=[^\W\d_]{2})")
HOUSE = re.compile(r"\d+[^\W\d_]?(?:[/+.\-–]\d+[^\W\d_]?)*(?:bis)?", re.IGNORECASE)
_ABOVE = re.compile(r"(?:xã|phường|thị trấn|huyện|quận)\b", re.IGNORECASE)
"""Areas behind which a name alone is a larger one: “xã An Lão, Hải Phòng”."""
_GLUED = re.compile(r"([^\W\d_]+)\.?(\d.*)")


@dataclass(frozen=True)
class Lane:
    """One step of the way: its kind (empty where no word names one), the word and the value as they are shown."""

    kind: str
    word: str
    value: str

    @property
    def shown(self) -> str:
        return f"{self.word} {self.value}".strip()


@dataclass(frozen=True)
class HouseAddress:
    """An address as it was understood; `whole` where it was not, and then it is one lane without a kind."""

    lanes: tuple[Lane, ...] = ()
    number: str = ""
    texts: tuple[str, ...] = ()
    areas: tuple[str, ...] = ()
    is_whole: bool = False


def plain(text: str) -> str:
    """Letters and digits in small letters without marks, a space between words: how texts are searched."""
    return " ".join(re.sub(r"[^\w/]+", " ", unaccented(text)).split())


def lane_word(heading: str) -> str:
    """The word for a lane that a column's heading says first; “Ngõ” where it says none."""
    words = plain(heading).replace("/", " ").split()
    known = {plain(text): word for _, word, texts in _LANES for text in texts}
    return next((known[word] for word in words if word in known), "Ngõ")


@dataclass(frozen=True)
class _Key:
    """A word that says what follows: `kind` is a lane's, `_AREA` or `number`; `is_sure` where it has its marks."""

    kind: str
    word: str
    length: int
    is_sure: bool


_KEYS: tuple[tuple[tuple[str, ...], str, str], ...] = tuple(
    sorted(
        [
            *((tuple(text.split()), kind, word) for kind, word, texts in _LANES for text in texts),
            *((tuple(text.split()), _AREA, text) for text in _AREAS),
            *((tuple(text.split()), "number", "") for text in _NUMBERS),
        ],
        key=lambda key: -len(key[0]),
    )
)


def key_at(words: Sequence[str], at: int) -> _Key | None:
    """The keyword that stands at this word, marks left out or not; an abbreviation only before a number."""
    low = [word.casefold().rstrip(".:") for word in words[at : at + 4]]
    before_number = [word[:1].isdigit() for word in words[at + 1 : at + 2]] == [True]
    if low and low[0] in _SHORT and before_number:
        low[0] = _SHORT[low[0]]
    for texts, kind, word in _KEYS:
        size = len(texts)
        if len(low) >= size and all(map(is_less_marked, low[:size], texts)):
            nexts = words[at + size : at + size + 1]
            if kind == "number" and not (nexts and nexts[0][0].isdigit()):
                continue
            return _Key(kind, word, size, tuple(low[:size]) == texts)
    return None


_TONES = frozenset("\u0300\u0301\u0303\u0309\u0323")
"""Marks of the five tones: huyền, sắc, ngã, hỏi, nặng."""


def is_less_marked(written: str, meant: str) -> bool:
    """Whether a word in small letters is another with some, all or none of its marks forgotten (Thi for Thị)."""
    if written == meant:
        return True
    one, other = _letters(written), _letters(meant)
    return len(one) == len(other) and all(
        letter == its and marks <= wanted for (letter, marks), (its, wanted) in zip(one, other, strict=True)
    )


@functools.lru_cache(maxsize=50_000)
def _letters(word: str) -> tuple[tuple[str, frozenset[str]], ...]:
    """Each letter with its marks; the bar of đ is one. The tone counts for the whole word: òa and oà are alike."""
    found: list[tuple[str, frozenset[str]]] = []
    tones: set[str] = set()
    for letter in unicodedata.normalize("NFC", word):
        parts = unicodedata.normalize("NFD", letter)
        base, marks = parts[0], parts[1:]
        shapes = {mark for mark in marks if mark not in _TONES}
        tones |= set(marks) - shapes
        found.append(("d", frozenset("-")) if base == "đ" else (base, frozenset(shapes)))
    return (*found, ("", frozenset(tones)))


def read_place(address: str) -> HouseAddress:
    """An address, its parts in any order: “Số 3 ngõ 14”, “NGÕ 14, SỐ 03”, “14/3”, “cạnh đình”."""
    text = clean(address)
    lanes: list[Lane] = []
    numbers: list[str] = []
    texts: list[str] = []
    areas: list[str] = []
    for segment in _BREAK.split(text):
        is_above, before = any(map(_ABOVE.match, areas)), len(texts)
        if not _take(words_of(segment), lanes, numbers, texts, areas):
            return _whole(text)
        if is_above and all(word[:1].isupper() for named in texts[before:] for word in named.split()):
            areas += texts[before:]
            del texts[before:]
    values = {(lane.kind, plain(lane.value)) for lane in lanes}
    if len(set(numbers)) > 1 or len({lane.kind for lane in lanes}) < len(values):
        return _whole(text)
    order = {word: at for at, (_, word, _) in enumerate(_LANES)}
    kept = {lane.kind: lane for lane in sorted(lanes, key=lambda lane: order[lane.word])}
    return HouseAddress(tuple(kept.values()), numbers[0] if numbers else "", tuple(texts), tuple(areas))


def _whole(text: str) -> HouseAddress:
    return HouseAddress(texts=(text,) if text else (), is_whole=True)


def _take(
    words: Sequence[str], lanes: list[Lane], numbers: list[str], texts: list[str], areas: list[str]
) -> bool:
    """Sort the words of one segment under lanes, numbers, areas and texts; False where they cannot be told apart."""
    at, free = 0, 0
    while at < len(words):
        found = key_at(words, at)
        if found is None or at + found.length >= len(words):
            at += 1
            continue
        if not _bare(words[free:at], numbers, texts, is_before_key=True):
            return False
        start = value_start(words, at, found)
        end = _value_end(words, start)
        value = titled(" ".join(words[start:end]))
        if found.kind == "number":
            numbers.append(_house(value))
        elif found.kind == _AREA:
            areas.append(f"{found.word} {value}")
        else:
            lanes.append(Lane(found.kind, found.word, _house(value)))
        at = free = end
    return _bare(words[free:], numbers, texts, is_before_key=False)


def value_start(words: Sequence[str], at: int, key: _Key) -> int:
    """Where the value of a keyword begins: behind it, of a lane also behind “số”: ngõ số 27 is ngõ 27."""
    start = at + key.length
    follows = words[start : start + 2]
    says_number = (
        len(follows) == 2 and follows[1][0].isdigit() and is_less_marked(follows[0].casefold(), "số")
    )
    return start + (says_number and key.kind not in ("number", _AREA))


def _value_end(words: Sequence[str], start: int) -> int:
    """A number is a value by itself (with a letter that stands apart from it); words go on to the next keyword."""
    if words[start][0].isdigit():
        follows = words[start + 1 : start + 2]
        is_letter = bool(follows) and (follows[0].casefold() == "bis" or len(follows[0]) == 1)
        return start + 1 + (is_letter and follows[0].isalpha())
    end = start + 1
    while end < len(words) and key_at(words, end) is None:
        end += 1
    return end


def _bare(words: Sequence[str], numbers: list[str], texts: list[str], *, is_before_key: bool) -> bool:
    """Words that no keyword leads: a house number, a number and a street, or a description."""
    if not words:
        return True
    if HOUSE.fullmatch(words[0]):
        end = _value_end(words, 0)
        rest = words[end:]
        if not rest or all(word[:1].isupper() for word in rest):
            numbers.append(_house(" ".join(words[:end])))
            words = rest
    if words and is_before_key and not all(word[:1].isupper() for word in words):
        return False
    if words:
        texts.append(titled(" ".join(words)))
    return True


def words_of(segment: str) -> list[str]:
    """The words of a segment; a keyword that is written together with its number is two (ngõ14, ng.14, sn3)."""
    found: list[str] = []
    for word in segment.replace(":", " ").split():
        glued = _GLUED.fullmatch(word)
        if glued and key_at([glued[1], glued[2]], 0) is not None:
            found += [glued[1], glued[2]]
        elif word.strip(".-–—/"):
            found.append(word.rstrip(".") if word[0].isdigit() else word)
    return found


def _house(value: str) -> str:
    """A number as it is shown: without zeros before it, its letter large and beside it (“03 a” is 3A)."""
    if not value[:1].isdigit():
        return value
    joined = re.sub(r"(?<=\d)\s+(?=[^\W\d_]$)", "", value)
    return re.sub(r"\d+", lambda digits: str(int(digits.group())), joined).upper().replace("BIS", "bis")


def clean(text: str) -> str:
    """One line of printable characters, letters composed."""
    return one_line(text)[:LONGEST]
