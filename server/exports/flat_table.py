"""A table as feeds carry it: columns that keep their names and kinds, one line a row, and what is said of it all."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

TEXT, INTEGER, DECIMAL, DAY, MOMENT, FLAG = "text", "integer", "decimal", "day", "moment", "flag"
"""Kinds of columns: str, int, Decimal, date, datetime with a zone, bool; None is in any of them what is unknown."""


@dataclass(frozen=True)
class FlatColumn:
    """A column: its name for programs (ASCII), its heading for people, and its kind."""

    name: str
    label: str
    kind: str = TEXT


@dataclass(frozen=True)
class FlatTable:
    """Rows of values of the kinds of `columns`; the first `keys` columns tell one row from all others."""

    name: str
    """For programs, and for files."""
    title: str
    columns: tuple[FlatColumn, ...]
    rows: Sequence[Sequence[Any]]
    notes: tuple[str, ...] = ()
    """Sentences that travel with it: of which day it is, what is withheld."""
    keys: int = 1
