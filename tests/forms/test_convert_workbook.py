"""An officer's workbook becomes a form, or a list of errors that name sheet, row and column."""

import io
import re

import openpyxl
import pytest

from forms.convert_workbook import convert
from forms.definition import IndicatorDeclaration
from forms.errors import FormRejected, SheetError

SETTINGS = [["form_id", "version", "form_title"], ["khao_sat", "1", "Khảo sát"]]
SURVEY_HEAD = ["type", "name", "label", "relevant", "calculation", "constraint", "save_to", "choice_filter"]
PURPOSE = [["muc_dich", "can_cu", "luu_thang"], ["Đếm", "Đ19.1.c Luật 91/2025", "24"]]
CHOICES = [["list_name", "name", "label"], ["co_khong", "co", "Có"], ["co_khong", "khong", "Không"]]


def xlsx(**sheets) -> bytes:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def form(*rows, survey_head=SURVEY_HEAD, **others) -> bytes:
    sheets = {"survey": [survey_head, *rows], "choices": CHOICES, "settings": SETTINGS, "muc_dich": PURPOSE}
    return xlsx(**{name: table for name, table in {**sheets, **others}.items() if table})


def rejected(workbook: bytes, filename: str = "phieu.xlsx") -> tuple[SheetError, ...]:
    with pytest.raises(FormRejected) as caught:
        convert(workbook, filename)
    return caught.value.errors


GOOD = (["text", "ten", "Tên"], ["select_one co_khong", "co_wifi", "Có Wi-Fi?"])


def test_a_good_workbook_converts_without_a_warning():
    converted = convert(form(*GOOD), "phieu.xlsx")
    assert converted.warnings == ()
    assert converted.definition.form_id == "khao_sat"
    assert converted.definition.version == "1"
    assert converted.definition.title == "Khảo sát"
    assert b'<data id="khao_sat" version="1">' in converted.xform


def test_the_same_workbook_gives_the_same_bytes():
    assert convert(form(*GOOD), "a.xlsx").xform == convert(form(*GOOD), "b.xlsx").xform


# (what is wrong, row, column, words of the sentence)
SURVEY_MISTAKES = [
    (["select_one chua_co", "a", "A"], 2, "type", "không có trong trang choices"),
    (["select_one co_khon", "a", "A"], 2, "type", "Có phải “co_khong”"),
    (["select_one", "a", "A"], 2, "type", "thiếu tên danh sách"),
    (["interger", "a", "A"], 2, "type", "Có phải “integer”"),
    (["text", "tuổi", "A"], 2, "name", "“tuoi”"),
    (["text", "2a", "A"], 2, "name", "bắt đầu bằng chữ"),
    (["text", None, "A"], 2, "name", "chưa có tên"),
    (["text", "a", None], 2, "label", "chưa có nội dung"),
    (["text", "meta", "A"], 2, "name", "dành riêng"),
    ([None, "a", "A"], 2, "type", "cột type trống"),
    (["text", "a", "A", "${khong_co} = 1"], 2, "relevant", "không phải tên câu hỏi"),
    (["text", "a", "A", "${te} = 1"], 2, "relevant", "Có phải ${ten}"),
    (["text", "a", "A", "${ten = 1"], 2, "relevant", "thiếu dấu “}”"),
    (["text", "a", "A", "${ ten } = 1"], 2, "relevant", "không có dấu cách"),
    (["text", "a", "Nhà của ${ai}?"], 2, "label", "không phải tên câu hỏi"),
    (["text", "a", "A", "(${ten} = 1"], 2, "relevant", "dấu “(”"),
    (["text", "a", "A", "${ten} == 1"], 2, "relevant", "một dấu ="),
    (["text", "a", "A", "${ten} && 1"], 2, "relevant", "bằng and"),
    (["calculate", "a", None, None, "if(${ten} = 1; 1; 2)"], 2, "calculation", "dấu phẩy"),
    (["select_one_external co_khong", "a", "A"], 2, "type", "external_choices"),
    (["calculate", "a", None, None, "vlookup(${ten}, 1)"], 2, "calculation", "không có hàm “vlookup”"),
    (["calculate", "a", None, None, "#REF!"], 2, "calculation", "lỗi Excel"),
    (["calculate", "a"], 2, "calculation", "chưa có công thức"),
    (["calculate", "a", None, None, "${a} + 1"], 2, "calculation", "chờ nhau"),
    (["text", "a", "A", "${a} = 1"], 2, "relevant", "chờ nhau"),
    (["calculate", "a", None, None, "upper-case(${ten})"], 2, "calculation", "không có hàm"),
    (["integer", "a", "A", None, None, ". => 0"], 2, "constraint", "công thức viết sai"),
    (["begin group", "a", "A"], 2, "type", "không có end group"),
    (["end group"], 2, "type", "không có begin group"),
    (["end repeat"], 2, "type", "không có begin repeat"),
    (["select_one_from_file thôn.csv", "a", "A"], 2, "type", "không dấu"),
    (["text", "a", "A", None, None, None, "dia_chi"], 2, "save_to", "trang “entities”"),
]


