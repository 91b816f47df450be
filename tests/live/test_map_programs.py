"""GDAL as it is (pyogrio's, the one of geopandas) reads every layer under /ogc from a server that runs."""

import datetime as dt
import json
import os
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
import sqlalchemy as sa

from dashboards.downloads import qgis_project
from dashboards.maps.map_colours import NO_NUMBER
from geo import crs, signal
from geo.coverage_json import flat_villages
from server import clock
from server.api.ogc.layers import LAYERS
from server.coverage import coverage_table, signal_points
from server.db import db
from server.models import Commune, Finding, Form, Indicator, Submission, Village
from server.published_forms import library_forms
from tests import sample, town
from tests.client_venv import python_with
from tests.conftest import Template, application, on_a_copy
from tests.live.served import Served
from tests.people import make_token

pytestmark = pytest.mark.live
DATA = Path(__file__).parents[1] / "data"


@pytest.fixture(scope="module")
def keys() -> list[str]:
    """The key that GDAL has, once `maps` has made it."""
    return []


@pytest.fixture(scope="module")
def maps(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory, keys: list[str]
) -> Iterator[str]:
    """The address of the layers, over two towns in which 5G was measured; GDAL has a key of the whole city.

    The key stands in GDAL's own setting: of an address with a password in it and without TLS GDAL 3.12 loses it.
    """
    folder = tmp_path_factory.mktemp("maps")
    with on_a_copy(template_database, folder) as settings, application(settings) as app:
        town.build(app, reports=False)
        library_forms.publish_library(["diem_5g", "wifi_cong_cong"])
        for village in db.session.scalars(sa.select(Village)).all():
            hall = sample.make_entity(
                village, f"Nhà văn hóa {village.name}", "diem_cong_cong", {"loai": "nha_van_hoa"}
            )
            _measured(village)
            if village.code.endswith("3"):
                _checked(village, hall.id)
        db.session.commit()
        keys.append(make_token())
        pyogrio.set_gdal_config_options({"GDAL_HTTP_USERPWD": f"khoa:{keys[0]}"})
        with Served(settings) as served:
            yield f"OAPIF:{served.url}/ogc"
        pyogrio.set_gdal_config_options({"GDAL_HTTP_USERPWD": None})


def _measured(village: Village) -> None:
    """Five points in a row, usable but for the second."""
    form = db.session.scalars(sa.select(Form.id).where(Form.form_id == "diem_5g")).one()
    of_point = db.session.scalars(sa.select(Indicator.id).where(Indicator.code == "phu_song_5g_diem")).one()
    at = clock.now() - dt.timedelta(days=2)
    middle = shapely.from_wkb(village.outline).representative_point()
    for number in range(5):
        row = Submission(
            instance_id=f"uuid:{uuid.uuid4()}", form_id=form, version="1", village_id=village.id, sha256=b"", xml=b"",
            answers={"nha_mang": "viettel", "trong_ngoai": "ngoai_troi"}, latitude=middle.y + number / 1000,
            longitude=middle.x, observed_at=at, received_at=at,
        )  # fmt: skip
        db.session.add(row)
        db.session.flush()
        db.session.add(
            Finding(submission_id=row.id, indicator_id=of_point, subject=uuid.uuid4(), village_id=village.id,
                    done=int(number != 1), of=1, observed_at=at, received_at=at)
        )  # fmt: skip


def _checked(village: Village, hall: uuid.UUID) -> None:
    """A check of a hall's Wi-Fi on the spot; the others were never visited."""
    form = db.session.scalars(sa.select(Form.id).where(Form.form_id == "wifi_cong_cong")).one()
    at = clock.now() - dt.timedelta(days=2)
    middle = shapely.from_wkb(village.outline).representative_point()
    db.session.add(
        Submission(
            instance_id=f"uuid:{uuid.uuid4()}", form_id=form, version="1", village_id=village.id, sha256=b"", xml=b"",
            answers={"wifi_co": "co", "wifi_mo": "co", "wifi_chay": "co"}, latitude=middle.y, longitude=middle.x,
            observed_at=at, received_at=at, entity_id=hall,
        )
    )  # fmt: skip


def communes() -> list[Commune]:
    return list(db.session.scalars(sa.select(Commune).order_by(Commune.code)))


def read(maps: str, layer: str, **options: Any) -> Any:
    return pyogrio.read_dataframe(maps, layer=layer, use_arrow=False, **options)


def plain(value: Any) -> Any:
    """What GDAL tells of a cell, unknown as None."""
    return None if value is None or value != value else value  # noqa: PLR0124 (unknown numbers are NaN)


def test_all_layers_are_listed_and_read(maps: str) -> None:
    named = [name for name, _ in pyogrio.list_layers(maps)]
    assert named == ["thon", "luoi-phu-song", "dia-diem", "ho-diem"]
    assert {name: len(read(maps, name)) for name in ("thon", "dia-diem", "ho-diem")} == {
        "thon": 6, "dia-diem": 6, "ho-diem": 6,
    }  # fmt: skip


@pytest.mark.parametrize("options", [{}, {"PAGE_SIZE": "2"}], ids=["whole", "by pages of two"])
def test_thon_have_the_outlines_and_numbers_of_the_database(maps: str, options: dict[str, str]) -> None:
    frame = read(maps, "thon", **options)
    told = {}
    for commune in communes():
        told |= flat_villages(coverage_table.table(commune, feed=True))
    shapes = {row.code: shapely.from_wkb(row.outline) for row in db.session.scalars(sa.select(Village))}
    assert list(frame["code"]) == sorted(told)
    for _, row in frame.iterrows():
        wanted = told[row["code"]]
        assert {name: plain(row[name]) for name in wanted} == wanted
        assert row.geometry.symmetric_difference(shapes[row["code"]]).area < 1e-9


