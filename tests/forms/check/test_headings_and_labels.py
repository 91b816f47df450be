"""Headings are read as pyxform reads them; a list whose first choice has no label opens on no phone."""

import pytest

from forms.convert_workbook import convert
from forms.errors import FormRejected, SheetError

FORM = """
| survey |
| | type | name | label | {heading} |
| | {kind} | a | A | {cell} |
| | text | b | B | |
{end}
| choices |
| | list_name | name | label |
| | k | x | X |
| settings |
| | form_title | form_id | version |
| | Thử | thu | 1 |
"""


def errors(content: str) -> list[SheetError]:
    """What a form is refused for."""
    try:
        convert(content.encode(), "thu.md")
    except FormRejected as told:
        return list(told.errors)
    return []


@pytest.mark.parametrize(
    ("heading", "kind"),
    [("choice filter", "select_one k"), ("Read Only", "text"), ("repeat count", "begin repeat"),
     ("Repeat_Count", "begin repeat"), ("bind::relevant", "text"), ("BIND::constraint", "text")],
)  # fmt: skip
def test_a_formula_is_checked_however_its_heading_is_written(heading: str, kind: str) -> None:
    end = "| | end repeat | | | |" if kind == "begin repeat" else ""
    [found, *_] = errors(FORM.format(heading=heading, kind=kind, cell="if(1, 2)", end=end))
    assert (found.row, found.column) == (2, heading)
    assert "3 tham số" in found.sentence


def test_a_heading_with_a_space_that_pyxform_reads_is_not_said_to_be_passed_over() -> None:
    content = FORM.format(heading="constraint message", kind="text", cell="Sai rồi", end="")
    found = convert(content.encode(), "thu.md")
    assert 'jr:constraintMsg="Sai rồi"'.encode() in found.xform
    assert not any("bỏ qua" in each.sentence for each in found.warnings)


@pytest.mark.parametrize(
    "heading", ["bind: :relevant", "bind::a b", "bind::la:x", "body::nhỏ", "instance::2x"]
)
def test_a_heading_that_no_form_can_hold_is_named(heading: str) -> None:
    """Before, the upload failed."""
    [found] = errors(FORM.format(heading=heading, kind="text", cell="x", end=""))
    assert (found.row, found.column) == (1, heading.replace(": :", "::::"))
    assert "phải là một tên" in found.sentence


def test_a_namespace_of_the_settings_may_be_used() -> None:
    content = FORM.format(heading="bind::la:x", kind="text", cell="x", end="")
    content = content.replace("version |\n", "version | namespaces |\n").replace(
        "| 1 |", '| 1 | la="urn:la" |'
    )
    assert errors(content) == []


LISTS = """
| survey |
| | type | name | label |
| | {kind} k | a | A |
| choices |
| | list_name | name | {heads} |
| | k | x | {first} |
| | k | y | {second} |
| settings |
| | form_title | form_id | version |
| | Thử | thu | 1 |
"""


@pytest.mark.parametrize(
    ("heads", "first", "second", "is_opened"),
    [
        ("label", "", "Y", False),
        ("label", "X", "", True),
        ("label::vi (vi)", "", "Y (Y)", True),
        ("label::vi (vi)", "", "", False),
        ("label | media::image", " | x.png", "Y |", True),
    ],
)
@pytest.mark.parametrize("kind", ["select_one", "select_multiple", "rank"])
def test_phones_look_for_the_label_at_the_first_choice(
    kind: str, heads: str, first: str, second: str, *, is_opened: bool
) -> None:
    """JavaRosa: "label node for itemset doesn't exist"."""
    found = errors(LISTS.format(kind=kind, heads=heads, first=first, second=second))
    assert (found == []) is is_opened
    if not is_opened:
        assert (found[0].sheet, found[0].row, found[0].column) == ("choices", 2, "label")


@pytest.mark.parametrize(
    ("heading", "cell", "told"),
    [("required", "có", "không bắt buộc"), ("required", "không", "không bắt buộc"), ("readonly", "x", "sửa được"),
     ("required", "yes", ""), ("required", "TRUE", ""), ("readonly", "no", ""), ("required", "${b} = 'x'", "")],
)  # fmt: skip
def test_a_word_that_is_neither_yes_nor_no_is_told_what_phones_make_of_it(
    heading: str, cell: str, told: str
) -> None:
    """Never with quotes: a text in quotes is always true."""
    found = convert(FORM.format(heading=heading, kind="text", cell=cell, end="").encode(), "thu.md")
    sentences = [each.sentence for each in found.warnings if each.column == heading]
    assert [told in each and f"'{cell}'" not in each for each in sentences] == ([True] if told else [])
