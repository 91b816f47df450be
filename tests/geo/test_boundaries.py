"""Boundary files as communes really send them: right, in the wrong zone, misspelt, crossing themselves, hostile."""

import io
import json
import os
import sqlite3
import struct
import unicodedata
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyproj
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geo import encodings
from geo.boundaries import BoundaryReading, Figures, ReadAs, UnreadableBoundaries, read

SHARED = Path(os.environ.get("TUNGNHA_SHARED", Path(__file__).parents[2].parent / "shared")) / "data"
needs_shared = pytest.mark.skipif(not SHARED.is_dir(), reason="the shared sample outlines are not here")

# three fields of about 1 km in a row, in a commune around them
FIELDS = [shapely.box(106.55 + 0.01 * i, 20.80, 106.56 + 0.01 * i, 20.81) for i in range(3)]
COMMUNE = shapely.box(106.54, 20.79, 106.60, 20.82)
NAMES = ["Quyết Tiến", "Đồng Xuân", "Phú Lộc"]


def table(shapes: list | None = None, **columns: list) -> gpd.GeoDataFrame:
    columns = {"ma_thon": ["11629001", "11629002", "11629003"], "ten_thon": NAMES} | columns
    return gpd.GeoDataFrame(columns, geometry=shapes or FIELDS, crs=4326)


def geojson(folder: Path, shapes: list | None = None, **columns: list) -> Path:
    path = folder / "thon.geojson"
    table(shapes, **columns).to_file(path, driver="GeoJSON")
    return path


def shapefile(folder: Path, frame: gpd.GeoDataFrame, leave_out: tuple[str, ...] = (), **kwargs: Any) -> Path:
    """A zipped Shapefile without the parts left out, in a folder of its own inside the zip."""
    parts = folder / "parts"
    parts.mkdir()
    frame.to_file(parts / "thon.shp", **kwargs)
    return zipped(
        folder, {f"ban do/{p.name}": p.read_bytes() for p in parts.iterdir() if p.suffix not in leave_out}
    )


