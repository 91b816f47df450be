"""Frozen dataclasses as JSON and back by the types of their fields: exact numbers and days come back as they were."""

import functools
import types
from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date
from decimal import Decimal
from enum import Enum
from fractions import Fraction
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

Value = TypeVar("Value")


class NotPlain(ValueError):
    """JSON that is no such value."""


def to_plain(value: Any) -> Any:
    """A value as JSON knows it: fractions and decimals as text, days as ISO, dataclasses by their fields."""
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: to_plain(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Fraction | Decimal):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [to_plain(each) for each in value]
    return value


def of_plain(kind: type[Value], plain: Any) -> Value:
    """The value of a type again; NotPlain where the JSON holds anything else, a field too many among it."""
    try:
        return cast(Value, _read(kind, plain))
    except (TypeError, ValueError, ArithmeticError, KeyError, RecursionError) as error:
        raise NotPlain(str(error)[:80]) from error


def _read(kind: Any, plain: Any) -> Any:
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return None if plain is None else _read(_only(kind), plain)
    if origin is tuple:
        return tuple(_read(get_args(kind)[0], each) for each in _list(plain))
    return _dataclass(kind, plain) if is_dataclass(kind) else _one(kind, plain)


def _one(kind: Any, plain: Any) -> Any:
    if kind in (Fraction, Decimal):
        return _number(kind, plain)
    if kind is date:
        return date.fromisoformat(plain)
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(plain)
    if kind is float and type(plain) is int:
        return float(plain)
    if kind not in (int, float, str, bool) or type(plain) is not kind:
        raise NotPlain(f"{plain!r:.40} is no {kind}")
    return plain


def _only(kind: Any) -> Any:
    [other] = [each for each in get_args(kind) if each is not type(None)]
    return other


def _list(plain: Any) -> Sequence[Any]:
    if not isinstance(plain, list):
        raise NotPlain("no list")
    return plain


def _number(kind: Any, plain: Any) -> Any:
    """Short and finite: a denominator of a million digits would keep a page busy."""
    if not isinstance(plain, str) or len(plain) > 60:
        raise NotPlain("no number")
    found = kind(plain)
    if isinstance(found, Decimal) and not found.is_finite():
        raise NotPlain("no finite number")
    return found


@functools.cache
def _hints(kind: Any) -> Mapping[str, Any]:
    """The types of a dataclass by its fields: looking them up takes longer than reading the values."""
    known = get_type_hints(kind)
    return {each.name: known[each.name] for each in fields(kind)}


def _dataclass(kind: Any, plain: Any) -> Any:
    known = _hints(kind)
    if not isinstance(plain, Mapping) or plain.keys() != known.keys():
        raise NotPlain(f"other fields than those of {kind.__name__}")
    return kind(**{name: _read(known[name], value) for name, value in plain.items()})
