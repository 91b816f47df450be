"""Files that are no outlines, known by their first bytes, and what to send instead."""

EXPORT = "hãy xuất lớp ranh giới thành GeoPackage hoặc Shapefile (nén cả bộ thành .zip) rồi gửi"
PROJECT = (
    "Tệp dự án (QGIS, ArcMap, MapInfo) chỉ ghi đường dẫn tới dữ liệu, không chứa ranh giới: mở dự án, "
    f"{EXPORT}."
)
_SAVE_AS_DXF = (
    "hãy mở bằng phần mềm vẽ và lưu thành DXF (AutoCAD: SAVEAS, “AutoCAD 2018 DXF”; MicroStation: Save As, DXF "
    "hoặc DGN V7)"
)
_REPACK = "hãy giải nén rồi nén lại thành .zip"
_PICTURE = (
    "Đây là bản in hay ảnh quét, không có tọa độ để đọc: hãy xin cơ quan đất đai tệp bản đồ số (Shapefile nén .zip, "
    "GeoPackage, DXF, MapInfo hoặc GeoJSON)."
)
_FIRST_BYTES = (
    (b"AC10", f"Tệp DWG không đọc được ở đây: {_SAVE_AS_DXF}."),
    (b"\xd0\xcf\x11\xe0", f"Tệp DGN V8 (hoặc tệp Office cũ) không đọc được ở đây: {_SAVE_AS_DXF}."),
    (b"\0\0\x27\x0a", "Tệp .shp đứng một mình: hãy nén cả bộ .shp, .shx, .dbf, .prj thành một tệp .zip."),
    (b"!table", "Tệp .tab đứng một mình: hãy nén cả bộ .tab, .dat, .map, .id thành một tệp .zip."),
    (b"Version", "Tệp .mif đứng một mình: hãy nén cả hai tệp .mif, .mid thành một tệp .zip."),
    (b"Rar!", f"Tệp nén .rar không đọc được ở đây: {_REPACK}."),
    (b"7z\xbc\xaf", f"Tệp nén .7z không đọc được ở đây: {_REPACK}."),
    (b"\x1f\x8b", f"Tệp nén .gz không đọc được ở đây: {_REPACK}."),
    (b"%PDF", _PICTURE),
    (b"\xff\xd8\xff", _PICTURE),
    (b"\x89PNG", _PICTURE),
    (b"II*\0", _PICTURE),
    (b"MM\0*", _PICTURE),
    (b"\0\1\0\0Stan", f"Tệp Access (.mdb, .accdb) không đọc được ở đây: {EXPORT}."),
    (b"<!DOCTYPE qgis", PROJECT),
    (b"<qgis", PROJECT),
    (b"\xff\xfe", "Tệp ghi bằng UTF-16: hãy mở và lưu lại với bảng mã UTF-8."),
    (b"\xfe\xff", "Tệp ghi bằng UTF-16: hãy mở và lưu lại với bảng mã UTF-8."),
)
"""How files begin that are known and not read."""
_UNKNOWN = (
    "Không nhận ra loại tệp: hãy dùng Shapefile hoặc MapInfo nén .zip, GeoPackage (.gpkg), GeoJSON, KML, DXF, "
    "DGN V7, GML hoặc FlatGeobuf."
)


def known(data: bytes) -> str | None:
    """What to do about a file of a kind that is known and not read; None for any other."""
    return next((sentence for first, sentence in _FIRST_BYTES if data.startswith(first)), None)


def why_not(data: bytes) -> str:
    """Why a file is no outlines, with the way out."""
    if not data:
        return "Tệp trống."
    return known(data) or (_TABLE if _is_table(data) else _UNKNOWN)


_TABLE = (
    "Đây là bảng chữ (CSV), không phải tệp bản đồ. Nếu là bảng tọa độ góc ranh, hãy nhờ cơ quan đất đai vẽ thành vùng "
    "khép kín rồi gửi Shapefile nén .zip, GeoPackage, DXF, MapInfo hoặc GeoJSON."
)


def _is_table(data: bytes) -> bool:
    """Whether the first two lines are cells of one table."""
    lines = data[:4_000].splitlines()[:2]
    return len(lines) == 2 and any(
        0 < lines[0].count(mark) == lines[1].count(mark) for mark in (b";", b",", b"\t")
    )
