"""An officer loads boundaries: sent, looked at, confirmed, brought back; hostile files get one sentence."""

import datetime as dt
import io
import json
import re
import uuid
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
import sqlalchemy as sa
from flask import Flask
from werkzeug.test import TestResponse

from dashboards.maps import map_outlines
from server import clock
from server.db import db
from server.models import Audit, BoundaryUpload, Entity, EntityList, Submission, Village, VillageFigure
from server.places import communes
from tests.people import Browser, browser, make_commune, make_person

PAGE = "/quan-tri/xa/11629/ranh-gioi"
CODES = ["11629.01", "11629.02", "11629.03"]
FIELDS = [shapely.box(106.55 + 0.01 * i, 20.80, 106.56 + 0.01 * i, 20.81) for i in range(3)]


@pytest.fixture
def officer(app: Flask) -> Browser:
    commune = make_commune("11629", thon=3)
    make_person("can.bo", "officer", commune)
    found = browser(app)
    found.sign_in("can.bo")
    return found


def geojson(shapes: list | None = None, codes: list[str] | None = None, **columns: list) -> bytes:
    names = columns.pop("ten_thon", [f"thôn {n}" for n in (1, 2, 3)])
    shapes = shapes or FIELDS
    values = {"ma_thon": codes or CODES, "ten_thon": names} | columns
    values = {key: value[: len(shapes)] for key, value in values.items() if value is not None}
    return gpd.GeoDataFrame(values, geometry=shapes, crs=4326).to_json().encode()


def send(officer: Browser, content: bytes, name: str = "thon.geojson", **fields: str) -> TestResponse:
    data = {"csrf_token": officer.csrf_token(PAGE), "tep": (io.BytesIO(content), name), **fields}
    return officer.post(PAGE, data=data)


def confirm(officer: Browser, at: str, **fields: str) -> TestResponse:
    return officer.post(at, data={"csrf_token": officer.csrf_token(PAGE), "cap": "village", **fields})


def load(officer: Browser, content: bytes, name: str = "thon.geojson", **fields: str) -> TestResponse:
    at = send(officer, content, name).location.partition("?")[0]
    return confirm(officer, at, **fields)


def outline(code: str = CODES[0]) -> shapely.geometry.base.BaseGeometry | None:
    db.session.rollback()
    wkb = db.session.scalar(sa.select(Village.outline).where(Village.code == code))
    return shapely.from_wkb(wkb) if wkb is not None else None


def waiting() -> int | None:
    db.session.rollback()
    return db.session.scalar(sa.select(sa.func.count()).select_from(BoundaryUpload))


def test_a_file_is_shown_before_anything_is_stored(officer: Browser) -> None:
    sent = send(officer, geojson())
    assert sent.status_code == 302
    page = officer.get(sent.location)
    assert "Nạp 3 ranh giới" in page.text
    assert outline() is None
    assert waiting() == 1


def test_what_was_shown_is_stored_when_confirmed_and_the_file_is_forgotten(officer: Browser) -> None:
    done = load(officer, geojson(so_ho=[120, 90, 70]), nguon="Địa chính", ngay="2026-01-01")
    assert done.status_code == 302
    assert outline() is not None
    assert outline().hausdorff_distance(FIELDS[0]) < 1e-9
    assert {figure.households for figure in db.session.scalars(sa.select(VillageFigure))} == {120, 90, 70}
    assert waiting() == 0
    audit = db.session.scalars(sa.select(Audit).where(Audit.act == "places.import")).one()
    assert audit.actor.startswith("person:")
    assert "Địa chính" in officer.get(PAGE).text


