"""The columns of a layer: their kinds, how they are described to programs, and how a value in an address is read."""

import datetime as dt
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from forms import typed_values
from server.api.ogc.ogc_problems import OgcProblem
from server.errors import Problem


class Kind(Enum):
    """What a column holds: its JSON schema, and its word for people."""

    TEXT = ({"type": "string"}, "chữ")
    INTEGER = ({"type": "integer"}, "số")
    NUMBER = ({"type": "number"}, "số")
    BOOLEAN = ({"type": "boolean"}, "đúng/sai")
    DAY = ({"type": "string", "format": "date"}, "ngày")

    def __init__(self, schema: Mapping[str, str], words: str) -> None:
        self.schema = schema
        self.words = words


@dataclass(frozen=True)
class LayerColumn:
    """A property of a layer's features. `title` is what people read."""

    name: str
    kind: Kind
    title: str

    def comparable(self, value: Any) -> Any:
        """The value as it is compared: days as days; None stays None."""
        if value is not None and self.kind is Kind.DAY and isinstance(value, str):
            return dt.date.fromisoformat(value)
        return value

    def read(self, text: str) -> Any:
        """A value as an address says it, by the column's kind; Problem VALUE_UNREADABLE."""
        try:
            return _READERS[self.kind](text)
        except ValueError as error:
            raise Problem(
                OgcProblem.VALUE_UNREADABLE, name=self.name, value=text[:40], what=self.kind.words
            ) from error


_NUMBER = re.compile(r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def read_day(text: str) -> dt.date:
    """A day as RFC 3339 writes it, none of the other ways of ISO 8601; ValueError."""
    if not _DAY.fullmatch(text):
        raise ValueError(text)
    return dt.date.fromisoformat(text)


def _number(text: str) -> float:
    if not _NUMBER.fullmatch(text) or not math.isfinite(float(text)):
        raise ValueError(text)
    return float(text)


def _truth(text: str) -> bool:
    if text not in ("true", "false"):
        raise ValueError(text)
    return text == "true"


_READERS: Mapping[Kind, Callable[[str], Any]] = {
    Kind.TEXT: typed_values.text,
    Kind.INTEGER: _number,
    Kind.NUMBER: _number,
    Kind.BOOLEAN: _truth,
    Kind.DAY: read_day,
}
