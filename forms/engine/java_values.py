"""What formulas work with: texts, numbers, truths and moments, and how JavaRosa turns one into another."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any, Protocol

from forms.engine import java_dates
from forms.engine.java_dates import JavaMoment
from forms.engine.unfillable import Unfillable

Value = str | float | bool | JavaMoment
"""A plain value. Truths are Python's, so ask for them before numbers."""
_SMALL = 1.0e-12
_INT_MOST, _INT_LEAST = 2**31 - 1, -(2**31)
_PLAIN_NUMBER = re.compile(r"-?(\d+\.?\d*|\.\d+)", re.ASCII)
_EDGES = "".join(map(chr, range(33)))
INTEGERS, DECIMALS = frozenset({"int", "integer", "long"}), frozenset({"decimal", "double", "float"})
PLACES = frozenset({"geopoint", "geotrace", "geoshape"})


class Mismatch(Unfillable):
    """A value cannot be what a formula takes it for: a phone stops there with an error."""


class FoundNode(Protocol):
    """A node that a path has found: its value, and whether it is asked at present."""

    value: Value
    live: bool


class Nodes(list[Any]):
    """What a path finds: nodes in their order. As one value it is that of its only node, or "" for none."""


def plain(value: Any) -> Value:
    """One value of what a formula gave. Mismatch where a path finds several nodes: the field is repeated."""
    if not isinstance(value, Nodes):
        return value  # type: ignore[no-any-return]
    if len(value) > 1:
        raise Mismatch(f"công thức lấy một giá trị mà câu này có {len(value)} lượt")
    return held(value[0]) if value else ""


def held(node: FoundNode) -> Value:
    """The value of a node; "" while it is not asked."""
    return node.value if node.live else ""


def each(value: Any) -> Sequence[Value]:
    """The values of all nodes found, or the one plain value."""
    return [held(node) for node in value] if isinstance(value, Nodes) else [value]


def to_truth(value: Any) -> bool:
    """A value as a condition."""
    one = plain(value)
    if isinstance(one, bool):
        return one
    if isinstance(one, float):
        return abs(one) > _SMALL and not math.isnan(one)
    return one != ""


def to_number(value: Any) -> float:
    """A value as a number; days since 1970 for a moment, NaN for a text that is none."""
    one = plain(value)
    if isinstance(one, bool | float):
        return float(one)
    if isinstance(one, JavaMoment):
        return float(java_dates.day_number(one))
    text = one.replace(",", ".").strip(_EDGES)
    return float(text) if _PLAIN_NUMBER.fullmatch(text) else math.nan


def to_text(value: Any) -> str:
    """A value as a text: "NaN" and "true" are words, a moment is its day."""
    one = plain(value)
    if isinstance(one, str):
        return one
    if isinstance(one, bool):
        return "true" if one else "false"
    return java_dates.write_day(one) if isinstance(one, JavaMoment) else _number_text(one)


def _number_text(one: float) -> str:
    if abs(one) < _SMALL:
        return "0"
    if math.isfinite(one) and _INT_LEAST <= one <= _INT_MOST and abs(one - int(one)) < _SMALL:
        return str(int(one))
    return write_double(one)


def to_moment(value: Any, *, with_time: bool) -> JavaMoment | str | float:
    """A value as a moment; "" and NaN stay. Mismatch for what is no date, or none of the years 1 to 9999."""
    try:
        found = _to_moment(plain(value), with_time=with_time)
        _ = found.local if isinstance(found, JavaMoment) else None
    except OverflowError:
        raise Mismatch("ngày ngoài các năm 1 đến 9999") from None
    return found


def _to_moment(one: Value, *, with_time: bool) -> JavaMoment | str | float:
    if isinstance(one, JavaMoment):
        return one if with_time else java_dates.start_of_day(one)
    if isinstance(one, bool):
        raise Mismatch("đúng/sai không phải là ngày")
    if isinstance(one, str):
        found = java_dates.parse_moment(one) if one else None
        if one and found is None:
            raise Mismatch(f"“{one[:40]}” không phải là ngày")
        return found or ""
    if math.isnan(one):
        return one
    if not _INT_LEAST <= one <= _INT_MOST:
        raise Mismatch("số quá lớn để làm ngày")
    return (
        JavaMoment(math.trunc(one * java_dates.DAY))
        if with_time
        else java_dates.of_day_number(math.trunc(one))
    )


