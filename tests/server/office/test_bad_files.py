"""Files that administrators bring and that cannot be used: workbooks, outlines, plans; one clear error each."""

import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
import sqlalchemy as sa
from click.testing import Result
from flask import Flask

from forms import library
from server.db import db
from server.models import Commune, Village
from tests import sample
from tests.census import unchanged

Run = Callable[..., Result]
Refuse = Callable[..., str]


@pytest.fixture
def run(app: Flask) -> Run:
    """`flask …`, ended with this exit code."""

    def invoke(*args: str, code: int = 0) -> Result:
        db.session.commit()
        result = app.test_cli_runner().invoke(args=list(args))
        db.session.rollback()
        assert result.exit_code == code, (result.output, result.exception)
        return result

    return invoke


@pytest.fixture
def refuse(app: Flask, run: Run) -> Refuse:
    """What a command says when it refuses: on stderr alone, exit code 1, nothing written."""

    def invoke(*args: str) -> str:
        with unchanged(app):
            result = run(*args, code=1)
        assert result.stdout == ""
        assert "Traceback" not in result.stderr
        return result.stderr.strip()

    return invoke


SURVEY = """
| survey |
| | type | name | label | relevant |
| | text | ten | Tên | |
{rows}
| choices |
| | list_name | name | label |
| | co_khong | co | Có |
| | co_khong | khong | Không |
| settings |
| | form_title | form_id | version |
| | Thử | phieu_thu | 1 |
"""


@pytest.mark.parametrize("verb", ["check", "publish"])
@pytest.mark.parametrize(
    ("rows", "place", "words"),
    [
        (["| | select_one chua_co | a | A | |"], "Trang tính “survey”, dòng 3, cột “type”: ", "chua_co"),
        (["| | integer | ten | Lại tên | |"], "Trang tính “survey”, dòng 3, cột “name”: ", "dòng 2"),
        (["| | text | a | A | (${ten} = 1 |"], "Trang tính “survey”, dòng 3, cột “relevant”: ", "“(”"),
        (["| | text | a | A | ${khong} = 1 |"], "Trang tính “survey”, dòng 3, cột “relevant”: ", "khong"),
    ],
    ids=["list", "name", "formula", "reference"],
)
def test_a_mistake_in_a_workbook_is_told_by_sheet_row_and_column(
    refuse: Refuse, tmp_path: Path, verb: str, rows: list[str], place: str, words: str
) -> None:
    """R24: never an error message that names neither sheet nor row."""
    book = tmp_path / "phieu.xlsx"
    book.write_bytes(library.workbook(SURVEY.replace("{rows}", "\n".join(rows))))
    [sentence] = refuse("forms", verb, str(book)).splitlines()
    assert sentence.startswith(place)
    assert words in sentence


def test_all_mistakes_of_a_workbook_are_told_at_once(refuse: Refuse, tmp_path: Path) -> None:
    rows = ["| | select_one chua_co | a | A | |", "| | integer | ten | B | |", "| | text | c | C | ${z} |"]
    book = tmp_path / "phieu.xlsx"
    book.write_bytes(library.workbook(SURVEY.replace("{rows}", "\n".join(rows))))
    told = refuse("forms", "check", str(book)).splitlines()
    assert {re.findall(r"dòng (\d+), ", sentence)[0] for sentence in told} == {"3", "4", "5"}


def test_a_workbook_cut_short_is_refused(refuse: Refuse, tmp_path: Path) -> None:
    whole = library.workbook(SURVEY.replace("{rows}", "| | text | a | A | |"))
    for share in (0.0, 0.3, 0.9):
        book = tmp_path / "phieu.xlsx"
        book.write_bytes(whole[: int(len(whole) * share)])
        assert refuse("forms", "check", str(book))


@pytest.fixture
def an_lao(app: Flask) -> Commune:
    """An Lão with its official outline."""
    commune = sample.make_commune()
    commune.outline = shapely.to_wkb(shapely.MultiPolygon([shapely.box(106.54, 20.79, 106.60, 20.82)]))
    commune.illustrative = False
    db.session.commit()
    return commune


NAMES = ["Quyết Tiến", "Đồng Xuân", "Phú Lộc"]
FIELDS = [shapely.box(106.55 + 0.01 * n, 20.80, 106.56 + 0.01 * n, 20.81) for n in range(3)]
BOW_TIE = shapely.Polygon([(106.55, 20.80), (106.56, 20.81), (106.56, 20.80), (106.55, 20.81)])


def fields(names: list[str] | None = None, shapes: list[Any] | None = None) -> gpd.GeoDataFrame:
    """Three thôn in a row."""
    codes = ["11629001", "11629002", "11629003"]
    return gpd.GeoDataFrame(
        {"ma_thon": codes, "ten_thon": names or NAMES}, geometry=shapes or FIELDS, crs=4326
    )


