"""The file formats of boundaries: the rows of whatever a land office hands over, unjudged.

Text formats are read by strict parsers here and not by GDAL, which follows some JSON and XML files into other
files and addresses (GDALG, VRT, WFS); only binary formats, GML, MapInfo and drawings go through it, under names of ours
and by drivers that we name (`gdal_drivers`, `gdal_files`, `cad_drawings`).
"""

import json
import re
import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import shapely
from shapely.geometry.base import BaseGeometry

from geo import cad_drawings, encodings, gdal_files, kml, other_files
from geo.boundary_problems import SeveralLayers, UnreadableBoundaries
from geo.boundary_rows import MAX_BYTES, MAX_ROWS, MAX_VERTICES, Layer, LayerRow, flat, respelled, texts
from geo.unpack_zip import unpack


def load(path: Path, layer: str | None = None) -> Layer:
    """One layer of a file; `layer` names it where there are several (SeveralLayers where it does not).

    Raises UnreadableBoundaries, with a sentence, for what is not one.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise UnreadableBoundaries(f"Tệp lớn hơn {MAX_BYTES // 1_000_000} MB.")
        is_bare = path.suffix.lower() == ".shp"
        found = _shapefile(_beside(path)) if is_bare else _by_content(path.read_bytes(), layer)
    except OSError as error:
        raise UnreadableBoundaries(
            f"Không mở được tệp {path.name}: {error.strerror or 'lỗi đọc'}."
        ) from error
    return _in_own_letters(_within_limits(found))


def _by_content(data: bytes, layer: str | None) -> Layer:
    start = data[:64].lstrip(b"\xef\xbb\xbf \t\r\n")
    if (instead := other_files.known(start)) is not None:
        raise UnreadableBoundaries(instead)
    if data.startswith(b"PK"):
        return _unpacked(unpack(data, layer), layer)
    if data.startswith(b"SQLite format 3\0"):
        return _geopackage(data, layer)
    if data.startswith(b"fgb\x03"):
        return gdal_files.flatgeobuf(data)
    if start.startswith(b"{"):
        return _geojson(data)
    if start.startswith(b"<"):
        return gdal_files.gml(data, layer) if b"opengis.net/gml" in data[:5_000] else _kml(data)
    if cad_drawings.is_drawing(data):
        return cad_drawings.layer(data)
    raise UnreadableBoundaries(other_files.why_not(data))


def _unpacked(parts: Mapping[str, bytes], layer: str | None) -> Layer:
    if ".shp" in parts:
        return _shapefile(parts)
    if ".tab" in parts or ".mif" in parts:
        return gdal_files.mapinfo(parts)
    return _by_content(next(iter(parts.values())), layer)


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


def _in_own_letters(layer: Layer) -> Layer:
    """A layer of a Unicode format whose texts were written for TCVN3 or VNI and never turned."""
    font = encodings.old_font(texts(layer)) if layer.encoding is None else None
    if font is None:
        return layer
    read = respelled(layer, lambda text: encodings.in_old_font(text, font))
    return replace(read, encoding=font)


def _refuse_constant(word: str) -> float:
    raise ValueError(word)


def _geojson(data: bytes) -> Layer:
    try:
        document = json.loads(data, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise UnreadableBoundaries("Tệp GeoJSON bị cắt cụt hoặc sai cú pháp JSON.") from error
    if isinstance(document, dict) and document.get("type") == "Feature":
        document = {**document, "features": [document]}
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        raise UnreadableBoundaries(
            f"Tệp JSON không phải GeoJSON loại FeatureCollection: {other_files.EXPORT}."
        )
    geometries = shapely.from_geojson(
        [json.dumps(feature.get("geometry")) for feature in features[: MAX_ROWS + 1]], on_invalid="ignore"
    )
    rows = []
    for number, (feature, geometry) in enumerate(zip(features, geometries, strict=False), 1):
        properties = feature.get("properties")
        values = dict(properties) if isinstance(properties, dict) else {}
        rows.append(LayerRow(number, values, flat(geometry)))
    return Layer(_columns(rows), tuple(rows), _geojson_crs(document))


def _geojson_crs(document: Mapping[str, Any]) -> str:
    """The old `crs` member where it names an EPSG code, else WGS84 (RFC 7946, section 4)."""
    crs = document.get("crs")
    properties = crs.get("properties") if isinstance(crs, dict) else None
    name = properties.get("name") if isinstance(properties, dict) else None
    digits = str(name).replace("::", ":").rpartition(":")[2] if "EPSG" in str(name).upper() else ""
    return f"EPSG:{int(digits)}" if digits.isascii() and digits.isdigit() and len(digits) < 7 else "EPSG:4326"


def _kml(data: bytes) -> Layer:
    if kml.is_link(data):
        raise UnreadableBoundaries(
            "Tệp KML chỉ ghi địa chỉ của ranh giới, không chứa ranh giới: hãy mở trong Google Earth, chọn lớp ấy, "
            "Save Place As rồi gửi tệp vừa lưu."
        )
    return _rows(kml.placemarks(data), "EPSG:4326")


def _rows(found: Sequence[tuple[Mapping[str, Any], BaseGeometry | None]], declared: str | None) -> Layer:
    rows = [LayerRow(number, values, flat(shape)) for number, (values, shape) in enumerate(found, 1)]
    return Layer(_columns(rows), tuple(rows), declared)


def _columns(rows: Sequence[LayerRow]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(column for row in rows for column in row.values))


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
        raise UnreadableBoundaries(
            f"Bộ Shapefile thiếu {', '.join(missing)}: hãy nén cả bộ .shp, .shx, .dbf, .prj thành một tệp .zip."
        )
    if not parts[".shp"].startswith(b"\0\0\x27\x0a"):
        raise UnreadableBoundaries("Tệp .shp bị hỏng.")
    with TemporaryDirectory() as folder:
        for suffix in (".shp", ".shx", ".dbf"):
            Path(folder, f"layer{suffix}").write_bytes(parts[suffix])
        layer = gdal_files.read(Path(folder, "layer.shp"), None, encoding="ISO-8859-1")
    projection = parts.get(".prj", b"")[:10_000].decode("utf-8-sig", "replace").strip()
    letters = parts.get(".cpg", b"").decode("ascii", "replace")
    return gdal_files.spelled(replace(layer, declared=projection or None), letters)


def _geopackage(data: bytes, layer: str | None) -> Layer:
    with TemporaryDirectory() as folder:
        path = Path(folder, "layer.gpkg")
        path.write_bytes(data)
        return gdal_files.read(path, _feature_table(path, layer))


_USING = re.compile(r"(?i)\busing\s+\W?(\w+)")
"""The module of a virtual table."""


def _feature_table(path: Path, layer: str | None) -> str:
    """The one table with outlines, or the chosen one. A view would run SQL of the sender's making, a virtual table may
    stand for another file: none is let in but the index of places."""
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro&immutable=1", uri=True)) as database:
            if any(_is_foreign(*row) for row in database.execute("SELECT type, sql FROM sqlite_master")):
                raise UnreadableBoundaries(
                    "Tệp GeoPackage có khung nhìn (view) hoặc bảng ảo: hãy xuất lại thành một lớp thường."
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
    if not tables:
        raise UnreadableBoundaries("Tệp GeoPackage không có lớp nào.")
    if layer in tables or len(tables) == 1:
        return layer if layer in tables else tables[0]
    raise SeveralLayers(tables)


def _is_foreign(kind: str, sql: str | None) -> bool:
    is_virtual = kind == "table" and "virtual" in (sql or "").lower().split("(")[0]
    return kind == "view" or (
        is_virtual and {each.lower() for each in _USING.findall(sql or "")} != {"rtree"}
    )
