"""What may be chosen for a file of submissions: languages, several answers, groups, types, names, shapes (X1-X12)."""

import datetime as dt
import io
import json
import re
import zipfile
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import openpyxl
import pytest
import sqlalchemy as sa
from flask import Flask

from server.db import db
from server.exports import select_submissions, stream_submissions
from server.exports.presets import WORKBOOK
from server.models import Commune, Form, FormVersion, Submission
from tests.exported import ANSWERS, FORM, cells, commune, officer, read_csv, store, take
from tests.people import Browser
from tests.sample import publish

__all__ = ["commune", "officer"]  # fixtures are found by their names

LANGUAGES = """
| survey |
|        | type                    | name    | label::Tiếng Việt (vi) | label::English (en) | calculation |
|        | begin group             | ho      | Hộ gia đình            | Household           |             |
|        | geopoint                | vi_tri  | Vị trí                 | Place               |             |
|        | select_multiple dich_vu | dich_vu | Dịch vụ số             |                     |             |
|        | select_one co_khong     | co_wifi | Có Wi-Fi không         | Has Wi-Fi           |             |
|        | end group               |         |                        |                     |             |
|        | calculate               | tinh    |                        |                     | 1 + 1       |
| choices |
|        | list_name | name  | label::Tiếng Việt (vi) | label::English (en) |
|        | dich_vu   | shp   | Smart Hải Phòng        | Smart Hai Phong     |
|        | dich_vu   | vneid | VNeID                  | VNeID               |
|        | co_khong  | co    | Có                     | Yes                 |
|        | co_khong  | khong | Không                  | No                  |
| settings |
|        | form_title | form_id | version |
|        | Phiếu thử  | thu     | 1       |
"""
SPOKEN = {"ho/dich_vu": ["shp", "vneid"], "ho/co_wifi": "co", "tinh": "2",
          "ho/vi_tri": {"lat": 20.7, "lon": 106.5, "alt": 3.0, "acc": 4.5}}  # fmt: skip
SPOKEN_PATHS = ("ho/vi_tri", "ho/dich_vu", "ho/co_wifi", "tinh")
SHAPES = """
| survey |
|        | type     | name   | label     |
|        | text     | ten    | Tên       |
|        | integer  | so     | Số người  |
|        | geopoint | diem   | Điểm      |
|        | geotrace | duong  | Đường     |
|        | geoshape | vung   | Vùng      |
|        | begin repeat | lap | Lặp      |
|        | text     | trong  | Bên trong |
|        | end repeat |      |           |
| settings |
|        | form_title | form_id | version |
|        | Phiếu thử  | thu     | 1       |
"""
SQUARE = "20.0 106.0 0 0;20.1 106.0 0 0;20.1 106.1 0 0;20.0 106.1 0 0;20.0 106.0 0 0"


def header(visitor: Browser, words: str) -> list[str]:
    """The header of Kobo's CSV without what says whose submission it is."""
    names = take(visitor, f"dang=kobo&{words}").decode().split("\r\n")[0].strip('"').split('";"')
    return names[: names.index("_id")]


@pytest.mark.parametrize(
    ("wanted", "columns"),
    [
        ("tom_tat", ["dich_vu"]),
        ("tach", ["dich_vu/shp", "dich_vu/vneid", "dich_vu/cks"]),
        ("ca_hai", ["dich_vu", "dich_vu/shp", "dich_vu/vneid", "dich_vu/cks"]),
    ],
)
def test_several_answers_are_one_column_one_for_each_choice_or_both(
    officer: Browser, commune: Commune, wanted: str, columns: list[str]
) -> None:
    """X4."""
    store(commune, ANSWERS, {"thon": "a"})
    content = take(officer, f"dang=kobo&nhan=0&nhieu={wanted}")
    full, empty = read_csv(content, ";", "utf-8")
    assert [name for name in full if name.startswith("dich_vu")] == columns
    expected = {"dich_vu": "shp cks", "dich_vu/shp": "1", "dich_vu/vneid": "0", "dich_vu/cks": "1"}
    assert {name: full[name] for name in columns} == {name: expected[name] for name in columns}
    assert {empty[name] for name in columns} == {""}
    excel = read_csv(take(officer, f"dang=csv&nhan=0&nhieu={wanted}"))[0]
    assert [name for name in excel if name.startswith("dich_vu")] == columns


