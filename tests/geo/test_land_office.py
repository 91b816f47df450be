"""What land offices hand over is read, or the way out is named; nothing moves by 200 m or is renamed unasked.

The files of tests/data/boundaries hold the same three thôn, each as another program writes them; `true.geojson` says
where they are and what they are called.
"""

import io
import json
import zipfile
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from geo.boundaries import BoundaryReading, ReadAs, Registered, UnreadableBoundaries, read
from geo.crs import EVERY_ZONE
from geo.match_names import READ_AS_IT_SAYS

FILES = Path(__file__).parents[1] / "data" / "boundaries"
TRUE = gpd.read_file(FILES / "true.geojson").set_index("ma_thon")
NEAR = shapely.box(106.55, 20.78, 106.62, 20.83)
LISTED = {code: Registered(str(row.ten_thon)) for code, row in TRUE.iterrows()}


def read_file(name: str, how: ReadAs = READ_AS_IT_SAYS) -> BoundaryReading:
    return read(FILES / name, level="village", near=NEAR, how=how, registered=LISTED)


def farthest_m(reading: BoundaryReading) -> float:
    """The largest distance between an outline and where it really is, in metres."""
    told = gpd.GeoSeries({o.code: o.geometry for o in reading.outlines}, crs=4326).to_crs(9210)
    real = TRUE.geometry.to_crs(9210)
    return max(told[code].hausdorff_distance(real[code]) for code in real.index)


def is_true(reading: BoundaryReading) -> bool:
    names = {outline.code: outline.name for outline in reading.outlines}
    return names == {code: each.name for code, each in LISTED.items()} and farthest_m(reading) < 0.05


def kinds(reading: BoundaryReading) -> list[str]:
    return [problem.kind for problem in reading.errors]


@pytest.mark.parametrize(
    "name",
    ["geo-01-escape.dxf", "geo-02-tcvn3.dxf", "geo-03-vni.dxf", "geo-04-vni.zip", "geo-05-tab.zip", "geo-06-mif.zip",
     "geo-12-links.kmz"],
)  # fmt: skip
def test_old_letters_mapinfo_and_linked_kml_are_read_as_they_are_meant(name: str) -> None:
    reading = read_file(name)
    assert kinds(reading) == []
    assert is_true(reading)


@pytest.mark.parametrize(
    "name", ["geo-01-escape.dxf", "geo-02-tcvn3.dxf", "geo-03-vni.dxf", "geo-04-vni.zip", "geo-05-tab.zip"]
)
def test_names_are_read_in_their_own_letters_where_nothing_is_registered_yet(name: str) -> None:
    assert is_true(read(FILES / name, level="village", near=NEAR))


def test_a_layer_is_asked_for_where_there_are_several() -> None:
    asked = read_file("geo-07-layers.gpkg")
    assert kinds(asked) == ["several_layers"]
    assert "ranh_thon" in asked.layers
    assert is_true(read_file("geo-07-layers.gpkg", ReadAs(layer="ranh_thon")))
    assert kinds(read_file("geo-07-layers.gpkg", ReadAs(layer="khong_co"))) == ["several_layers"]


def test_degrees_without_a_system_are_asked_about() -> None:
    """Degrees of VN-2000 lie 224 m from degrees of WGS84, and both lie in the commune."""
    asked = read_file("geo-08-vn2000-degrees-noprj.zip")
    assert kinds(asked) == ["unknown_crs"]
    assert "4756" in asked.errors[0].sentence
    assert is_true(read_file("geo-08-vn2000-degrees-noprj.zip", ReadAs(crs=4756)))
    wrong = read_file("geo-08-vn2000-degrees-noprj.zip", ReadAs(crs=4326))
    assert 150 < farthest_m(wrong) < 300


def test_axes_are_turned_when_a_person_says_so() -> None:
    assert kinds(read_file("geo-09-north-first-noprj.zip")) == ["swapped_axes"]
    assert is_true(read_file("geo-09-north-first-noprj.zip", ReadAs(north_first=True, crs=9210)))


