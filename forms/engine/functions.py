"""The functions that phones know, by their names: how many arguments each takes and what it gives."""

import math
import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_DOWN, ROUND_HALF_UP, Decimal, localcontext
from typing import Any, Protocol

from forms.engine import coded_texts, geo_functions, java_dates
from forms.engine.java_dates import JavaMoment
from forms.engine.java_regex import matches
from forms.engine.java_values import (
    Mismatch,
    Nodes,
    Value,
    each,
    held,
    plain,
    to_moment,
    to_number,
    to_text,
    to_truth,
)
from forms.engine.shuffled import randomize
from forms.engine.unfillable import TooMuch

LONGEST_TEXT = 100_000
"""Letters that a formula may make: far beyond any answer, and reached by doubling seventeen times."""
_MANY = 1_000
_INT_MOST = 2**31 - 1


class CallContext(Protocol):
    """What a function may ask beside its arguments: the visit and the node that is worked out."""

    @property
    def now(self) -> JavaMoment: ...
    @property
    def version(self) -> str: ...
    @property
    def own(self) -> Value: ...
    @property
    def place(self) -> int: ...
    def uuid(self) -> str: ...
    def device(self, name: str) -> str: ...
    def row(self, instance: str, column: str, wanted: str) -> Any: ...
    def choice_label(self, path: str, value: str) -> str: ...


@dataclass(frozen=True)
class Function:
    """A function: it takes from `least` to `most` arguments, an odd or even number where `step` is 2."""

    least: int
    most: int
    work: Callable[..., Any]
    step: int = 1
    asks: bool = False

    def takes(self, count: int) -> bool:
        """Whether phones take that many arguments."""
        return self.least <= count <= self.most and (count - self.least) % self.step == 0


def bounded(text: str) -> str:
    """The text; TooMuch for one longer than any answer."""
    if len(text) > LONGEST_TEXT:
        raise TooMuch(f"công thức tạo chữ dài quá {LONGEST_TEXT} ký tự")
    return text


# Texts: Java counts letters beyond the first 65,536 of Unicode as two -----------------------------------------


def _units(text: str) -> bytes:
    return text.encode("utf-16-le", "surrogatepass")


def _of_units(units: bytes) -> str:
    return units.decode("utf-16-le", "replace")


def _join(mark: Any, *values: Any) -> str:
    parts = each(values[0]) if len(values) == 1 else values
    return bounded(to_text(mark).join(map(to_text, parts)))


def _substr(text: Any, start: Any, end: Any = None) -> str:
    units = _units(to_text(text))
    length = len(units) // 2
    first, last = _whole(start), length if end is None else _whole(end)
    first, last = (max(0, min(length, at + length if at < 0 else at)) for at in (first, last))
    return _of_units(units[2 * first : 2 * last]) if first <= last else ""


def _whole(value: Any) -> int:
    """Java's cast to int: NaN is 0, and what is too large is the largest."""
    number = to_number(value)
    if math.isnan(number):
        return 0
    return int(max(-_INT_MOST - 1, min(_INT_MOST, number)))


def _before(text: Any, mark: Any) -> str:
    found, sign, _ = to_text(text).partition(to_text(mark)) if to_text(mark) else ("", "", "")
    return found if sign else ""


def _after(text: Any, mark: Any) -> str:
    return to_text(text).partition(to_text(mark))[2] if to_text(mark) else to_text(text)


def _translate(text: Any, letters: Any, others: Any) -> str:
    """By Java's letters: an emoji is two of them."""
    old, new, units = (_units(to_text(each)) for each in (letters, others, text))
    table = {old[at : at + 2]: new[at : at + 2] for at in range(len(old) - 2, -2, -2)}
    return _of_units(
        b"".join(table.get(units[at : at + 2], units[at : at + 2]) for at in range(0, len(units), 2))
    )


def _normalize(asked: CallContext, *text: Any) -> str:
    return re.sub(
        r"[ \t\n\x0B\f\r]+", " ", to_text(text[0] if text else asked.own).strip("".join(map(chr, range(33))))
    )