def test_squares_of_5g_are_those_of_the_surface(maps: str) -> None:
    frame = read(maps, "luoi-phu-song", where="operator = 'viettel'")
    wanted = {}
    for commune in communes():
        day = coverage_table.day_of_feed()
        found = signal_points.points(commune, day)
        for square in signal.surface(found.samples, day, found.valid_days):
            wanted[(commune.code, square.south, square.west)] = (square.state, square.done, square.of)
    assert len(wanted) >= 2 * 3
    assert {
        (row["commune"], round(row.geometry.bounds[1], 6), round(row.geometry.bounds[0], 6)): (
            row["state"], row["done"], row["of"],
        )
        for _, row in frame.iterrows()
    } == wanted  # fmt: skip


def test_boxes_and_filters_are_asked_of_the_server(maps: str) -> None:
    [first, *_] = communes()
    village = first.villages[0]
    x, y = shapely.from_wkb(village.outline).representative_point().coords[0]
    assert list(read(maps, "thon", bbox=(x - 1e-6, y - 1e-6, x + 1e-6, y + 1e-6))["code"]) == [village.code]
    assert list(read(maps, "thon", where=f"code = '{village.code}' AND households > 0")["code"]) == [
        village.code
    ]
    assert set(read(maps, "thon", where="commune = '11629' OR code LIKE '1093000%'")["commune"]) == {
        "10930",
        "11629",
    }


def test_a_layer_can_be_had_in_vn2000(maps: str) -> None:
    frame = read(maps, "thon", CRS="http://www.opengis.net/def/crs/EPSG/0/9210")
    assert frame.crs.to_epsg() == 9210
    shapes = {row.code: shapely.from_wkb(row.outline) for row in db.session.scalars(sa.select(Village))}
    for _, row in frame.iterrows():
        [back] = crs.to_wgs84([row.geometry], 9210)
        assert back.symmetric_difference(shapes[row["code"]]).area < 1e-9


def test_owslib_reads_what_the_conformance_classes_promise(maps: str, keys: list[str]) -> None:
    """Core, queryables and filters as another client of the standard asks for them."""
    command = [
        str(python_with("owslib==0.35.0")),
        str(DATA / "owslib_calls.py"),
        maps.removeprefix("OAPIF:"),
        keys[0],
    ]
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout)
    codes = sorted(village.code for each in communes() for village in each.villages)
    assert (told["layers"], told["openapi"]) == (["dia-diem", "ho-diem", "luoi-phu-song", "thon"], "3.0.3")
    assert {
        f"http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/{each}"
        for each in ("core", "geojson", "oas30")
    } <= (set(told["classes"]))
    assert (told["codes"], told["matched"], told["one"], told["named"]) == (codes, [6, 6], True, 1)
    assert {"code", "households", "phu_song_5g_percent"} <= set(told["queryables"])
    assert (told["filtered"], told["nowhere"]) == (3, [])


QGIS = os.environ.get("TUNGNHA_TEST_QGIS", "/usr/bin/python3")
"""A Python that has QGIS (`apt install python3-qgis qgis-providers`)."""


def test_qgis_opens_the_layers_and_draws_the_project(maps: str, keys: list[str], tmp_path: Path) -> None:
    """O23: as QGIS itself reads them, by pages, in a box, in VN-2000; the downloaded project in its colours."""
    if subprocess.run([QGIS, "-c", "import qgis.core"], capture_output=True, check=False).returncode:
        pytest.skip("QGIS is not installed; TUNGNHA_TEST_QGIS names a Python that has it")
    [_, commune] = communes()
    url, table = maps.removeprefix("OAPIF:"), coverage_table.table(commune, feed=True)
    project = tmp_path / "ban-do.qgz"
    project.write_bytes(qgis_project.write(table, url, commune.name, set(LAYERS) - {"nhiem-vu"}))
    command = [
        QGIS,
        str(DATA / "qgis_opens.py"),
        url,
        f"Token {keys[0]}",
        str(project),
        str(tmp_path / "map.png"),
    ]
    environ = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path)}
    ran = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120, env=environ)
    assert ran.returncode == 0, ran.stderr[-2000:]
    told = json.loads(ran.stdout.splitlines()[-1])
    assert {name: found[:2] for name, found in told["layers"].items()} == {
        "thon": [True, 6], "luoi-phu-song": [True, 24], "dia-diem": [True, 6], "ho-diem": [True, 6]
    }  # fmt: skip
    assert told["thon"].keys() == {village.code for each in communes() for village in each.villages}
    rows = coverage_table.table(commune, feed=True).villages
    assert [told["thon"][row.code][0] for row in rows] == [row.households for row in rows]
    assert (told["near"][1], told["filtered"]) == ([told["near"][0]], [told["near"][0]])
    assert told["places"] == [["nha_van_hoa", 1], ["nha_van_hoa", 1]]
    layers, opened = told["project"]
    assert (len(opened), opened[0], opened[-1]) == (layers, "Địa điểm công cộng, Wi-Fi", "Lưới sóng 5G")
    assert told["colours"].get(NO_NUMBER.lower(), 0) > 100, told["colours"]