@pytest.mark.parametrize(("row", "number", "column", "words"), SURVEY_MISTAKES)
def test_a_mistake_in_the_survey_names_its_row_and_column(row, number, column, words):
    (error,) = rejected(form(row, ["text", "ten", "Tên"]))
    assert (error.sheet, error.row, error.column) == ("survey", number, column)
    assert words in error.sentence


def test_all_mistakes_are_told_at_once():
    found = rejected(form(["txt", "a", "A"], ["text", "b"], [], ["text", "c", "C", "${z}"]))
    assert [(error.row, error.column) for error in found] == [(2, "type"), (3, "label"), (5, "relevant")]


def test_an_error_has_the_cell_that_excel_shows():
    (error,) = rejected(form(["text", "ten", "Tên", "${z} = 1"]))
    assert error.cell == "D2"
    assert str(error).startswith("Trang tính “survey”, dòng 2, cột “relevant”: ")


def test_a_name_used_twice_points_to_the_first_row():
    (error,) = rejected(form(*GOOD, ["integer", "ten", "Lại tên"]))
    assert (error.row, error.column, error.value) == (4, "name", "ten")
    assert "dòng 2" in error.sentence


def test_the_same_name_in_two_groups_is_fine_until_it_is_referred_to():
    groups = [["begin group", "g", "G"], ["text", "ten", "T"], ["end group"]]
    assert convert(form(["text", "ten", "Tên"], *groups), "a.xlsx")
    (error,) = rejected(form(["text", "ten", "Tên"], *groups, ["note", "n", "${ten}"]))
    assert "cùng tên “ten”" in error.sentence
    assert (error.sheet, error.row, error.column) == ("survey", 6, "label")


def test_ends_that_do_not_match_are_told_with_the_open_group():
    (error,) = rejected(form(["begin group", "g", "G"], ["text", "a", "A"], ["end repeat"]))
    assert "đang mở là group “g” (dòng 2)" in error.sentence


def test_a_group_that_waits_for_its_own_question_is_refused():
    (error,) = rejected(form(["begin group", "g", "G", "${a} = 1"], ["text", "a", "A"], ["end group"]))
    assert "a → a" in error.sentence


def test_a_long_chain_of_calculations_is_fine():
    rows = [["calculate", f"a{i}", None, None, f"${{a{i + 1}}} + 1"] for i in range(1500)]
    assert convert(form(*GOOD, *rows, ["integer", "a1500", "A"]), "a.xlsx").warnings == ()


def test_a_group_that_shows_nothing_needs_a_note():
    hidden = [["begin group", "chi_tieu", "C"], ["calculate", "a", None, None, "1"], ["end group"]]
    (error,) = rejected(form(["text", "ten", "T"], *hidden))
    assert (error.row, error.column) == (3, "name")
    assert "note" in error.sentence


