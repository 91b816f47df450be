"""What pyxform takes is taken: what a workbook lacks or writes another way is mended, with one remark a kind."""

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.convert_workbook import Converted, convert
from forms.engine.engine import HANOI
from forms.errors import FormRejected, SheetError
from forms.library import LibrarySheet, packed

DATA = Path(__file__).parents[2] / "data" / "check"
PURPOSE = LibrarySheet("muc_dich", (("muc_dich", "can_cu", "luu_thang"), ("Đếm", "Luật 91/2025", "24")))
SETTINGS = (("form_title", "form_id", "version"), ("Khảo sát", "khao_sat", "3"))


def of_file(name: str) -> Converted:
    return convert((DATA / name).read_bytes(), name)


def form(*survey: tuple[str, ...], settings: tuple[tuple[str, ...], ...] = SETTINGS, **more: object) -> bytes:
    head = ("type", "name", "label", "relevant", "calculation")
    sheets = {"survey": (head, *survey), "settings": settings, **more}
    width = {name: max(map(len, rows)) for name, rows in sheets.items() if rows}
    made = [
        LibrarySheet(name, tuple((*row, *("",) * (width[name] - len(row))) for row in rows))
        for name, rows in sheets.items()
        if rows
    ]
    return packed([*made, PURPOSE])


def remarks(converted: Converted) -> list[tuple[str, int | None, str | None]]:
    return [(each.sheet, each.row, each.column) for each in converted.warnings if each.sheet != "muc_dich"]


def refused(content: bytes, name: str = "phieu.xlsx") -> tuple[SheetError, ...]:
    with pytest.raises(FormRejected) as caught:
        convert(content, name)
    return caught.value.errors


def test_curly_quotes_in_formulas_are_straight_on_the_phone_with_one_remark() -> None:
    converted = of_file("curly_quotes.xlsx")
    assert remarks(converted) == [("survey", 3, "relevant")]
    assert "D3, D4" in converted.warnings[0].sentence
    assert b"/data/gieng  = 'co'" in converted.xform
    assert b"&quot;co&quot;" in converted.xform or b'"co"' in converted.xform


def test_a_form_without_settings_is_called_as_its_file() -> None:
    converted = of_file("khao_sat_gieng.xlsx")
    definition = converted.definition
    assert (definition.form_id, definition.title) == ("khao_sat_gieng", "khao_sat_gieng")
    assert definition.version == f"{datetime.now(HANOI):%Y%m%d}01"
    assert remarks(converted) == [("settings", 2, "form_id"), ("settings", 2, "version")]
    assert "khao_sat_gieng" in converted.warnings[0].sentence


def test_a_download_of_kobotoolbox_is_taken_with_its_own_columns_passed_over() -> None:
    converted = of_file("kobo_without_version.xlsx")
    assert converted.definition.title == "Khảo sát giếng"
    assert [each.name for each in converted.definition.fields][:4] == ["start", "end", "gieng", "_gieng_khac"]
    assert b"kuid" not in converted.xform
    assert remarks(converted) == [("settings", 2, "form_id"), ("settings", 2, "version")]


def test_a_version_that_excel_made_a_date_is_its_text() -> None:
    converted = of_file("version_is_a_date.xlsx")
    assert converted.definition.version == "2026-11-20 10:00:00"
    assert remarks(converted) == []


def test_sheets_of_nobody_are_no_concern() -> None:
    """Two equal headings, 5,100 rows and a formula without a result, none of them in a sheet of the form."""
    converted = of_file("sheets_of_nobody.xlsx")
    assert converted.definition.form_id == "sheet_la_gieng"
    assert remarks(converted) == []


def test_one_colon_is_read_as_two_with_one_remark() -> None:
    content = """
| survey |
| | type | name | label:Vietnamese (vi) | hint:Vietnamese (vi) | bind:relevant |
| | integer | gieng | Giếng khoan | đếm cả giếng cũ | |
| | text | gieng_2 | Giếng khoan 2 | đếm lại | ${gieng} > 0 |
| settings |
| | form_title | form_id | version |
| | Một dấu hai chấm | mot_cham_gieng | 1 |
"""
    converted = convert(content.encode(), "mot_cham.md")
    field = converted.definition.by_path["gieng"]
    assert (dict(field.labels), dict(field.hints)) == (
        {"Vietnamese (vi)": "Giếng khoan"},
        {"Vietnamese (vi)": "đếm cả giếng cũ"},
    )
    assert b'relevant=" /data/gieng  &gt; 0"' in converted.xform
    assert remarks(converted) == [("survey", 1, "label:Vietnamese (vi)")]
    assert "“bind:relevant” đọc là “bind::relevant”" in converted.warnings[0].sentence


@pytest.mark.parametrize("root", ["data", "phieu"])
def test_a_question_called_as_the_root_is_told_at_its_row(root: str) -> None:
    settings = (("form_id", "version", "name"), ("ten_goc", "1", root))
    rows = (
        ("text", root, "Giếng khoan"),
        ("calculate", "x", "", "", f"concat(${{{root}}}, '!')"),
        ("note", "n", "${x}"),
    )
    (error,) = refused(form(*rows, settings=settings))
    assert (error.sheet, error.row, error.column, error.cell) == ("survey", 2, "name", "B2")
    assert f"“{root}” là tên riêng của phần mềm" in error.sentence


def test_a_question_called_as_the_root_that_nothing_refers_to_is_fine() -> None:
    assert remarks(convert(form(("text", "data", "Giếng khoan")), "a.xlsx")) == []