def test_a_drawing_in_millimetres_is_told_and_scaled_when_agreed() -> None:
    assert kinds(read_file("geo-10-mm.dxf")) == ["unit_1000"]
    assert is_true(read_file("geo-10-mm.dxf", ReadAs(per_metre=1_000)))


def test_a_table_of_corners_is_told_what_kind_of_file_is_needed() -> None:
    with pytest.raises(UnreadableBoundaries) as refused:
        read_file("geo-11-points.xlsx")
    assert "Đây là bảng Excel" in refused.value.sentence


def test_columns_are_chosen_where_they_are_not_known() -> None:
    asked = read(FILES / "geo-13-name3.geojson", level="village", near=NEAR)
    assert "no_name_column" in kinds(asked)
    assert asked.columns == ("GID", "NAME_3")
    assert is_true(read_file("geo-13-name3.geojson", ReadAs(code_column="GID", name_column="NAME_3")))


def test_a_file_that_renames_most_thon_is_stopped_until_somebody_agrees() -> None:
    stopped = read_file("geo-14-other-names.geojson")
    assert kinds(stopped) == ["mostly_renamed"]
    assert "ghép theo tên" in stopped.errors[0].sentence
    agreed = read_file("geo-14-other-names.geojson", ReadAs(renames=True))
    assert kinds(agreed) == []
    assert {outline.name for outline in agreed.outlines} == {"Khu Trên", "Khu Giữa", "Khu Dưới"}


def test_rows_are_matched_by_name_where_the_codes_are_of_another_numbering(tmp_path: Path) -> None:
    path = tmp_path / "thon.geojson"
    turned = TRUE.reset_index()
    turned["ma_thon"] = turned["ma_thon"].to_numpy()[::-1]
    turned.to_file(path)
    assert kinds(read(path, level="village", near=NEAR, registered=LISTED)) == ["mostly_renamed"]
    assert is_true(read(path, level="village", near=NEAR, registered=LISTED, how=ReadAs(by_name=True)))


def test_letters_that_are_not_sure_rename_nobody(tmp_path: Path) -> None:
    parts = io.BytesIO()
    folder = tmp_path / "thon"
    folder.mkdir()
    strange = TRUE.reset_index().to_crs(9210)
    strange["ten_thon"] = ["\xff\xfe\xd7x", "\xf7\xd7", "\x81\xff"]
    strange.to_file(folder / "thon.shp", encoding="ISO-8859-1")
    with zipfile.ZipFile(parts, "w") as archive:
        for part in folder.iterdir():
            if part.suffix != ".cpg":
                archive.write(part, part.name)
    path = tmp_path / "thon.zip"
    path.write_bytes(parts.getvalue())
    assert is_true(read(path, level="village", near=NEAR, registered=LISTED))


