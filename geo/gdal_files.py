"""The binary formats of boundaries, read by GDAL under names of ours: what each may hold is checked before."""

import re
import warnings
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyogrio
import shapely

from geo import crs, encodings, gdal_drivers
from geo.boundary_problems import SeveralLayers, UnreadableBoundaries
from geo.boundary_rows import MAX_ROWS, Layer, LayerRow, flat, respelled, texts

_BROKEN = "Tệp bị hỏng hoặc bị cắt cụt, không đọc được."
_CHARSET = re.compile(rb'(?i)(charset\s+)"?([A-Za-z0-9_-]+)"?')
_LETTERS = {"windowsvietnamese": "cp1258", "utf-8": "utf-8", "utf8": "utf-8"}
_MOST_HEADER = 100_000


def read(path: Path, layer: str | None, encoding: str | None = None) -> Layer:
    """One layer of a file whose format its first bytes have told; raises UnreadableBoundaries."""
    gdal_drivers.refuse_elsewhere(path)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # GDAL warns of what the checks that follow say better
            meta, _, shapes, fields = pyogrio.raw.read(
                path, layer=layer, encoding=encoding, force_2d=True, max_features=MAX_ROWS + 1
            )
    except (RuntimeError, ValueError, OverflowError, MemoryError, UnboundLocalError) as error:
        # the last is what pyogrio 0.13 raises of itself for a coordinate system it cannot write out
        raise UnreadableBoundaries(_BROKEN) from error
    except IndexError as error:  # of pyogrio, where there is no layer
        raise UnreadableBoundaries("Tệp không có lớp nào.") from error
    if shapes is None:
        raise UnreadableBoundaries("Tệp chỉ có bảng, không có ranh giới.")
    columns = tuple(map(str, meta["fields"]))
    # a coordinate that is no number makes numpy warn: the checks that follow name its row
    with np.errstate(invalid="ignore"):
        geometries = shapely.from_wkb(np.asarray(shapes, dtype=object), on_invalid="ignore")
    rows = tuple(
        LayerRow(number, dict(zip(columns, values, strict=True)), flat(geometry))
        for number, (geometry, *values) in enumerate(zip(geometries, *fields, strict=True), 1)
    )
    return Layer(columns, rows, meta["crs"])


def flatgeobuf(data: bytes) -> Layer:
    """A FlatGeobuf: one layer, UTF-8, its coordinate system in its header."""
    return _alone(data, "layer.fgb")


def gml(data: bytes, layer: str | None) -> Layer:
    """A GML of simple features. What points to other files or addresses (xlink, DOCTYPE) is refused."""
    if re.search(rb"(?i)<!DOCTYPE|[\w.-]+:href\s*=\s*[\"'](?!#)", data):
        raise UnreadableBoundaries("Tệp GML trỏ sang tệp khác (DOCTYPE, xlink): hãy xuất lại thành GeoJSON.")
    plain = re.sub(rb"""(?i)\s[\w.-]+:schemaLocation\s*=\s*(?:"[^"]*"|'[^']*')""", b"", data)
    with TemporaryDirectory() as folder:
        path = Path(folder, "layer.gml")
        path.write_bytes(plain)
        return read(path, _chosen(path, layer))


def mapinfo(parts: Mapping[str, bytes]) -> Layer:
    """MapInfo's TAB or MIF with its parts, in whatever letters its names were written."""
    head = ".tab" if ".tab" in parts else ".mif"
    needed = (".tab", ".dat", ".map", ".id") if head == ".tab" else (".mif", ".mid")
    missing = [suffix for suffix in needed if suffix not in parts]
    if missing:
        whole = ", ".join(needed)
        raise UnreadableBoundaries(
            f"Bộ MapInfo thiếu {', '.join(missing)}: hãy nén cả bộ {whole} thành một tệp .zip."
        )
    top = parts[head][:_MOST_HEADER]
    if head == ".tab" and not _is_native(top):
        raise UnreadableBoundaries(
            "Tệp .tab trỏ sang bảng khác: hãy dùng Save Copy As trong MapInfo rồi gửi bản sao."
        )
    told = _CHARSET.search(top)
    charset = told.group(2).decode("ascii").lower() if told else ""
    with TemporaryDirectory() as folder:
        for suffix in needed:
            # Neutral: GDAL hands the bytes on as they are, and they are spelled here
            content = _CHARSET.sub(rb'\1"Neutral"', parts[suffix]) if suffix == head else parts[suffix]
            Path(folder, f"layer{suffix}").write_bytes(content)
        layer = read(Path(folder, f"layer{head}"), None, encoding="ISO-8859-1")
    return replace(spelled(layer, _LETTERS.get(charset, "")), declared=crs.of_mapinfo(layer.declared))


def _is_native(top: bytes) -> bool:
    """Whether a .tab describes its own .dat and .map, and opens no other table."""
    return bool(re.search(rb"(?i)\btype\s+native\b", top)) and not re.search(rb"(?i)open\s+table", top)


def spelled(layer: Layer, declared: str) -> Layer:
    """A table that was read byte for byte (as Latin-1), now in the letters it was written in."""
    fields = [text.encode("latin-1") for text in texts(layer)]
    encoding, certain = encodings.decode(fields, declared)
    read = respelled(layer, lambda text: encodings.text(text.encode("latin-1"), encoding))
    if certain:
        return read
    return replace(read, encoding=encoding, trusted=encodings.is_trusted(fields, encoding))


def _alone(data: bytes, name: str) -> Layer:
    with TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        return read(path, None)


def _chosen(path: Path, layer: str | None) -> str | None:
    """The layer to read of a file that may have several; SeveralLayers where nobody has said which."""
    gdal_drivers.refuse_elsewhere(path)
    try:
        names = [str(name) for name, kind in pyogrio.list_layers(path) if kind]
    except (RuntimeError, ValueError) as error:
        raise UnreadableBoundaries(_BROKEN) from error
    if layer in names or len(names) < 2:
        return layer if layer in names else None
    raise SeveralLayers(names)