def test_the_chosen_separator_stands_throughout(officer: Browser, commune: Commune) -> None:
    """X1, X4: between groups, question and choice; `/` where it is empty."""
    store(commune, SPOKEN, version=publish(LANGUAGES))
    plain = header(officer, "nhan=0&nhieu=tach&ngan_cach=%7C")
    assert plain[5:7] == ["dich_vu|shp", "dich_vu|vneid"]
    assert header(officer, "nhan=0&nhieu=tach&nhom=1&ngan_cach=%7C") == [
        "vi_tri", "ho|_vi_tri_latitude", "ho|_vi_tri_longitude", "ho|_vi_tri_altitude", "ho|_vi_tri_precision",
        "ho|dich_vu|shp", "ho|dich_vu|vneid", "ho|co_wifi", "tinh",
    ]  # fmt: skip
    assert header(officer, "nhan=0&nhieu=tach&nhom=1&ngan_cach=")[5] == "ho/dich_vu/shp"


def test_groups_stand_in_headers_by_their_labels(officer: Browser, commune: Commune) -> None:
    """X1: the raw column of a point keeps its bare label, its parts do not."""
    store(commune, SPOKEN, version=publish(LANGUAGES))
    assert header(officer, "nhan=1&nhom=1&nhieu=tom_tat") == [
        "Vị trí", "Hộ gia đình/_Vị trí_latitude", "Hộ gia đình/_Vị trí_longitude", "Hộ gia đình/_Vị trí_altitude",
        "Hộ gia đình/_Vị trí_precision", "Hộ gia đình/Dịch vụ số", "Hộ gia đình/Có Wi-Fi không", "tinh",
    ]  # fmt: skip
    excel = read_csv(take(officer, "dang=csv&nhan=1&nhom=1"))[0]
    assert excel["Hộ gia đình/Vị trí (vĩ độ)"] == "20.7"
    assert excel["Hộ gia đình/Dịch vụ số"] == "Smart Hải Phòng, VNeID"


def test_a_language_is_that_of_headers_and_answers(officer: Browser, commune: Commune) -> None:
    """X3: a label that is missing in it gives way to the name; a language the form does not have is refused."""
    store(commune, SPOKEN, version=publish(LANGUAGES))
    row = read_csv(take(officer, "dang=kobo&nhan=1&nhom=1&ngon_ngu=English (en)"), ";", "utf-8")[0]
    assert row["Household/Has Wi-Fi"] == "Yes"
    assert row["Household/dich_vu"] == "Smart Hai Phong VNeID"
    assert row["Household/dich_vu/Smart Hai Phong"] == "1"
    assert "tinh" in row
    assert officer.get("/xa/11629/tai-ve/phieu?bieu_mau=thu&ngon_ngu=fr").status_code == 422


def test_other_is_a_choice_like_the_others(officer: Browser, commune: Commune) -> None:
    """X5: `or_other` adds `<question>/other`."""
    form = FORM.replace("select_multiple dich_vu   |", "select_multiple dich_vu or_other |")
    store(
        commune,
        {"ho/dich_vu": ["shp", "other"], "ho/dich_vu_other": "Zalo"},
        version=publish(form, **{"class": "none", "version": "1"}),
    )
    row = read_csv(take(officer, "dang=kobo&nhan=0"), ";", "utf-8")[0]
    assert (row["dich_vu/other"], row["dich_vu/cks"], row["dich_vu_other"]) == ("1", "0", "Zalo")


def test_only_the_newest_version_leaves_older_questions_and_choices_out(
    officer: Browser, commune: Commune
) -> None:
    """X4; what an older version called personal stays so (X19)."""
    store(commune, ANSWERS, version=publish(FORM, **{"class": "ca_nhan", "version": "1"}))
    newer = FORM.replace("| text                      | thon    |", "| text                      | xom     |")
    newer = newer.replace("|        | dich_vu   | cks   | Chữ ký số      |\n", "")
    publish(newer, **{"class": "none", "version": "2"})
    row = read_csv(take(officer, "dang=kobo&nhan=0&phien_ban=moi_nhat"), ";", "utf-8")[0]
    assert "thon" not in row
    assert "dich_vu/cks" not in row
    assert "chu_ho" not in row
    assert (row["xom"], row["dich_vu"]) == ("", "shp cks")


