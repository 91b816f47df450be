"""Files of outlines that lead elsewhere: to a file of the machine, to a database, to an address."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from geo import boundary_formats, gdal_drivers
from geo.boundary_problems import UnreadableBoundaries

SECRET = "HASH-OF-SOMEBODY"
POINTS = '<GeometryType>wkbPoint</GeometryType><GeometryField encoding="PointFromColumns" x="x" y="x"/>'
VRT = (
    '<OGRVRTDataSource>{mark}<OGRVRTLayer name="person"><SrcDataSource>{path}</SrcDataSource><SrcSQL>SELECT password, '
    f"1 AS x FROM person</SrcSQL>{POINTS}</OGRVRTLayer></OGRVRTDataSource>"
)
MARK = "<!-- http://www.opengis.net/gml -->"
LEADS = {
    "layer.gml": VRT.replace("{mark}", MARK),
    "begun.gml": f"<?xml version='1.0'?>{MARK}\n" + VRT.replace("{mark}", ""),
    "wfs.gml": f"<OGRWFSDataSource>{MARK}<URL>http://127.0.0.1:9/</URL></OGRWFSDataSource>",
    "capabilities.gml": f'<wfs:WFS_Capabilities xmlns:wfs="x">{MARK}</wfs:WFS_Capabilities>',
    "drawing.dxf": "999\n" + VRT.replace("{mark}", "") + "\n0\nSECTION\n2\nENTITIES\n0\nENDSEC\n0\nEOF\n",
}


@pytest.mark.parametrize("name", LEADS)
def test_a_file_that_leads_elsewhere_is_refused_whatever_it_passes_for(tmp_path: Path, name: str) -> None:
    database = tmp_path / "tungnha.sqlite3"
    with sqlite3.connect(database) as made:
        made.execute("CREATE TABLE person (password TEXT)")
        made.execute("INSERT INTO person VALUES (?)", (SECRET,))
    made.close()
    path = tmp_path / name
    path.write_text(LEADS[name].replace("{path}", str(database)))
    with pytest.raises(UnreadableBoundaries):
        boundary_formats.load(path)


@pytest.mark.parametrize(
    "made",
    [
        "CREATE VIRTUAL TABLE person USING VirtualOGR('x.sqlite3', 0, 'person')",
        "create virtual table \"using rtree\" using VirtualOGR('/vsicurl/http://127.0.0.1:9/', 'using rtree')",
    ],
)
def test_no_table_of_a_geopackage_stands_for_another_file(tmp_path: Path, made: str) -> None:
    path = tmp_path / "layer.gpkg"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE gpkg_contents (table_name TEXT, data_type TEXT)")
        database.execute("PRAGMA writable_schema = 1")
        database.execute("INSERT INTO sqlite_master VALUES ('table', 'person', 'person', 0, ?)", (made,))
        database.execute("INSERT INTO gpkg_contents VALUES ('person', 'features')")
    database.close()
    with pytest.raises(UnreadableBoundaries):
        boundary_formats.load(path)


def test_a_gml_without_any_layer_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "empty.gml"
    path.write_text('<a xmlns:gml="http://www.opengis.net/gml"/>')
    with pytest.raises(UnreadableBoundaries, match="không có lớp nào"):
        boundary_formats.load(path)


def test_whoever_reads_strangers_files_has_the_drivers_that_are_named_and_no_other() -> None:
    """A new version of the library that brings another driver is met here."""
    ask = "import pyogrio; print('\\n'.join(pyogrio.list_drivers()))"
    environ = {**os.environ, **gdal_drivers.ENVIRONMENT}
    told = subprocess.run(
        [sys.executable, "-c", ask], env=environ, capture_output=True, text=True, check=True
    )
    assert set(told.stdout.split("\n")) - {""} == gdal_drivers.READING