CHOICE_MISTAKES = [
    (["co_khong", None, "Trống"], "name", "chưa có mã"),
    (["co_khong", "co", "Có lại"], "name", "đã có ở dòng 2"),
    (["nhieu", "hai chu", "Hai"], "name", "dấu cách"),
    (["co_khong", "#NAME?", "X"], "name", "lỗi Excel"),
]


@pytest.mark.parametrize(("row", "column", "words"), CHOICE_MISTAKES)
def test_a_mistake_in_the_choices_names_its_row_and_column(row, column, words):
    choices = [*CHOICES, row, ["nhieu", "mot", "Một"]]
    (error,) = rejected(form(*GOOD, ["select_multiple nhieu", "m", "M"], choices=choices))
    assert (error.sheet, error.row, error.column) == ("choices", 4, column)
    assert words in error.sentence


SETTING_MISTAKES = [
    ({"form_id": "#REF!"}, "form_id", "lỗi Excel"),
    ({"version": "#N/A"}, "version", "lỗi Excel"),
    ({"name": "hộ dân"}, "name", "chữ không dấu"),
    ({"instance_name": "${khong_co}"}, "instance_name", "không phải tên câu hỏi"),
]


@pytest.mark.parametrize(("change", "column", "words"), SETTING_MISTAKES)
def test_a_mistake_in_the_settings_names_its_column(change, column, words):
    row = {"form_id": "khao_sat", "version": "1", "form_title": "K", **change}
    (error,) = rejected(form(*GOOD, settings=[list(row), list(row.values())]))
    assert (error.sheet, error.row, error.column) == ("settings", 2, column)
    assert words in error.sentence


@pytest.mark.parametrize("row", [["uri:deviceid", "a"], ["deviceid", "b"], ["hidden", "c"]])
def test_a_row_that_no_screen_shows_needs_no_words(row):
    assert convert(form(*GOOD, row), "a.xlsx").definition.by_path[row[1]]


def test_a_choice_of_no_list_is_a_remark():
    (warning,) = convert(form(*GOOD, choices=[*CHOICES, [None, "x", "Lạc"]]), "a.xlsx").warnings
    assert (warning.sheet, warning.row, warning.column) == ("choices", 4, "list_name")


def test_a_survey_is_required():
    (error,) = rejected(xlsx(khac=[["a"]], nua=[["b"]]))
    assert "thiếu trang tính “survey”" in error.sentence


def test_an_empty_survey_is_refused():
    (error,) = rejected(form())
    assert "chưa có câu hỏi nào" in error.sentence


def test_two_equal_headings_are_refused():
    (error,) = rejected(form(["text", "a", "A", "B"], survey_head=["type", "name", "label", "label"]))
    assert (error.row, error.column) == (1, "label")


INDICATORS = [
    ["indicator", "label::Tiếng Việt", "unit", "kind"],
    ["co_internet", "Có mạng", "household", "state"],
]


def pair(*names) -> list:
    calculations = [["calculate", name, None, None, "1"] for name in names]
    return [["begin group", "chi_tieu", "C"], *calculations, ["note", "n", "N"], ["end group"]]


def test_a_commune_declares_its_own_indicator():  # R10
    rows = pair("co_internet_done", "co_internet_of")
    converted = convert(form(*GOOD, *rows, chi_tieu=INDICATORS), "a.xlsx")
    assert converted.warnings == ()
    assert converted.definition.indicators == ("co_internet",)
    assert converted.definition.declared == (
        IndicatorDeclaration("co_internet", "Có mạng", "Có mạng", "household", "state"),
    )
    assert converted.definition.about_households


@pytest.mark.parametrize("alone", ["co_internet_done", "co_internet_of"])
def test_half_a_pair_is_refused(alone):
    (error,) = rejected(form(*GOOD, *pair(alone), chi_tieu=INDICATORS))
    assert (error.row, error.column, error.value) == (5, "name", alone)


def test_a_repeat_cannot_state_an_indicator():  # R1
    rows = pair("co_internet_done", "co_internet_of")
    found = rejected(form(*GOOD, ["begin repeat", "r", "R"], *rows, ["end repeat"], chi_tieu=INDICATORS))
    assert {error.sentence.split(".")[0] for error in found} == {
        "nhóm chi_tieu không được nằm trong phần lặp (begin repeat)"
    }