def shapefile(folder: Path, frame: gpd.GeoDataFrame, without: str = "", **how: Any) -> str:
    """A zipped Shapefile, without the part of this ending."""
    parts = folder / "parts"
    parts.mkdir()
    frame.to_file(parts / "thon.shp", **how)
    with zipfile.ZipFile(folder / "thon.zip", "w") as archive:
        for part in parts.iterdir():
            if part.suffix != without:
                archive.write(part, part.name)
    return str(folder / "thon.zip")


def stored_names() -> list[str]:
    return list(db.session.scalars(sa.select(Village.name).order_by(Village.code)))


def test_outlines_without_a_coordinate_system_ask_for_one(run: Run, refuse: Refuse, tmp_path: Path) -> None:
    """Nothing is guessed where nothing tells the zones apart; the sentence names the option that helps."""
    sample.make_commune("99999", "Nơi lạ")  # a code without an official centre to go by
    path = shapefile(tmp_path, fields().to_crs(9210), without=".prj")
    told = refuse("boundaries", "import", path, "--commune", "99999")
    assert all(code in told for code in ("9210", "9209", "3405"))
    assert "Chưa nạp gì" in told
    run("boundaries", "import", path, "--commune", "99999", "--crs", "9210")
    assert stored_names() == NAMES


def test_outlines_in_the_wrong_zone_are_refused_and_the_right_one_named(
    an_lao: Commune, refuse: Refuse, tmp_path: Path
) -> None:
    wrong = fields().to_crs(9210).set_crs(9209, allow_override=True)
    told = refuse("boundaries", "import", shapefile(tmp_path, wrong), "--commune", "11629")
    assert "Sai múi chiếu" in told
    assert "9210" in told


def test_an_outline_that_crosses_itself_is_refused_by_row_code_and_name(
    an_lao: Commune, refuse: Refuse, tmp_path: Path
) -> None:
    """The two sound thôn of the file are not stored either."""
    path = tmp_path / "thon.geojson"
    fields(shapes=[FIELDS[0].buffer(0), BOW_TIE, FIELDS[2]]).to_file(path, driver="GeoJSON")
    told = refuse("boundaries", "import", str(path), "--commune", "11629")
    assert "Dòng 2, mã 11629002 (Đồng Xuân): " in told


def test_latin_1_names_are_stored_with_their_marks_and_a_look_is_asked_for(
    an_lao: Commune, run: Run, tmp_path: Path
) -> None:
    names = ["Lão Cá", "Hoàng Xá", "Thôn Ba"]
    path = shapefile(tmp_path, fields(names), without=".cpg", encoding="ISO-8859-1")
    result = run("boundaries", "import", path, "--commune", "11629")
    assert stored_names() == names
    assert result.stderr.startswith("Lưu ý: ")


PLAN = """
schema: tung-nha/ke-hoach/1
id: thu_2026
commune: {code: "11629", name: Xã An Lão}
document: {kind: Kế hoạch, issuer: Ủy ban nhân dân xã An Lão, title: Chuyển đổi số, year: 2026,
  signatory: {position: PHÓ CHỦ TỊCH, name: Nguyễn Văn A}, recipients: [Sở Khoa học và Công nghệ]}
offices: {cong_an: Công an xã}
targets:
  - {id: AL-T20, section: I.2.b, label_vi: Người dân có VNeID, wording_vi: đạt 82%, indicator: vneid_nguoi_dan,
    comparator: ">=", value: "82", unit: percent, deadline: 2026-06-30, how: both, offices: [cong_an],
    forms: [ho_gia_dinh]}
  - {id: AL-T21, section: I.2.c, label_vi: Người dân có VNeID, wording_vi: đạt 82%, indicator: vneid_nguoi_dan,
    comparator: ">=", value: "82", unit: mẫu, deadline: 2026-06-30, how: both, offices: [cong_an],
    forms: [ho_gia_dinh]}
tasks: []
"""


def test_a_plan_with_an_unknown_unit_is_refused_whole(
    an_lao: Commune, run: Run, refuse: Refuse, tmp_path: Path
) -> None:
    """The figure is named and so are the units there are; the figure before it is not stored either."""
    path = tmp_path / "ke_hoach.yaml"
    path.write_text(PLAN, encoding="utf-8")
    told = refuse("plans", "load", str(path))
    assert "mẫu" in told
    assert "unit" in told
    assert "percent" in told
    path.write_text(PLAN.replace("unit: mẫu", "unit: percent"), encoding="utf-8")
    assert "2 con số mới" in run("plans", "load", str(path)).stdout