def test_days_and_moments_are_excels_own_unless_text_is_wanted(officer: Browser, commune: Commune) -> None:
    """X9: Kobo's start loses its offset and its `_submission_time` is UTC; ours is UTC+7 and says so."""
    form = FORM.replace(
        "| integer                   | so_nguoi |", "| date                      | so_nguoi |"
    )
    answers = ANSWERS | {"ho/so_nguoi": "2026-11-20", "start": "2026-11-20T09:00:00.000+09:00"}
    store(commune, answers, version=publish(form, **{"class": "none", "version": "1"}))
    stored = db.session.scalars(sa.select(Submission.received_at)).one()
    names, row = cells(take(officer, "dang=kobo-xlsx&nhan=0"))
    told = dict(zip(names, row, strict=True))
    assert told["start"] == dt.datetime.fromisoformat("2026-11-20T09:00")
    assert told["so_nguoi"] == dt.datetime.fromisoformat("2026-11-20T00:00")
    assert abs(told["_submission_time"] - stored.astimezone(dt.UTC).replace(tzinfo=None)) < dt.timedelta(
        seconds=1
    )
    names, row = cells(take(officer, "dang=xlsx&nhan=1"))
    told = dict(zip(names, row, strict=False))
    assert told["start"] == dt.datetime.fromisoformat("2026-11-20T07:00")
    assert isinstance(told["Máy chủ nhận lúc (UTC+7)"], dt.datetime)
    for kind, said in (("xlsx", "Giờ Việt Nam (UTC+7)"), ("kobo-xlsx", "Giờ UTC")):
        heads = openpyxl.load_workbook(io.BytesIO(take(officer, f"dang={kind}&nhan=0"))).worksheets[0][1]
        noted = {cell.value for cell in heads if cell.comment and said in cell.comment.text}
        assert noted == ({"_submission_time"} if kind == "kobo-xlsx" else {"_thoi_diem", "_nhan_luc"})
    book = openpyxl.load_workbook(io.BytesIO(take(officer, "dang=kobo-xlsx&nhan=0&chu=1")))
    assert {cell.data_type for cell in book.worksheets[0][2] if cell.value is not None} == {"s"}


@pytest.mark.parametrize(
    ("kind", "answer", "shown"),
    [
        ("time", "07:05:00.000+07:00", dt.time(7, 5)),
        ("time", "27:05", "27:05"),
        ("dateTime", "1968-05-06T00:30:00.000+08:00", dt.datetime.fromisoformat("1968-05-06T00:30")),
    ],
)
def test_times_and_old_moments_stand_as_they_were_typed(
    officer: Browser, commune: Commune, kind: str, answer: str, shown: object
) -> None:
    """X9: before June 1975 clocks went by UTC+8."""
    form = FORM.replace("| integer                   | so_nguoi |", f"| {kind} | so_nguoi |")
    store(commune, {"ho/so_nguoi": answer}, version=publish(form, **{"class": "none", "version": "1"}))
    names, row = cells(take(officer, "dang=xlsx&nhan=0"))
    assert row[names.index("so_nguoi")] == shown


def test_any_day_may_be_asked_for(officer: Browser, commune: Commune) -> None:
    """The first and last days that can be named begin or end beyond what a clock can tell."""
    store(commune, ANSWERS)
    assert (
        len(read_csv(take(officer, "dang=kobo&nhan=0&tu_ngay=0001-01-01&den_het=9999-12-31"), ";", "utf-8"))
        == 1
    )


