"""Which drivers of GDAL read outlines: those of one file by itself, none that follows it to other files or addresses.

GDAL asks every driver whether a file is its own, whatever it is called: a "GML" or a "DXF" may be a VRT, which names
any other file of the machine, a database for one, or a WFS, which asks an address.
"""

import re
from collections.abc import Mapping
from pathlib import Path

from geo.boundary_problems import UnreadableBoundaries

READING = frozenset(
    {"DGN", "DXF", "ESRI Shapefile", "FlatGeobuf", "GML", "GPKG", "MEM", "MapInfo File"}
)  # fmt: skip
_LEFT_OUT = (
    "ADBC", "AIVector", "AVCBin", "AVCE00", "AmigoCloud", "CSV", "CSW", "Carto", "EDIGEO", "EEDA", "ESRIJSON",
    "Elasticsearch", "GDALG", "GPSBabel", "GPX", "GTFS", "GeoJSON", "GeoJSONSeq", "GeoRSS", "HTTP", "Idrisi", "JML",
    "JSONFG", "KML", "LIBKML", "LVBAG", "MBTiles", "MVT", "MapML", "MiraMonVector", "NGW", "OAPIF", "ODS", "OGCAPI",
    "OGR_GMT", "OGR_PDS", "OGR_VRT", "OSM", "OpenFileGDB", "PCIDSK", "PDF", "PDS4", "PGDUMP", "PLSCENES", "PMTiles",
    "S57", "SQLite", "SXF", "Selafin", "TopoJSON", "VDV", "VFK", "VICAR", "WAsP", "WFS", "XLSX",
)  # fmt: skip
ENVIRONMENT: Mapping[str, str] = {"GDAL_SKIP": ",".join(_LEFT_OUT)}
"""Of a process that reads strangers' files: it has no other drivers (the list is held to the library by a test)."""

_ELSEWHERE = re.compile(rb"(?i)<(?:OGR\w*DataSource|GDAL_|VRTDataset|(?:\w+:)?WFS_Capabilities)")


def refuse_elsewhere(path: Path) -> None:
    """UnreadableBoundaries for a file of which a driver would follow a lead; wherever it is read."""
    if _ELSEWHERE.search(path.read_bytes()):
        raise UnreadableBoundaries(
            "Tệp trỏ sang tệp hoặc địa chỉ khác (VRT, WFS): hãy xuất lớp ranh giới thành GeoPackage hoặc Shapefile."
        )
