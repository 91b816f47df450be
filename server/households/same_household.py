"""How alike two households of a thôn are, by their parts in whatever order and letters they were written."""

import enum
import functools
import itertools
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from geo import village_names
from geo.plain_words import unaccented
from server.households.household_parts import Parts
from server.households.read_address import is_less_marked, plain, read_place

TITLES = frozenset({"ông", "bà", "anh", "chị", "cụ", "cô", "chú", "bác", "hộ", "gia", "đình"})
"""Words before a name that are no part of it."""
_APOSTROPHE = re.compile(r"(?<=\w)['’ʼ‘`´](?=\w)")
UNMARKED_TITLES = frozenset({"ong", "ba", "chi", "bac", "ho"})
"""The same in names without any marks; not “chu” and “co”, which begin names."""


class Likeness(enum.IntEnum):
    """What is to be thought of two households of one thôn, the least first."""

    OTHER = 0
    NAMESAKE = 1
    """One name, two addresses: two people, unless the one has moved."""
    NEIGHBOUR = 2
    """One address, two names: two households, unless the head has changed."""
    PERHAPS = 3
    """Nothing speaks against it, but something is missing: marks of the name, the name, or part of an address."""
    SAME = 4
    """One name and one address."""


class _Where(enum.IntEnum):
    AGAINST = 0
    SILENT = 1
    AGREES = 2


def are_alike(one: Parts, other: Parts) -> bool:
    """Whether two households of a thôn are perhaps one, and somebody should look."""
    return likeness(one, other) >= Likeness.PERHAPS


def likeness(one: Parts, other: Parts) -> Likeness:
    """How alike two households of one thôn are; the order of the two does not matter."""
    where = _where(one, other)
    if not one.name or not other.name:
        return Likeness.PERHAPS if where is _Where.AGREES else Likeness.OTHER
    if not names_agree(one.name, other.name):
        return Likeness.NEIGHBOUR if where is _Where.AGREES else Likeness.OTHER
    if where is _Where.AGAINST:
        return Likeness.NAMESAKE
    is_same_place = where is _Where.AGREES or (
        one.number != "" and plain(one.address) == plain(other.address)
    )
    is_sure = is_same_place and are_one_name(one.name, other.name)
    return Likeness.SAME if is_sure else Likeness.PERHAPS


def names_agree(one: str, other: str) -> bool:
    """Whether two names may be one person's: letters whose marks were forgotten, forms of address, abbreviations."""
    return any(_same_words(first, second) for first in _spellings(one) for second in _spellings(other))


def are_one_name(one: str, other: str) -> bool:
    """Whether two names are the same to the letter, but for capitals, forms of address and where òa has its tone."""
    return any(
        len(first) == len(second) and all(map(_is_one_word, first, second))
        for first in _spellings(one)
        for second in _spellings(other)
    )


def _is_one_word(one: str, other: str) -> bool:
    first, second = _i_for_y(one), _i_for_y(other)
    return is_less_marked(first, second) and is_less_marked(second, first)


@functools.lru_cache(maxsize=30_000)
def _spellings(name: str) -> tuple[tuple[str, ...], ...]:
    """A name's words, those after a form of address (Bà Lương Thị Nụ), and both without apostrophes (H'Hen, HHen)."""
    apart = _spoken(_name_words(name))
    return apart if not _APOSTROPHE.search(name) else apart + _spoken(_name_words(_APOSTROPHE.sub("", name)))


