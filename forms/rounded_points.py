"""Takes the exactness out of a submission's points before it is stored (R21)."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from decimal import Decimal, InvalidOperation
from typing import Any

from lxml import etree

from forms.definition import Definition
from forms.instance import FoundTexts, Instance, read

_NUMBER = re.compile(rb"(?<![0-9.])[+-]?[0-9]{1,3}\.[0-9]{1,60}(?![0-9])")
# With one of these after its first bytes a document may be written in another way than it reads.
_DISGUISES = (b"<![CDATA[", b"&#", b"<!--", b"<?", b"\r")
_POINT = re.compile(
    rb">(\s*[+-]?[0-9]{1,2}\.[0-9]{4,60} [+-]?[0-9]{1,3}\.[0-9]{1,60}(?: [0-9.+-]{1,20}){0,2}\s*)<"
)
_DECIMALS = 3
"""About 110 m: a point that names no house (R21)."""
# Letters of a number that tell where: "20,84" a kilometre, "1012" nothing.
_TELLING = 5


def rounded(instance: Instance, definition: Definition, decimals: int = _DECIMALS) -> Instance:
    """The submission with latitude and longitude of points, traces and shapes rounded, altitude 0.

    3 decimals are about 110 m; accuracy stays. Where a calculation or a label repeats a coordinate digit for
    digit, it is rounded there too. A point that cannot be read is emptied, and taken out of what is worked out from
    it; another answer that happens to say the same stays. All other bytes stay as they came, unless a point cannot
    be read or was written with character references or CDATA: then lxml writes the document anew.
    Without a point to round it is the very instance that was given.
    """
    exact = _exact(instance, definition, decimals)
    if not exact:
        return instance
    is_plain = all(instance.xml.find(sign, 2) < 0 for sign in _DISGUISES)
    if not is_plain or not all(map(_is_unmistakable, exact)):
        return read(_round_copies(_rewritten(instance.xml, exact, definition), exact, decimals))
    return _as_written(instance, definition, exact, decimals)


def _as_written(instance: Instance, definition: Definition, exact: dict[str, str], decimals: int) -> Instance:
    """The usual case: what stands between tags is what was read, so no second reading is needed."""
    xml = instance.xml
    for raw, replacement in exact.items():
        xml = xml.replace(f">{raw}<".encode(), f">{replacement}<".encode())
    coarse = _round_copies(xml, exact, decimals)
    if coarse is not xml:
        return read(coarse)
    found = _with_points(instance.found(definition), definition.layout.points, exact)
    return replace(instance, xml=coarse, _found=[(definition, found)])


def _with_points(found: FoundTexts, paths: frozenset[str], exact: dict[str, str]) -> FoundTexts:
    points = {path: exact[found.texts[path]] for path in paths if found.texts.get(path) in exact}
    repeats = {
        path: [_with_points(one_round, paths, exact) for one_round in rounds]
        for path, rounds in found.repeats.items()
    }
    return FoundTexts({**found.texts, **points}, repeats, found.entities)


def emptied(instance: Instance, definition: Definition) -> Instance:
    """The submission without its points, traces and shapes, also where a calculation repeats their numbers.

    Without any it is the very instance that was given.
    """
    texts = set(_points(instance.found(definition), definition.layout.points))
    return read(_rewritten(instance.xml, dict.fromkeys(texts, ""), definition)) if texts else instance


def rounded_unseen(xml: bytes) -> bytes:
    """A document whose form is unknown, with every answer that is written like a point rounded."""
    return _POINT.sub(lambda leaf: b">" + _round(leaf[1].decode().strip(), _DECIMALS).encode() + b"<", xml)


def _exact(instance: Instance, definition: Definition, decimals: int) -> dict[str, str]:
    """Text of each point answer that says more than it may → what it becomes."""
    texts = set(_points(instance.found(definition), definition.layout.points))
    coarse = {raw: _coarser(raw.strip(), decimals) for raw in texts}
    return {raw: text for raw, text in coarse.items() if text is not None}


def _points(found: FoundTexts, paths: frozenset[str]) -> list[str]:
    texts = [found.texts[path] for path in paths if found.texts.get(path)]
    for rounds in found.repeats.values():
        for one_round in rounds:
            texts += _points(one_round, paths)
    return texts


def _numbers(parts: Sequence[str]) -> list[Decimal]:
    """Latitude, longitude, altitude; ValueError where they are none."""
    try:
        numbers = [Decimal(part) for part in parts[:3]]
    except InvalidOperation as problem:
        raise ValueError(" ".join(parts)[:40]) from problem
    if len(numbers) < 2 or not all(number.is_finite() and abs(number) < 10**6 for number in numbers):
        raise ValueError(" ".join(parts)[:40])
    return numbers


def _coarser(raw: str, decimals: int) -> str | None:
    """A point or line as it may be kept, "" where it is none; None where it says no more than it may."""
    parts = [point.split() for point in raw.split(";") if point.strip()]
    try:
        points = [(point, _numbers(point)) for point in parts]
    except ValueError:
        return ""
    if not any(_says_more(numbers, decimals) for _, numbers in points):
        return None
    return "; ".join(_round_point(point, numbers, decimals) for point, numbers in points)


def _says_more(numbers: Sequence[Decimal], decimals: int) -> bool:
    is_fine = any(_decimals(number) > decimals for number in numbers[:2])
    return is_fine or any(number != 0 for number in numbers[2:])


def _decimals(number: Decimal) -> int:
    exponent = number.as_tuple().exponent
    return -exponent if isinstance(exponent, int) else 0


def _round(raw: str, decimals: int) -> str:
    """ "20.844911 106.688112 3.5 8.2" → "20.845 106.688 0 8.2", for each point of a line."""
    coarse = _coarser(raw, decimals)
    return raw if coarse is None else coarse


def _round_point(parts: Sequence[str], numbers: Sequence[Decimal], decimals: int) -> str:
    coarse = [_coarse(number, decimals) for number in numbers[:2]]
    return " ".join([*coarse, *("0" for _ in parts[2:3]), *parts[3:4]])


def _coarse(number: Decimal, decimals: int) -> str:
    return f"{round(number, decimals) if _decimals(number) > decimals else number:f}"


def _round_copies(xml: bytes, exact: dict[str, str], decimals: int) -> bytes:
    """Rounds the coordinates of the points wherever the document repeats them."""
    parts = {part.lstrip("+") for raw in exact for part in raw.replace(";", " ").split()}
    if not any(part.encode() in xml for part in parts if len(part.partition(".")[2]) > decimals):
        return xml

    def coarse(match: re.Match[bytes]) -> bytes:
        number = match[0].decode()
        if number.lstrip("+") not in parts or len(number.partition(".")[2]) <= decimals:
            return match[0]
        return _coarse(Decimal(number), decimals).encode()

    return _NUMBER.sub(coarse, xml)


def _is_unmistakable(raw: str) -> bool:
    """Whether a text is a place wherever it stands: "20.845 106.688 0 8" is, "3" may be how many people live there."""
    return re.fullmatch(r"\s*[+-]?\d{1,2}\.\d{3,} [+-]?\d{1,3}\.\d{3,}\b.*", raw, re.DOTALL) is not None


def _rewritten(xml: bytes, exact: dict[str, str], definition: Definition) -> bytes:
    # Without comments: one could split a coordinate.
    parser = etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True
    )
    root = etree.fromstring(xml.removeprefix(b"\xef\xbb\xbf"), parser)
    anywhere = {raw: coarse for raw, coarse in exact.items() if _is_unmistakable(raw)}
    copies = frozenset(definition.place_copies)
    for path, element in _leaves(root, ""):
        if path in copies:
            element.text = _without(element.text, exact)
        else:
            known = exact if path in definition.layout.points else anywhere
            element.text = known.get(element.text, element.text)
    return etree.tostring(root, encoding="utf-8", xml_declaration=xml.lstrip().startswith(b"<?xml"))


def _leaves(parent: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Every element with a text and its path by local names, without the root; a document is at most 64 deep."""
    for child in parent.iterchildren("*"):
        here = path + etree.QName(child).localname
        if child.text:
            yield here, child
        yield from _leaves(child, f"{here}/")


def _without(text: str, exact: dict[str, str]) -> str:
    """What is worked out from points, without the numbers of those that are not kept."""
    if text in exact:
        return exact[text]
    words = (word for raw, coarse in exact.items() if not coarse for word in raw.replace(";", " ").split())
    for word in words:
        if len(word) >= _TELLING:
            text = text.replace(word, "")
    return text
