"""CQL2 text → a test of a feature's properties: what a filter may say is what this reader is shown, and nothing else.

Values that are not known make a comparison neither true nor false, as in SQL.
"""

import datetime as dt
import math
import operator
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

import lark

from forms import typed_values
from geo.plain_words import unaccented
from server import clock
from server.api.ogc.column_kinds import Kind, LayerColumn, read_day

MOST_LETTERS = 2_000
DEEPEST = 30
"""Brackets within brackets."""

Properties = Mapping[str, Any]
Truth = bool | None
Test = Callable[[Properties], Truth]


class FilterUnreadable(Exception):
    """A filter that is no CQL2, or asks for what is not there; the message is one Vietnamese sentence."""


@dataclass(frozen=True)
class Condition:
    """A part of a filter that has to hold, and the columns that it asks about."""

    test: Test
    columns: frozenset[str]


@dataclass(frozen=True)
class Filter:
    """A filter that was understood, as the conditions that its AND joins: one where it has none."""

    conditions: tuple[Condition, ...]

    @property
    def columns(self) -> frozenset[str]:
        """The columns that it asks about."""
        return frozenset[str]().union(*(each.columns for each in self.conditions))

    def test(self, properties: Properties) -> Truth:
        """Whether it holds of a feature."""
        return _all([each.test(properties) for each in self.conditions])

    def may_hold(self, properties: Properties, known: Set[str]) -> bool:
        """Whether it can hold, as far as those of its conditions tell that ask about `known` columns alone."""
        return all(each.test(properties) is True for each in self.conditions if each.columns <= known)


@dataclass(frozen=True)
class Scalar:
    """One side of a comparison: of which kind it is, and how its value is had; `column` where it is one."""

    kind: Kind
    value: Callable[[Properties], Any]
    column: str | None = None


_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq, "<>": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip


def read(text: str, columns: Mapping[str, LayerColumn]) -> Filter:
    """Understand a filter over these columns; FilterUnreadable says what is wrong with it."""
    if len(text) > MOST_LETTERS:
        raise FilterUnreadable(f"Bộ lọc dài hơn {MOST_LETTERS} chữ.")
    if text.count("(") > DEEPEST:
        raise FilterUnreadable(f"Bộ lọc có hơn {DEEPEST} dấu ngoặc.")
    try:
        return Filter(tuple(_condition(part, columns) for part in _conditions(_GRAMMAR.parse(text))))
    except lark.exceptions.VisitError as error:
        if isinstance(error.orig_exc, FilterUnreadable):
            raise error.orig_exc from error
        raise
    except lark.exceptions.UnexpectedInput as error:
        place = error.column if isinstance(error.column, int) and error.column > 0 else len(text) + 1
        raise FilterUnreadable(f"Bộ lọc không đúng CQL2 ở chữ thứ {place}.") from error
    except lark.exceptions.UnexpectedEOF as error:
        raise FilterUnreadable("Bộ lọc còn thiếu phần cuối.") from error


def _conditions(tree: lark.ParseTree) -> list[lark.ParseTree]:
    """The parts that an AND joins, however they are bracketed."""
    if tree.data != "all":
        return [tree]
    return [part for each in tree.children if isinstance(each, lark.Tree) for part in _conditions(each)]


def _condition(tree: lark.ParseTree, columns: Mapping[str, LayerColumn]) -> Condition:
    builder = _Builder(columns)
    test = builder.transform(tree)
    return Condition(test, frozenset(builder.asked))


def matches(pattern: str, text: str) -> bool:
    """SQL's LIKE: `%` any letters, `_` one, a backslash before either the sign itself.

    The work grows with the product of both lengths at most, whatever the pattern.
    """
    pieces = _pieces(pattern)
    first, last = pieces[0], pieces[-1]
    if len(pieces) == 1:
        return len(first) == len(text) and _fits(first, text, 0)
    if len(first) + len(last) > len(text) or not _fits(first, text, 0):
        return False
    end = len(text) - len(last)
    if not _fits(last, text, end):
        return False
    at = len(first)
    for piece in pieces[1:-1]:
        found = next((start for start in range(at, end - len(piece) + 1) if _fits(piece, text, start)), None)
        if found is None:
            return False
        at = found + len(piece)
    return True


