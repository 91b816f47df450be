"""What is taken out of an archive: no more than a server can read beside its other work."""

import io
import time
import tracemalloc
import zipfile

import pytest

from geo import kml, unpack_zip
from geo.boundary_problems import UnreadableBoundaries


@pytest.mark.parametrize(
    "members",
    [
        {"doc.kml": b"<kml>"},
        {"thon/ranh.KML": b"<kml>"},
        {"doc.kml": b"<kml>", "files/anh.png": b""},
        {"ranh.geojson": b"{"},
        {"ranh.gml": b"<gml>"},
    ],
    ids="+".join,
)
def test_a_text_that_unpacks_to_hundreds_of_megabytes_is_refused_before_it_is_read(
    members: dict[str, bytes],
) -> None:
    """file-4: 0.75 MB that took 3.9 GB."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, begins in members.items():
            archive.writestr(name, begins + b" " * 245_000_000 if begins else b"")
    tracemalloc.start()
    began = time.process_time()
    try:
        with pytest.raises(UnreadableBoundaries, match="trong tệp nén bung ra quá lớn"):
            unpack_zip.unpack(packed.getvalue())
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert most < 5_000_000
    assert time.process_time() - began < 1


def placemark(number: int) -> str:
    ring = "106.5,20.8 106.6,20.8 106.6,20.9 106.5,20.8"
    return (
        f"<Folder><Placemark><name>Thôn {number}</name><ExtendedData><Data name='ma_thon'>"
        f"<value>{number}</value></Data></ExtendedData><Polygon><outerBoundaryIs><LinearRing><coordinates>{ring}"
        "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Folder>"
    )


def document(inside: str) -> bytes:
    return f"<?xml version='1.0'?><kml xmlns='http://www.opengis.net/kml/2.2'><Document>{inside}</Document></kml>".encode()


def test_placemarks_among_much_else_are_read_whole() -> None:
    much_else = "<Style><LineStyle><color>ff0000ff</color></LineStyle></Style>" * 2_000
    found = kml.placemarks(
        document(much_else + "".join(placemark(n) for n in range(300)) + much_else + placemark(300))
    )
    assert [values["ma_thon"] for values, _ in found] == [str(n) for n in range(301)]
    assert {values["name"] for values, _ in found} == {f"Thôn {n}" for n in range(301)}
    assert all(shape is not None and shape.geom_type == "MultiPolygon" for _, shape in found)


@pytest.mark.parametrize(
    "inside",
    ["<a/>" * 1_100_000, "<a" + "".join(f" a{n}='1'" for n in range(1_100_000)) + "/>"],
    ids=["elements", "attributes"],
)
def test_a_kml_of_a_million_parts_is_refused(inside: str) -> None:
    """However small they are: as objects they took forty times their letters."""
    with pytest.raises(UnreadableBoundaries, match="quá nhiều phần tử"):
        kml.placemarks(document(inside))
