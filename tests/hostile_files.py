"""Hostile and merely huge files: forms, tables and outlines that unpack, nest, double or repeat without end."""

import io
import json
import random
import struct
import zipfile
import zlib
from collections.abc import Sequence

from openpyxl import Workbook

MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
PLACE_TOLD = b"+20.8123+106.5456/"
"""What a film says of where it was taken."""


def zipped(*members: tuple[str, bytes | Sequence[bytes]]) -> bytes:
    """An archive; a member may be given piece by piece."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, content in members:
            with archive.open(name, "w", force_zip64=True) as part:
                for piece in [content] if isinstance(content, bytes) else content:
                    part.write(piece)
    return out.getvalue()


def workbook(**sheets: Sequence[Sequence[str]]) -> bytes:
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def form(*questions: Sequence[str], choices: Sequence[Sequence[str]] = ()) -> bytes:
    heading = ["type", "name", "label", "calculation", "constraint"]
    listed = {"choices": [["list_name", "name", "label"], *choices]} if choices else {}
    settings = [["form_title", "form_id", "version"], ["Thử", "thu_lon", "1"]]
    return workbook(survey=[heading, *questions], **listed, settings=settings)


def altered(member: str, content: bytes | Sequence[bytes]) -> bytes:
    """A table of thôn with one part of the workbook in another's place."""
    with zipfile.ZipFile(io.BytesIO(workbook(Thôn=[["Tên thôn", "Số hộ"], ["Thôn A", "12"]]))) as whole:
        members = [(each, whole.read(each)) for each in whole.namelist() if each != member]
    return zipped(*members, (member, content))


SHARED = (
    [b"<sst " + MAIN.encode() + b">"] + [b"<si><t>" + b"x" * 32_000 + b"</t></si>"] * 10_000 + [b"</sst>"]
)
CELLS = b"<row>" + b'<c t="s"><v>1</v></c>' * 100 + b"</row>"


def sheet(inside: Sequence[bytes], dimension: bytes = b"A1:B2") -> list[bytes]:
    begun = b"<worksheet " + MAIN.encode() + b'><dimension ref="' + dimension + b'"/><sheetData>'
    return [begun, *inside, b"</sheetData></worksheet>"]


def repeated_text() -> bytes:
    """32,000 letters, once in the file and half a million times in its cells."""
    shared = b"<sst " + MAIN.encode() + b"><si><t>a</t></si><si><t>" + b"x" * 32_000 + b"</t></si></sst>"
    with zipfile.ZipFile(io.BytesIO(altered("xl/sharedStrings.xml", shared))) as whole:
        members = [(each, whole.read(each)) for each in whole.namelist() if not each.endswith("sheet1.xml")]
    return zipped(*members, ("xl/worksheets/sheet1.xml", sheet([CELLS * 500] * 10)))


def honest_form() -> bytes:
    """file-1: 2,000 questions, 4,500 choices."""
    kinds = [
        ["select_one d{}", "Chọn một", ""],
        ["text", "Ghi", ""],
        ["calculate", "", "concat(${{q{}}}, 'x')"],
    ]
    questions = [
        [kind.format(n % 45), f"q{n}", label, formula.format(n - 1), ""]
        for n in range(2_000)
        for kind, label, formula in [kinds[n % 3]]
    ]
    return form(*questions, choices=[[f"d{n}", f"c{k}", f"Chọn {k}"] for n in range(45) for k in range(100)])


def pattern(pattern: str, text: str) -> bytes:
    return form(
        ["calculate", "chu", "", f"'{text}'", ""], ["calculate", "thu", "", f"regex(${{chu}}, '{pattern}')", ""],
        ["text", "ghi", "Ghi", "", f"regex(., '{pattern}')"],
    )  # fmt: skip


def endless_pattern() -> bytes:
    """file-2: it tries for ever."""
    return pattern("(a+)+", "a" * 47 + "!")


def doubled_text() -> bytes:
    """file-2: 23 times twice as long."""
    return doubled("concat(#, #)", 24)