def zipped(folder: Path, members: dict[str, bytes], name: str = "thon.zip") -> Path:
    with zipfile.ZipFile(folder / name, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
    return folder / name


def village_file(folder: Path, content: bytes, name: str = "thon.geojson") -> Path:
    path = folder / name
    path.write_bytes(content)
    return path


def kinds(problems: tuple) -> list[str]:
    return [problem.kind for problem in problems]


def reading_or_refusal(path: Path) -> BoundaryReading | str:
    """What reading gives, or the sentence of its refusal; any other exception is the test's failure."""
    try:
        return read(path, level="village", commune_outline=COMMUNE)
    except UnreadableBoundaries as refusal:
        return refusal.sentence


def farthest_m(one: BoundaryReading, other: BoundaryReading) -> float:
    """The largest distance in metres between outlines of one code."""
    there = {outline.code: outline for outline in other.outlines}
    degrees = max(
        outline.geometry.hausdorff_distance(there[outline.code].geometry) for outline in one.outlines
    )
    return degrees * 111_320


# ---- formats


def as_kml(folder: Path) -> Path:
    marks = ""
    for code, name, shape in zip(table()["ma_thon"], NAMES, FIELDS, strict=True):
        ring = " ".join(f"{x},{y},0" for x, y in shape.exterior.coords)
        marks += (
            f"<Placemark><name>{name}</name><ExtendedData><SchemaData schemaUrl='#thon'>"
            f"<SimpleData name='ma_thon'>{code}</SimpleData></SchemaData></ExtendedData><Polygon><outerBoundaryIs>"
            f"<LinearRing><coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
        )
    text = f"<kml xmlns='http://www.opengis.net/kml/2.2'><Document><Folder>{marks}</Folder></Document></kml>"
    return village_file(folder, text.encode(), "thon.kml")


def as_gpkg(folder: Path) -> Path:
    table().to_file(folder / "thon.gpkg", layer="thon")
    return folder / "thon.gpkg"


def as_kmz(folder: Path) -> Path:
    return zipped(folder, {"doc.kml": as_kml(folder).read_bytes()}, "thon.kmz")


def as_bare_shapefile(folder: Path) -> Path:
    table().to_file(folder / "thon.shp")
    return folder / "thon.shp"


FORMATS: list[Callable[[Path], Path]] = [
    geojson, as_gpkg, as_kml, as_kmz, as_bare_shapefile, lambda folder: shapefile(folder, table()),
]  # fmt: skip


@pytest.mark.parametrize("make", FORMATS)
def test_every_format_gives_the_same_outlines(make: Callable[[Path], Path], tmp_path: Path) -> None:
    reading = read(make(tmp_path), level="village", commune_outline=COMMUNE)
    assert kinds(reading.problems) == ["gap"]  # the commune of this test is wider than its three fields
    assert [(o.code, o.name) for o in reading.outlines] == list(zip(table()["ma_thon"], NAMES, strict=True))
    assert [o.geometry.geom_type for o in reading.outlines] == ["MultiPolygon"] * 3
    pairs = zip(reading.outlines, FIELDS, strict=True)
    assert all(outline.geometry.hausdorff_distance(field) < 1e-7 for outline, field in pairs)
    assert reading.outlines[0].area_m2 == pytest.approx(1_152_000, rel=0.01)


def test_household_figures_come_along_where_the_file_has_them(tmp_path: Path) -> None:
    path = geojson(tmp_path, so_ho=[120, None, "nhiều"], nhan_khau=[410, 300, 200], nguoi_18=[300, 210, 150])
    reading = read(path, level="village")
    assert [o.figures for o in reading.outlines] == [
        Figures(120, 410, 300), Figures(None, 300, 210), Figures(None, 200, 150),
    ]  # fmt: skip
    assert kinds(reading.warnings) == ["figures"]
    assert "Dòng 3" in reading.warnings[0].sentence
    assert "so_ho" in reading.warnings[0].sentence


def test_codes_from_a_spreadsheet_lose_their_decimals(tmp_path: Path) -> None:
    path = geojson(tmp_path, ma_thon=[11629001.0, 11629002.0, 11629003.0])
    assert [o.code for o in read(path, level="village").outlines] == ["11629001", "11629002", "11629003"]


def test_columns_may_be_named(tmp_path: Path) -> None:
    path = geojson(tmp_path, ky_hieu=["A1", "A2", "A3"], goi_la=["Một", "Hai", "Ba"])
    reading = read(path, level="village", how=ReadAs(code_column="ky_hieu", name_column="Gọi là"))
    assert [(o.code, o.name) for o in reading.outlines] == [("A1", "Một"), ("A2", "Hai"), ("A3", "Ba")]


def test_a_file_without_codes_is_refused_with_its_columns_named(tmp_path: Path) -> None:
    table().drop(columns="ma_thon").to_file(tmp_path / "thon.geojson")
    reading = read(tmp_path / "thon.geojson", level="village")
    assert kinds(reading.errors) == ["no_code_column"]
    assert "ten_thon" in reading.errors[0].sentence


def test_rows_that_match_nothing_registered_are_named(tmp_path: Path) -> None:
    reading = read(geojson(tmp_path), level="village", known_codes=["11629001", "11629002", "11629009"])
    assert (reading.unmatched, reading.absent) == (("11629003",), ("11629009",))
    assert kinds(reading.warnings) == ["unmatched", "absent"]
    assert not reading.errors


# ---- coordinate systems


@pytest.mark.parametrize("epsg", [9210, 9209, 3405])
def test_a_declared_vn2000_zone_is_used(epsg: int, tmp_path: Path) -> None:
    path = shapefile(tmp_path, table().to_crs(epsg))
    reading = read(path, level="village", commune_outline=COMMUNE)
    assert reading.crs
    assert (reading.crs.epsg, reading.crs.how) == (epsg, "declared")
    assert not reading.errors
    assert farthest_m(reading, read(geojson(tmp_path), level="village")) < 1


@pytest.mark.parametrize("epsg", [9210, 9209])
def test_without_a_prj_the_zone_that_lands_in_the_commune_is_taken(epsg: int, tmp_path: Path) -> None:
    path = shapefile(tmp_path, table().to_crs(epsg), leave_out=(".prj",))
    reading = read(path, level="village", commune_outline=COMMUNE)
    assert reading.crs
    assert (reading.crs.epsg, reading.crs.how) == (epsg, "guessed")
    assert farthest_m(reading, read(geojson(tmp_path), level="village")) < 1


def test_without_a_prj_and_an_outline_the_choices_are_named(tmp_path: Path) -> None:
    reading = read(shapefile(tmp_path, table().to_crs(9210), leave_out=(".prj",)), level="village")
    assert kinds(reading.errors) == ["unknown_crs"]
    assert not reading.outlines
    assert all(code in reading.errors[0].sentence for code in ("9210", "9209", "3405"))


def test_a_person_may_choose_the_zone(tmp_path: Path) -> None:
    path = shapefile(tmp_path, table().to_crs(9210), leave_out=(".prj",))
    reading = read(path, level="village", how=ReadAs(crs=9210))
    assert reading.crs
    assert (reading.crs.epsg, reading.crs.how) == (9210, "given")
    assert not reading.errors


@pytest.mark.parametrize(("true", "declared"), [(9210, 9209), (9209, 9210), (9210, 3405)])
def test_the_wrong_zone_is_refused_and_the_right_one_named(true: int, declared: int, tmp_path: Path) -> None:
    frame = table().to_crs(true).set_crs(declared, allow_override=True)
    reading = read(shapefile(tmp_path, frame), level="village", commune_outline=COMMUNE)
    assert kinds(reading.errors) == ["wrong_zone"]
    assert not reading.outlines
    assert "Sai múi chiếu" in reading.errors[0].sentence
    assert f"EPSG:{true}" in reading.errors[0].sentence


def test_a_hand_written_prj_is_known_by_its_parameters(tmp_path: Path) -> None:
    wkt = (
        'PROJCS["VN2000 HP",GEOGCS["VN2000",DATUM["tu dat",SPHEROID["WGS84",6378137,298.257223563],'
        "TOWGS84[-191.90441429,-39.30318279,-111.45032835,0.00928836,0.01975479,-0.00427372,0.252906278]],"
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
        'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",105.75],PARAMETER["scale_factor",0.9999],'
        'PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["Meter",1]]'
    )
    path = shapefile(tmp_path, table().to_crs(9210), leave_out=(".prj",))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("ban do/thon.prj", wkt)
    reading = read(path, level="village")
    assert reading.crs
    assert reading.crs.epsg == 9210


def test_metres_in_a_geojson_are_not_taken_for_degrees(tmp_path: Path) -> None:
    path = geojson(tmp_path, shapes=list(table().to_crs(9210).geometry))
    reading = read(path, level="village", commune_outline=COMMUNE)
    assert reading.crs
    assert (reading.crs.epsg, reading.crs.how) == (9210, "guessed")


@pytest.mark.parametrize("epsg", [4326, 9210])
def test_swapped_axes_are_told(epsg: int, tmp_path: Path) -> None:
    swapped = [shapely.transform(s, lambda p: p[:, ::-1]) for s in table().to_crs(epsg).geometry]
    assert kinds(read(geojson(tmp_path, shapes=swapped), level="village").errors) == ["swapped_axes"]


# ---- letters


def in_tcvn3(text: str) -> bytes:
    table = {encodings.text(bytes([byte]), "tcvn3"): byte for byte in range(0xA1, 0x100)}
    return bytes(table.get(letter) or ord(letter) for letter in text)


def in_windows_1258(text: str) -> bytes:
    """The tone as a letter of its own, as Windows types it."""
    out = b""
    for letter in text:
        parts = unicodedata.normalize("NFD", letter)
        tones = "".join(part for part in parts if part in "\u0300\u0301\u0303\u0309\u0323")
        base = unicodedata.normalize("NFC", "".join(part for part in parts if part not in tones))
        out += (base + tones).encode("cp1258")
    return out


def with_names(folder: Path, names: list[bytes], cpg: bytes | None) -> Path:
    """A zipped Shapefile whose .dbf holds these very bytes as names."""
    stand_ins = [f"@{place}".ljust(len(name), "_") for place, name in enumerate(names)]
    path = shapefile(folder, table(ten_thon=stand_ins), leave_out=(".cpg",))
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    for stand_in, name in zip(stand_ins, names, strict=True):
        members["ban do/thon.dbf"] = members["ban do/thon.dbf"].replace(stand_in.encode(), name)
    if cpg is not None:
        members["ban do/thon.cpg"] = cpg
    return zipped(folder, members)


LETTERS: list[tuple[Callable[[str], bytes], bytes | None]] = [
    (str.encode, b"UTF-8"), (str.encode, None), (in_tcvn3, None), (in_tcvn3, b"ISO-8859-1"), (in_windows_1258, None),
    (in_windows_1258, b"1258"), (str.encode, b"no such encoding"),
]  # fmt: skip


@pytest.mark.parametrize(("write", "cpg"), LETTERS)
def test_names_keep_their_marks_whatever_letters_they_came_in(
    write: Callable[[str], bytes], cpg: bytes | None, tmp_path: Path
) -> None:
    reading = read(with_names(tmp_path, [write(name) for name in NAMES], cpg), level="village")
    assert [outline.name for outline in reading.outlines] == NAMES
    assert not reading.errors


def test_latin_1_names_are_read_and_a_look_is_asked_for(tmp_path: Path) -> None:
    names = ["Lão Cá", "Hoàng Xá", "Thôn Ba"]
    reading = read(with_names(tmp_path, [name.encode("latin-1") for name in names], None), level="village")
    assert [outline.name for outline in reading.outlines] == names
    assert kinds(reading.warnings) == ["encoding"]


def test_letters_that_make_no_words_are_told(tmp_path: Path) -> None:
    reading = read(with_names(tmp_path, [b"\xff\xfe\xd7x", b"\xf7\xd7", b"\x81"], None), level="village")
    assert "UTF-8" in reading.warnings[0].sentence


# ---- outlines

BOW_TIE = shapely.Polygon([(106.55, 20.80), (106.56, 20.81), (106.56, 20.80), (106.55, 20.81)])
FOOT = [(106.55, 20.80), (106.56, 20.80)]
SPUR = shapely.Polygon(
    [*FOOT, (106.56, 20.81), (106.555, 20.81), (106.555, 20.812), (106.555, 20.81), (106.55, 20.81)]
)


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        (BOW_TIE, "invalid"),
        (shapely.Point(106.555, 20.805), "not_polygon"),
        (shapely.LineString([(106.55, 20.8), (106.56, 20.8)]), "not_polygon"),
        (None, "empty"),
        (shapely.Polygon([(1e300, 1e300), (2e300, 1), (3, 4)]), "empty"),
        (shapely.box(2.1, 48.8, 2.2, 48.9), "outside_vietnam"),
        (shapely.box(106.70, 20.80, 106.71, 20.81), "outside_commune"),
        (shapely.box(106.565, 20.80, 106.575, 20.81), "overlap"),
    ],
)
def test_a_bad_outline_is_refused_by_row_code_and_name(shape: Any, kind: str, tmp_path: Path) -> None:
    path = geojson(tmp_path, shapes=[shape, *FIELDS[1:]])
    reading = read(path, level="village", commune_outline=COMMUNE)
    assert set(kinds(reading.errors)) == {kind}
    assert reading.errors[0].sentence.startswith("Dòng 1, mã 11629001 (Quyết Tiến): ")
    assert reading.errors[0].sentence.endswith(".")


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_a_corner_that_is_no_number_is_told_by_row(number: float, tmp_path: Path) -> None:
    """A Shapefile holds any eight bytes as a coordinate; also where a warning of numpy is an error."""
    packed = zipfile.ZipFile(shapefile(tmp_path, table()))
    parts = {name: packed.read(name) for name in packed.namelist()}
    [shp] = [name for name in parts if name.endswith(".shp")]
    second_corner = 100 + 8 + 44 + 4 + 16  # head, head of the record, box and counts, part, first corner
    spoiled = bytearray(parts[shp])
    struct.pack_into("<d", spoiled, second_corner, number)
    reading = read(zipped(tmp_path, parts | {shp: bytes(spoiled)}, "hong.zip"), level="village")
    assert [(problem.kind, problem.row) for problem in reading.errors] == [("empty", 1)]