def _length(asked: CallContext, *text: Any) -> float:
    return len(_units(to_text(text[0] if text else asked.own))) / 2


# Choices ------------------------------------------------------------------------------------------------------


def _codes(chosen: Any) -> list[str]:
    value = plain(chosen)
    if not isinstance(value, str):
        raise Mismatch("hàm này đọc câu chọn, không đọc số hoặc ngày")
    return [code for code in value.split(" ") if code]


def _selected(chosen: Any, choice: Any) -> bool:
    wanted, value = plain(choice), plain(chosen)
    if not isinstance(wanted, str):
        raise Mismatch("tham số thứ hai của selected() phải đặt trong nháy, như '1'")
    if not isinstance(value, str):
        raise Mismatch("selected() đọc câu chọn, không đọc số hoặc ngày")
    return f" {wanted.strip()} " in f" {value} "


def _selected_at(chosen: Any, index: Any) -> str:
    codes, at = _codes(chosen), _whole(index)
    return codes[at] if 0 <= at < len(codes) else ""


# Numbers ------------------------------------------------------------------------------------------------------


def _round(value: Any, places: Any = 0.0) -> float:
    number, digits = to_number(value), _whole(places)
    if not math.isfinite(number):
        return number
    if abs(digits) > 30:
        return math.nan
    with localcontext(prec=400):
        exact = Decimal(repr(number))
        if digits >= 0:
            rule = ROUND_HALF_DOWN if number < 0 else ROUND_HALF_UP
            return float(exact.quantize(Decimal(1).scaleb(-digits), rule))
        scaled = math.trunc(float(exact.scaleb(digits)) + 0.5)
        return float(Decimal(scaled).scaleb(-digits))


def _int(value: Any) -> float:
    number = to_number(value)
    return float(math.trunc(number)) if math.isfinite(number) else number


def _number(value: Any) -> float:
    """As to_number, but a moment with its time: what abs(), sqrt() and their like take."""
    return (
        (value.ms - java_dates.FIRST.ms) / java_dates.DAY
        if isinstance(value, JavaMoment)
        else to_number(value)
    )


def _reckoned(work: Callable[..., float]) -> Callable[..., float]:
    """A reckoning as Java does it: NaN instead of an error, Infinity instead of an overflow."""

    def safe(*values: Any) -> float:
        numbers = [_number(value) for value in values]
        try:
            return work(*numbers)
        except ValueError:
            return -math.inf if work in (math.log, math.log10) and numbers[0] == 0 else math.nan
        except OverflowError:
            return math.inf
        except ZeroDivisionError:
            return math.inf

    return safe


def _power(base: float, power: float) -> float:
    """Java has no number for 1 to the power of none or of infinity, and Infinity for a division by 0 or an overflow."""
    if abs(base) == 1 and not math.isfinite(power):
        return math.nan
    is_odd = math.isfinite(power) and abs(math.fmod(power, 2)) == 1
    endless = math.copysign(math.inf, base) if is_odd else math.inf
    try:
        return endless if base == 0 and power < 0 else math.pow(base, power)
    except OverflowError:
        return endless


def _extreme(choose: Callable[[Sequence[float]], float]) -> Callable[..., float]:
    def extreme(*values: Any) -> float:
        parts = each(values[0]) if len(values) == 1 else values
        numbers = [number for number in map(to_number, parts) if not math.isnan(number)]
        return choose(numbers) if numbers else math.nan

    return extreme


def _largest(numbers: Sequence[float]) -> float:
    """JavaRosa begins with the smallest positive number, so that of negatives none is the largest."""
    return max((5e-324, *numbers))


def _nodes(value: Any) -> Nodes:
    if not isinstance(value, Nodes):
        raise Mismatch("count() và sum() cần một câu hoặc một nhóm lặp")
    return value


def _sum(values: Any) -> float:
    total = 0.0
    for value in each(_nodes(values)):
        number = to_number(value)
        total += 0.0 if math.isnan(number) else number
    return total


