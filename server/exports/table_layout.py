"""From a submission's answers to the rows of its tables, compiled once for all submissions of an export."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from server.exports.form_columns import Address, Convert, ExportTable
from server.exports.presets import ExportWish, Preset
from server.exports.who_columns import ID, INSTANCE, MISSING, NAMES


@dataclass(frozen=True)
class RowMaker:
    """Makes rows of one table: the answers as they are, then what has to become something else."""

    table: ExportTable
    paths: tuple[str, ...]
    converts: tuple[tuple[int, Convert], ...]
    media_url: str
    media_of: Callable[[str, str], str] | None
    preset: Preset

    def values(self, answers: Mapping[str, Any], stored: Sequence[Any]) -> list[Any]:
        """The cells of one row in the order of the table's columns; `stored` is the submission it stands in."""
        row = list(map(answers.get, self.paths))
        for place, convert in self.converts:
            value = row[place]
            if value is not None:
                row[place] = convert(value)
        if self.media_url:
            self._address(row, stored)
        return row

    def _address(self, row: list[Any], stored: Sequence[Any]) -> None:
        """Where a named file opens; a word where it was removed or has not come yet (X7)."""
        there, awaited = stored[NAMES], frozenset(stored[MISSING] or ())
        for place, value in enumerate(row):
            if type(value) is not Address:
                continue
            if value in there:
                rest = self.media_of(stored[INSTANCE], value) if self.media_of else quote(value)
                row[place] = f"{self.media_url}/{stored[ID]}/{rest}"
            else:
                row[place] = self.preset.awaited if value in awaited else self.preset.gone


def rows_of(table: ExportTable, wish: ExportWish) -> RowMaker:
    """The maker of a table's rows."""
    converts = tuple(
        (place, column.convert) for place, column in enumerate(table.columns) if column.convert is not None
    )
    return RowMaker(
        table,
        tuple(column.path for column in table.columns),
        converts,
        wish.media_url,
        wish.media_of,
        wish.preset,
    )


@dataclass(frozen=True)
class Round:
    """One round of a repeat: its answers, its number in the whole table, and that of the row it stands in."""

    answers: Mapping[str, Any]
    index: int
    parent: int
    key: str
    parent_key: str


class Rounds:
    """Finds the rounds of repeats, nested ones too, and numbers them through the whole export."""

    def __init__(self, tables: tuple[ExportTable, ...]) -> None:
        self._children = {
            table.path: [child for child in tables[1:] if child.parent == table.path] for table in tables
        }
        self._count = {table.path: 0 for table in tables}

    def of(self, answers: Mapping[str, Any], index: int, key: str) -> Iterator[tuple[ExportTable, Round]]:
        """Every round below one submission, parents before what stands in them."""
        yield from self._below("", answers, index, key)

    def _below(
        self, path: str, answers: Mapping[str, Any], parent: int, key: str
    ) -> Iterator[tuple[ExportTable, Round]]:
        for child in self._children[path]:
            for place, inside in enumerate(rounds_at(answers.get(child.path)), 1):
                self._count[child.path] += 1
                found = Round(inside, self._count[child.path], parent, f"{key}/{child.name}[{place}]", key)
                yield child, found
                yield from self._below(child.path, inside, found.index, found.key)


def rounds_at(value: Any) -> list[Mapping[str, Any]]:
    """The rounds of a repeat; none in the answer of a version that had a question at its place."""
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


Front = Callable[[Any], list[Any]]
"""The cells that say whose submission a row is, from the stored row."""