def test_a_harmless_crossing_is_repaired_and_said(tmp_path: Path) -> None:
    reading = read(geojson(tmp_path, shapes=[SPUR, *FIELDS[1:]]), level="village")
    assert not reading.errors
    assert kinds(reading.warnings) == ["repaired"]
    assert reading.outlines[0].geometry.is_valid


def test_slivers_between_neighbours_are_noted_not_refused(tmp_path: Path) -> None:
    wider = shapely.box(106.55, 20.80, 106.5600005, 20.81)
    reading = read(geojson(tmp_path, shapes=[wider, *FIELDS[1:]]), level="village")
    assert not reading.errors
    assert kinds(reading.warnings) == ["overlap"]


@pytest.mark.parametrize(
    ("columns", "kind"),
    [
        ({"ma_thon": ["11629001", "11629001", "11629003"]}, "duplicate_code"),
        ({"ma_thon": ["11629001", None, "11629003"]}, "no_code"),
        ({"ma_thon": ["11629001", "../../etc", "11629003"]}, "bad_code"),
        ({"ten_thon": ["Một", "", "Ba"]}, "no_name"),
        ({"ten_thon": ["Một", "x" * 300, "Ba"]}, "bad_name"),
    ],
)
def test_bad_codes_and_names_are_refused(columns: dict[str, list], kind: str, tmp_path: Path) -> None:
    errors = read(geojson(tmp_path, **columns), level="village").errors
    assert kinds(errors) == [kind]
    assert errors[0].row == 2