def _checklist(least: Any, most: Any, *factors: Any) -> bool:
    low, high = _whole(least), _whole(most)
    parts = each(factors[0]) if len(factors) == 1 else factors
    count = sum(map(to_truth, parts))
    return (low < 0 or count >= low) and (high < 0 or count <= high)


def _weighted(least: Any, most: Any, *pairs: Any) -> bool:
    flags, weights = pairs[::2], pairs[1::2]
    if len(pairs) == 2 and all(isinstance(part, Nodes) for part in pairs):
        flags, weights = tuple(each(pairs[0])), tuple(each(pairs[1]))
        if len(flags) != len(weights):
            raise Mismatch("weighted-checklist: hai nhóm không bằng nhau")
    total = sum(to_number(weight) for flag, weight in zip(flags, weights, strict=True) if to_truth(flag))
    return to_number(least) <= total <= to_number(most)


# Dates --------------------------------------------------------------------------------------------------------


def _days(value: Any) -> float | str:
    found = to_moment(value, with_time=True)
    return (
        java_dates.days_and_time(found)
        if isinstance(found, JavaMoment)
        else to_number(found)
        if found != ""
        else ""
    )


def _decimal_days(value: Any) -> float | str:
    one = plain(value)
    if isinstance(one, float):
        to_moment(one, with_time=True)
        return one
    return _days(one)


def _decimal_time(asked: CallContext, value: Any) -> float | str:
    one = plain(value)
    found = to_moment(one, with_time=True)
    if isinstance(one, float):
        return one - math.floor(one) if math.isfinite(one) else one
    return java_dates.part_of_day(found, asked.now) if isinstance(found, JavaMoment) else ""


def _format(value: Any, pattern: Any) -> str:
    found = to_moment(value, with_time=True)
    if not isinstance(found, JavaMoment):
        return ""
    try:
        return bounded(java_dates.format_moment(found, to_text(pattern)))
    except ValueError as sign:
        raise Mismatch(f"format-date() không hiểu {sign}") from None


# What the visit knows -----------------------------------------------------------------------------------------


def _uuid(asked: CallContext, *length: Any) -> str:
    if not length:
        return asked.uuid()
    letters = "0123456789abcdefghijklmnopqrstuvwxyz"
    return "".join(random.choice(letters) for _ in range(max(0, min(_MANY, _whole(length[0])))))  # noqa: S311


def _once(asked: CallContext, value: Any) -> Any:
    own = asked.own
    return plain(value) if to_text(own) == "" else own


def _position(asked: CallContext, *nodes: Any) -> float:
    if not nodes:
        return float(asked.place + 1)
    found = _nodes(nodes[0])
    return float(found[0].index + 1) if found else 0.0


def _pulldata(asked: CallContext, name: Any, *rest: Any) -> str:
    """Collect gives nothing where it is not told all four: file, column, key, value."""
    if len(rest) != 3:
        return ""
    column, key, wanted = rest
    row = asked.row(to_text(name), to_text(key), to_text(wanted))
    cells = row.named(to_text(column)) if row is not None else []
    return to_text(held(cells[0])) if cells else ""


def _choice_name(asked: CallContext, value: Any, path: Any) -> str:
    return bounded(asked.choice_label(re.sub(r"\s", "", to_text(path)), to_text(value)))


def _fixed(count: int, work: Callable[..., Any]) -> Function:
    return Function(count, count, work)


def _asking(least: int, most: int, work: Callable[..., Any]) -> Function:
    return Function(least, most, work, asks=True)