def test_a_day_before_excels_first_stays_text(officer: Browser, commune: Commune) -> None:
    """X9: 1900 is where Excel's calendar begins."""
    form = FORM.replace(
        "| integer                   | so_nguoi |", "| date                      | so_nguoi |"
    )
    store(commune, {"ho/so_nguoi": "1899-12-31"}, version=publish(form, **{"class": "none", "version": "1"}))
    names, row = cells(take(officer, "dang=xlsx&nhan=0"))
    assert row[names.index("so_nguoi")] == "1899-12-31"


def test_kobos_workbook_is_its_table_with_a_sheet_for_each_repeat(officer: Browser, commune: Commune) -> None:
    """X8: the tail of a repeat's rows; headers stand there also without a row."""
    store(commune, ANSWERS)
    book = openpyxl.load_workbook(io.BytesIO(take(officer, "dang=kobo-xlsx&nhan=0&ca_nhan=1")))
    assert book.sheetnames[:3] == ["Phiếu thử", "thanh_vien", "giay_to"]
    names, first, *_ = book["thanh_vien"].iter_rows(values_only=True)
    assert names == (
        "ho_ten", "_index", "_parent_table_name", "_parent_index", "_submission__id", "_submission__uuid",
        "_submission__submission_time", "_submission__validation_status", "_submission__notes", "_submission__status",
        "_submission__submitted_by", "_submission___version__", "_submission__tags", "_submission_meta/rootUuid",
    )  # fmt: skip
    assert first[:4] == ("B", 1, "Phiếu thử", 1)
    bare = openpyxl.load_workbook(io.BytesIO(take(officer, "dang=kobo-xlsx&nhan=0&den_het=2020-01-01")))
    assert [page.max_row for page in bare.worksheets[:3]] == [1, 1, 1]
    assert bare.worksheets[1]["A1"].value == "ho_ten"


def test_the_state_of_a_submission_is_kobos_uid_or_label(officer: Browser, commune: Commune) -> None:
    """X10: empty where nobody has decided."""
    version = publish(FORM, **{"class": "none", "version": "1"})
    for state in ("received", "approved", "has_issues", "rejected"):
        store(commune, ANSWERS, version=version, review=state)

    def states(labels: int) -> list[str]:
        rows = read_csv(take(officer, f"dang=kobo&nhan={labels}&moi_tinh_trang=1"), ";", "utf-8")
        return [row["_validation_status"] for row in rows]

    assert states(1) == ["", "Approved", "On Hold", "Not Approved"]
    assert states(0) == [
        "", "validation_status_approved", "validation_status_on_hold", "validation_status_not_approved",
    ]  # fmt: skip


def test_a_corrected_submission_names_the_first_one(officer: Browser, commune: Commune) -> None:
    """X1: `meta/rootUuid` stays through corrections, `_uuid` is the row's own."""
    version = publish(FORM, **{"class": "none", "version": "1"})
    store(commune, ANSWERS, version=version)
    first = db.session.scalars(sa.select(Submission)).one()
    store(commune, ANSWERS, version=version, root_id=first.id, device="b")
    rows = read_csv(take(officer, "dang=kobo&nhan=0&moi_tinh_trang=1"), ";", "utf-8")
    assert [row["meta/rootUuid"] for row in rows] == [first.instance_id] * 2
    assert rows[0]["_uuid"] != rows[1]["_uuid"]


@pytest.mark.parametrize(
    ("words", "middle"),
    [("nhan=0", "all versions - xml"), ("nhan=1&phien_ban=moi_nhat", "latest version - labels"),
     ("nhan=1&ngon_ngu=English (en)", "all versions - English (en)")],
)  # fmt: skip
def test_a_kobo_file_is_named_as_kobo_names_it(
    officer: Browser, commune: Commune, words: str, middle: str
) -> None:
    """X11: at most 207 letters, however long the title."""
    title = "Phiếu: hộ/gia đình " + "rất dài " * 40
    store(commune, SPOKEN, version=publish(LANGUAGES.replace("Phiếu thử", title)))
    answer = officer.get(f"/xa/11629/tai-ve/phieu?bieu_mau=thu&dang=kobo&{words}")
    given = re.search(r"filename\*=UTF-8''(\S+)", answer.headers["Content-Disposition"])
    assert given
    name = unquote(given[1])
    assert len(name) <= 207
    assert re.fullmatch(rf"Phiếu- hộ-gia đình (rất dài )+.* - {re.escape(middle)} - [\d-]{{19}}\.csv", name)


