"""K5 to K7: what a form asks, its files and its versions."""

import io
from collections.abc import Mapping

import openpyxl
import pytest

from forms import library, sheets
from server.api.kobo import asset_content
from server.db import db
from server.models import FormVersion
from tests import sample
from tests.server.api.conftest import FORM, Client


def test_content_has_a_row_for_each_question_with_labels_in_the_order_of_languages(
    officer: Client, visits: str
) -> None:
    told = officer.json(f"/api/v2/assets/{visits}/content/")
    assert (told["kind"], told["uid"]) == ("asset.content", visits)
    content = told["data"]
    assert (content["schema"], content["translations"], content["translated"]) == ("1", [None], ["label"])
    assert content["settings"]["form_id"] == "khao_sat"
    rows = content["survey"]
    kinds = [row["type"] for row in rows]
    assert kinds[1:3] == ["select_one", "begin_group"]
    assert kinds.count("begin_repeat") == kinds.count("end_repeat") == 2
    person = next(row for row in rows if row.get("name") == "ho_ten")
    assert person == {
        "type": "text", "name": "ho_ten", "$autoname": "ho_ten", "$xpath": "tv/ho_ten", "$qpath": "tv-ho_ten",
        "$kuid": person["$kuid"], "label": ["Họ tên"], "phan_loai": "ca_nhan",
    }  # fmt: skip
    several = next(row for row in rows if row["type"] == "select_multiple")
    assert several["select_from_list_name"] == "dv"
    choice = next(each for each in content["choices"] if each["name"] == "shp")
    assert (choice["list_name"], choice["label"], choice["$autovalue"]) == ("dv", ["Smart Hải Phòng"], "shp")
    assert officer.json(f"/api/v2/assets/{visits}/")["content"] == content


def test_a_form_without_choices_has_no_choices() -> None:
    book = sheets.read(b"| survey |\n| | type | name | label |\n| | text | a | A |\n", "x.md")
    assert "choices" not in asset_content.content(book)


def test_languages_stand_in_the_order_of_their_columns() -> None:
    text = (
        "| survey |\n| | type | name | label::Tiếng Việt (vi) | label::English (en) | hint::English (en) |\n"
    )
    text += "| | text | a | Tên | Name | Hint |\n| | text | b | Chỉ tiếng Việt | | |\n"
    told = asset_content.content(sheets.read(text.encode(), "x.md"))
    assert told["translations"] == ["Tiếng Việt (vi)", "English (en)"]
    first, second = told["survey"]
    assert (first["label"], first["hint"]) == (["Tên", "Name"], [None, "Hint"])
    assert second["label"] == ["Chỉ tiếng Việt", None]


@pytest.mark.parametrize("form_id", library.LIBRARY)
def test_every_form_of_the_library_has_content(form_id: str) -> None:
    """Each question by its path, as the definition knows it; groups close as often as they open."""
    book: Mapping[str, sheets.Sheet] = sheets.read(library.workbook(library.read(form_id)), "x.xlsx")
    rows = asset_content.content(book)["survey"]
    opened = sum(row["type"].startswith("begin_") for row in rows)
    assert opened == sum(row["type"].startswith("end_") for row in rows)
    paths = [row["$xpath"] for row in rows if row.get("$xpath")]
    assert paths == [path for path, _ in book["survey"].questions()]


def test_form_files_are_the_workbook_and_the_very_xform(officer: Client, visits: str) -> None:
    """K6."""
    for end in (".xls", ".xlsx", "?format=xls"):
        book = openpyxl.load_workbook(io.BytesIO(officer.get(f"/api/v2/assets/{visits}{end}").data))
        assert book["survey"]["B2"].value == "start" or book["survey"]["A2"].value == "start"
    stored = db.session.query(FormVersion).one().xform
    for end in (".xml", "?format=xml", "/?format=xml"):
        answer = officer.get(f"/api/v2/assets/{visits}{end}")
        assert (answer.mimetype, answer.data) == ("text/xml", stored)


def test_versions_are_listed_and_opened_one_by_one(officer: Client, visits: str) -> None:
    """K7."""
    sample.publish(FORM, form_id="khao_sat", version="2")
    told = officer.json(f"/api/v2/assets/{visits}/versions/")
    assert (told["count"], [each["version"] for each in told["results"]]) == (2, ["2", "1"])
    newest = officer.json(f"/api/v2/assets/{visits}/")
    assert newest["version_id"] == newest["deployed_version_id"] == told["results"][0]["uid"]
    one = officer.json(f"/api/v2/assets/{visits}/versions/{told['results'][1]['uid']}/")
    assert one["content"]["survey"]
    assert officer.get(f"/api/v2/assets/{visits}/versions/vKhongCo/").status_code == 404