def test_the_map_of_a_file_shows_its_thon_and_loads_nothing_from_elsewhere(officer: Browser) -> None:
    at = send(officer, geojson()).location
    frame = officer.get(at.replace("?", "/khung?"))
    assert frame.status_code == 200
    assert "th\\u00f4n 2" in frame.text
    policy = frame.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_an_overlap_is_told_in_the_table_drawn_on_the_map_and_not_stored(officer: Browser) -> None:
    wide = shapely.box(106.55, 20.80, 106.565, 20.81)
    at = send(officer, geojson([wide, *FIELDS[1:]])).location
    page = officer.get(at)
    assert "chồng lên dòng 2" in page.text
    assert "Đồng ý nạp" not in page.text
    assert "#b2182b" in officer.get(at.replace("?", "/khung?")).text
    refused = confirm(officer, at.partition("?")[0])
    assert refused.status_code == 422
    assert outline() is None


def test_a_new_thon_must_not_lie_on_one_that_is_stored(officer: Browser) -> None:
    load(officer, geojson())
    at = send(officer, geojson([FIELDS[0]], ["11629.09"], ten_thon=["thôn mới"])).location
    assert "chồng lên thôn đang có, mã 11629.01" in officer.get(at).text


def test_a_gap_between_thon_is_a_warning_that_does_not_stop_anybody(officer: Browser) -> None:
    ring = shapely.box(106.55, 20.80, 106.58, 20.83).difference(shapely.box(106.56, 20.81, 106.57, 20.82))
    at = send(officer, geojson([ring], CODES[:1])).location
    assert "không thuộc thôn nào" in officer.get(at).text
    assert confirm(officer, at.partition("?")[0]).status_code == 302


def test_a_layer_is_chosen_on_the_page(officer: Browser) -> None:
    content = (Path(__file__).parents[2] / "data" / "boundaries" / "geo-07-layers.gpkg").read_bytes()
    at = send(officer, content, "ranh.gpkg").location
    page = officer.get(at).text
    assert "Lớp ranh giới" in page
    assert "Đồng ý nạp" not in page
    assert "Nạp 3 ranh giới" in officer.get(f"{at}&lop=ranh_thon").text
    assert confirm(officer, at.partition("?")[0], lop="ranh_thon").status_code == 302


def test_columns_are_chosen_on_the_page(officer: Browser) -> None:
    frame = gpd.GeoDataFrame(
        {"GID": CODES, "NAME_3": ["thôn 1", "thôn 2", "thôn 3"]}, geometry=FIELDS, crs=4326
    )
    at = send(officer, frame.to_json().encode()).location
    assert '<option value="NAME_3">' in officer.get(at).text
    assert "Nạp 3 ranh giới" in officer.get(f"{at}&cot_ma=GID&cot_ten=NAME_3").text


def test_renaming_most_thon_needs_a_tick(officer: Browser) -> None:
    load(officer, geojson())
    other = geojson(ten_thon=["Khu Trên", "Khu Giữa", "Khu Dưới"])
    at = send(officer, other).location
    page = officer.get(at).text
    assert "mang tên khác danh mục" in page
    assert "Đồng ý nạp" not in page
    assert confirm(officer, at.partition("?")[0]).status_code == 422
    assert "Đồng ý nạp" in officer.get(f"{at}&doi_ten=1").text
    assert confirm(officer, at.partition("?")[0], doi_ten="1").status_code == 302


def test_rows_without_codes_are_matched_by_names_that_are_unique(officer: Browser) -> None:
    columns = {"ten": ["Thôn 1", "THÔN 2", "Thôn 3"]}
    frame = gpd.GeoDataFrame(columns, geometry=FIELDS, crs=4326)
    at = send(officer, frame.to_json().encode()).location
    assert "ghép theo tên" in officer.get(at).text
    assert confirm(officer, at.partition("?")[0]).status_code == 302
    assert outline(CODES[2]).hausdorff_distance(FIELDS[2]) < 1e-9


def test_a_row_that_matches_no_name_is_given_its_thon_by_the_officer(officer: Browser) -> None:
    frame = gpd.GeoDataFrame({"ten": ["Xóm Đình", "thôn 2"]}, geometry=FIELDS[:2], crs=4326)
    at = send(officer, frame.to_json().encode()).location
    assert "thiếu mã" in officer.get(at).text
    assert confirm(officer, at.partition("?")[0], dong_1=CODES[0]).status_code == 302
    assert outline(CODES[0]).hausdorff_distance(FIELDS[0]) < 1e-9