def doubled(step: str, count: int) -> bytes:
    """Steps of which each is longer than the one before."""
    steps = [["calculate", f"c{n}", "", step.replace("#", f"${{c{n - 1}}}"), ""] for n in range(1, count)]
    return form(["calculate", "c0", "", "'mười chữ cái'", ""], *steps, ["text", "ghi", "Ghi", "", ""])


def nested(open_: str, inner: str, close: str, count: int) -> bytes:
    return form(
        ["calculate", "sau", "", open_ * count + inner + close * count, ""], ["text", "ghi", "Ghi", "", ""]
    )


def groups(count: int) -> bytes:
    begun = [["begin group", f"g{n}", "Nhóm", "", ""] for n in range(count)]
    return form(*begun, ["text", "ghi", "Ghi", "", ""], *[["end group", "", "", "", ""]] * count)


def circle(count: int) -> bytes:
    """Each calculation of the next one, the last of the first."""
    return form(
        *[["calculate", f"c{n}", "", f"${{c{(n + 1) % count}}} + 1", ""] for n in range(count)],
        ["text", "ghi", "Ghi", "", ""],
    )


def ring(points: int, *, is_tangled: bool) -> bytes:
    dice = random.Random(1)
    ring = [[106.5 + dice.random() / 100, 20.8 + n * 0.01 / points] for n in range(points)]
    if is_tangled:
        dice.shuffle(ring)
    return geojson([[*ring, ring[0]]])


def tangled_ring() -> bytes:
    """file-3: 1,001 points in the wrong order."""
    return ring(1_000, is_tangled=True)


def geojson(rings: object, kind: str = "Polygon") -> bytes:
    feature = {
        "type": "Feature", "properties": {"ma_thon": "11629001", "ten_thon": "Thôn Đông"},
        "geometry": {"type": kind, "coordinates": rings},
    }  # fmt: skip
    return json.dumps({"type": "FeatureCollection", "features": [feature]}).encode()


def deep_collection(count: int) -> bytes:
    text = (
        '{"type":"GeometryCollection","geometries":[' * count
        + '{"type":"Point","coordinates":[1,2]}'
        + "]}" * count
    )
    return (
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{},"geometry":' + text + "}]}"
    ).encode()


def kmz(*kml: bytes) -> bytes:
    return zipped(("doc.kml", list(kml)), ("files/anh.png", b""))


def swollen_kmz() -> bytes:
    """file-4: about a megabyte of 245."""
    return kmz(b"<kml><Document>", *[b"<Folder>" * 1_000_000] * 30, b"</Document></kml>")


def placemarks(count: int) -> bytes:
    one = (
        "<Placemark><name>Thôn {0}</name><Polygon><outerBoundaryIs><LinearRing><coordinates>106.5,20.8 106.6,20.8 "
        "106.6,20.9 106.5,20.8</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
    )
    return kmz(b"<kml><Document>", *(one.format(n).encode() for n in range(count)), b"</Document></kml>")


def links(name: str) -> bytes:
    link = f"<NetworkLink><Link><href>{name}</href></Link></NetworkLink>".encode()
    return zipped(
        ("doc.kml", b"<kml><Document>" + link * 200 + b"</Document></kml>"),
        ("a.kml", b"<kml>" + link + b"</kml>"),
    )


def in_itself(levels: int) -> bytes:
    """An archive in an archive, the innermost of ten megabytes of noughts."""
    content = zipped(("thon.geojson", [bytes(1_000_000)] * 10))
    for level in range(levels):
        content = zipped((f"{level}.zip", content), (f"{level}b.zip", content))
    return content


def shape(dbf: bytes, shp: bytes) -> bytes:
    head = shp[:24] + struct.pack(">i", 54) + shp[28:100]
    return zipped(
        ("thon.shp", shp), ("thon.shx", head + struct.pack(">i", 50) + shp[104:108]), ("thon.dbf", dbf)
    )


