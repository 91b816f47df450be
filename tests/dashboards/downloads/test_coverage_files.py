"""Coverage as files: the same numbers as page and API, small cells hidden, nothing that a spreadsheet computes."""

import csv
import io
import json
import tempfile
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import openpyxl
import pyogrio
import pytest
import shapely
import sqlalchemy as sa
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from markupsafe import escape

from dashboards import village_lines, words
from dashboards.reports import report_content, report_periods
from geo.coverage_json import to_json
from server import clock
from server.coverage import coverage_table
from server.db import db
from server.models import Commune, Indicator, TallyDay, Village
from tests.leaders import NOON, TODAY, fill, sign_up
from tests.people import Browser, browser

BASE = "/xa/11629/tai-ve/muc-bao-phu"
OVER_ALL = "AL-T26"
"""Judged over all households, not those asked."""
SURVEYED = ("tham_ho", "phu_song_5g", "smart_hai_phong_ho", "vneid_18_kich_hoat")


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "now", lambda: NOON)


@pytest.fixture
def commune(app: Flask) -> Commune:
    commune = fill("11629", villages=9)
    sign_up(commune)
    sign_up(commune, "officer", "can.bo")
    db.session.commit()
    return commune


@pytest.fixture
def leader(app: Flask, commune: Commune) -> Browser:
    visitor = browser(app)
    visitor.sign_in("lanh.dao")
    return visitor


@pytest.fixture
def officer(app: Flask, commune: Commune) -> Browser:
    visitor = browser(app)
    visitor.sign_in("can.bo")
    return visitor


def workbook(visitor: Browser, query: str = "") -> openpyxl.Workbook:
    answer = visitor.get(f"{BASE}.xlsx{query}")
    assert answer.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(answer.data))


def thon_cells(book: openpyxl.Workbook) -> dict[tuple[str, str], dict[str, Any]]:
    header, *rows = book["Theo thôn"].iter_rows(values_only=True)
    told = [dict(zip(header, row, strict=True)) for row in rows]
    return {(row["Mã"], row["Mã chỉ tiêu"]): row for row in told}


def csv_cells(visitor: Browser) -> dict[tuple[str, str], dict[str, str]]:
    """Of the file of the thôn and that of the commune."""
    texts = [visitor.get(f"{BASE}.csv{level}").data.decode("utf-8-sig") for level in ("", "?cap=xa")]
    rows = [row for text in texts for row in csv.DictReader(io.StringIO(text))]
    return {(row["code"], row["indicator"]): row for row in rows}


def test_the_workbook_has_its_sheets_and_says_its_day(leader: Browser) -> None:
    book = workbook(leader)
    assert book.sheetnames == ["Bảng các thôn", "Chỉ tiêu", "Theo thôn", "Bảng mã", "Nguồn"]
    about = {row[0]: row[1] for row in book["Nguồn"].iter_rows(values_only=True)}
    assert about["Tính đến"].startswith("Tính đến 22/11/2026")
    assert "số nhỏ" in about["Số nhỏ"] or "đã ẩn" in about["Số nhỏ"]
    assert len([row for row in book["Chỉ tiêu"].iter_rows(min_row=5, values_only=True) if row[0]]) == 28


def test_the_workbook_of_a_dac_khu_calls_it_so(leader: Browser, commune: Commune) -> None:
    commune.kind = "đặc khu"
    db.session.commit()
    book = workbook(leader)
    assert "Ước lượng cả đặc khu (%)" in [cell.value for row in book["Chỉ tiêu"].iter_rows() for cell in row]
    assert "Đặc khu" in [cell.value for cell in book["Nguồn"]["A"]]


def test_every_kind_of_file_says_as_of_when(leader: Browser) -> None:
    for ending in ("csv", "geojson"):
        assert "Tính đến 22/11/2026" in leader.get(f"{BASE}.{ending}").text
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "x.gpkg"
        path.write_bytes(leader.get(f"{BASE}.gpkg").data)
        assert {name for name, _ in pyogrio.list_layers(path)} == {"thon", "so_lieu", "nguon", "layer_styles"}
        shown = pyogrio.read_dataframe(path, layer="thon")
        assert shown.crs.to_epsg() == 4326
        assert len(shown) == 9
        assert set(shown.geometry.geom_type) == {"MultiPolygon"}
        assert shown.geometry.notna().all()


def test_outer_rings_of_geojson_turn_counter_clockwise(leader: Browser) -> None:
    """RFC 7946, 3.1.6; holes turn the other way."""
    features = leader.get(f"{BASE}.geojson").get_json(force=True)["features"]
    shapes = [shapely.geometry.shape(each["geometry"]) for each in features if each["geometry"]]
    assert shapes
    for shape in shapes:
        for part in shapely.get_parts(shape):
            assert part.exterior.is_ccw
            assert not any(hole.is_ccw for hole in part.interiors)


def test_a_past_day_is_that_of_the_page(leader: Browser) -> None:
    """R25: whoever sees no records sees past days as ends of weeks."""
    told = leader.get(f"{BASE}.geojson?den_ngay=2026-11-19").get_json(force=True)
    assert told["as_of"] == "2026-11-15"
    assert leader.get(f"{BASE}.geojson?den_ngay=hom-nay").status_code == 422


