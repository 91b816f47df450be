"""Which column of a boundary file holds codes, names and household figures, whatever the column is called."""

import math
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from geo import column_words, written_numbers
from geo.plain_words import words

Level = Literal["commune", "village"]


@dataclass(frozen=True, slots=True)
class Figures:
    """How many households, people and adults a row states; None where it states nothing (never 0 for unknown)."""

    households: int | None = None
    people: int | None = None
    adults: int | None = None


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns found, by the names they have in the file; None where there is none."""

    code: str | None
    name: str | None
    households: str | None
    people: str | None
    adults: str | None
    illustrative: str | None


def find(columns: Sequence[str], level: Level, code: str | None, name: str | None) -> Columns:
    """The columns by their usual names, with or without marks and case; `code` and `name` overrule."""
    return Columns(
        code=_pick(columns, code) if code else column_words.exact(columns, f"{level}_code"),
        name=_pick(columns, name) if name else column_words.exact(columns, level),
        households=column_words.exact(columns, "households"),
        people=column_words.exact(columns, "people"),
        adults=column_words.exact(columns, "adults"),
        illustrative=column_words.exact(columns, "illustrative"),
    )


def code_of(value: Any, level: Level) -> str:
    """A code as text: 11629001.0 from a spreadsheet is 11629001; a commune's number gets its zeros back (5 digits)."""
    number = written_numbers.whole(value) if not isinstance(value, str) else None
    if number is None:
        return text_of(value)
    return f"{number:05d}" if level == "commune" else str(number)


def text_of(value: Any) -> str:
    """A cell as composed text without spaces around it; empty for a missing value."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    return " ".join(unicodedata.normalize("NFC", str(value)).split())


def figures_of(values: Mapping[str, Any], columns: Columns) -> tuple[Figures, str]:
    """The figures of a row, and what is wrong with them in Vietnamese words ("" when nothing is)."""
    wrong = []
    found: list[int | None] = []
    for column in (columns.households, columns.people, columns.adults):
        value = values.get(column) if column else None
        number = written_numbers.whole(value)
        if number is None and text_of(value):
            wrong.append(f"cột {column} không phải số nguyên từ 0 trở lên")
        found.append(number)
    figures = Figures(*found)
    people = figures.people
    if people is not None and ((figures.adults or 0) > people or (figures.households or 0) > people):
        wrong.append("số hộ hoặc số người lớn nhiều hơn số nhân khẩu")
    return figures, "; ".join(wrong)


def is_true(value: Any) -> bool:
    """Whether a cell says yes."""
    return text_of(value).lower() in ("1", "1.0", "true", "co", "có", "x")


def _pick(columns: Sequence[str], wanted: str) -> str | None:
    return next((column for column in columns if column == wanted or words(column) == words(wanted)), None)
