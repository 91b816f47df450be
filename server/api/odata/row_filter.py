"""Expressions about rows that are in memory already: whether one holds, and the order in which rows stand."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from server.answers.expression import (
    Among,
    Compare,
    Every,
    Expression,
    Holds,
    IsAnswered,
    Key,
    Matches,
    Not,
    OrderBy,
    Part,
    Sign,
    Some,
)

Look = Callable[[Key], Any]
"""What stands in a row under a key; None where nothing does."""


def holds(expression: Expression, look: Look) -> bool:
    """Whether an expression holds of a row; what is unknown is unequal to all, greater and less than none."""
    match expression:
        case Every(parts):
            return all(holds(each, look) for each in parts)
        case Some(parts):
            return any(holds(each, look) for each in parts)
        case Not(part):
            return not holds(part, look)
        case _:
            return _leaf_holds(expression, look)


def _leaf_holds(expression: Expression, look: Look) -> bool:
    match expression:
        case IsAnswered(key):
            return look(key) is not None
        case Compare(key, sign, value):
            return _compared(look(key), sign, value)
        case Among(key, values):
            return any(_compared(look(key), Sign.EQUAL, value) for value in values)
        case Holds(key, text, part, cased):
            return _contains(look(key), text, part, cased=cased)
        case Matches(key, pattern, cased):
            found = look(key)
            return isinstance(found, str) and bool(re.search(pattern, found, 0 if cased else re.IGNORECASE))
    raise TypeError(expression)


def ordered(rows: Sequence[Any], wanted: Sequence[OrderBy], look: Callable[[Any], Look]) -> list[Any]:
    """Rows by several keys; what is unknown comes first, or last where the order is turned round."""
    found = list(rows)
    for each in reversed(wanted):
        found.sort(key=lambda row, key=each.key: _rank(look(row)(key)), reverse=each.descending)  # type: ignore[misc]
    return found


def _rank(value: Any) -> tuple[Any, ...]:
    """What makes values of one column comparable; unknown before all."""
    if value is None:
        return (0,)
    return (1, _number(value)) if isinstance(value, bool | int | float | Decimal) else (2, _comparable(value))


def _compared(found: Any, sign: Sign, value: Any) -> bool:
    if found is None or value is None:
        return False
    one, other = _pair(found, value)
    if type(one) is not type(other):
        return False
    outcomes: Mapping[Sign, Callable[[], bool]] = {
        Sign.EQUAL: lambda: one == other, Sign.GREATER: lambda: one > other, Sign.AT_LEAST: lambda: one >= other,
        Sign.LESS: lambda: one < other, Sign.AT_MOST: lambda: one <= other,
    }  # fmt: skip
    return bool(outcomes[sign]())


def _pair(found: Any, value: Any) -> tuple[Any, Any]:
    """Both as numbers where the row has one, as text or moments else: exactly, never by floating point.

    A day against a moment is when it begins: in the zone of the moment where it stands in the row, by UTC else.
    """
    if isinstance(found, bool | int | float | Decimal):
        return _number(found), _number(value)
    if isinstance(value, dt.datetime) and _is_day(found):
        return dt.datetime.combine(found, dt.time(), value.tzinfo), value
    if isinstance(found, dt.datetime) and _is_day(value):
        return found, dt.datetime.combine(value, dt.time(), dt.UTC)
    return _comparable(found), _comparable(value)


def _is_day(value: Any) -> bool:
    return isinstance(value, dt.date) and not isinstance(value, dt.datetime)


def _number(value: Any) -> Any:
    if isinstance(value, bool | int):
        return Decimal(int(value))
    if isinstance(value, float):
        return Decimal(str(value))
    return value


def _comparable(value: Any) -> Any:
    """Days are compared as text, in which they stand in order; moments as moments."""
    if isinstance(value, dt.datetime):
        return value
    return value.isoformat() if isinstance(value, dt.date) else value


def _contains(found: Any, text: str, part: Part, *, cased: bool) -> bool:
    if not isinstance(found, str):
        return False
    whole, wanted = (found, text) if cased else (found.lower(), text.lower())
    if part is Part.BEGIN:
        return whole.startswith(wanted)
    return whole.endswith(wanted) if part is Part.END else wanted in whole
