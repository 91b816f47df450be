"""Drawings (DXF, DGN V7) read as rows: each closed line is an outline, the texts inside it are its code and name."""

import math
import re
import unicodedata
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from geo import encodings, gdal_drivers
from geo.boundary_problems import UnreadableBoundaries
from geo.boundary_rows import Layer, LayerRow, flat

MAX_ENTITIES = 50_000
CLOSED = 0.01
"""How near the ends of a line must be, in units of the drawing, for the line to be an outline."""
_START = re.compile(rb"\s*(?:999[^\n]*\n[^\n]*\n\s*)*0\s*\n\s*SECTION")
_CODE = re.compile(r"\d{5,12}")
_DGN = (b"\x08\x09\xfe", b"\xc8\x09\xfe")
_ESCAPED = re.compile(r"\\[Uu]\+([0-9A-Fa-f]{4})")


def is_drawing(data: bytes) -> bool:
    """Whether it begins as a text DXF or a DGN V7 does; a drawing that GDAL might take for something else is none."""
    return _is_dxf(data) or data[:3] in _DGN


def _is_dxf(data: bytes) -> bool:
    return _START.match(data[:4096].replace(b"\r", b"")) is not None


def layer(data: bytes) -> Layer:
    """Each outline with `ma_thon`, `ten_thon`, `lop`; raises UnreadableBoundaries where there is none."""
    shapes, fields = _entities(data)
    outlines = _outlines(shapes, fields)
    if not outlines:
        raise UnreadableBoundaries("Bản vẽ không có đường khép kín nào để làm ranh giới.")
    placed = [
        (shape.x, shape.y, text)
        for shape, text in zip(shapes, fields.get("Text", [None] * len(shapes)), strict=True)
        if isinstance(shape, shapely.Point) and not shape.is_empty and isinstance(text, str) and text.strip()
    ]
    points = np.array([(x, y) for x, y, _ in placed]).reshape(-1, 2)
    texts, encoding, trusted = _spelled([_plain(text) for *_, text in placed])
    rows = tuple(
        LayerRow(number, _named(outline, lop, points, texts), flat(outline))
        for number, (outline, lop) in enumerate(outlines, 1)
    )
    return Layer(("ma_thon", "ten_thon", "lop"), rows, None, encoding, trusted)


def _entities(data: bytes) -> tuple[list[BaseGeometry | None], dict[str, Any]]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "layer.dxf" if _is_dxf(data) else "layer.dgn")
        path.write_bytes(data)
        gdal_drivers.refuse_elsewhere(path)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                meta, _, found, values = pyogrio.raw.read(path, force_2d=True, max_features=MAX_ENTITIES + 1)
        except (RuntimeError, ValueError, OverflowError, MemoryError, UnboundLocalError) as error:
            raise UnreadableBoundaries("Bản vẽ bị hỏng hoặc bị cắt cụt, không đọc được.") from error
    if found is None or not len(found):
        raise UnreadableBoundaries("Bản vẽ không có gì.")
    if len(found) > MAX_ENTITIES:
        raise UnreadableBoundaries(f"Bản vẽ có hơn {MAX_ENTITIES} đối tượng.")
    shapes = shapely.from_wkb(np.asarray(found, dtype=object), on_invalid="ignore")
    return list(shapes), dict(zip(map(str, meta["fields"]), values, strict=True))


def _outlines(shapes: list[BaseGeometry | None], fields: dict[str, Any]) -> list[tuple[BaseGeometry, str]]:
    layers = fields.get("Layer", fields.get("Level", [""] * len(shapes)))
    found = []
    for shape, layer in zip(shapes, layers, strict=True):
        if shape is None or shape.is_empty:
            continue
        if shape.geom_type in ("Polygon", "MultiPolygon"):
            found.append((shape, str(layer)))
        elif shape.geom_type == "LineString" and _is_closed(shape):
            found.append((shapely.Polygon(shape.coords), str(layer)))
    return found


def _is_closed(line: BaseGeometry) -> bool:
    points = shapely.get_coordinates(line)
    return len(points) >= 4 and math.dist(points[0], points[-1]) <= CLOSED


def _named(outline: BaseGeometry, layer: str, points: np.ndarray, texts: list[str]) -> dict[str, Any]:
    """The texts inside an outline: the one made of digits is its code, the first other one its name."""
    inside = [texts[place] for place in np.flatnonzero(shapely.contains_xy(outline, points))]
    code = next((text for text in inside if _CODE.fullmatch(text)), "")
    name = next((text for text in inside if text and text != code), "")
    return {"ma_thon": code, "ten_thon": name, "lop": layer}


def _spelled(texts: list[str]) -> tuple[list[str], str | None, bool]:
    r"""The texts in the letters they were meant in, which letters those are where they had to be guessed, and how sure.

    AutoCAD writes what its code page lacks as `\U+1EA1`; before Unicode, Vietnamese was drawn by fonts of their own
    (TCVN3, VNI), which a drawing does not name in a way that can be relied on.
    """
    plain = [_ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) for text in texts]
    old = [text.encode("latin-1") for text in plain if not text.isascii() and _is_latin(text)]
    if not old:
        return [unicodedata.normalize("NFC", text) for text in plain], None, True
    encoding, certain = encodings.decode(old, None)
    read = [
        encodings.text(text.encode("latin-1"), encoding)
        if _is_latin(text)
        else unicodedata.normalize("NFC", text)
        for text in plain
    ]
    return read, None if certain else encoding, certain or encodings.is_trusted(old, encoding)


def _is_latin(text: str) -> bool:
    return all(ord(letter) < 256 for letter in text)


def _plain(text: str) -> str:
    r"""Without MTEXT's formatting: `\P` for a new line, `\f…;` for a font; `\U+1EA1` stays."""
    bare = re.sub(r"\\(?!U\+)[A-Za-z][^;\\{}]*;|[{}]", "", text.replace("\\P", " "))
    # not split(): of "à" and "ễ" in UTF-8 the last byte is a blank in Latin-1, as the drawing is read at first
    return " ".join(word for word in re.split(r"[ \t\r\n]+", bare) if word)