def test_kobos_geojson_has_a_feature_for_each_place_and_labels(officer: Browser, commune: Commune) -> None:
    """X12: [longitude, latitude, altitude], answers that are not empty by label, numbers as text, no repeats."""
    answers = {
        "ten": "A", "so": 4, "diem": {"lat": 20.7, "lon": 106.5, "alt": 3.5, "acc": 4.0},
        "duong": "20.0 106.0 0 0;20.1 106.1 0 0", "vung": SQUARE, "lap": [{"lap/trong": "x"}],
    }  # fmt: skip
    store(commune, answers, {"so": 5}, version=publish(SHAPES))
    told = json.loads(take(officer, "dang=kobo-geojson"))
    assert (told["type"], told["name"], told["skipped"]) == ("FeatureCollection", "Phiếu thử", 0)
    point, line, area = told["features"]
    assert point["geometry"] == {"type": "Point", "coordinates": [106.5, 20.7, 3.5]}
    assert point["properties"] == {"Tên": "A", "Số người": "4"}
    assert line["geometry"]["type"] == "LineString"
    ring = area["geometry"]["coordinates"][0]
    assert ring[0] == ring[-1]
    assert sum(a[0] * b[1] - b[0] * a[1] for a, b in pairwise(ring)) > 0
    by_name = json.loads(take(officer, "dang=kobo-geojson&nhan=0"))
    assert by_name["features"][0]["properties"] == {"ten": "A", "so": "4"}
    several = json.loads(take(officer, "dang=kobo-geojson&tach_lop=1"))
    assert [len(each["features"]) for each in several] == [3, 0]


@pytest.mark.parametrize(
    "bad",
    [{"diem": "ở đây"}, {"diem": {"lat": 95.0, "lon": 106.0, "alt": None, "acc": None}}, {"diem": {"lat": None}},
     {"duong": "20 106 0 0"}, {"duong": "a b;c d"}, {"vung": "20 106;20.1 106;20.2 106"}, {"vung": 5}],
)  # fmt: skip
def test_what_is_no_place_is_left_out_with_a_count(
    officer: Browser, commune: Commune, bad: dict[str, Any]
) -> None:
    """X12: it never fails."""
    good = {"diem": {"lat": 20.7, "lon": 106.5, "alt": None, "acc": None}}
    store(commune, bad, good, version=publish(SHAPES))
    told = json.loads(take(officer, "dang=kobo-geojson"))
    assert [each["geometry"]["coordinates"] for each in told["features"]] == [[106.5, 20.7]]
    assert told["skipped"] == 1


def test_geojson_by_path_counts_a_point_that_is_none(officer: Browser, commune: Commune) -> None:
    """X12."""
    version = publish(SHAPES)
    store(commune, {"ten": "A"}, version=version, latitude=200.0)
    store(commune, {"ten": "B"}, version=version)
    told = json.loads(take(officer, "dang=geojson"))
    assert [each["geometry"] is None for each in told["features"]] == [True, False]
    assert (told["name"], told["skipped"]) == ("thu", 1)


def test_what_a_workbook_cannot_hold_is_told(app: Flask, commune: Commune, tmp_path: Path) -> None:
    """X16: more rows or columns than a sheet has go to further sheets; a cut answer is named in its row."""
    version = publish(FORM, **{"class": "none", "version": "1"})
    store(
        commune, *({"ho/chu_ho": "x" * size, "ho/so_nguoi": size} for size in (5, 32_768, 7)), version=version
    )
    form = db.session.scalars(sa.select(Form)).one()
    export = stream_submissions.prepare(select_submissions.choice(commune, form), WORKBOOK)
    stream_submissions.xlsx(export, tmp_path / "a.xlsx", most_rows=3, most_columns=10)
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    parts = ["Phiếu thử", "Phiếu thử (cột 2)", "Phiếu thử (cột 3)", "thanh_vien", "giay_to"]
    assert book.sheetnames[:8] == [*parts, "Phiếu thử (2)", "Phiếu thử (2) (cột 2)", "Phiếu thử (2) (cột 3)"]
    whole = [
        [cell for part in parts[:3] for cell in [c.value for c in book[part][number]]] for number in (1, 3)
    ]
    names, row = whole
    assert names[-1] == "_da_cat"
    told = dict(zip(names, row, strict=False))
    assert (len(told["chu_ho"]), told["_da_cat"]) == (32_767, "chu_ho")
    sources = [page for page in book.worksheets if page.title.startswith("_nguon")]
    about = dict(line[:2] for page in sources for line in page.iter_rows(values_only=True))
    assert about["Câu trả lời dài hơn 32.767 chữ, đã cắt"] == 1
    assert about["Trang tính thêm vì bảng quá dài hoặc quá rộng"] == 5


