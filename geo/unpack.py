"""The one set of boundaries inside a .zip or .kmz, held in memory: nothing is written under a name of the sender's."""

import io
import lzma
import zipfile
import zlib
from pathlib import PurePosixPath

from geo.problems import UnreadableBoundaries

MAX_UNPACKED = 300_000_000
MAX_MEMBERS = 1_000
_SHAPEFILE = (".shp", ".shx", ".dbf", ".prj", ".cpg")
_SINGLE = (".geojson", ".json", ".gpkg", ".kml", ".dxf")
_BROKEN = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, OSError, ValueError,
    RuntimeError, NotImplementedError, IndexError,
)  # fmt: skip


def unpack(data: bytes) -> dict[str, bytes]:
    """Suffix → content: the parts of one Shapefile, or one single-file format.

    Raises UnreadableBoundaries: not a zip, encrypted, names that leave the folder, more than MAX_UNPACKED
    bytes, no boundaries, or several sets of them.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = _members(archive)
            return {suffix: _content(archive, member) for suffix, member in _one_set(members).items()}
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
    with archive.open(member) as stream:
        content = stream.read(member.file_size + 1)
    if content.startswith(b"PK"):
        raise UnreadableBoundaries("Tệp nén lại chứa một tệp nén khác, không được nhận.")
    return content


def _one_set(members: list[zipfile.ZipInfo]) -> dict[str, zipfile.ZipInfo]:
    paths = {member.filename: PurePosixPath(member.filename.replace("\\", "/")) for member in members}
    heads = [m for m in members if paths[m.filename].suffix.lower() in (".shp", *_SINGLE)]
    if not heads:
        raise UnreadableBoundaries("Tệp nén không có ranh giới nào (.shp, .geojson, .gpkg, .kml hoặc .dxf).")
    if len(heads) > 1:
        names = ", ".join(paths[m.filename].name for m in heads[:5])
        raise UnreadableBoundaries(
            f"Tệp nén có {len(heads)} bộ ranh giới ({names}): mỗi lần chỉ nhận một bộ."
        )
    head = paths[heads[0].filename]
    if head.suffix.lower() != ".shp":
        return {head.suffix.lower(): heads[0]}
    return {
        path.suffix.lower(): member
        for member in members
        if (path := paths[member.filename]).parent == head.parent
        and path.stem.lower() == head.stem.lower() and path.suffix.lower() in _SHAPEFILE
    }  # fmt: skip
