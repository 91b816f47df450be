"""The one set of boundaries inside a .zip or .kmz, held in memory: nothing is written under a name of the sender's."""

import io
import lzma
import posixpath
import zipfile
import zlib
from pathlib import PurePosixPath

from geo import kml, other_files
from geo.boundary_problems import SeveralLayers, UnreadableBoundaries

MAX_UNPACKED = 300_000_000
MAX_TEXT = 30_000_000
"""Letters of one text format: as objects they take some fifteen times as much memory."""
MAX_SET = 100_000_000
"""Bytes of all parts of one set."""
MAX_MEMBERS = 1_000
_SETS = {
    ".shp": (".shp", ".shx", ".dbf", ".prj", ".cpg"),
    ".tab": (".tab", ".dat", ".map", ".id"),
    ".mif": (".mif", ".mid"),
}
"""The parts that belong to one set of boundaries, by its head: Shapefile, and both of MapInfo's formats."""
_SINGLE = (".geojson", ".json", ".gpkg", ".kml", ".dxf", ".dgn", ".dwg", ".gml", ".fgb")
_TEXT = (".kml", ".geojson", ".json", ".gml")
_IS_TABLE = (
    "Đây là bảng Excel, không phải tệp bản đồ. Nếu là bảng tọa độ góc ranh, hãy nhờ cơ quan đất đai vẽ thành vùng "
    "khép kín rồi gửi Shapefile nén .zip, GeoPackage, DXF, MapInfo hoặc GeoJSON."
)
_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
    RuntimeError, NotImplementedError, IndexError,
)  # fmt: skip