def shp(points: int, parts: int = 1, *, said: int | None = None) -> bytes:
    """One polygon of so many points; its head may say another number of them."""
    dice = random.Random(2)
    ring = b"".join(
        struct.pack("<2d", 106.5 + dice.random() / 100, 20.8 + n * 0.01 / points) for n in range(points - 1)
    )
    ring += ring[:16]
    box = struct.pack("<4d", 106.5, 20.8, 106.51, 20.81)
    starts = struct.pack(f"<{parts}i", *range(parts))
    record = (
        struct.pack("<i", 5)
        + box
        + struct.pack("<2i", parts, points if said is None else said)
        + starts
        + ring
    )
    whole = struct.pack(">2i", 1, len(record) // 2) + record
    head = (
        struct.pack(">7i", 9994, 0, 0, 0, 0, 0, (100 + len(whole)) // 2)
        + struct.pack("<2i", 1000, 5)
        + box
        + bytes(32)
    )
    return head + whole


def dbf(header: int = 65, records: int = 1, length: int = 11) -> bytes:
    field = b"ma_thon\0\0\0\0C" + bytes(4) + bytes([10, 0]) + bytes(14)
    return (
        b"\x03\x7e\x01\x01"
        + struct.pack("<IHH", records, header, length)
        + bytes(20)
        + field
        + b"\r"
        + b" 11629001  " * min(records, 1)
    )


def wide_dbf() -> bytes:
    """A head of 2,000 columns and of records of 64 KB, a million of which it says there are."""
    field = b"c\0\0\0\0\0\0\0\0\0\0C" + bytes(4) + bytes([255, 0]) + bytes(14)
    return (
        b"\x03\x7e\x01\x01"
        + struct.pack("<IHH", 2**31, 32 + 32 * 2_000 + 1, 65_535)
        + bytes(20)
        + field * 2_000
        + b"\r"
    )


def yaml() -> bytes:
    """Names of names of names."""
    lines = ["a: &a [x,x,x,x,x,x,x,x,x]"]
    lines += [f"{chr(98 + n)}: &{chr(98 + n)} [{','.join(['*' + chr(97 + n)] * 9)}]" for n in range(9)]
    return "\n".join(lines).encode()


def png(width: int, height: int, *, is_drawn: bool = False) -> bytes:
    """A picture that says it is so large; drawn, in one colour, it has all its lines."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    lines = zlib.compress((b"\0" + bytes(width // 8)) * (height if is_drawn else 1), 1)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", lines) + chunk(b"IEND", b"")


def chunks_of_png() -> bytes:
    """Two megabytes of empty chunks of text."""
    empty = b"\0\0\0\0tEXt" + struct.pack(">I", zlib.crc32(b"tEXt"))
    return png(10, 10)[:33] + empty * 170_000 + png(10, 10)[33:]


def box(name: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", len(content) + 8, name) + content


def film() -> bytes:
    told = box(b"udta", box(b"\xa9xyz", PLACE_TOLD)) + box(b"mvhd", bytes(100))
    return box(b"ftyp", b"isom\0\0\0\0isom") + box(b"moov", told) + box(b"mdat", b"picture" * 5_000)


def deep_film() -> bytes:
    deep = b""
    for _ in range(5_000):
        deep = box(b"moov", deep)
    return box(b"ftyp", b"mp42") + deep


def heic() -> bytes:
    return (
        box(b"ftyp", b"heic\0\0\0\0mif1heic")
        + box(b"meta", b"\0\0\0\0" + PLACE_TOLD * 3)
        + box(b"mdat", bytes(5_000))
    )


def gif() -> bytes:
    comment = b"!\xfe" + bytes([len(PLACE_TOLD)]) + PLACE_TOLD + b"\0"
    return b"GIF89a\x01\0\x01\0\0\0\0" + comment + b",\0\0\0\0\x01\0\x01\0\0\x02\x01D\0;"


def widest_sheet() -> bytes:
    """A heading in its first cell, and one more cell at the end of what Excel has room for."""
    heading = "<row r='1'><c t='inlineStr' r='A1'><is><t>Tên thôn</t></is></c></row>".encode()
    last = b"<row r='1048576'><c r='XFD1048576'><v>1</v></c></row>"
    return altered("xl/worksheets/sheet1.xml", sheet([heading, last], b"A1:XFD1048576"))