def test_metres_without_a_system_are_placed_by_where_the_commune_lies(officer: Browser) -> None:
    """An Lão has no outline here; its official centre is enough to tell zones 26 km apart (domain rule 4)."""
    there = [shapely.box(106.54 + 0.01 * i, 20.82, 106.55 + 0.01 * i, 20.83) for i in range(3)]
    metres = gpd.GeoSeries(there, crs=4326).to_crs(9210)
    at = send(officer, geojson(list(metres))).location
    assert "Đoán theo tọa độ: EPSG:9210" in " ".join(officer.get(at).text.split())
    confirm(officer, at.partition("?")[0])
    assert outline().hausdorff_distance(there[0]) * 111_320 < 1


def test_a_wrong_zone_is_caught_and_the_choices_are_drawn(officer: Browser) -> None:
    there = [shapely.box(106.54 + 0.01 * i, 20.82, 106.55 + 0.01 * i, 20.83) for i in range(3)]
    metres = gpd.GeoSeries(there, crs=4326).to_crs(9210)
    at = send(officer, geojson(list(metres))).location
    page = officer.get(f"{at}&he=9209")
    assert "Sai múi chiếu" in page.text
    assert "đúng chỗ" in page.text
    frame = officer.get(at.replace("?", "/khung?") + "&he=9209")
    assert all(f"<b>{epsg}" in json.loads(f'"{frame.text.replace(chr(34), "")}"', strict=False) or epsg in frame.text
               for epsg in ("9210", "9209", "3405"))  # fmt: skip
    assert confirm(officer, at.partition("?")[0], he="9209").status_code == 422


def test_an_old_outline_is_brought_back_and_the_return_can_be_undone(officer: Browser) -> None:
    load(officer, geojson())
    moved = [shapely.transform(shape, lambda points: points + 0.03) for shape in FIELDS]
    load(officer, geojson(moved))
    assert outline().hausdorff_distance(moved[0]) < 1e-9
    links = re.findall(rf"{PAGE}/tro-lai/(\d+)", officer.get(PAGE).text)
    officer.post(f"{PAGE}/tro-lai/{links[0]}", data={"csrf_token": officer.csrf_token(PAGE)})
    assert outline().hausdorff_distance(FIELDS[0]) < 1e-9
    newest = re.findall(rf"{PAGE}/tro-lai/(\d+)", officer.get(PAGE).text)[0]
    officer.post(f"{PAGE}/tro-lai/{newest}", data={"csrf_token": officer.csrf_token(PAGE)})
    assert outline().hausdorff_distance(moved[0]) < 1e-9


def test_back_before_the_first_import_there_are_no_outlines(officer: Browser) -> None:
    load(officer, geojson())
    (first,) = re.findall(rf"{PAGE}/tro-lai/(\d+)", officer.get(PAGE).text)
    officer.post(f"{PAGE}/tro-lai/{first}", data={"csrf_token": officer.csrf_token(PAGE)})
    assert outline() is None
    assert communes.index().find(20.805, 106.555) is None


def test_a_file_nobody_confirmed_in_a_day_is_gone(officer: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    at = send(officer, geojson()).location
    later = clock.now() + dt.timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: later)
    officer.sign_in("can.bo")
    assert officer.get(at).status_code == 410
    send(officer, geojson())
    assert waiting() == 1


def test_the_communes_own_outline_is_taken_and_no_other_commune_of_the_file(officer: Browser) -> None:
    other = make_commune("10930", "Mao Điền")
    frame = gpd.GeoDataFrame(
        {"ma_xa": ["11629", "10930"], "ten_xa": ["An Lão", "Lạ"]}, geometry=FIELDS[:2], crs=4326
    )
    at = send(officer, frame.to_json().encode(), cap="commune").location
    assert confirm(officer, at.partition("?")[0], cap="commune").status_code == 302
    db.session.rollback()
    assert communes.commune("11629").outline is not None
    assert (other.outline, other.name) == (None, "Mao Điền")