def test_equal_names_are_worth_a_word_only(tmp_path: Path) -> None:
    """Thôn names repeat inside one merged commune: the code tells them apart."""
    reading = read(geojson(tmp_path, ten_thon=["Quyết Tiến", "Phú Lộc", "Quyết Tiến"]), level="village")
    assert not reading.errors
    assert kinds(reading.warnings) == ["same_name"]
    assert len(reading.outlines) == 3


def test_a_file_of_another_commune_gets_one_sentence(tmp_path: Path) -> None:
    elsewhere = shapely.box(106.1, 20.9, 106.2, 21.0)
    errors = read(geojson(tmp_path), level="village", commune_outline=elsewhere).errors
    assert kinds(errors) == ["outside_commune"]


# ---- hostile and broken files


def bomb() -> bytes:
    """A zip of 400 kB that says it holds, and would hold, 400 MB."""
    stream = io.BytesIO()
    with (
        zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive,
        archive.open("thon.geojson", "w") as member,
    ):
        for _ in range(400):
            member.write(bytes(1_000_000))
    return stream.getvalue()


def lying_bomb() -> bytes:
    """The same, saying in its directory that it holds ten bytes."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("thon.geojson", bytes(5_000_000))
    return stream.getvalue().replace(struct.pack("<I", 5_000_000), struct.pack("<I", 10))


def members(*names: str) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        for name in names:
            archive.writestr(name, b"{}")
    return stream.getvalue()


HOSTILE = {
    "nothing": (b"", "trống"),
    "a picture": (b"\x89PNG\r\n\x1a\n" + bytes(50), "ảnh quét"),
    "a lone shp": (b"\x00\x00\x27\x0a" + bytes(96), ".zip"),
    "cut JSON": (b'{"type": "FeatureCollection", "features": [{"ty', "cắt cụt"),
    "deep JSON": (b'{"features":' + b"[" * 100_000, "JSON"),
    "other JSON": (
        b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline"}',
        "FeatureCollection",
    ),
    "no rows": (b'{"type": "FeatureCollection", "features": []}', "không có dòng nào"),
    "a VRT": (b"<OGRVRTDataSource><OGRVRTLayer/></OGRVRTDataSource>", "không phải KML"),
    "KML with entities": (
        b'<!DOCTYPE kml [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><kml><Placemark><name>&b;</name></Placemark></kml>',
        "DOCTYPE",
    ),
    "cut KML": (b"<kml><Document><Placemark>", "cắt cụt"),
    "half a GeoPackage": (b"SQLite format 3\0" + bytes(2000), "GeoPackage"),
    "half a zip": (b"PK\x03\x04" + bytes(40), "hỏng"),
    "a zip that climbs out": (members("../../thon.geojson"), "ra ngoài thư mục"),
    "a zip with a root": (members("/etc/thon.geojson"), "ra ngoài thư mục"),
    "no set": (members("thon.docx"), "không có ranh giới"),
    "half a set": (members("thon.shp", "thon.shx"), ".dbf"),
    "a lying bomb": (lying_bomb(), "hỏng"),
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_file_gets_one_clear_sentence(what: str, tmp_path: Path) -> None:
    content, words = HOSTILE[what]
    with pytest.raises(UnreadableBoundaries) as refused:
        read(village_file(tmp_path, content), level="village")
    assert words in refused.value.sentence


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    with pytest.raises(UnreadableBoundaries, match="quá lớn"):
        read(village_file(tmp_path, bomb()), level="village")


def test_a_zip_inside_a_zip_is_not_followed(tmp_path: Path) -> None:
    with pytest.raises(UnreadableBoundaries, match="tệp nén khác"):
        read(zipped(tmp_path, {"thon.kml": members("thon.kml")}), level="village")


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(UnreadableBoundaries, match="Không mở được"):
        read(tmp_path / "thieu.geojson", level="village")


def test_a_geopackage_with_two_layers_asks_by_their_names(tmp_path: Path) -> None:
    path = as_gpkg(tmp_path)
    table().to_file(path, layer="khac")
    reading = read(path, level="village")
    assert kinds(reading.errors) == ["several_layers"]
    assert "khac" in reading.layers
    assert not reading.outlines


def test_a_zip_with_two_sets_asks_by_their_names(tmp_path: Path) -> None:
    reading = read(zipped(tmp_path, {"mot.shp": b"1", "hai.shp": b"2"}), level="village")
    assert kinds(reading.errors) == ["several_layers"]
    assert reading.layers == ("mot", "hai")


def test_a_geopackage_with_a_view_is_refused(tmp_path: Path) -> None:
    """A view runs SQL of the sender's making, which need not end."""
    path = as_gpkg(tmp_path)
    with closing(sqlite3.connect(path)) as database:
        database.execute(
            "CREATE VIEW v AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        )
    with pytest.raises(UnreadableBoundaries, match="view"):
        read(path, level="village")


MAKERS = {
    "geojson": geojson,
    "gpkg": as_gpkg,
    "kml": as_kml,
    "zip": lambda folder: shapefile(folder, table()),
}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return {name: make(tmp_path_factory.mktemp(name)).read_bytes() for name, make in MAKERS.items()}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_bytes_fail_in_no_other_way(
    sound: dict[str, bytes], tmp_path: Path, data: st.DataObject
) -> None:
    """A file is read, or refused with a sentence; nothing else comes out of `read`."""
    content = bytearray(sound[data.draw(st.sampled_from(sorted(sound)))])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    del content[data.draw(st.integers(len(content) // 2, len(content))) :]
    path = village_file(tmp_path, bytes(content))
    answer = reading_or_refusal(path)
    assert isinstance(answer, str) or all(outline.geometry.is_valid for outline in answer.outlines)


PARTS = (".shp", ".shx", ".dbf", ".prj", ".cpg")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_mutated_shapefile_parts_fail_in_no_other_way(tmp_path: Path, data: st.DataObject) -> None:
    """Behind the zip's checksum, where a mutation of the zip itself does not reach."""
    source = tmp_path / "parts"
    if not source.exists():
        source.mkdir()
        table().to_file(source / "thon.shp")
    parts = {suffix: bytearray((source / f"thon{suffix}").read_bytes()) for suffix in PARTS}
    hit = parts[data.draw(st.sampled_from(PARTS))]
    for _ in range(data.draw(st.integers(1, 8))):
        hit[data.draw(st.integers(0, len(hit) - 1))] = data.draw(st.integers(0, 255))
    path = zipped(tmp_path, {f"thon{suffix}": bytes(content) for suffix, content in parts.items()})
    assert reading_or_refusal(path)


ODD = st.one_of(st.none(), st.booleans(), st.floats(), st.text(max_size=5), st.lists(st.floats(), max_size=3))


@given(geometry=st.dictionaries(st.sampled_from(["type", "coordinates"]), ODD), properties=ODD, crs=ODD)
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_odd_geojson_members_fail_in_no_other_way(
    tmp_path: Path, geometry: Any, properties: Any, crs: Any
) -> None:
    feature = {"type": "Feature", "geometry": geometry, "properties": properties}
    document = {"type": "FeatureCollection", "features": [feature], "crs": {"properties": {"name": crs}}}
    assert reading_or_refusal(village_file(tmp_path, json.dumps(document).encode()))


# ---- real files


def test_a_drawing_gives_closed_lines_with_the_text_inside_them(tmp_path: Path) -> None:
    """DXF has no table: the digits in an outline are its code, the other words its name."""
    pairs: list[tuple[int, object]] = [(0, "SECTION"), (2, "ENTITIES")]
    metres = table().to_crs(9210)
    for code, name, shape in zip(metres["ma_thon"], NAMES, metres.geometry, strict=True):
        points = list(shape.exterior.coords)
        pairs += [
            (0, "LWPOLYLINE"),
            (100, "AcDbEntity"),
            (8, "RANH"),
            (100, "AcDbPolyline"),
            (90, len(points)),
            (70, 0),
        ]
        pairs += [pair for x, y in points for pair in ((10, x), (20, y))]
        for shift, text in ((0, code), (20, name)):
            middle = shape.centroid
            pairs += [(0, "TEXT"), (8, "TEN"), (10, middle.x), (20, middle.y + shift), (40, 5), (1, text)]
    pairs += [(0, "ENDSEC"), (0, "EOF")]
    text = "".join(f"{group}\n{value}\n" for group, value in pairs)
    reading = read(
        village_file(tmp_path, text.encode(), "thon.dxf"), level="village", commune_outline=COMMUNE
    )
    assert not reading.errors
    assert [(o.code, o.name) for o in reading.outlines] == list(zip(metres["ma_thon"], NAMES, strict=True))
    assert farthest_m(reading, read(geojson(tmp_path), level="village")) < 1


def million() -> bytes:
    ring = ",".join(f"[{106.5 + n * 1e-8:.8f},20.8]" for n in range(1_000_000))
    return (
        '{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"ma_thon":"1","ten_thon":"a"},'
        f'"geometry":{{"type":"Polygon","coordinates":[[{ring},[106.6,20.9],[106.5,20.8]]]}}}}]}}'
    ).encode()


def test_a_million_vertices_are_refused_in_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(UnreadableBoundaries, match="1 triệu điểm"):
        read(village_file(tmp_path, million()), level="village")


@needs_shared
@pytest.mark.parametrize("name", ["an_lao_thon_vn2000.zip", "an_lao_thon_vn2000.gpkg"])
def test_real_vn2000_files_lie_within_a_metre_of_the_wgs84_ones(name: str) -> None:
    outline = read(SHARED / "an_lao.geojson", level="commune").outlines[0].geometry
    reading = read(SHARED / name, level="village", commune_outline=outline)
    plain = read(SHARED / "an_lao_thon.geojson", level="village", commune_outline=outline)
    assert not reading.errors
    assert not plain.errors
    assert len(reading.outlines) == 38
    assert farthest_m(reading, plain) < 1
    assert [o.figures for o in reading.outlines] == [o.figures for o in plain.outlines]
    assert all(outline.illustrative for outline in reading.outlines)


@needs_shared
def test_the_city_is_read_whole() -> None:
    reading = read(SHARED / "haiphong_communes.geojson", level="commune")
    assert not reading.errors
    assert len({outline.code for outline in reading.outlines}) == 114


@needs_shared
def test_the_neighbour_zone_lies_26_km_away() -> None:
    """Why a zone is never assumed (domain rule 4)."""
    x, y = pyproj.Transformer.from_crs(4326, 9210, always_xy=True).transform(106.58, 20.82)
    at = pyproj.Transformer.from_crs(9209, 4326, always_xy=True).transform(x, y)
    assert pyproj.Geod(ellps="WGS84").inv(106.58, 20.82, *at)[2] == pytest.approx(26_000, rel=0.01)
