"""What pyxform says in English is told in Vietnamese, one remark a finding, with its place."""

import re
from string import Formatter

import pytest
from pyxform.errors import ErrorCode

from forms.check import pyxform_words
from forms.convert_workbook import convert
from forms.errors import FormRejected
from forms.sheets import Sheet, SheetRow

SURVEY = Sheet("survey", ("type", "name", "label"), (SheetRow(2, {"type": "text", "name": "a"}),))
BOOK = {"survey": SURVEY}
MARKS = re.compile("[ạảấầẩậắằẳặẹẻẽếềểễệịọỏốồổộớờởợụủứừửữựỳýỹđàáãâăèéêìíòóôõơùúưý]")


@pytest.mark.parametrize(
    "code", [each for each in ErrorCode if not each.name.startswith("INTERNAL")], ids=str
)
def test_each_kind_of_pyxforms_has_words(code: ErrorCode) -> None:
    fields = {name: "2" for _, name, _, _ in Formatter().parse(code.value.msg) if name}
    message = code.value.format(**fields)
    told = pyxform_words.told(message, BOOK)
    assert told.sentence != pyxform_words.told("???", BOOK).sentence
    assert MARKS.search(told.sentence)


@pytest.mark.parametrize(
    ("first", "second", "row", "words"),
    [
        (("audit", "location-priority=cao location-min-interval=60 location-max-age=120"), "", 2, "high-accuracy"),
        (("audit", "location-priority=balanced location-min-interval=60 location-max-age=20"), "", 2,
         "location-max-age không được nhỏ hơn location-min-interval"),
        (("audit", "track-changes=có"), "", 2, "track-changes chỉ nhận true hoặc false"),
        (("image", "max-pixels=640"), "max-pixels=1280px", 3, "max-pixels phải là một số nguyên"),
        (("range", "start=1 end=5 step=0"), "", 2, "step của câu range không được là 0"),
        (("range", "start=0 end=10 step=3 tick_interval=4"), "", 2, "tick_interval của câu range phải là bội số"),
    ],
)  # fmt: skip
def test_a_wrong_parameter_is_told_at_its_cell(
    first: tuple[str, str], second: str, row: int, words: str
) -> None:
    kind, parameters = first
    name, label = ("", "") if kind == "audit" else ("a", "A")
    md = f"""
| survey |
| | type | name | label | parameters |
| | {kind} | {name} | {label} | {parameters} |
| | image | b | B | {second} |
"""
    with pytest.raises(FormRejected) as refused:
        convert(md.encode(), "thu.md")
    [error] = refused.value.errors
    assert (error.row, error.column) == (row, "parameters")
    assert words in error.sentence


SAID = [
    ("[row : 2] Question with no type.\n{'name': 'a', 'label': 'Background'}", ["chưa có loại câu hỏi"]),
    ("[row : 2] Row without name, text, or label is being skipped:\n{'bind': {}}", ["bị bỏ qua"]),
    ("[row : 2] Group has no label: {'name': 'a', 'type': 'begin group'}", ["nhóm chưa có tên"]),
    (
        "Language 'French' is missing the survey label column.\nLanguage 'English' is missing the survey hint column.",
        ["ngôn ngữ “French”", "ngôn ngữ “English”"],
    ),
    ("There are multiple survey elements named 'ten'.", ["cùng tên “ten”"]),
    (
        "[row : 2] List name not in external choices sheet: xa",
        ["danh sách “xa” không có trong trang external choices"],
    ),
    (
        "Question 'a' uses 'search()', and its select type references the choice list name 'dv'. This choice "
        "list name is referenced by at least one other question that is not using 'search()', which will not "
        "work: 'xep'.",
        ["câu “a” dùng search() với danh sách “dv”"],
    ),
    ("Something that nobody has heard of\nwith a second line", ["hỏi người quản trị"]),
]


@pytest.mark.parametrize(("message", "words"), SAID)
def test_a_message_is_one_remark_a_finding_without_english(message: str, words: list[str]) -> None:
    told = pyxform_words.all_told(message, BOOK)
    assert len(told) == len(words)
    for each, expected in zip(told, words, strict=True):
        assert expected in each.sentence
        assert not re.search("missing|without|nobody|Question", each.sentence + each.value)


def test_a_question_that_is_named_has_its_row() -> None:
    message = "Question 'a' uses 'search()', and its select type references the choice list name 'dv'."
    [told] = pyxform_words.all_told(message, BOOK)
    assert (told.sheet, told.row) == ("survey", 2)


def test_a_place_that_is_named_is_kept() -> None:
    [told] = pyxform_words.all_told("[row : 2] Question with no type.\n{'name': 'a'}", BOOK)
    assert (told.sheet, told.row) == ("survey", 2)
