"""Rows as lines of CSV: written at once as JSON, less its quotes; the csv module gets what is not so plain."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Any

import orjson

from server.exports.disarmed_cells import COMPUTED, disarmed
from server.exports.presets import Preset

_SIGNS = tuple((sign.encode(), b'"' + sign.encode()) for sign in COMPUTED if sign.isprintable())
"""How a text begins that would be disarmed; the signs that JSON escapes are met by their backslash."""


_NOT_WORDS = frozenset({float, bool})


class Lines:
    """Writes rows as Python's csv module would with the preset's dialect, byte for byte, in half its time or less.

    Numbers and truths stand as in JSON, which has none that is infinite. Most cells are words, dates and numbers, in
    which nothing is to be quoted: their row in JSON, less its quotes, is the line.
    """

    def __init__(self, preset: Preset) -> None:
        self._preset = preset
        self._end = preset.line_end.encode()
        self._between = f'"{preset.separator}"'.encode()
        self._signs = _SIGNS if preset.guards else ()

    def content(self, rows: Iterable[list[Any]]) -> bytes:
        """The lines of these rows, UTF-8; those of Excel's preset disarmed (X14)."""
        lines = [self._line(row) for row in rows]
        return self._end.join([*lines, b""])

    def _line(self, row: list[Any]) -> bytes:
        try:
            cells = orjson.dumps(row)[1:-1]
        except TypeError:  # a number beyond 64 bits
            return self._whole(row)
        if b"\\" in cells or self._may_compute(cells):
            return self._whole(row)
        if len(row) < 2 or cells.count(b",") != len(row) - 1:
            return self._written(row)
        line = cells.replace(b",null", b",").translate(None, b'"')
        if cells.startswith(b"null"):  # nothing, or a number that is none
            line = line[4:]
        if self._preset.quotes_all:
            return b'"' + line.replace(b",", self._between) + b'"'
        return line

    def _may_compute(self, cells: bytes) -> bool:
        """Whether a text among them begins as a formula does, or might within for another reader."""
        if self._signs and b";" in cells:
            return True
        for sign, begun in self._signs:  # noqa: SIM110 (a generator costs more than all that it would look at)
            if sign in cells and begun in cells:
                return True
        return False

    def _whole(self, row: Sequence[Any]) -> bytes:
        """Whatever stands in it, disarmed where Excel reads it."""
        return self._written(disarmed(row) if self._preset.guards else row)

    def _written(self, row: Sequence[Any]) -> bytes:
        """Cell by cell."""
        text, preset = io.StringIO(newline=""), self._preset
        csv.writer(
            text,
            delimiter=preset.separator,
            lineterminator="\r\n",  # both are quoted in cells, whatever ends the line
            quoting=csv.QUOTE_ALL if preset.quotes_all else csv.QUOTE_MINIMAL,
        ).writerow([_word(cell) if type(cell) in _NOT_WORDS else cell for cell in row])
        return text.getvalue()[:-2].encode()


def _word(cell: Any) -> Any:
    """A number or truth as JSON writes it; blank where it has no word for it."""
    return orjson.dumps(cell).decode() if orjson.dumps(cell) != b"null" else None