def test_a_leader_gets_no_small_cell_and_an_officer_all(leader: Browser, officer: Browser) -> None:
    """R25. `fill` gives the eighth thôn none, so one with three households is made."""
    third = db.session.scalars(sa.select(Village).order_by(Village.code)).all()[2]
    asked = db.session.scalars(sa.select(Indicator).where(Indicator.code == "phu_song_5g")).one()
    db.session.execute(sa.delete(TallyDay).where(TallyDay.village_id == third.id))
    db.session.add(TallyDay(village_id=third.id, indicator_id=asked.id, day=TODAY, done=2, of=3, subjects=3))
    db.session.commit()
    key = (third.code, "phu_song_5g")
    hidden = thon_cells(workbook(leader))[key]
    assert hidden["Đã đạt"] is None
    assert hidden["Trên tổng đã hỏi"] is None
    assert hidden["Vì sao không nêu"]
    assert csv_cells(leader)[key]["done"] == ""
    assert thon_cells(workbook(officer))[key]["Đã đạt"] == 2
    assert csv_cells(officer)[key]["of"] == "3"


def test_a_name_that_looks_like_a_formula_is_text(officer: Browser, commune: Commune) -> None:
    """X14: a string cell in XLSX, an apostrophe in the CSV that Excel opens."""
    village = db.session.scalars(sa.select(Village).order_by(Village.code)).first()
    assert village is not None
    village.name = '=HYPERLINK("http://x","Thôn")'
    db.session.commit()
    page = workbook(officer)["Theo thôn"]
    kinds = {cell.data_type for row in page.iter_rows() for cell in row if cell.value is not None}
    assert "f" not in kinds
    assert next(row["name"] for key, row in csv_cells(officer).items() if key[0] == village.code) == (
        "'" + village.name
    )


def test_an_unknown_kind_is_not_found_and_another_commune_refused(leader: Browser) -> None:
    assert leader.get(f"{BASE}.exe").status_code == 404
    fill("10930", villages=1)
    db.session.commit()
    assert leader.get("/xa/10930/tai-ve/muc-bao-phu.xlsx").status_code == 403
    assert leader.get("/xa/10930/tai-ve").status_code == 403


tallies = st.lists(
    st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(0, 40)), min_size=36, max_size=36
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(tallies=tallies)
def test_api_and_files_tell_the_same_numbers(
    leader: Browser, commune: Commune, tallies: list[tuple[int, int, int]]
) -> None:
    """Issue: one property test compares the places where numbers stand, for random data."""
    _store(tallies)
    told = leader.get("/api/v1/communes/11629/coverage").get_json()
    assert told == json.loads(json.dumps(to_json(coverage_table.table(commune))))
    mapped = leader.get(f"{BASE}.geojson").get_json(force=True)
    book, flat = thon_cells(workbook(leader)), csv_cells(leader)
    assert len(book) == len(told["villages"]) * len(told["indicators"])
    shapes = {each["id"]: each["properties"] for each in mapped["features"]}
    for village in told["villages"]:
        for code, cell in village["indicators"].items():
            sheet, row = book[village["code"], code], flat[village["code"], code]
            for name in ("done", "of", "percent", "subjects"):
                assert shapes[village["code"]][f"{code}_{name}"] == cell[name]
                assert _number(row[name]) == cell[name]
            assert (sheet["Đã đạt"], sheet["Trên tổng đã hỏi"], sheet["Tỷ lệ trên số đã hỏi (%)"]) == (
                cell["done"],
                cell["of"],
                cell["percent"],
            )
            assert (row["suppressed"] or None) == cell["suppressed"]
            assert (sheet["Vì sao không nêu"] is None) == (cell["suppressed"] is None)
    for row in told["indicators"]:
        assert _number(flat["11629", row["code"]]["done"]) == row["done"]
    report, _ = report_content.build(
        commune, report_periods.of_month(TODAY), TODAY, report_content.ReportWish()
    )
    page = leader.get("/xa/11629/chi-tieu").text
    by_target = {row["target"]["id"]: row for row in told["indicators"] if row["target"]}
    for figure in report.figures:
        assert escape(figure.value) in page
        row = by_target.get(figure.id)
        if row and row["percent"] is not None and figure.id != OVER_ALL:
            assert float(Fraction(figure.number)) == row["percent"]
            assert figure.state == row["target"]["state"]
    columns = [column.code for column in village_lines.columns(coverage_table.table(commune))]
    for village, thon in zip(told["villages"], report.thons, strict=True):
        for code, text in zip(columns, thon.cells, strict=True):
            percent = village["indicators"][code]["percent"]
            assert (
                code == "smart_hai_phong_ho"
                or percent is None
                or text == words.percent(Decimal(str(percent)))
            )


def _number(text: str) -> float | None:
    return float(text) if text else None


def _store(tallies: list[tuple[int, int, int]]) -> None:
    db.session.execute(sa.delete(TallyDay))
    villages = db.session.scalars(sa.select(Village.id).order_by(Village.code)).all()
    indicators = db.session.scalars(sa.select(Indicator.id).where(Indicator.code.in_(SURVEYED))).all()
    keys = [(village, indicator) for village in villages for indicator in indicators]
    for (village, indicator), (a, b, c) in zip(keys, tallies, strict=True):
        done, subjects, of = sorted((a, b, c))
        db.session.add(
            TallyDay(
                village_id=village,
                indicator_id=indicator,
                day=TODAY,
                done=done,
                of=of,
                subjects=min(subjects, of),
            )
        )
    db.session.commit()
