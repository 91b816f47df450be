"""What a boundary file holds before anything is judged: its columns, its rows, and the system it says it is in."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

MAX_BYTES = 100_000_000
MAX_ROWS = 5_000
MAX_VERTICES = 999_999
MAX_COORDINATE = 1e10  # degrees, metres, or a drawing's millimetres


@dataclass(frozen=True, slots=True)
class LayerRow:
    """One row of the file, counted from 1; no geometry where it is empty or cannot be read."""

    number: int
    values: Mapping[str, Any]
    geometry: BaseGeometry | None


@dataclass(frozen=True, slots=True)
class Layer:
    """What a file holds; `declared` is its coordinate system as it says it ("EPSG:9210" or WKT), or None.

    `encoding` is set when the letters of the names had to be guessed, `trusted` when that guess reads well.
    """

    columns: tuple[str, ...]
    rows: tuple[LayerRow, ...]
    declared: str | None
    encoding: str | None = None
    trusted: bool = True


def respelled(layer: Layer, spell: Callable[[str], str]) -> Layer:
    """The layer with every text of it, names of columns too, in other letters."""

    def other(value: object) -> object:
        return spell(value) if isinstance(value, str) else value

    rows = tuple(
        replace(row, values={spell(key): other(value) for key, value in row.values.items()})
        for row in layer.rows
    )
    return replace(layer, columns=tuple(map(spell, layer.columns)), rows=rows)


def texts(layer: Layer) -> list[str]:
    """Every text of a layer, names of columns too."""
    told = [value for row in layer.rows for value in row.values.values() if isinstance(value, str)]
    return [*told, *layer.columns]


def flat(geometry: BaseGeometry | None) -> BaseGeometry | None:
    """Without heights and measures; None where it is empty or has numbers that are no place on Earth."""
    if geometry is None or geometry.is_empty:
        return None
    within = (
        np.abs(shapely.get_coordinates(geometry)) <= MAX_COORDINATE
    )  # false for what is not a number, too
    return shapely.force_2d(geometry) if within.all() else None