@pytest.mark.parametrize(
    "heading", ["label::Tiếng Việt::vi", "hint::English::en", "media::image::English::en"]
)
def test_two_languages_in_one_heading_are_told_at_their_column(heading: str) -> None:
    content = f"""
| survey |
| | type | name | label | {heading} |
| | text | gieng | Giếng khoan | x |
| settings |
| | form_id | version |
| | hai_cham_gieng | 1 |
"""
    (error,) = refused(content.encode(), "hai_cham.md")
    assert (error.sheet, error.column, error.cell) == ("survey", heading, "D1")
    assert "hai lần “::”" in error.sentence


SETTLED = [
    ({"form_id": "hộ dân"}, "ho_dan", "3"),
    ({"form_id": "Đo 5G (lần 2)"}, "Do_5G_lan_2", "3"),
    ({"form_id": "2026.thon-1"}, "2026.thon-1", "3"),
    ({"form_id": "../../etc"}, "etc", "3"),
    ({"form_id": "問卷"}, "bieu_mau", "3"),
    ({"form_id": "a" * 300}, "a" * 120, "3"),
    ({"version": "1/2"}, "khao_sat", "1-2"),
    ({"version": ".."}, "khao_sat", "--"),
    ({"version": "bản 2 (thử)"}, "khao_sat", "bản 2 (thử)"),
    ({"submission_url": "https://example.org"}, "khao_sat", "3"),
    ({"omit_instanceID": "yes"}, "khao_sat", "3"),
]


@pytest.mark.parametrize(("change", "form_id", "version"), SETTLED)
def test_settings_that_would_not_do_are_rewritten_and_told(
    change: dict[str, str], form_id: str, version: str
) -> None:
    row = {"form_id": "khao_sat", "version": "3", **change}
    converted = convert(form(("text", "a", "A"), settings=(tuple(row), tuple(row.values()))), "a.xlsx")
    assert (converted.definition.form_id, converted.definition.version) == (form_id, version)
    told = (
        []
        if row["form_id"] == form_id and row["version"] == version and len(row) == 2
        else [next(iter(change))]
    )
    assert [column for _, _, column in remarks(converted)] == told
    assert b"example.org" not in converted.xform
    assert b"instanceID" in converted.xform


def test_a_title_is_the_form_id_where_there_is_no_other() -> None:
    found = convert(form(("text", "a", "A"), settings=(("form_id", "version"), ("gieng", "1"))), "khac.xlsx")
    assert found.definition.title == "gieng"


def test_a_workbook_with_one_sheet_is_its_survey() -> None:
    content = packed([LibrarySheet("Tờ 1", (("type", "name", "label"), ("text", "a", "A")))])
    assert convert(content, "mot_to.xlsx").definition.form_id == "mot_to"


EXTERNAL = (
    ("list_name", "name", "label", "huyen"),
    ("xa", "x1", "Trúc Sơn", "h1"),
    ("xa", "x2", "Ninh Tảo", "h2"),
    ("xa", "x1", "Trúc Sơn", "h3"),
)
CHOICES = (("list_name", "name", "label"), ("huyen", "h1", "Vĩnh Khê"), ("huyen", "h2", "Đông Lĩnh"))


def external(**more: object) -> bytes:
    head = ("type", "name", "label", "choice_filter")
    rows = (
        head,
        ("select_one huyen", "huyen", "Huyện", ""),
        ("select_one_external xa", "xa", "Xã", "huyen=${huyen}"),
    )
    sheets = {"survey": rows, "choices": CHOICES, "external_choices": EXTERNAL, "settings": SETTINGS, **more}
    return packed([*(LibrarySheet(name, rows) for name, rows in sheets.items()), PURPOSE])


def test_external_choices_stand_in_the_form_itself() -> None:
    converted = convert(external(), "a.xlsx")
    field = converted.definition.by_path["xa"]
    assert (field.kind, [choice.name for choice in field.choices]) == ("select_one", ["x1", "x2", "x1"])
    assert b"instance('xa')/root/item[huyen= /data/huyen ]" in converted.xform
    assert remarks(converted) == [("survey", 3, "type")]


def test_a_list_of_both_sheets_stays_two_lists() -> None:
    choices = (*CHOICES, ("xa", "khac", "Nơi khác"))
    converted = convert(external(choices=choices), "a.xlsx")
    assert [choice.name for choice in converted.definition.by_path["xa"].choices] == ["x1", "x2", "x1"]


def test_a_list_that_is_not_among_the_external_choices_is_told() -> None:
    (error,) = refused(external(external_choices=(EXTERNAL[0], ("xom", "a", "A", "h1"))))
    assert (error.sheet, error.row, error.column) == ("survey", 3, "type")
    assert "trang external_choices" in error.sentence


@given(
    st.text(st.characters(exclude_categories=("C",), exclude_characters="/"), max_size=130),
    st.text(max_size=40),
)
def test_whatever_the_file_is_called_its_form_has_an_id_for_addresses(stem: str, version: str) -> None:
    plain = "".join(letter for letter in version if letter.isprintable() and letter != "#")
    content = form(("text", "a", "A"), settings=(("form_title", "version"), ("T", plain or "1")))
    definition = convert(content, f"t{stem}.xlsx").definition
    assert definition.form_id.isascii()
    assert not set(definition.form_id) & set("/\\?#% ")
    assert 1 <= len(definition.form_id) <= 120
    assert not set(definition.version) & set("/\\")
