"""The file formats of boundaries: the rows of a GeoJSON, Shapefile, GeoPackage, KML, KMZ or DXF, unjudged.

Text formats are read by strict parsers here and not by GDAL, which follows some JSON and XML files into other
files and addresses (GDALG, VRT, WFS); only the two binary formats and DXF, which has no such directions, go
through it, under names of ours.
"""

import json
import sqlite3
import warnings
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pyogrio
import shapely
from shapely.geometry.base import BaseGeometry

from geo import dxf, encodings, kml
from geo.problems import UnreadableBoundaries
from geo.unpack import unpack

MAX_BYTES = 100_000_000
MAX_ROWS = 5_000
MAX_VERTICES = 999_999
MAX_COORDINATE = 1e8  # metres or degrees


@dataclass(frozen=True, slots=True)
class Row:
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
    rows: tuple[Row, ...]
    declared: str | None
    encoding: str | None = None
    trusted: bool = True


def load(path: Path) -> Layer:
    """The one layer of a file. Raises UnreadableBoundaries, with a sentence, for whatever is not one."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableBoundaries(f"Tệp lớn hơn {MAX_BYTES // 1_000_000} MB.")
        is_bare = path.suffix.lower() == ".shp"
        layer = _shapefile(_beside(path)) if is_bare else _by_content(path.read_bytes())
    except OSError as error:
        raise UnreadableBoundaries(
            f"Không mở được tệp {path.name}: {error.strerror or 'lỗi đọc'}."
        ) from error
    return _within_limits(layer)


def _by_content(data: bytes) -> Layer:
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if data.startswith(b"SQLite format 3\0"):
        return _geopackage(data)
    if data.startswith(b"PK"):
        parts = unpack(data)
        return _shapefile(parts) if ".shp" in parts else _by_content(next(iter(parts.values())))
    if start.startswith(b"{"):
        return _geojson(data)
    if start.startswith(b"<"):
        return _kml(data)
    if dxf.is_dxf(data):
        return _rows(dxf.rows(data), None)
    if data.startswith(b"\0\0\x27\x0a"):
        raise UnreadableBoundaries(
            "Tệp .shp đứng một mình: hãy nén cả bộ .shp, .shx, .dbf, .prj thành một tệp .zip."
        )
    if not data:
        raise UnreadableBoundaries("Tệp trống.")
    raise UnreadableBoundaries(
        "Không nhận ra loại tệp: hãy dùng GeoJSON, Shapefile nén .zip, GeoPackage (.gpkg), KML hoặc DXF."
    )


def _within_limits(layer: Layer) -> Layer:
    if not layer.rows:
        raise UnreadableBoundaries("Tệp không có dòng nào.")
    if len(layer.rows) > MAX_ROWS:
        raise UnreadableBoundaries(f"Tệp có hơn {MAX_ROWS} dòng.")
    if sum(int(shapely.get_num_coordinates(row.geometry)) for row in layer.rows) > MAX_VERTICES:
        raise UnreadableBoundaries(
            "Các đường ranh giới có từ 1 triệu điểm trở lên: hãy đơn giản hóa (simplify) rồi xuất lại."
        )
    return layer


def _refuse_constant(word: str) -> float:
    raise ValueError(word)


def _geojson(data: bytes) -> Layer:
    try:
        document = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableBoundaries("Tệp GeoJSON bị cắt cụt hoặc sai cú pháp JSON.") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        raise UnreadableBoundaries("Tệp JSON không phải GeoJSON loại FeatureCollection.")
    geometries = shapely.from_geojson(
        [json.dumps(feature.get("geometry")) for feature in features[: MAX_ROWS + 1]], on_invalid="ignore"
    )
    rows = []
    for number, (feature, geometry) in enumerate(zip(features, geometries, strict=False), 1):
        properties = feature.get("properties")
        values = dict(properties) if isinstance(properties, dict) else {}
        rows.append(Row(number, values, _flat(geometry)))
    return Layer(_columns(rows), tuple(rows), _geojson_crs(document))


def _geojson_crs(document: Mapping[str, Any]) -> str:
    """The old `crs` member where it names an EPSG code, else WGS84 (RFC 7946, section 4)."""
    crs = document.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    digits = str(name).replace("::", ":").rpartition(":")[2] if "EPSG" in str(name).upper() else ""
    return f"EPSG:{int(digits)}" if digits.isascii() and digits.isdigit() and len(digits) < 7 else "EPSG:4326"


def _kml(data: bytes) -> Layer:
    return _rows(kml.placemarks(data), "EPSG:4326")


def _rows(found: Sequence[tuple[Mapping[str, Any], BaseGeometry | None]], declared: str | None) -> Layer:
    rows = [Row(number, values, _flat(shape)) for number, (values, shape) in enumerate(found, 1)]
    return Layer(_columns(rows), tuple(rows), declared)


def _columns(rows: Sequence[Row]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for row in rows for column in row.values))


def _flat(geometry: BaseGeometry | None) -> BaseGeometry | None:
    """Without heights and measures; None where it is empty or has numbers that are no place on Earth."""
    if geometry is None or geometry.is_empty:
        return None
    within = (
        np.abs(shapely.get_coordinates(geometry)) <= MAX_COORDINATE
    )  # false for what is not a number, too
    return shapely.force_2d(geometry) if within.all() else None


def _beside(path: Path) -> dict[str, bytes]:
    """The parts of a Shapefile that lie beside its .shp."""
    parts = {}
    for part in path.parent.glob(f"{path.stem}.*"):
        if (
            part.suffix.lower() in (".shp", ".shx", ".dbf", ".prj", ".cpg")
            and part.stat().st_size <= MAX_BYTES
        ):
            parts[part.suffix.lower()] = part.read_bytes()
    return parts


def _shapefile(parts: Mapping[str, bytes]) -> Layer:
    missing = [suffix for suffix in (".shp", ".shx", ".dbf") if suffix not in parts]
    if missing:
        raise UnreadableBoundaries(f"Bộ Shapefile thiếu {', '.join(missing)}.")
    if not parts[".shp"].startswith(b"\0\0\x27\x0a"):
        raise UnreadableBoundaries("Tệp .shp bị hỏng.")
    with TemporaryDirectory() as folder:
        for suffix in (".shp", ".shx", ".dbf"):
            Path(folder, f"layer{suffix}").write_bytes(parts[suffix])
        layer = _by_gdal(Path(folder, "layer.shp"), None, encoding="ISO-8859-1")
    projection = parts.get(".prj", b"")[:10_000].decode("ascii", "replace").strip()
    return _spelled(
        replace(layer, declared=projection or None), parts.get(".cpg", b"").decode("ascii", "replace")
    )


def _spelled(layer: Layer, cpg: str) -> Layer:
    """A table that was read byte for byte (as Latin-1), now in the letters it was written in."""
    fields = [
        value.encode("latin-1")
        for row in layer.rows
        for value in row.values.values()
        if isinstance(value, str)
    ] + [column.encode("latin-1") for column in layer.columns]
    encoding, certain = encodings.decode(fields, cpg)

    def spell(value: Any) -> Any:
        return encodings.text(value.encode("latin-1"), encoding) if isinstance(value, str) else value

    rows = tuple(
        Row(row.number, {spell(key): spell(value) for key, value in row.values.items()}, row.geometry)
        for row in layer.rows
    )
    columns = tuple(map(spell, layer.columns))
    if certain:
        return Layer(columns, rows, layer.declared)
    return Layer(columns, rows, layer.declared, encoding, encodings.is_trusted(fields, encoding))


def _geopackage(data: bytes) -> Layer:
    with TemporaryDirectory() as folder:
        path = Path(folder, "layer.gpkg")
        path.write_bytes(data)
        return _by_gdal(path, _feature_table(path))


def _feature_table(path: Path) -> str:
    """The one table with outlines. A view would run SQL of the sender's making, so none is let in."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            views = database.execute("SELECT count(*) FROM sqlite_master WHERE type = 'view'").fetchone()[0]
            if views:
                raise UnreadableBoundaries(
                    "Tệp GeoPackage có khung nhìn (view): hãy xuất lại thành một lớp thường."
                )
            tables = [
                str(name)
                for (name,) in database.execute(
                    "SELECT c.table_name FROM gpkg_contents c JOIN sqlite_master m ON m.name = c.table_name"
                    " WHERE c.data_type = 'features' AND m.type = 'table' LIMIT 50"
                )
            ]
    except (sqlite3.Error, ValueError) as error:
        raise UnreadableBoundaries("Tệp GeoPackage bị hỏng hoặc bị cắt cụt.") from error
    if len(tables) != 1:
        found = f"có {len(tables)} lớp ({', '.join(tables)})" if tables else "không có lớp nào"
        raise UnreadableBoundaries(f"Tệp GeoPackage {found}: cần đúng một lớp ranh giới.")
    return tables[0]


def _by_gdal(path: Path, layer: str | None, encoding: str | None = None) -> Layer:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL warns of what the checks that follow say better
            meta, _, shapes, fields = pyogrio.raw.read(
                path, layer=layer, encoding=encoding, force_2d=True, max_features=MAX_ROWS + 1
            )
    except (RuntimeError, ValueError, OverflowError, MemoryError, UnboundLocalError) as error:
        # the last is what pyogrio 0.13 raises of itself for a coordinate system it cannot write out
        raise UnreadableBoundaries("Tệp bị hỏng hoặc bị cắt cụt, không đọc được.") from error
    if shapes is None:
        raise UnreadableBoundaries("Tệp chỉ có bảng, không có ranh giới.")
    columns = tuple(map(str, meta["fields"]))
    # a coordinate that is no number makes numpy warn: the checks that follow name its row
    with np.errstate(invalid="ignore"):
        geometries = shapely.from_wkb(np.asarray(shapes, dtype=object), on_invalid="ignore")
    rows = tuple(
        Row(number, dict(zip(columns, values, strict=True)), _flat(geometry))
        for number, (geometry, *values) in enumerate(zip(geometries, *fields, strict=True), 1)
    )
    return Layer(columns, rows, meta["crs"])