def _spoken(words: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    has_marks = any(not word.isascii() for word in words)
    titles = TITLES if has_marks else TITLES | UNMARKED_TITLES
    at = next((at for at, word in enumerate(words) if word not in titles), len(words))
    if at and len(words) - at >= 2:
        return words, words[at:]
    return (words,)


def _name_words(name: str) -> tuple[str, ...]:
    """Small letters, without what stands in brackets; points of abbreviations stay with their word."""
    low = unicodedata.normalize("NFC", re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", name)).casefold()
    return tuple(re.sub(r"\.(?=\w)", ". ", re.sub(r"[^\w.]+", " ", low)).split())


def _same_words(one: Sequence[str], other: Sequence[str]) -> bool:
    return len(one) == len(other) and all(
        _same_word(first, second, is_last=at == len(one) - 1)
        for at, (first, second) in enumerate(zip(one, other, strict=True))
    )


def _same_word(one: str, other: str, *, is_last: bool) -> bool:
    """One word of a name; the last, the given name, is never abbreviated."""
    first, second = _i_for_y(one), _i_for_y(other)
    if is_less_marked(first, second) or is_less_marked(second, first):
        return True
    if is_last:
        return False
    return _abbreviates(one, other) or _abbreviates(other, one)


_Y = re.compile(r"(h|k|l|m|q[uủúùũụ]|s|t)[yýỳỷỹỵ]")
_I = dict(zip("yýỳỷỹỵ", "iíìỉĩị", strict=True))


def _i_for_y(word: str) -> str:
    """Mỹ and Mĩ, Quý and Quí, Lý and Lí are one word in two spellings."""
    return word[:-1] + _I[word[-1]] if _Y.fullmatch(word) else word


def _abbreviates(short: str, word: str) -> bool:
    """Whether a word is the beginning of another and says so: by a point, or by having no vowel (Ng., Ng, V)."""
    head = unaccented(short.rstrip("."))
    says_so = short.endswith(".") or not re.search("[aeiouy]", head)
    return says_so and bool(head) and unaccented(word.rstrip(".")).startswith(head)


def _where(one: Parts, other: Parts) -> _Where:
    """What two addresses say of two households being one."""
    first, second = _address(one.address), _address(other.address)
    if not first.number and not second.number and first.texts and first.words == second.words:
        return _Where.AGREES  # a description in the same words; a lane alone leads to many houses
    if first.slashed or second.slashed:
        return _slashed(first, second)
    if first.number and second.number and first.number != second.number:
        return _Where.AGAINST
    if _name_other_doors(first.texts, second.texts):
        return _Where.AGAINST
    way = _way(first, second)
    if way is _Where.AGREES and first.number and second.number:
        return _Where.AGREES
    return min(way, _Where.SILENT)


@dataclass(frozen=True)
class _Address:
    """An address as it is compared: values of lanes by kind, descriptions, the number in small letters."""

    lanes: Mapping[str, str]
    texts: frozenset[str]
    number: str
    slashed: tuple[str, ...]
    """All numbers of lanes and house where some are written as one (27/5/8), so that nobody can tell which is which;
    empty where none are."""

    @property
    def words(self) -> frozenset[str]:
        return self.texts | set(self.lanes.values())


@functools.lru_cache(maxsize=30_000)
def _address(written: str) -> _Address:
    place = read_place(written)
    lanes = {lane.kind: village_names.numeral(plain(lane.value)) for lane in place.lanes}
    number = place.number.casefold()
    return _Address(lanes, frozenset(map(plain, place.texts)), number, _steps((*lanes.values(), number)))


def _steps(values: Sequence[str]) -> tuple[str, ...]:
    """The numbers that lead to a house where some are written as one: 27, 5 and 8 of “Ngách 27/5, số 8”."""
    if not any("/" in value for value in values):
        return ()
    return tuple(step for value in values for step in value.split("/") if step[:1].isdigit())


_NUMBERS = re.compile(r"\d+")


def _name_other_doors(first: frozenset[str], second: frozenset[str]) -> bool:
    """Whether two descriptions name numbers of which neither has all of the other's: room 302 and room 303."""
    one, other = (Counter(_NUMBERS.findall(" ".join(texts))) for texts in (first, second))
    return not one <= other and not other <= one


def _slashed(first: _Address, second: _Address) -> _Where:
    """Of 27/8 and 8/27, both written as one, nobody knows that they are one house; of numbers apart it is told."""
    if _way(first, second) is _Where.AGAINST:
        return _Where.AGAINST
    if "/" in first.number and "/" in second.number:
        return _Where.AGREES if first.number == second.number else _Where.AGAINST
    written, apart = (first, second) if first.slashed else (second, first)
    if not apart.number and not apart.words:
        return _Where.SILENT
    steps = Counter(written.slashed)
    values = Counter(apart.slashed or (*apart.lanes.values(), apart.number))
    if not steps <= values:
        return _Where.AGAINST
    last_steps = {apart.lanes.get("ngo", ""), apart.lanes.get("ngach", ""), apart.number} - {""}
    is_told = bool(apart.slashed) or last_steps <= {*written.slashed}
    return _Where.AGREES if is_told else _Where.SILENT


def _is_same_way(first: _Address, second: _Address) -> bool:
    """Whether no kind of lane has two values; one that holds several numbers (ngách 27/5) is no single lane."""
    both = ((value, second.lanes[kind]) for kind, value in first.lanes.items() if kind in second.lanes)
    return all(one == other or "/" in one + other for one, other in both)


def _way(first: _Address, second: _Address) -> _Where:
    """What the lanes say: one kind with two values is against, a common value agrees."""
    if not _is_same_way(first, second):
        return _Where.AGAINST
    if first.words & second.words:
        return _Where.AGREES
    if (
        not first.lanes
        and not second.lanes
        and first.texts
        and second.texts
        and first.number
        and second.number
    ):
        return _Where.AGAINST
    return _Where.SILENT


def joined(known: Parts, listed: Parts) -> Parts:
    """What a household is called once a list has said it anew: what the list leaves out, abbreviates or writes with
    fewer marks stays as it was known."""
    name = listed.name if listed.name and _says_more(listed.name, known.name) else known.name
    if not listed.address:
        return replace(known, name=name)
    where = _where(known, listed)
    keeps = where is _Where.AGREES or (where is _Where.SILENT and _fullness(known) >= _fullness(listed))
    return replace(known if keeps else listed, name=name)


def _says_more(listed: str, known: str) -> bool:
    """Whether a name is another one, or the same with more of its marks or letters."""
    if not known or not names_agree(listed, known):
        return True
    return _marks(listed) > _marks(known) or (_marks(listed) == _marks(known) and "." in known)


def _marks(name: str) -> int:
    """Marks of a name without a form of address before it."""
    words = " ".join(_spellings(name)[-1])
    return sum(
        unicodedata.combining(letter) > 0 or letter == "đ" for letter in unicodedata.normalize("NFD", words)
    )


def _fullness(parts: Parts) -> tuple[bool, int]:
    """How much an address tells: lane and number before one of them, then by its length."""
    return bool(parts.lane and parts.number), len(parts.address)


Item = TypeVar("Item")


class Known(Generic[Item]):
    """Households of one thôn, found again by what may make two of them one, without looking at all of them."""

    def __init__(self) -> None:
        self._all: list[tuple[Parts, Item]] = []
        self._by_name: dict[str, list[int]] = defaultdict(list)
        """By what stands in `_Keys`, the places in `_all` of those that have it."""
        self._by_place: dict[str, list[int]] = defaultdict(list)
        self._nameless: dict[str, list[int]] = defaultdict(list)
        """Those of `_by_place` that have no name: without one a place may make two of them one."""

    def add(self, parts: Parts, item: Item) -> None:
        number, keys = len(self._all), _keys(parts)
        self._all.append((parts, item))
        for key in keys.names:
            self._by_name[key].append(number)
        for key in keys.places:
            self._by_place[key].append(number)
            if not keys.names:
                self._nameless[key].append(number)

    def like(self, parts: Parts, least: Likeness = Likeness.PERHAPS) -> list[tuple[Likeness, Item]]:
        """What is at least so much like a household, the most alike first; among equals those found by their name
        before those found by their place, each in the order of adding.

        Neighbours, of whom a xóm without numbers is full, are looked at only where they are wanted.
        """
        keys = _keys(parts)
        there = self._nameless if keys.names and least > Likeness.NEIGHBOUR else self._by_place
        named = sorted({each for key in keys.names for each in self._by_name.get(key, ())})
        placed = [each for key in keys.places for each in there.get(key, ())]
        if not named and not placed:
            return []
        found = [
            (alike, item)
            for other, item in (self._all[number] for number in dict.fromkeys(named + placed))
            if (alike := likeness(parts, other)) >= least
        ]
        return sorted(found, key=lambda each: -each[0])


@dataclass(frozen=True)
class _Keys:
    """What two households that are alike have one of in common: how the name begins and ends, or lane and number."""

    names: tuple[str, ...]
    places: tuple[str, ...]


@functools.lru_cache(maxsize=30_000)
def _keys(parts: Parts) -> _Keys:
    names = tuple(_name_key(words) for words in _spellings(parts.name) if words)
    where = _address(parts.address)
    if where.slashed:
        return _Keys(names, tuple(_place_key(*pair) for pair in itertools.combinations(where.slashed, 2)))
    lanes = itertools.combinations(where.lanes.values(), 2)  # of which a number like 14/3 may be written
    pairs = (*((value, where.number) for value in where.words), *lanes)
    return _Keys(names, tuple(_place_key(*pair) for pair in pairs))


def _place_key(*values: str) -> str:
    """The same in whatever order lane and number are written."""
    return " ".join(sorted(values))


def _name_key(words: Sequence[str]) -> str:
    """The given name, and how each word before it begins: an abbreviation begins as the word that it stands for."""
    begins = (unicodedata.normalize("NFD", unaccented(word.rstrip("."))[:1])[:1] for word in words[:-1])
    return " ".join((*begins, unaccented(_i_for_y(words[-1]))))