@pytest.mark.parametrize(
    ("column", "value"), [("unit", "nhà"), ("kind", "x"), ("indicator", "Mạng"), ("unit", None)]
)
def test_a_wrong_declaration_is_refused(column, value):
    row = dict(zip(INDICATORS[0], INDICATORS[1], strict=True)) | {column: value}
    rows = pair("co_internet_done", "co_internet_of")
    (error,) = rejected(form(*GOOD, *rows, chi_tieu=[INDICATORS[0], list(row.values())]))
    assert (error.sheet, error.row, error.column) == ("chi_tieu", 2, column)


def test_an_indicator_that_nobody_knows_is_a_warning():
    workbook = form(*GOOD, *pair("la_done", "la_of"))
    (warning,) = convert(workbook, "a.xlsx").warnings
    assert (warning.row, warning.value) == (5, "la")
    known = {"la": IndicatorDeclaration("la", "Lạ", "New", "person", "state")}
    converted = convert(workbook, "a.xlsx", known)
    assert converted.warnings == ()
    assert converted.definition.about_households


def test_a_declaration_that_nothing_states_is_a_warning():
    (warning,) = convert(form(*GOOD, chi_tieu=INDICATORS), "a.xlsx").warnings
    assert (warning.sheet, warning.row) == ("chi_tieu", 2)


def test_a_form_without_purpose_is_warned_of():  # R20
    (warning,) = convert(form(*GOOD, muc_dich=None), "a.xlsx").warnings
    assert "mục đích" in warning.sentence


def test_a_misspelt_heading_is_warned_of():
    head = ["type", "name", "label", "relevent"]
    (warning,) = convert(form(["text", "a", "A", "1 = 1"], survey_head=head), "a.xlsx").warnings
    assert (warning.row, warning.column) == (1, "relevent")
    assert "“relevant”" in warning.sentence


def test_a_language_without_its_column_is_warned_of():
    head = ["type", "name", "label::Tiếng Việt (vi)", "hint::English (en)"]
    found = convert(form(["text", "a", "A", "Hint"], survey_head=head), "a.xlsx").warnings
    assert found
    assert all(each.sentence.startswith(("ngôn ngữ “", "tên ngôn ngữ")) for each in found)


def test_a_form_that_creates_without_its_list_is_warned_of():  # E8
    entities = [["list_name", "label"], ["ho_dan", "${ten}"]]
    (warning,) = convert(form(*GOOD, entities=entities), "a.xlsx").warnings
    assert "ho_dan.csv" in warning.sentence


@pytest.mark.parametrize(
    "row", [["ho_dan", None], ["ho_dan", "${khong_co}"], ["__x", "${ten}"], [None, "${ten}"]]
)
def test_a_wrong_entity_declaration_is_refused(row):  # E3
    (error,) = rejected(form(*GOOD, entities=[["list_name", "label"], row]))
    assert (error.sheet, error.row) == ("entities", 2)


def test_an_unknown_class_of_a_question_is_refused():
    head = ["type", "name", "label", "phan_loai"]
    (error,) = rejected(form(["text", "a", "A", "mật"], survey_head=head))
    assert error.column == "phan_loai"


def test_a_control_character_is_refused():
    book = "| survey |\n| | type | name | label |\n| | text | a | A\x0bB |\n"
    book += "| settings |\n| | form_id | version |\n| | f | 1 |\n"
    (error,) = rejected(book.encode(), "a.md")
    assert (error.row, error.column, error.value) == (2, "label", "A?B")


def test_every_sentence_is_vietnamese_and_names_no_machine():
    for row, *_ in SURVEY_MISTAKES:
        for error in rejected(form(row, ["text", "ten", "Tên"])):
            assert re.search("[ạảấầẩậắằẳặẹẻẽếềểễệịọỏốồổộớờởợụủứừửữựỳýỹđ]", error.sentence)
            assert "Traceback" not in error.sentence
