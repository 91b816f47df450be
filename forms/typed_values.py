"""The text of one answer as a value of its question's kind; ValueError where it does not fit."""

import math
import re
import unicodedata
from collections.abc import Callable
from datetime import date, datetime, time
from typing import Any

from forms.file_names import file_name

# Longer numbers are noise, and Python refuses to read the longest ones.
_INTEGER = re.compile(r"[+-]?[0-9]{1,18}(?:\.0{0,9})?")
_DECIMAL = re.compile(r"[+-]?(?:[0-9]{1,18}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][+-]?[0-9]{1,3})?")
_NOT_A_NUMBER = "NaN"
Reader = Callable[[str], Any]


def text(raw: str) -> str:
    """The answer in NFC, as derived data is (C47); what was sent stays as it was."""
    return raw if raw.isascii() else unicodedata.normalize("NFC", raw)


def integer(raw: str) -> int | None:
    """A whole number, also written "2.0"; None for the "NaN" of a calculation without an answer."""
    plain = raw.strip()
    if _INTEGER.fullmatch(plain):
        return int(plain.partition(".")[0])
    if plain == _NOT_A_NUMBER:
        return None
    raise ValueError(plain[:40])


def decimal(raw: str) -> float | None:
    """A finite number; None for "NaN"."""
    plain = raw.strip()
    if plain == _NOT_A_NUMBER:
        return None
    if not _DECIMAL.fullmatch(plain):
        raise ValueError(plain[:40])
    number = float(plain)
    if not math.isfinite(number):
        raise ValueError(plain[:40])
    return number


def point(raw: str) -> dict[str, float | None]:
    """ "lat lon alt acc" → {"lat", "lon", "alt", "acc"}; degrees and metres, None where not given."""
    parts = [decimal(part) for part in raw.split()]
    if not 2 <= len(parts) <= 4:
        raise ValueError(raw[:40])
    latitude, longitude, altitude, accuracy = (*parts, None, None)[:4]
    if latitude is None or longitude is None or abs(latitude) > 90 or abs(longitude) > 180:
        raise ValueError(raw[:40])
    return {"lat": latitude, "lon": longitude, "alt": altitude, "acc": accuracy}


def line(raw: str) -> str:
    """A trace or shape, kept as text: points between semicolons."""
    for each in raw.strip().rstrip(";").split(";"):
        point(each)
    return raw.strip()


def day(raw: str) -> str:
    """An ISO date, kept as text."""
    plain = raw.strip()
    date.fromisoformat(plain)
    return plain


def moment(raw: str) -> str:
    """An ISO date and time, kept as text."""
    plain = raw.strip()
    datetime.fromisoformat(plain)
    return plain


def clock(raw: str) -> str:
    """An ISO time of day, kept as text."""
    plain = raw.strip()
    time.fromisoformat(plain)
    return plain


def one_of(names: frozenset[str]) -> Reader:
    """A reader of a choice's name; any name where the list is not in the form."""

    def read(raw: str) -> str:
        name = text(raw.strip())
        if names and name not in names:
            raise ValueError(name[:40])
        return name

    return read


def some_of(names: frozenset[str]) -> Reader:
    """A reader of names between spaces, to a list."""

    def read(raw: str) -> list[str]:
        chosen = text(raw).split()
        if names and not names.issuperset(chosen):
            raise ValueError(raw[:40])
        return chosen

    return read


READERS: dict[str, Reader] = {
    "integer": integer,
    "decimal": decimal,
    "geopoint": point,
    "geotrace": line,
    "geoshape": line,
    "date": day,
    "dateTime": moment,
    "time": clock,
    "binary": file_name,
}


def reader(kind: str, choices: frozenset[str]) -> Reader:
    """How an answer of that kind is read; `choices` are the names of its list, empty where unknown."""
    if kind == "select_one":
        return one_of(choices)
    if kind == "select_multiple":
        return some_of(choices)
    return READERS.get(kind, text)