def unpack(data: bytes, layer: str | None = None) -> dict[str, bytes]:
    """Suffix → content: the parts of one set of boundaries, or one single-file format; `layer` names the set.

    Raises UnreadableBoundaries: not a zip, encrypted, names that leave the folder, more than MAX_UNPACKED
    bytes, no boundaries; SeveralLayers where there are several sets and none of them is `layer`.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _members(archive)
            if any(member.filename.startswith("xl/") for member in members):
                raise UnreadableBoundaries(_IS_TABLE)
            found = _one_set(_linked(archive, members) or members, layer)
            for member in found.values():
                _refuse_long_text(member)
            if sum(member.file_size for member in found.values()) > MAX_SET:
                raise UnreadableBoundaries(
                    f"Tệp nén bung ra quá lớn (hơn {MAX_SET // 1_000_000} MB): hãy đơn giản hóa (simplify) rồi gửi."
                )
            return {suffix: _content(archive, member) for suffix, member in found.items()}
    except _BROKEN as error:
        raise UnreadableBoundaries("Tệp nén .zip bị hỏng, bị cắt cụt hoặc dùng cách nén lạ.") from error


def _members(archive: zipfile.ZipFile) -> list[zipfile.ZipInfo]:
    """The members that may matter, after the checks that concern the archive as a whole."""
    members = archive.infolist()
    if len(members) > MAX_MEMBERS or sum(member.file_size for member in members) > MAX_UNPACKED:
        raise UnreadableBoundaries(
            f"Tệp nén bung ra quá lớn (hơn {MAX_UNPACKED // 1_000_000} MB hoặc quá nhiều tệp)."
        )
    for member in members:
        path = PurePosixPath(member.filename.replace("\\", "/"))
        if path.is_absolute() or ".." in path.parts or ":" in member.filename:
            raise UnreadableBoundaries("Tệp nén có đường dẫn ra ngoài thư mục của nó, không được nhận.")
        if member.flag_bits & 0x1:
            raise UnreadableBoundaries("Tệp nén có mật khẩu: hãy nén lại không đặt mật khẩu.")
    return [
        member
        for member in members
        if not member.is_dir() and not PurePosixPath(member.filename).name.startswith((".", "__MACOSX"))
        and "__MACOSX" not in member.filename
    ]  # fmt: skip


def _content(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes:
    """Reads no more than the archive says, since what it says was checked and what it holds was not."""
    _refuse_long_text(member)
    with archive.open(member) as stream:
        content = stream.read(member.file_size + 1)
    if content.startswith(b"PK"):
        raise UnreadableBoundaries("Tệp nén lại chứa một tệp nén khác, không được nhận.")
    return content


def _refuse_long_text(member: zipfile.ZipInfo) -> None:
    """Raises UnreadableBoundaries for a text format that would be read into too many objects."""
    suffix = PurePosixPath(member.filename).suffix.lower()
    if suffix in _TEXT and member.file_size > MAX_TEXT:
        raise UnreadableBoundaries(
            f"Tệp {suffix} trong tệp nén bung ra quá lớn (hơn {MAX_TEXT // 1_000_000} MB): hãy bớt điểm của đường "
            "biên, hoặc xuất GeoPackage hay Shapefile."
        )


def _linked(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo]) -> list[zipfile.ZipInfo]:
    """The files of a KMZ with outlines, from its main document along its links; [] in any other archive.

    QGIS and Google Earth pack so: a document without an outline of its own links to those that have them, perhaps by
    another. Links lead to members of the same archive alone; an address is never asked.
    """
    by_name = {member.filename.replace("\\", "/"): member for member in members}
    at_top = [name for name in by_name if name.lower().endswith(".kml") and "/" not in name]
    ahead = [name for name in at_top if name.lower() == "doc.kml"] or (at_top if len(at_top) == 1 else [])
    if not ahead or len(members) < 2:
        return []
    found: list[zipfile.ZipInfo] = []
    seen = set(ahead)
    while ahead:
        name = ahead.pop(0)
        content = _content(archive, by_name[name])
        if kml.has_areas(content):
            found.append(by_name[name])
            continue
        links = [
            posixpath.normpath(posixpath.join(posixpath.dirname(name), link)) for link in kml.links(content)
        ]
        beside = [link for link in links if link in by_name and link.lower().endswith(".kml")]
        ahead += [link for link in dict.fromkeys(beside) if link not in seen]
        seen.update(beside)
    return found


def _one_set(members: list[zipfile.ZipInfo], layer: str | None) -> dict[str, zipfile.ZipInfo]:
    paths = {member.filename: PurePosixPath(member.filename.replace("\\", "/")) for member in members}
    heads = [m for m in members if paths[m.filename].suffix.lower() in (*_SETS, *_SINGLE)]
    if not heads:
        raise UnreadableBoundaries(_without_outlines(list(paths.values())))
    if len(heads) > 1:
        heads = [head for head in heads if layer in (paths[head.filename].stem, head.filename)] or heads
    if len(heads) > 1:
        raise SeveralLayers(_names([paths[head.filename] for head in heads]))
    head = paths[heads[0].filename]
    parts = _SETS.get(head.suffix.lower())
    if parts is None:
        return {head.suffix.lower(): heads[0]}
    return {
        path.suffix.lower(): member
        for member in members
        if (path := paths[member.filename]).parent == head.parent
        and path.stem.lower() == head.stem.lower() and path.suffix.lower() in parts
    }  # fmt: skip


def _without_outlines(paths: list[PurePosixPath]) -> str:
    """What an archive holds instead, and what to send: another archive, a geodatabase, a project without its data."""
    packed = [path for path in paths if path.suffix.lower() in (".zip", ".kmz", ".rar", ".7z")]
    if packed:
        return f"Trong tệp nén còn một tệp nén ({packed[0]}): hãy giải nén rồi gửi riêng tệp ấy, hoặc các tệp trong nó."
    if any(part.lower().endswith(".gdb") for path in paths for part in path.parts):
        return f"Đây là kho dữ liệu ArcGIS (.gdb), không đọc được ở đây: {other_files.EXPORT}."
    if any(path.suffix.lower() in (".qgs", ".qgz", ".mxd", ".aprx", ".wor") for path in paths):
        return other_files.PROJECT
    return "Tệp nén không có ranh giới nào (.shp, .geojson, .gpkg, .kml, .dxf, .tab, .mif, .gml, .fgb hoặc .dgn)."


def _names(heads: list[PurePosixPath]) -> list[str]:
    """What to call each set: its name without folder and ending where that is its own, else all of it."""
    stems = [head.stem for head in heads]
    return [head.stem if stems.count(head.stem) == 1 else str(head) for head in heads]