def test_an_officer_of_another_commune_is_refused(app: Flask, officer: Browser) -> None:
    make_person("can.bo.2", "officer", make_commune("10930", "Mao Điền"))
    at = send(officer, geojson()).location
    stranger = browser(app)
    stranger.sign_in("can.bo.2")
    assert stranger.get(PAGE).status_code == 403
    assert stranger.get(at).status_code == 403
    assert stranger.get(at.replace("11629", "10930", 1)).status_code == 410


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"", "thon.zip"),
        (b"PK\x03\x04 not a zip", "thon.zip"),
        (b"%PDF-1.7 ...", "ban-do.pdf"),
        (b'{"type": "FeatureCollection", "features": [{"geometry": NaN}]}', "thon.geojson"),
        (
            b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]><kml>&b;</kml>",
            "a.kml",
        ),
        (b"<OGRVRTDataSource/>", "thon.kml"),
        (b'{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline read /etc/passwd"}', "a.json"),
        (b"  0\nSECTION\n  2\nENTITIES\n  0\nLINE\n", "ban-do.dxf"),
    ],
)
def test_a_hostile_file_gets_one_clear_sentence(officer: Browser, content: bytes, name: str) -> None:
    answer = send(officer, content, name)
    assert answer.status_code == 422
    assert "Không đọc được tệp" in answer.text
    assert "Traceback" not in answer.text
    assert waiting() == 0


# ---- derived outlines


def test_a_commune_without_outlines_gets_derived_ones(officer: Browser) -> None:
    make_visits()
    assert "Suy ra ranh giới" in officer.get(PAGE).text
    done = officer.post(f"{PAGE}/suy-ra", data={"csrf_token": officer.csrf_token(PAGE)})
    assert done.status_code == 302
    page = officer.get(PAGE).text
    assert "Đã suy ra ranh giới của 2 thôn" in page
    assert "Chưa có điểm nào để suy ra: thôn 3" in page
    assert "không phải đo đạc" in page
    assert shapely.contains_xy(outline(CODES[0]), 106.551, 20.801)
    assert "suy ra" in map_outlines.of_commune(communes.commune("11629")).note


def test_no_point_is_judged_by_a_derived_outline(officer: Browser) -> None:
    make_visits()
    officer.post(f"{PAGE}/suy-ra", data={"csrf_token": officer.csrf_token(PAGE)})
    assert communes.index().find(20.801, 106.551) is None


def test_a_drawn_outline_takes_the_place_of_a_derived_one(officer: Browser) -> None:
    make_visits()
    officer.post(f"{PAGE}/suy-ra", data={"csrf_token": officer.csrf_token(PAGE)})
    load(officer, geojson())
    db.session.rollback()
    assert not any(db.session.scalars(sa.select(Village.derived)))
    assert communes.index().find(20.805, 106.555) is not None


def make_visits() -> None:
    """Households of two thôn, some 3 km apart, with their rounded points."""
    now = clock.now()
    list_id = db.session.scalar(sa.select(EntityList.id).where(EntityList.name == "ho_dan"))
    villages = db.session.scalars(sa.select(Village).order_by(Village.code)).all()[:2]
    for number in range(20):
        village = villages[number % 2]
        key = uuid.uuid4()
        db.session.add(
            Entity(id=key, list_id=list_id, village_id=village.id, label="Hộ", data={}, version=1,
                   created_at=now, changed_at=now)
        )  # fmt: skip
        db.session.add(
            Submission(
                instance_id=f"uuid:{key}", form_id=1, version="1", entity_id=key, village_id=village.id,
                sha256=b"", xml=b"", answers={}, latitude=20.801 + 0.002 * (number // 2),
                longitude=106.551 + 0.03 * (number % 2), observed_at=now, received_at=now,
            )
        )  # fmt: skip
    db.session.commit()