_OF_ONE_NUMBER = ("sqrt", "exp", "log", "log10", "sin", "cos", "tan", "asin", "acos", "atan")
FUNCTIONS: dict[str, Function] = {
    "true": _fixed(0, lambda: True), "false": _fixed(0, lambda: False), "not": _fixed(1, lambda v: not to_truth(v)),
    "boolean": _fixed(1, to_truth), "number": _fixed(1, to_number), "string": _fixed(1, to_text),
    "boolean-from-string": _fixed(1, lambda v: to_text(v).lower() in {"true", "1"}),
    "int": _fixed(1, _int), "round": Function(1, 2, _round), "abs": _fixed(1, _reckoned(abs)),
    **{name: _fixed(1, _reckoned(getattr(math, name))) for name in _OF_ONE_NUMBER},
    "exp10": _fixed(1, _reckoned(lambda n: math.pow(10.0, n))), "pow": _fixed(2, _reckoned(_power)),
    "atan2": _fixed(2, _reckoned(math.atan2)), "pi": _fixed(0, lambda: math.pi),
    "min": Function(0, _MANY, _extreme(min)), "max": Function(0, _MANY, _extreme(_largest)),
    "sum": _fixed(1, _sum), "count": _fixed(1, lambda nodes: float(len(_nodes(nodes)))),
    "count-non-empty": _fixed(1, lambda nodes: float(sum(node.filled for node in _nodes(nodes)))),
    "concat": Function(0, _MANY, lambda *values: _join("", *values) if values else ""),
    "join": Function(1, _MANY, lambda mark, *values: _join(mark, *values) if values else ""),
    "substr": Function(2, 3, _substr), "substring-before": _fixed(2, _before), "substring-after": _fixed(2, _after),
    "translate": _fixed(3, _translate), "contains": _fixed(2, lambda a, b: to_text(b) in to_text(a)),
    "starts-with": _fixed(2, lambda a, b: to_text(a).startswith(to_text(b))),
    "ends-with": _fixed(2, lambda a, b: to_text(a).endswith(to_text(b))),
    "string-length": _asking(0, 1, _length), "normalize-space": _asking(0, 1, _normalize),
    "regex": _fixed(2, lambda a, b: matches(to_text(a), to_text(b))), "digest": Function(2, 3, coded_texts.digest),
    "base64-decode": _fixed(1, coded_texts.decoded), "extract-signed": _fixed(2, coded_texts.signed),
    "randomize": Function(1, 2, randomize), "selected": _fixed(2, _selected), "is-selected": _fixed(2, _selected),
    "count-selected": _fixed(1, lambda v: float(len(_codes(v)))), "selected-at": _fixed(2, _selected_at),
    "checklist": Function(2, _MANY, _checklist), "weighted-checklist": Function(2, _MANY, _weighted, step=2),
    "date": _fixed(1, lambda v: to_moment(v, with_time=False)),
    "date-time": _fixed(1, lambda v: to_moment(v, with_time=True)),
    "decimal-date-time": _fixed(1, _decimal_days), "decimal-time": _asking(1, 1, _decimal_time),
    "format-date": _fixed(2, _format), "format-date-time": _fixed(2, _format),
    "depend": Function(1, _MANY, lambda first, *_rest: first), "area": _fixed(1, geo_functions.area),
    "enclosed-area": _fixed(1, geo_functions.area), "distance": Function(1, _MANY, geo_functions.distance),
    "geofence": _fixed(2, geo_functions.inside), "once": _asking(1, 1, _once), "uuid": _asking(0, 1, _uuid),
    "now": _asking(0, 0, lambda asked: asked.now), "today": _asking(0, 0, lambda a: java_dates.start_of_day(a.now)),
    "random": _fixed(0, random.random), "version": _asking(0, 0, lambda asked: asked.version),
    "property": _asking(1, 1, lambda asked, name: asked.device(to_text(name))), "position": _asking(0, 1, _position),
    "pulldata": _asking(1, 10_000, _pulldata), "jr:choice-name": _asking(2, 2, _choice_name),
}  # fmt: skip
"""All but those that look at their arguments themselves (`expression`), and the names below."""
IN_PATHS = frozenset({"instance", "current"})
ELSEWHERE = frozenset({"intersects"})
"""Phones of today know it; JavaRosa 5.1 and this engine do not."""
CLOCKS = frozenset({"now", "today", "random", "uuid", "property"})
"""What they give depends on the moment or the phone, not on answers."""