def test_central_drops_groups_and_splits_answers_on_request(officer: Browser, commune: Commune) -> None:
    """X15: `groupPaths=false` and `splitSelectMultiples`."""
    store(commune, ANSWERS)

    def names(words: str) -> list[str]:
        archive = zipfile.ZipFile(io.BytesIO(take(officer, f"dang=zip&{words}")))
        return archive.read("thu.csv").decode().split("\n")[0].split(",")

    assert "ho-dich_vu" in names("")
    split = names("nhieu=ca_hai")
    assert split[split.index("ho-dich_vu") + 1] == "ho-dich_vu/shp"
    assert {"dich_vu", "vi_tri-Latitude"} <= set(names("nhom=0"))


def test_a_choice_that_is_not_understood_is_refused(officer: Browser, commune: Commune) -> None:
    store(commune, ANSWERS)
    for words in (
        "nhieu=x", "ngan_cach=123456789", "thon=khong_co", "tinh_trang=x", "phieu=1,a", "cau_hoi=khong_co",
    ):  # fmt: skip
        answer = officer.get(f"/xa/11629/tai-ve/phieu?bieu_mau=thu&{words}")
        assert answer.status_code == 422, words
        assert words.partition("=")[0] in answer.text


def test_the_form_version_that_is_stored_says_what_groups_are_called(app: Flask, commune: Commune) -> None:
    """X1: read from the published form, so that forms of all ages have it."""
    version = publish(LANGUAGES)
    assert isinstance(version, FormVersion)
    assert select_submissions.group_labels(version.form_id) == {
        "ho": {"Tiếng Việt (vi)": "Hộ gia đình", "English (en)": "Household"}
    }


def test_the_page_offers_what_an_address_may_ask(officer: Browser, commune: Commune) -> None:
    """X4, X7, X13: every choice is a field of the form; the questions are those of the form that was picked."""
    store(commune, SPOKEN, version=publish(LANGUAGES))
    other = publish(SHAPES.replace("| thu     |", "| thu_hai |"))
    store(commune, {"ten": "A"}, version=other)
    page = officer.get("/xa/11629/tai-ve").text
    offered = set(re.findall(r'name="(\w+)"', page))
    assert offered >= {
        "bieu_mau", "dang", "nhan", "thon", "tu_ngay", "den_het", "moi_tinh_trang", "tinh_trang", "phieu", "nhieu",
        "nhom", "ngan_cach", "dia_chi_anh", "phien_ban", "chu", "ca_nhan",
    }  # fmt: skip
    assert "cau_hoi" not in offered
    picked = officer.get("/xa/11629/tai-ve?bieu_mau=thu").text
    assert re.findall(r'name="cau_hoi" value="([^"]+)"', picked) == [*SPOKEN_PATHS]
    assert '<option value="English (en)">' in picked
    assert 'name="bieu_mau" value="thu"' in picked
    assert "thôn 2</option>" in picked


def test_the_form_of_the_page_as_it_stands_gives_a_file(officer: Browser, commune: Commune) -> None:
    """What a browser sends when nothing was changed: empty choices are none."""
    store(commune, SPOKEN, version=publish(LANGUAGES))
    words = "dang=csv&nhan=1&thon=&tu_ngay=&den_het=&phieu=&ngon_ngu=&nhieu=&nhom=&ngan_cach=%2F"
    assert len(read_csv(take(officer, words))) == 1