def write_double(number: float) -> str:
    """A number as Java writes it: 12.5, 1.0E-4, Infinity."""
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "Infinity" if number > 0 else "-Infinity"
    if number == 0 or 1e-3 <= abs(number) < 1e7:
        text = repr(number)
        return text if "e" not in text else f"{number:f}"
    digits, _, exponent = f"{number!r}".partition("e")
    if not exponent:
        return _scientific(digits)
    return f"{digits if '.' in digits else digits + '.0'}E{int(exponent)}"


def _scientific(plain_digits: str) -> str:
    """ "12345678.9" as "1.23456789E7", "0.0005" as "5.0E-4"."""
    sign = "-" if plain_digits.startswith("-") else ""
    whole, _, part = plain_digits.lstrip("-").partition(".")
    digits = whole + part
    first = next(at for at, digit in enumerate(digits) if digit != "0")
    kept = digits[first:].rstrip("0")
    return f"{sign}{kept[0]}.{kept[1:] or '0'}E{len(whole) - 1 - first}"


# Answers: what a node keeps, by the type of its bind ----------------------------------------------------------


def read_answer(text: str, kind: str, now: JavaMoment) -> Value:
    """The value of an answer as it was sent; "" for one that is not of its kind."""
    read = _READERS.get(kind)
    trimmed = text.strip(_EDGES)
    if read is None:
        return text
    found = read(trimmed, now) if trimmed else None
    return "" if found is None else found


def _whole(text: str, _now: JavaMoment) -> Value | None:
    return float(text) if re.fullmatch(r"[+-]?[0-9]{1,19}", text) else None


def _decimal(text: str, _now: JavaMoment) -> Value | None:
    return (
        float(text) if re.fullmatch(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,3})?", text) else None
    )


def _place(text: str, _now: JavaMoment) -> Value | None:
    try:
        return "; ".join(write_point(read_point(part)) for part in text.split(";") if part.strip())
    except Mismatch:
        return None


def read_point(text: str) -> tuple[float, float, float, float]:
    """Latitude, longitude, altitude, accuracy of a point's text, 0 for what is not there; Mismatch for no point."""
    parts = text.split()
    if len(parts) > 4:
        raise Mismatch("không phải là tọa độ")
    try:
        numbers = [float(part) for part in parts]
    except ValueError:
        raise Mismatch("không phải là tọa độ") from None
    latitude, longitude, altitude, accuracy = (*numbers, 0.0, 0.0, 0.0, 0.0)[:4]
    return latitude, longitude, altitude, accuracy


def write_point(point: tuple[float, float, float, float]) -> str:
    """A point as formulas see it: "20.81 106.47 2.0 6.0"; "" for one at 0 0 without more."""
    return " ".join(map(write_double, point)) if any(point) else ""


_READERS: dict[str, Callable[[str, JavaMoment], Value | None]] = {
    **dict.fromkeys(INTEGERS, _whole),
    **dict.fromkeys(DECIMALS, _decimal),
    **dict.fromkeys(PLACES, _place),
    "date": lambda text, _now: java_dates.parse_day(text.partition("T")[0]),
    "dateTime": lambda text, _now: java_dates.parse_moment(text),
    "time": java_dates.parse_time,
    "boolean": lambda text, _now: text in {"1", "t"},
}


def keep(value: Value, kind: str, now: JavaMoment) -> Value:
    """What a node of that kind keeps of a result; "" for nothing. Mismatch for what cannot be kept there."""
    if value == "" or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool) or kind == "boolean":
        return to_truth(value)
    if isinstance(value, float):
        return _kept_number(value, kind)
    if kind in PLACES and isinstance(value, str):
        return "; ".join(write_point(read_point(part)) for part in value.split(";"))
    if kind in {"date", "dateTime", "time"}:
        found = read_answer(value, kind, now) if isinstance(value, str) else value
        if found == "":
            raise Mismatch(f"“{value}” không phải là ngày giờ")
        return java_dates.start_of_day(found) if kind == "date" and isinstance(found, JavaMoment) else found
    return value


def _kept_number(number: float, kind: str) -> float:
    if not math.isfinite(number):
        return float(_INT_MOST if number > 0 else _INT_LEAST) if kind in INTEGERS else number
    whole = math.trunc(number)
    if kind in INTEGERS or (abs(number - whole) < 1.0e-9 and abs(whole) < 2**63):
        return float(whole)
    return number


def write_answer(value: Value, kind: str) -> str:
    """What is sent of a kept value: whole numbers without a point, 1 and 0 for truths, moments by their kind."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        whole = math.isfinite(value) and value.is_integer() and abs(value) < 2**63
        return str(int(value)) if whole else write_double(value)
    if kind == "date":
        return java_dates.write_day(value)
    return java_dates.write_time(value) if kind == "time" else java_dates.write_moment(value)