def _pieces(pattern: str) -> list[list[str | None]]:
    """What stands between the `%`; None for one letter whatever it is."""
    found: list[list[str | None]] = [[]]
    letters = iter(pattern)
    for letter in letters:
        if letter == "%":
            found.append([])
        elif letter == "\\":
            found[-1].append(next(letters, letter))
        else:
            found[-1].append(None if letter == "_" else letter)
    return found


def _fits(piece: list[str | None], text: str, at: int) -> bool:
    return all(letter is None or text[at + n] == letter for n, letter in enumerate(piece))


def comparable(left: Kind, right: Kind) -> bool:
    """Whether values of two kinds can be compared."""
    numbers = {Kind.INTEGER, Kind.NUMBER}
    return left == right or (left in numbers and right in numbers)


def _all(found: Sequence[Truth]) -> Truth:
    return False if False in found else None if None in found else True


def _not(test: Test) -> Test:
    def turned(row: Properties) -> Truth:
        found = test(row)
        return None if found is None else not found

    return turned


def _both(left: Scalar, right: Scalar, compare: Callable[[Any, Any], bool]) -> Test:
    def tested(row: Properties) -> Truth:
        one, other = left.value(row), right.value(row)
        return None if one is None or other is None else compare(one, other)

    return tested


@lark.v_args(inline=True)
class _Builder(lark.Transformer[lark.Token, Any]):
    """From the parts of a filter to its test."""

    def __init__(self, columns: Mapping[str, LayerColumn]) -> None:
        super().__init__()
        self.columns = columns
        self.asked: set[str] = set()

    # what two or more conditions say together

    def any(self, *parts: Any) -> Test:
        tests = [part for part in parts if not isinstance(part, lark.Token)]

        def tested(row: Properties) -> Truth:
            found = [test(row) for test in tests]
            return True if True in found else None if None in found else False

        return tested

    def all(self, *parts: Any) -> Test:
        tests = [part for part in parts if not isinstance(part, lark.Token)]
        return lambda row: _all([test(row) for test in tests])

    def not_(self, _not_: lark.Token, test: Test) -> Test:
        return _not(test)

    def truth(self, word: lark.Token) -> Test:
        value = word.lower() == "true"
        return lambda _row: value

    # one condition

    def compared(self, left: Scalar, sign: lark.Token, right: Scalar) -> Test:
        self._alike(left, right)
        if left.kind is Kind.BOOLEAN and sign not in ("=", "<>"):
            raise FilterUnreadable("Giá trị đúng/sai chỉ so được bằng = và <>.")
        return _both(left, right, _COMPARE[sign])

    def like(self, text: Scalar, _like: lark.Token, pattern: Scalar) -> Test:
        if text.kind is not Kind.TEXT or pattern.kind is not Kind.TEXT:
            raise FilterUnreadable("LIKE chỉ dùng với chữ.")
        return _both(text, pattern, lambda one, other: matches(other, one))

    def not_like(self, text: Scalar, _n: lark.Token, like: lark.Token, pattern: Scalar) -> Test:
        return _not(self.like(text, like, pattern))

    def between(self, value: Scalar, _b: lark.Token, low: Scalar, _a: lark.Token, high: Scalar) -> Test:
        self._alike(value, low)
        self._alike(value, high)
        above, below = _both(value, low, operator.ge), _both(value, high, operator.le)
        together: Test = self.all(above, below)
        return together

    def not_between(self, value: Scalar, _n: lark.Token, *rest: Any) -> Test:
        return _not(self.between(value, *rest))

    def in_(self, value: Scalar, _in: lark.Token, *choices: Scalar) -> Test:
        for choice in choices:
            self._alike(value, choice)
        chosen: Test = self.any(*(_both(value, choice, operator.eq) for choice in choices))
        return chosen

    def not_in(self, value: Scalar, _n: lark.Token, *rest: Any) -> Test:
        return _not(self.in_(value, *rest))

    def is_null(self, value: Scalar, *_: lark.Token) -> Test:
        return lambda row: value.value(row) is None

    def is_not_null(self, value: Scalar, *_: lark.Token) -> Test:
        return lambda row: value.value(row) is not None

    def _alike(self, left: Scalar, right: Scalar) -> None:
        if not comparable(left.kind, right.kind):
            named = left.column or right.column or "giá trị"
            raise FilterUnreadable(f"“{named}” là {left.kind.words}, không so được với {right.kind.words}.")

    # values

    def named(self, token: lark.Token) -> Scalar:
        return self._column(str(token))

    def quoted(self, token: lark.Token) -> Scalar:
        return self._column(str(token)[1:-1].replace('""', '"'))

    def _column(self, name: str) -> Scalar:
        column = self.columns.get(name)
        if column is None:
            raise FilterUnreadable(f"Lớp này không có cột “{name[:60]}”.")
        self.asked.add(name)
        return Scalar(column.kind, lambda row: column.comparable(row.get(name)), name)

    def text(self, token: lark.Token) -> Scalar:
        value = _inside(token)
        return Scalar(Kind.TEXT, lambda _row: value)

    def number(self, token: lark.Token) -> Scalar:
        value = float(token)
        if not math.isfinite(value):
            raise FilterUnreadable(f"Số “{token[:40]}” quá lớn.")
        return Scalar(Kind.NUMBER, lambda _row: value)

    def truth_value(self, token: lark.Token) -> Scalar:
        value = token.lower() == "true"
        return Scalar(Kind.BOOLEAN, lambda _row: value)

    def date(self, _word: lark.Token, token: lark.Token) -> Scalar:
        value = _day(_inside(token))
        return Scalar(Kind.DAY, lambda _row: value)

    def timestamp(self, _word: lark.Token, token: lark.Token) -> Scalar:
        value = _day_of_moment(_inside(token))
        return Scalar(Kind.DAY, lambda _row: value)

    def casei(self, _word: lark.Token, inner: Scalar) -> Scalar:
        return _folded(inner, "CASEI", str.casefold)

    def accenti(self, _word: lark.Token, inner: Scalar) -> Scalar:
        return _folded(inner, "ACCENTI", unaccented)


def _folded(inner: Scalar, name: str, fold: Callable[[str], str]) -> Scalar:
    if inner.kind is not Kind.TEXT:
        raise FilterUnreadable(f"{name} chỉ dùng với chữ.")

    def value(row: Properties) -> str | None:
        found = inner.value(row)
        return None if found is None else fold(found)

    return Scalar(Kind.TEXT, value, inner.column)


def _inside(token: lark.Token) -> str:
    """A text as it is meant, its letters composed as ours are."""
    return typed_values.text(str(token)[1:-1].replace("''", "'"))


def _day(text: str) -> dt.date:
    try:
        return read_day(text)
    except ValueError as error:
        raise FilterUnreadable(f"Ngày “{text[:40]}” không đọc được; hãy viết DATE('2026-11-22').") from error


def _day_of_moment(text: str) -> dt.date:
    """The day of UTC+7 in which a moment lies."""
    try:
        moment = dt.datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)).astimezone(clock.LOCAL).date()
    except (ValueError, OverflowError) as error:
        raise FilterUnreadable(f"Thời điểm “{text[:40]}” không đọc được.") from error


_GRAMMAR = lark.Lark.open("cql2.lark", rel_to=__file__, parser="lalr")
