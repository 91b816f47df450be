"""The parts of a household (name, lane, number; its thôn is the fourth) and all that is made of them.

Labels, addresses, search texts and the order of walking are made here alone, whichever way a household came: from a
phone, an Excel list or a split. What is stored is the label and the address; parts are read from these, so that no
second store can fall behind. What cannot be told apart stays whole, as the lane.
"""

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from geo.plain_words import titled
from geo.vietnamese_order import sort_key
from server.households.read_address import (
    HOUSE,
    LONGEST,
    HouseAddress,
    clean,
    key_at,
    plain,
    read_place,
    value_start,
    words_of,
)

_DIGITS = re.compile(r"(\d+)")
_MARKS = (",", ";", "-")


@dataclass(frozen=True)
class Parts:
    """A household but for its thôn. `lane` has all that leads to the house (“Xóm Đình, Ngõ 14”) or, where nothing
    could be told, the whole address; `number` has no word before it; `note` is what else the address says."""

    name: str = ""
    lane: str = ""
    number: str = ""
    note: str = ""

    @property
    def address(self) -> str:
        """“Ngõ 14, số 3”: the lane, then the number, as the form on phones asks for it."""
        number = f"{'số' if self.lane else 'Số'} {self.number}" if self.number else ""
        return ", ".join(filter(None, (self.lane, number, self.note)))[:LONGEST]

    @property
    def label(self) -> str:
        """“Lương Thị Nụ, Ngõ 14, số 3”: what people choose on a phone."""
        return ", ".join(filter(None, (self.name, self.address)))[:LONGEST]

    @property
    def called(self) -> str:
        """The name, or where none is known the address: in tables that have a column for the address."""
        return self.name or self.address

    @property
    def search(self) -> str:
        """What is searched: small letters without marks and commas, the words in the order of the label."""
        return plain(self.label)

    @property
    def walking(self) -> tuple[object, ...]:
        """The order in which a team walks: lanes as the alphabet has them, numbers by size; without a lane last."""
        return (not self.lane, *map(_in_order, (self.lane, self.number, self.name)))


def holds(parts: Parts, typed: str) -> bool:
    """Whether a household is meant by what a person typed: its words, or its address written in another way.

    Words may be in any order, with marks and commas or not; a house number is a whole one: 3 is not 13. The number
    of a lane is none of a house: “số 14” is not in lane 14.
    """
    words, asked = plain(typed).split(), read("", typed)
    if all(_stands(word, parts.search) for word in words):
        return all(word.isdecimal() for word in words) or not _lies_elsewhere(parts, asked)
    return _is_at(parts, asked)


_LONGEST_NUMBER = 4
"""Digits of a house number; more are the beginning of a telephone number or a code."""


def _stands(word: str, stands: str) -> bool:
    if not word.isdecimal() or len(word) > _LONGEST_NUMBER:
        return word in stands
    return re.search(rf"(?<!\d)0*{int(word)}(?!\d)", stands) is not None


def _pairs(parts: Parts, asked: Parts) -> list[tuple[str, str]]:
    """Lane and number as they were asked for, each with what the household has."""
    return [(plain(asked.lane), plain(parts.lane)), (plain(asked.number), plain(parts.number))]


def _is_at(parts: Parts, asked: Parts) -> bool:
    """Whether it lies where an address without a name says: “số nhà 03 ngõ 14”, “Ngo14”."""
    pairs = _pairs(parts, asked)
    if not any(wanted for wanted, _ in pairs) or any(wanted not in {"", there} for wanted, there in pairs):
        return False
    return all(_stands(word, parts.search) for word in plain(f"{asked.name} {asked.note}").split())


def _lies_elsewhere(parts: Parts, asked: Parts) -> bool:
    """Whether an address that was asked for has another number of lane or house than the household's own."""
    numbers = [(_DIGITS.findall(wanted), _DIGITS.findall(there)) for wanted, there in _pairs(parts, asked)]
    return any(wanted and there and not {*wanted} <= {*there} for wanted, there in numbers)


@functools.lru_cache(maxsize=30_000)
def _in_order(text: str) -> str:
    """Lane 2 before lane 10, Xóm Ấp before Xóm Đình: numbers by their size, words as the alphabet has them."""
    return sort_key(text)


