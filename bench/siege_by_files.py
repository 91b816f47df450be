"""Attacks by an officer's files, each sent to the page that takes such files."""

from collections.abc import Callable

from bench.siege_place import Attack, Place
from tests import hostile_files

FORMS = "/quan-tri/bieu-mau"
OUTLINES = "/quan-tri/xa/11629/ranh-gioi"
TABLE = "/quan-tri/xa/11629/bang/thon"
HOUSEHOLDS = "/quan-tri/xa/11629/ho/nhap"
PLAN = "/quan-tri/xa/11629/ke-hoach"
BUNDLES = "/quan-tri/goi-so-lieu"


def _file(
    path: str, name: str, make: Callable[[], bytes], *, role: str = "officer"
) -> Callable[[Place], Callable[[], str]]:
    def ready(place: Place) -> Callable[[], str]:
        content = make()
        field = "bieu_mau" if path == FORMS else "tep"
        return lambda: place.upload(path, name, content, field, role)

    return ready


REFUSED = "4.. .*"
TANGLED = "(200|4..) .*(tự cắt quá nhiều chỗ|quá bận|quá phức tạp).*"
DONE = "(200|4..) .*"
ELSEWHERE = (
    b"<OGRVRTDataSource><!-- http://www.opengis.net/gml --><OGRVRTLayer name='x'><SrcDataSource>%s</SrcDataSource>"
    b"</OGRVRTLayer></OGRVRTDataSource>"
)
"""Outlines that are another file, a database or an address."""
LED = "422 .*trỏ sang tệp hoặc địa chỉ khác.*"
ATTACKS = (
    Attack(
        "a GML that is a database of the server",
        LED,
        _file(
            OUTLINES,
            "r.gml",
            lambda: ELSEWHERE % b"instance/tungnha.sqlite3",
        ),
    ),
    Attack(
        "a GML that is an address in the house",
        LED,
        _file(
            OUTLINES,
            "r.gml",
            lambda: ELSEWHERE % b"/vsicurl/http://127.0.0.1:1/x.geojson",
        ),
    ),
    Attack(
        "a form of 2,000 questions, 4,500 choices",
        "(200|4..|503) .*",
        _file(FORMS, "lon.xlsx", hostile_files.honest_form),
        "file-1",
    ),
    Attack(
        "a pattern that tries for ever",
        DONE,
        _file(FORMS, "lap.xlsx", hostile_files.endless_pattern),
        "file-2",
    ),
    Attack(
        "a pattern with a count of 10^9",
        DONE,
        _file(FORMS, "lap2.xlsx", lambda: hostile_files.pattern("(a{1,1000}){1,1000}b", "a" * 200)),
    ),
    Attack(
        "a text doubled 23 times",
        DONE,
        _file(FORMS, "doi.xlsx", hostile_files.doubled_text),
        "file-2",
    ),
    Attack(
        "a text that 600 steps make longer",
        DONE,
        _file(FORMS, "dai.xlsx", lambda: hostile_files.doubled("concat(#, 'mười chữ cái nữa')", 600)),
    ),
    Attack(
        "joins of joins",
        DONE,
        _file(FORMS, "noi.xlsx", lambda: hostile_files.doubled("join(',', #, #, #)", 60)),
    ),
    Attack(
        "texts replaced by longer ones",
        DONE,
        _file(FORMS, "thay.xlsx", lambda: hostile_files.doubled("translate(concat(#,#), 'm', 'mm')", 60)),
    ),
    Attack(
        "brackets 1,000 deep",
        DONE,
        _file(FORMS, "sau.xlsx", lambda: hostile_files.nested("(", "1", ")", 1_000)),
    ),
    Attack(
        "if within if, 1,000 deep",
        DONE,
        _file(FORMS, "neu.xlsx", lambda: hostile_files.nested("if(1=1,", "1", ",2)", 1_000)),
    ),
    Attack(
        "not of not, 5,000 deep",
        DONE,
        _file(FORMS, "khong.xlsx", lambda: hostile_files.nested("not(", "1", ")", 5_000)),
    ),
    Attack("groups 1,000 deep", DONE, _file(FORMS, "nhom.xlsx", lambda: hostile_files.groups(1_000))),
    Attack(
        "2,000 calculations in a circle", DONE, _file(FORMS, "vong.xlsx", lambda: hostile_files.circle(2_000))
    ),
    Attack("a workbook that says A1:XFD1048576", DONE, _file(TABLE, "rong.xlsx", hostile_files.widest_sheet)),
    Attack(
        "a workbook of 1,000,000 empty rows",
        DONE,
        _file(
            TABLE,
            "trong.xlsx",
            lambda: hostile_files.altered(
                "xl/worksheets/sheet1.xml", hostile_files.sheet([b"<row/>" * 100_000] * 10)
            ),
        ),
    ),
    Attack(
        "a row of 1,000,000 cells",
        DONE,
        _file(
            TABLE,
            "o.xlsx",
            lambda: hostile_files.altered(
                "xl/worksheets/sheet1.xml",
                hostile_files.sheet([b"<row>", *[b"<c><v>1</v></c>" * 100_000] * 10, b"</row>"]),
            ),
        ),
    ),
    Attack(
        "320 MB of shared texts",
        REFUSED,
        _file(
            TABLE, "chung.xlsx", lambda: hostile_files.altered("xl/sharedStrings.xml", hostile_files.SHARED)
        ),
    ),
    Attack("a long text in 500,000 cells", DONE, _file(TABLE, "lap.xlsx", hostile_files.repeated_text)),
    Attack(
        "a workbook whose XML is 1,000,000 deep",
        DONE,
        _file(
            TABLE,
            "xml.xlsx",
            lambda: hostile_files.altered(
                "xl/worksheets/sheet1.xml", hostile_files.sheet([b"<a>" * 1_000_000])
            ),
        ),
    ),
    Attack(
        "a workbook with entities",
        DONE,
        _file(
            TABLE,
            "dtd.xlsx",
            lambda: hostile_files.altered(
                "xl/worksheets/sheet1.xml",
                b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><worksheet>&a;</worksheet>',
            ),
        ),
    ),
    Attack(
        "a workbook of 400 MB unpacked",
        REFUSED,
        _file(
            TABLE,
            "bom.xlsx",
            lambda: hostile_files.altered(
                "xl/worksheets/sheet1.xml", hostile_files.sheet([b"<row/>" * 166_666] * 400)
            ),
        ),
    ),
    Attack(
        "a CSV with a cell of 20 MB",
        DONE,
        _file(TABLE, "dai.csv", lambda: b'"T\xc3\xaan th\xc3\xb4n","' + b"x" * 19_000_000 + b'"\n'),
    ),
    Attack("a CSV of 19,000,000 columns", DONE, _file(TABLE, "cot.csv", lambda: b"a" + b"," * 19_000_000)),
    Attack(
        "a CSV of 9,000,000 rows",
        DONE,
        _file(TABLE, "hang.csv", lambda: b"T\xc3\xaan th\xc3\xb4n\n" + b"a\n" * 9_000_000),
    ),
    Attack(
        "a quotation mark without end", DONE, _file(TABLE, "ngoac.csv", lambda: b'a,"' + b"b\n" * 5_000_000)
    ),
    Attack(
        "a list of 100,000 households",
        DONE,
        _file(
            HOUSEHOLDS,
            "ho.csv",
            lambda: (
                "Chủ hộ,Thôn,Địa chỉ\n".encode()
                + b"".join(f"Nguyễn Văn {n},Thôn Đông,Ngõ {n}\n".encode() for n in range(100_000))
            ),
        ),
    ),
    Attack(
        "a ring of 1,001 points in the wrong order",
        TANGLED,
        _file(OUTLINES, "vong.geojson", hostile_files.tangled_ring),
        "file-3",
    ),
    Attack(
        "a ring of 200,000 points in the wrong order",
        TANGLED,
        _file(OUTLINES, "roi.geojson", lambda: hostile_files.ring(200_000, is_tangled=True)),
        "file-3",
    ),
    Attack(
        "a ring of 500,000 points in order",
        DONE,
        _file(OUTLINES, "day.geojson", lambda: hostile_files.ring(400_000, is_tangled=False)),
    ),
    Attack(
        "100,000 rings in one outline",
        DONE,
        _file(
            OUTLINES,
            "nhieu.geojson",
            lambda: hostile_files.geojson(
                [[[[106.5, 20.8], [106.6, 20.8], [106.6, 20.9], [106.5, 20.8]]]] * 100_000, "MultiPolygon"
            ),
        ),
    ),
    Attack(
        "coordinates of 10^308 and NaN",
        DONE,
        _file(
            OUTLINES,
            "nan.geojson",
            lambda: hostile_files.geojson(
                [[[1e308, 1e308], [float("nan"), 2], [float("inf"), 3], [1e308, 1e308]]]
            ),
        ),
    ),
    Attack(
        "collections 50,000 deep",
        DONE,
        _file(OUTLINES, "sau.geojson", lambda: hostile_files.deep_collection(50_000)),
    ),
    Attack(
        "a KMZ of 0.75 MB that unpacks to 245",
        REFUSED,
        _file(
            OUTLINES,
            "bom.kmz",
            hostile_files.swollen_kmz,
        ),
        "file-4",
    ),
    Attack(
        "a KMZ of 100,000 placemarks",
        DONE,
        _file(OUTLINES, "dau.kmz", lambda: hostile_files.placemarks(100_000)),
    ),
    Attack(
        "a KML 100,000 deep",
        DONE,
        _file(
            OUTLINES, "sau.kml", lambda: b"<kml>" + b"<Folder>" * 100_000 + b"</Folder>" * 100_000 + b"</kml>"
        ),
    ),
    Attack(
        "a KMZ whose links lead to itself",
        DONE,
        _file(OUTLINES, "tu.kmz", lambda: hostile_files.links("doc.kml")),
    ),
    Attack(
        "a KMZ whose links lead to each other",
        DONE,
        _file(OUTLINES, "nhau.kmz", lambda: hostile_files.links("a.kml")),
    ),
    Attack(
        "a KML whose link leads into the house",
        DONE,
        _file(
            OUTLINES,
            "nha.kml",
            lambda: (
                b"<kml><NetworkLink><Link><href>http://127.0.0.1:22/x.kml</href></Link></NetworkLink></kml>"
            ),
        ),
    ),
    Attack("a GPX 100,000 deep", DONE, _file(OUTLINES, "sau.gpx", lambda: b"<gpx>" + b"<trk>" * 100_000)),
    Attack(
        "an archive in an archive, seven times",
        DONE,
        _file(OUTLINES, "zip.zip", lambda: hostile_files.in_itself(7)),
    ),
    Attack(
        "an archive of 60,000 members",
        DONE,
        _file(
            OUTLINES, "nhieu.zip", lambda: hostile_files.zipped(*((f"{n}.txt", b"") for n in range(60_000)))
        ),
    ),
    Attack(
        "an archive whose names climb",
        DONE,
        _file(
            OUTLINES,
            "leo.zip",
            lambda: hostile_files.zipped(("../../../tmp/siege.shp", b"x"), ("/etc/x.dbf", b"x")),
        ),
    ),
    Attack(
        "a shapefile with a ring of 1,000,000 points",
        DONE,
        _file(
            OUTLINES,
            "diem.zip",
            lambda: hostile_files.shape(hostile_files.dbf(), hostile_files.shp(1_000_000)),
        ),
    ),
    Attack(
        "a shapefile that says 2^31 points",
        DONE,
        _file(
            OUTLINES,
            "noi.zip",
            lambda: hostile_files.shape(hostile_files.dbf(), hostile_files.shp(10, said=2**31 - 1)),
        ),
    ),
    Attack(
        "a shapefile of 200,000 parts",
        DONE,
        _file(
            OUTLINES,
            "manh.zip",
            lambda: hostile_files.shape(hostile_files.dbf(), hostile_files.shp(200_001, 200_000)),
        ),
    ),
    Attack(
        "a DBF with a huge head",
        DONE,
        _file(
            OUTLINES, "dau.zip", lambda: hostile_files.shape(hostile_files.wide_dbf(), hostile_files.shp(10))
        ),
    ),
    Attack(
        "a DBF that says 4,000,000,000 rows",
        DONE,
        _file(
            OUTLINES,
            "hang.zip",
            lambda: hostile_files.shape(hostile_files.dbf(records=4_000_000_000), hostile_files.shp(10)),
        ),
    ),
    Attack(
        "a GeoPackage that is none",
        DONE,
        _file(OUTLINES, "hong.gpkg", lambda: b"SQLite format 3\0" + bytes(5_000_000)),
    ),
    Attack(
        "a drawing of 300,000 lines",
        DONE,
        _file(
            OUTLINES,
            "ve.dxf",
            lambda: (
                b"0\nSECTION\n2\nENTITIES\n"
                + b"0\nLINE\n8\n0\n10\n1\n20\n2\n11\n3\n21\n4\n" * 300_000
                + b"0\nENDSEC\n0\nEOF\n"
            ),
        ),
    ),
    Attack("a plan of names of names", DONE, _file(PLAN, "ke-hoach.yaml", hostile_files.yaml)),
    Attack("a plan 50,000 deep", DONE, _file(PLAN, "sau.yaml", lambda: b"[" * 50_000)),
    Attack(
        "a bundle that is a bomb",
        DONE,
        _file(
            BUNDLES,
            "so-lieu.tungnha",
            lambda: hostile_files.zipped(("a.json", [bytes(1_000_000)] * 400)),
            role="city",
        ),
    ),
    Attack(
        "a PNG of 30,000 × 30,000 as a form",
        DONE,
        _file(FORMS, "anh.xlsx", lambda: hostile_files.png(30_000, 30_000, is_drawn=True)),
    ),
)
