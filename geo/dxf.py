"""DXF drawings read as rows: each closed line is an outline, the text inside it is its code and name."""

import math
import re
import warnings
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from geo.problems import UnreadableBoundaries

MAX_ENTITIES = 50_000
CLOSED = 0.01
"""How near the ends of a line must be, in units of the drawing, for the line to be an outline."""
_START = re.compile(rb"\s*(?:999[^\n]*\n[^\n]*\n\s*)*0\s*\n\s*SECTION")
_CODE = re.compile(r"\d{5,12}")


def is_dxf(data: bytes) -> bool:
    """Whether it begins as a text DXF does; a drawing that GDAL might take for something else is none."""
    return _START.match(data[:4096].replace(b"\r", b"")) is not None


def rows(data: bytes) -> list[tuple[dict[str, Any], BaseGeometry | None]]:
    """Each outline with `ma_thon`, `ten_thon`, `lop`; raises UnreadableBoundaries where there is none."""
    shapes, fields = _entities(data)
    outlines = [(shape, layer) for shape, layer in _outlines(shapes, fields)]
    if not outlines:
        raise UnreadableBoundaries("Bản vẽ DXF không có đường khép kín nào để làm ranh giới.")
    placed = [
        (shape.x, shape.y, _plain(_spelled(text)))
        for shape, text in zip(shapes, fields.get("Text", [None] * len(shapes)), strict=True)
        if isinstance(shape, shapely.Point) and not shape.is_empty and isinstance(text, str) and text.strip()
    ]
    points = np.array([(x, y) for x, y, _ in placed]).reshape(-1, 2)
    texts = [text for *_, text in placed]
    return [(_named(outline, layer, points, texts), outline) for outline, layer in outlines]


def _entities(data: bytes) -> tuple[list[BaseGeometry | None], dict[str, Any]]:
    with TemporaryDirectory() as folder:
        path = Path(folder, "layer.dxf")
        path.write_bytes(data)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                meta, _, found, values = pyogrio.raw.read(path, force_2d=True, max_features=MAX_ENTITIES + 1)
        except (RuntimeError, ValueError, OverflowError, MemoryError, UnboundLocalError) as error:
            raise UnreadableBoundaries("Bản vẽ DXF bị hỏng hoặc bị cắt cụt, không đọc được.") from error
    if found is None or not len(found):
        raise UnreadableBoundaries("Bản vẽ DXF không có gì.")
    if len(found) > MAX_ENTITIES:
        raise UnreadableBoundaries(f"Bản vẽ DXF có hơn {MAX_ENTITIES} đối tượng.")
    shapes = shapely.from_wkb(np.asarray(found, dtype=object), on_invalid="ignore")
    return list(shapes), dict(zip(map(str, meta["fields"]), values, strict=True))


def _outlines(shapes: list[BaseGeometry | None], fields: dict[str, Any]) -> list[tuple[BaseGeometry, str]]:
    layers = fields.get("Layer", [""] * len(shapes))
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


def _spelled(text: str) -> str:
    """UTF-8 that GDAL took for Latin-1, as it does where a drawing names no code page."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text


def _plain(text: str) -> str:
    r"""Without MTEXT's formatting: `\P` for a new line, `\f…;` for a font."""
    return " ".join(re.sub(r"\\[A-Za-z][^;\\{}]*;|[{}]", "", text.replace("\\P", " ")).split())