@functools.lru_cache(maxsize=30_000)
def read(label: str, address: str = "") -> Parts:
    """The parts of a household that is called by a label and has an address (which may be empty).

    The label's own address is used only where there is no other. Never fails: a label that says no address is a name.
    """
    called, where = clean(label), clean(address)
    name, tail = _split(called, where)
    place = read_place(where or tail)
    if not name and not where and len(place.texts) == 1 and place.lanes and _is_name(place.texts[0]):
        return _parts(place.texts[0], HouseAddress(place.lanes, place.number, (), place.areas))
    return _parts(name, place)


def of_row(label: str, data: Mapping[str, Any]) -> Parts:
    """The parts of a household as its row has them: the label, and the address among its properties."""
    return read(label, str(data.get("dia_chi") or ""))


@functools.lru_cache(maxsize=30_000)
def of_list(name: str, address: str, lane: str = "", number: str = "", *, lane_word: str = "Ngõ") -> Parts:
    """The parts of a row of a list. A lane of which only the number is given gets the word of its column's heading.

    What the address says of thôn, xã and above is left out: the row's thôn says it.
    """
    way, house = lanes_of(((lane_word, lane),)), clean(number)
    if house and house[0].isdigit():
        house = f"số {house}"
    where = ", ".join(filter(None, (way, house, clean(address))))
    own, tail = _split(clean(name), where)
    place = read_place(where or tail)
    return _parts(own, HouseAddress(place.lanes, place.number, place.texts, (), place.is_whole))


def lanes_of(written: Iterable[tuple[str, str]]) -> str:
    """The way to a house from cells (the word of their column, what stands in them): "Ngõ 5, Ngách 3"."""
    ways = ((word, clean(way)) for word, way in written)
    return ", ".join(way if read_place(way).lanes else f"{word} {way}" for word, way in ways if way)


def filed(parts: Parts) -> tuple[str, str, str, str]:
    """Name, lane, number and address as the columns of a list have them; the address where lane and number do not
    say all of it."""
    if of_list(parts.called, "", parts.lane, parts.number) == parts:
        return parts.called, parts.lane, parts.number, ""
    return parts.called, "", "", parts.address


def as_filed(parts: Parts) -> Parts:
    """How a list that was made from a household is read again."""
    name, lane, number, address = filed(parts)
    return of_list(name, address, lane, number)


def _parts(name: str, place: HouseAddress) -> Parts:
    keyed, texts = ", ".join(lane.shown for lane in place.lanes), ", ".join(place.texts)
    notes = ", ".join(filter(None, ((texts if keyed else ""), *place.areas)))
    if not keyed and not texts and not place.number:
        return Parts(titled(name), notes)
    return Parts(titled(name), keyed or texts, place.number, notes)


def _split(label: str, address: str) -> tuple[str, str]:
    """The name in a label, and the address that follows it; a label that is the address alone has no name."""
    low, end = label.casefold(), address.casefold()
    if address and len(low) == len(label):
        before, after = label[: len(label) - len(address)], label[len(address) :]
        if low.endswith(end) and (not before.strip() or before.rstrip().endswith(_MARKS)):
            return before.strip(" ,;-"), address
        if low.startswith(end) and after.lstrip().startswith(_MARKS):
            return after.strip(" ,;-"), address
    at = _place_begins(label)
    return label[:at].strip(" ,;-"), label[at:].strip(" ,;-")


def _place_begins(label: str) -> int:
    """Where the address begins in a label: at a lane or a number with digits, or at a comma before a named lane."""
    for word in re.finditer(r"\S+", label):
        before = label[: word.start()].rstrip()
        words = words_of(label[word.start() :])
        found = key_at(words, 0)
        if found is not None and found.length < len(words):
            value = words[value_start(words, 0, found)]
            leads = value[0].isdigit() or (before.endswith(_MARKS) and found.is_sure)
        else:
            is_number = HOUSE.fullmatch(word.group().rstrip(",")) is not None
            leads = is_number and (not before or before.endswith(_MARKS))
        if leads:
            return word.start()
    return len(label)


def _is_name(text: str) -> bool:
    words = text.split()
    return 2 <= len(words) <= 6 and all(word[0].isupper() for word in words)
