"""`flask export`: the files of the pages, written by a clock."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pyogrio
import pytest
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from server.db import db
from server.models import Audit
from tests import sample
from tests.conftest import Template, filled_once
from tests.leaders import fill, sign_up
from tests.people import Browser, browser

pytestmark = pytest.mark.usefixtures("noon")


@pytest.fixture(scope="module")
def prepared(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory, noon: None
) -> Iterator[Template]:
    with filled_once(template_database, tmp_path_factory.mktemp("filled"), _fill) as found:
        yield found


def _fill(_app: Flask) -> None:
    sign_up(fill("11629", villages=13))
    db.session.commit()
    sample.publish_plain()


@pytest.fixture
def leader(app: Flask) -> Browser:
    visitor = browser(app)
    visitor.sign_in("lanh.dao")
    return visitor


def run(app: Flask, *words: str) -> Result:
    return app.test_cli_runner().invoke(args=["export", *words])


def test_a_table_is_that_of_the_page(app: Flask, leader: Browser, tmp_path: Path) -> None:
    for ending in ("csv", "geojson"):
        out = tmp_path / f"xa.{ending}"
        assert run(app, "coverage", "11629", "--out", str(out)).exit_code == 0
        assert out.read_bytes() == leader.get(f"/xa/11629/tai-ve/muc-bao-phu.{ending}").data
    out = tmp_path / "xa.xlsx"
    assert run(app, "coverage", "11629", "--out", str(out)).exit_code == 0
    page = openpyxl.load_workbook(io.BytesIO(leader.get("/xa/11629/tai-ve/muc-bao-phu.xlsx").data))
    ours, theirs = openpyxl.load_workbook(out).worksheets[0], page.worksheets[0]
    assert list(ours.iter_rows(values_only=True)) == list(theirs.iter_rows(values_only=True))


def test_a_csv_holds_one_level(app: Flask, leader: Browser, tmp_path: Path) -> None:
    out = tmp_path / "ca-xa.csv"
    run(app, "coverage", "11629", "--cap", "xa", "--out", str(out))
    for text, levels in (
        (out.read_text("utf-8-sig"), {"commune"}),
        (leader.get("/xa/11629/tai-ve/muc-bao-phu.csv?cap=xa").data.decode("utf-8-sig"), {"commune"}),
        (leader.get("/xa/11629/tai-ve/muc-bao-phu.csv").data.decode("utf-8-sig"), {"village"}),
    ):
        rows = list(csv.DictReader(io.StringIO(text)))
        assert {row["area"] for row in rows} == levels
    told = leader.get("/api/v1/communes/11629/coverage").get_json()
    assert len(rows) == len(told["villages"]) * len(told["indicators"])


def test_a_file_is_replaced_when_the_new_one_is_whole(app: Flask, tmp_path: Path) -> None:
    out = tmp_path / "dem" / "xa.gpkg"
    out.parent.mkdir()
    out.write_text("cũ")
    assert run(app, "coverage", "11629", "--ngay", "2026-11-10", "--out", str(out)).exit_code == 0
    told = pyogrio.read_dataframe(out, layer="nguon")
    assert "08/11/2026" in told["tinh_den"][0]
    assert [each.name for each in out.parent.iterdir()] == ["xa.gpkg"]


def test_all_communes_stand_in_one_workbook(app: Flask, tmp_path: Path) -> None:
    out = tmp_path / "thanh-pho.xlsx"
    assert run(app, "city", "--out", str(out)).exit_code == 0
    assert openpyxl.load_workbook(out).sheetnames == ["Các xã", "Số liệu", "Nguồn"]


def test_submissions_leave_without_personal_answers_and_are_in_the_audit(app: Flask, tmp_path: Path) -> None:
    out = tmp_path / "phieu.csv"
    found = run(app, "submissions", "11629", "don_gian", "--out", str(out))
    assert found.exit_code == 0, found.output
    assert "Số" in out.read_text("utf-8-sig")
    db.session.rollback()
    noted = db.session.execute(
        sa.select(Audit.record, Audit.detail).where(Audit.act == "submissions.export")
    ).one()
    assert tuple(noted) == ("form:don_gian", {"commune": "11629", "as": ".csv"})


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("coverage", "11629", "--out", "x.pdf"), "đuôi tệp phải là .xlsx, .csv, .geojson, .gpkg"),
        (("coverage", "99999", "--out", "x.csv"), "99999"),
        (("submissions", "11629", "khong_co", "--out", "x.csv"), "khong_co"),
        (("coverage", "11629", "--out", "/khong/co/x.csv"), "không ghi được tệp"),
    ],
)
def test_what_cannot_be_written_is_said_in_one_sentence(
    app: Flask, words: tuple[str, ...], says: str
) -> None:
    found = run(app, *words)
    assert found.exit_code != 0
    assert says in found.output


def test_qgis_finds_the_colours_of_the_map_in_the_geopackage(app: Flask, tmp_path: Path) -> None:
    out = tmp_path / "xa.gpkg"
    run(app, "coverage", "11629", "--out", str(out))
    layers = dict(pyogrio.list_layers(out))
    assert layers["thon"] == "MultiPolygon"
    styles = pyogrio.read_dataframe(out, layer="layer_styles")
    assert list(styles["useAsDefault"]) == [True, *[False] * (len(styles) - 1)]
    assert set(styles["f_table_name"]) == {"thon"}
    thon = pyogrio.read_dataframe(out, layer="thon")
    assert thon.geometry.name in {"geometry", "geom"}
    for qml in styles["styleQML"]:
        field = qml.split('attr="')[1].split('"')[0]
        known = {part.split('"')[0] for part in qml.split('<category value="')[1:]}
        assert {state or "" for state in thon[field].fillna("")} <= known
    assert "33,102,172,255" in styles["styleQML"][0]  # "đạt", as on the map
