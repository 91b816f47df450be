"""Which column of a boundary file holds codes, names and household figures, whatever the column is called."""

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

Level = Literal["commune", "village"]

_CODES = {
    "village": "mathon mathontdp matdp makhupho makp maap mato mathonto villagecode village code ma id",
    "commune": "maxa maphuong maphuongxa maxaphuong madvhc wardcode communecode code ma id",
}
_NAMES = {
    "village": "tenthon tenthontdp tentdp tenkhupho tenkp tenap tento thon villagename ten name",
    "commune": "tenxa tenphuong tenphuongxa tenxaphuong xa phuong communename wardname ten name",
}
_HOUSEHOLDS = "soho sohodan sohogiadinh tongsoho households hogiadinh ho"
_PEOPLE = "nhankhau sonhankhau danso persons people population songuoi sokhau nguoi"
_ADULTS = "nguoilon songuoilon adults nguoi18 nguoitren18 tu18tuoi nguoitruongthanh songuoi18"
_ILLUSTRATIVE = "minhhoa illustrative"
_MOST = 100_000_000  # above any code and any count


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
        code=_pick(columns, code) if code else _first(columns, _CODES[level]),
        name=_pick(columns, name) if name else _first(columns, _NAMES[level]),
        households=_first(columns, _HOUSEHOLDS),
        people=_first(columns, _PEOPLE),
        adults=_first(columns, _ADULTS),
        illustrative=_first(columns, _ILLUSTRATIVE),
    )


def code_of(value: Any, level: Level) -> str:
    """A code as text: 11629001.0 from a spreadsheet is 11629001; a commune's number gets its zeros back (5 digits)."""
    number = _number(value) if not isinstance(value, str) else None
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
    numbers: list[int | None] = []
    for column in (columns.households, columns.people, columns.adults):
        value = values.get(column) if column else None
        number = _number(value)
        if number is None and text_of(value):
            wrong.append(f"cột {column} không phải số nguyên từ 0 trở lên")
        numbers.append(number)
    figures = Figures(*numbers)
    people = figures.people
    if people is not None and ((figures.adults or 0) > people or (figures.households or 0) > people):
        wrong.append("số hộ hoặc số người lớn nhiều hơn số nhân khẩu")
    return figures, "; ".join(wrong)


def is_true(value: Any) -> bool:
    """Whether a cell says yes."""
    return text_of(value).lower() in ("1", "1.0", "true", "co", "có", "x")


def _plain(column: str) -> str:
    spread = unicodedata.normalize("NFD", column.lower().replace("đ", "d"))
    return re.sub(r"[^a-z0-9]", "", spread)


def _first(columns: Sequence[str], wanted: str) -> str | None:
    plain = {_plain(column): column for column in reversed(columns)}
    return next((plain[word] for word in wanted.split() if word in plain), None)


def _pick(columns: Sequence[str], wanted: str) -> str | None:
    return next((column for column in columns if column == wanted or _plain(column) == _plain(wanted)), None)


def _number(value: Any) -> int | None:
    """A whole number below a hundred million, from a number or its digits ("1.250" is not read: dot or thousand?)."""
    try:
        number = float(str(value).strip())
    except ValueError:
        return None
    return int(number) if 0 <= number < _MOST and number.is_integer() else None