@pytest.mark.parametrize(
    ("first", "words"),
    [
        (b"AC1032\0\0", "DWG"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1", "DGN V8"),
        (b"!table\n!version 300", ".tab"),
        (b"Rar!\x1a\x07\x01", "nén lại thành .zip"),
        (b"7z\xbc\xaf\x27\x1c", "nén lại thành .zip"),
        (b"%PDF-1.7", "ảnh quét"),
        (b"II*\0", "ảnh quét"),
        (b"\0\1\0\0Standard Jet DB", "Access"),
        (b"<!DOCTYPE qgis PUBLIC 'qgis'>", "dự án"),
        ("<kml/>".encode("utf-16"), "UTF-8"),
        ("ten;X;Y\nĐồng Xá;2300000;590000\n".encode(), "CSV"),
    ],
)
def test_what_cannot_be_read_names_the_program_and_the_way_out(
    tmp_path: Path, first: bytes, words: str
) -> None:
    path = tmp_path / "ban-ve"
    path.write_bytes(first + b"\0" * 200)
    with pytest.raises(UnreadableBoundaries) as refused:
        read(path, level="village", near=NEAR)
    assert words in refused.value.sentence
    assert "hãy" in refused.value.sentence


@pytest.mark.parametrize(("driver", "name"), [("FlatGeobuf", "thon.fgb"), ("GML", "thon.gml")])
def test_formats_of_gdal_are_read_with_the_system_they_declare(
    tmp_path: Path, driver: str, name: str
) -> None:
    path = tmp_path / name
    TRUE.reset_index().to_crs(9210).to_file(path, driver=driver)
    assert is_true(read(path, level="village", near=NEAR, registered=LISTED))


def test_a_gml_that_points_elsewhere_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "thon.gml"
    TRUE.reset_index().to_file(path, driver="GML")
    pointing = path.read_text(encoding="utf-8").replace(
        "<ogr:ma_thon>", '<ogr:ma_thon xlink:href="/etc/passwd">', 1
    )
    path.write_text(pointing, encoding="utf-8")
    with pytest.raises(UnreadableBoundaries, match="trỏ sang tệp khác"):
        read(path, level="village", near=NEAR)


def beside(name: str, frame: gpd.GeoDataFrame, folder: Path) -> Path:
    """The three thôn as a GeoJSON that does not say its system."""
    told = json.loads(frame.to_json(to_wgs84=False))
    told.pop("crs", None)
    path = folder / name
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


@pytest.mark.parametrize("epsg", [each for each in EVERY_ZONE if each not in (3405, 3406, 5897)])
def test_a_zone_of_any_province_is_told_by_where_it_lands(epsg: int, tmp_path: Path) -> None:
    path = beside("a.geojson", TRUE.reset_index().to_crs(epsg), tmp_path)
    reading = read(path, level="village", near=NEAR, registered=LISTED)
    assert reading.crs is not None
    assert reading.crs.epsg == epsg
    assert is_true(reading)


@pytest.mark.parametrize("epsg", [3405, 3406, 32648, 32649])
def test_utm_is_asked_about_unless_the_outline_tells_wgs84_from_vn2000(epsg: int, tmp_path: Path) -> None:
    """A receiver's UTM lies 224 m from that of VN-2000, and both lie about where the commune is."""
    path = beside("a.geojson", TRUE.reset_index().to_crs(epsg), tmp_path)
    asked = read(path, level="village", near=NEAR, registered=LISTED)
    assert kinds(asked) == ["unknown_crs"]
    assert f"{epsg} (" in asked.errors[0].sentence
    assert is_true(read(path, level="village", near=NEAR, registered=LISTED, how=ReadAs(crs=epsg)))
    tight = shapely.union_all(list(TRUE.geometry))
    told = read(path, level="village", commune_outline=tight, registered=LISTED)
    assert told.crs is not None
    assert told.crs.epsg == epsg


@pytest.mark.parametrize("epsg", [3405, 5897])
def test_two_zones_of_one_meridian_are_asked_about_where_both_may_land(epsg: int, tmp_path: Path) -> None:
    """They differ by their scale alone, which moves everything by 690 m at this latitude."""
    path = beside("a.geojson", TRUE.reset_index().to_crs(epsg), tmp_path)
    asked = read(path, level="village", near=NEAR, registered=LISTED)
    assert kinds(asked) == ["unknown_crs"]
    assert "3405" in asked.errors[0].sentence
    assert "5897" in asked.errors[0].sentence
    assert is_true(read(path, level="village", near=NEAR, registered=LISTED, how=ReadAs(crs=epsg)))
    tight = shapely.union_all(list(TRUE.geometry))
    told = read(path, level="village", commune_outline=tight, registered=LISTED)
    assert told.crs is not None
    assert told.crs.epsg == epsg


def test_a_collection_of_areas_is_an_outline_and_lines_are_told_what_to_do(tmp_path: Path) -> None:
    told = json.loads(TRUE.reset_index().to_json())
    told["features"][0]["geometry"] = {
        "type": "GeometryCollection",
        "geometries": [told["features"][0]["geometry"]],
    }
    (tmp_path / "a.geojson").write_text(json.dumps(told), encoding="utf-8")
    assert is_true(read(tmp_path / "a.geojson", level="village", near=NEAR, registered=LISTED))
    rim = gpd.GeoDataFrame(TRUE.reset_index()).set_geometry(TRUE.reset_index().boundary)
    (tmp_path / "b.geojson").write_text(rim.to_json(), encoding="utf-8")
    refused = read(tmp_path / "b.geojson", level="village", near=NEAR, registered=LISTED)
    assert set(kinds(refused)) == {"not_polygon"}
    assert "đổi đường khép kín thành vùng" in refused.errors[0].sentence


@pytest.mark.parametrize(
    "written",
    ["Thôn {}, xã An Lão", "Th. {}", "{} (xã An Lão)", "THÔN {} - xã An Lão", "KDC {}"],
)
@pytest.mark.parametrize("with_code", [False, True])
def test_a_registered_thon_is_known_however_its_name_is_written_and_keeps_it(
    tmp_path: Path, written: str, with_code: bool
) -> None:
    """By its name where the file has no codes; and where it has them nobody is renamed into capitals."""
    rows = json.loads((FILES / "true.geojson").read_text())
    for row in rows["features"]:
        name = written.format(row["properties"]["ten_thon"])
        code = {"ma_thon": row["properties"]["ma_thon"]} if with_code else {}
        row["properties"] = {**code, "ten_thon": name.upper() if with_code else name}
    (tmp_path / "thon.geojson").write_text(json.dumps(rows))
    reading = read(tmp_path / "thon.geojson", level="village", near=NEAR, registered=LISTED)
    assert kinds(reading) == []
    assert is_true(reading)


def test_a_name_of_two_communes_in_one_file_is_nobodys(tmp_path: Path) -> None:
    rows = json.loads((FILES / "true.geojson").read_text())
    for row, name in zip(
        rows["features"], ["Vạn Phúc, xã An Lão", "Vạn Phúc, xã An Quang", "Hòa Mỹ"], strict=True
    ):
        row["properties"] = {"ten_thon": name}
    (tmp_path / "thon.geojson").write_text(json.dumps(rows))
    reading = read(tmp_path / "thon.geojson", level="village", near=NEAR, registered=LISTED)
    assert kinds(reading) == ["no_code", "no_code"]


@pytest.mark.parametrize(
    "declared", ["urn:ogc:def:crs:EPSG::3405", "EPSG:5899", "urn:ogc:def:crs:EPSG::32648"]
)
def test_degrees_that_are_declared_as_metres_are_asked_about(tmp_path: Path, declared: str) -> None:
    """It would be "outside Việt Nam" for each row, with no way out."""
    rows = json.loads((FILES / "true.geojson").read_text())
    rows["crs"] = {"type": "name", "properties": {"name": declared}}
    (tmp_path / "thon.geojson").write_text(json.dumps(rows))
    reading = read(tmp_path / "thon.geojson", level="village", near=NEAR, registered=LISTED)
    assert kinds(reading) == ["unknown_crs"]
    assert "số trong tệp là độ" in reading.errors[0].sentence
    assert "4756" in reading.errors[0].sentence
    chosen = ReadAs(crs=4326)
    assert is_true(read(tmp_path / "thon.geojson", level="village", near=NEAR, how=chosen, registered=LISTED))


@pytest.mark.parametrize(
    ("member", "words"),
    [("ho-so/ranh.zip", "ho-so/ranh.zip"), ("a/ranh.rar", "giải nén"), ("x/thon.gdb/a01.gdbtable", ".gdb"),
     ("thon.qgs", "dự án"), ("thon.WOR", "dự án")],
)  # fmt: skip
def test_an_archive_without_outlines_says_what_it_holds_and_what_to_send(
    tmp_path: Path, member: str, words: str
) -> None:
    path = tmp_path / "ranh.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(member, b"PK\3\4")
    with pytest.raises(UnreadableBoundaries, match="hãy") as refused:
        read(path, level="village", near=NEAR)
    assert words in refused.value.sentence


def _kml(*parts: str) -> str:
    return f'<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{"".join(parts)}</Document></kml>'


def _link(target: str) -> str:
    return f"<NetworkLink><Link><href>{target}</href></Link></NetworkLink>"


def _marks() -> list[str]:
    """A Placemark of each thôn."""
    told = []
    for code, row in TRUE.iterrows():
        ring = " ".join(f"{x},{y},0" for x, y in row.geometry.exterior.coords)
        told.append(
            f'<Placemark><name>{row.ten_thon}</name><ExtendedData><Data name="ma_thon"><value>{code}</value></Data>'
            "</ExtendedData><Polygon><outerBoundaryIs><LinearRing>"
            f"<coordinates>{ring}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
        )
    return told


OFFICE = "<Placemark><name>UBND</name><Point><coordinates>106.57,20.8,0</coordinates></Point></Placemark>"


@pytest.mark.parametrize(
    "members",
    [
        {"doc.kml": _kml(_link("layers/ranh%20thon.kml")), "layers/ranh thon.kml": _kml(*_marks())},
        {"doc.kml": _kml(_link("a/b.kml")), "a/b.kml": _kml(_link("../c.kml")), "c.kml": _kml(*_marks())},
        {"doc.kml": _kml(OFFICE, _link("c.kml")), "c.kml": _kml(*_marks())},
        {"Ranh giới.kml": _kml(_link("files/c.kml")), "files/c.kml": _kml(*_marks())},
        {"doc.kml": _kml(_link("doc.kml"), _link("c.kml")), "c.kml": _kml(*_marks())},
    ],
    ids=["escaped", "chain", "a point beside", "another root", "a circle"],
)
def test_a_kmz_is_followed_along_its_links_to_its_outlines(tmp_path: Path, members: dict[str, str]) -> None:
    path = tmp_path / "ranh.kmz"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    reading = read(path, level="village", near=NEAR, registered=LISTED)
    assert kinds(reading) == []
    assert is_true(reading)


def test_a_kml_that_says_only_where_outlines_are_names_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "ranh.kml"
    path.write_text(_kml(_link("http://dia-chinh.example.vn/thon.kml")), encoding="utf-8")
    with pytest.raises(UnreadableBoundaries, match="Save Place As"):
        read(path, level="village", near=NEAR)


def _renumbered(folder: Path, codes: list[str], names: list[str]) -> Path:
    rows = TRUE.reset_index()
    rows["ma_thon"], rows["ten_thon"] = codes, names
    path = folder / "thon.geojson"
    path.write_text(rows.to_json(), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "codes", [["001", "002", "003"], ["1", "2", "3"], ["11429018", "11429019", "11429020"]]
)
def test_codes_of_another_numbering_do_not_make_every_thon_a_second_time(
    tmp_path: Path, codes: list[str]
) -> None:
    path = _renumbered(tmp_path, codes, [each.name for each in LISTED.values()])
    stopped = read(path, level="village", near=NEAR, registered=LISTED)
    assert kinds(stopped) == ["mostly_again"]
    assert "ghép theo tên" in stopped.errors[0].sentence
    assert is_true(read(path, level="village", near=NEAR, registered=LISTED, how=ReadAs(by_name=True)))
    agreed = read(path, level="village", near=NEAR, registered=LISTED, how=ReadAs(renames=True))
    assert kinds(agreed) == []
    assert agreed.unmatched == tuple(codes)


def test_new_thon_beside_registered_ones_are_no_second_ones(tmp_path: Path) -> None:
    path = _renumbered(tmp_path, ["11629030", "11629031", "11629032"], ["Khu Một", "Khu Hai", "Vạn Phúc"])
    reading = read(path, level="village", near=NEAR, registered=LISTED)
    assert kinds(reading) == []
    assert len(reading.unmatched) == 3


@pytest.mark.parametrize(
    "written", ["Van Phuc;Cam La;Hoa My", "VAN PHUC;CAM LA;HOA MY", "Thon Van Phuc;KDC Cam La;Hoa My"]
)
@pytest.mark.parametrize("with_code", [False, True])
def test_names_without_marks_mean_the_registered_thon_and_rename_nobody(
    tmp_path: Path, written: str, with_code: bool
) -> None:
    """As drawings write them."""
    codes = list(LISTED) if with_code else ["", "", ""]
    path = _renumbered(tmp_path, codes, written.split(";"))
    reading = read(path, level="village", near=NEAR, registered=LISTED)
    assert kinds(reading) == []
    assert is_true(reading)


def test_a_name_without_marks_that_two_thon_may_have_is_nobodys(tmp_path: Path) -> None:
    path = _renumbered(tmp_path, ["", "", ""], ["Van Phuc", "Cam La", "Hoa My"])
    alike = {**LISTED, "11629099": Registered("Văn Phúc")}
    assert kinds(read(path, level="village", near=NEAR, registered=alike)) == ["no_code"]


IN_OLD_FONTS = {
    "tcvn3": ["V¹n Phóc", "CÈm La", "Hßa Mü"],
    "vni": ["Vaïn Phuùc", "Caåm La", "Hoøa Myõ"],
}
"""What a program that does not know the font shows, and writes into a Unicode file."""


@pytest.mark.parametrize("font", IN_OLD_FONTS)
@pytest.mark.parametrize("driver", ["GeoJSON", "GPKG", "FlatGeobuf", "GML", "KML"])
@pytest.mark.parametrize("is_known", [True, False])
def test_names_of_old_fonts_are_read_in_unicode_files_too(
    tmp_path: Path, font: str, driver: str, is_known: bool
) -> None:
    """A Shapefile in TCVN3 or VNI that somebody exported anew: "V¹n Phóc" stands there in UTF-8."""
    rows = TRUE.reset_index()
    rows["ten_thon"] = IN_OLD_FONTS[font]
    path = tmp_path / f"thon.{'fgb' if driver == 'FlatGeobuf' else driver.lower()}"
    if driver == "KML":
        marks = "".join(_marks())
        for row, told in zip(LISTED.values(), IN_OLD_FONTS[font], strict=True):
            marks = marks.replace(f"<name>{row.name}<", f"<name>{told}<")
        path.write_text(_kml(marks), encoding="utf-8")
    else:
        rows.to_file(path, driver=driver)
    reading = read(path, level="village", near=NEAR, registered=LISTED if is_known else None)
    assert kinds(reading) == []
    assert is_true(reading)
    assert [problem.kind for problem in reading.warnings if problem.kind == "encoding"] == ["encoding"]


def test_names_that_read_well_stay_as_they_are(tmp_path: Path) -> None:
    """All of their letters are Latin-1's, too."""
    rows = TRUE.reset_index()
    rows["ten_thon"] = ["Phú Khê", "Lã Côi", "Hà Xá"]
    rows.to_file(tmp_path / "thon.geojson")
    told = read(tmp_path / "thon.geojson", level="village", near=NEAR).outlines
    assert [outline.name for outline in told] == ["Phú Khê", "Lã Côi", "Hà Xá"]


@pytest.mark.parametrize(
    "names", [["Hà Liễn", "VẠN TRÀ", "Ấp Bà Mụ"], ["Vaïn Phuùc", "Ñoàng Xaø", "Haø Myõ"]]
)
def test_a_drawing_in_utf8_keeps_every_letter_of_its_names(tmp_path: Path, names: list[str]) -> None:
    """The last byte of "à", "ạ" or "ễ" is a blank of Latin-1."""
    drawing = (FILES / "geo-02-tcvn3.dxf").read_bytes().decode("latin-1").replace("AC1009", "AC1032")
    for old, name in zip(IN_OLD_FONTS["tcvn3"], names, strict=True):
        assert old in drawing
        drawing = drawing.replace(old, name)
    path = tmp_path / "thon.dxf"
    path.write_text(drawing, encoding="utf-8")
    told = [label.name for label in read(path, level="village", near=NEAR).labels]
    want = names if names[0] == "Hà Liễn" else ["Vạn Phúc", "Đồng Xà", "Hà Mỹ"]
    assert sorted(told) == sorted(want)
