"""Formulas that ask for an answer which can never be given are told before a form is published."""

import pytest

from forms.convert_workbook import convert
from forms.errors import FormRejected

FORM = """
| survey |
| | type | name | label | relevant | constraint | choice_filter |
| | select_one gioi | a | A | | {constraint} | |
| | select_multiple gioi | nhieu | N | | | |
| | select_one gioi or_other | khac | K | | | |
| | select_one_from_file xa.csv | xa | Xã | | | |
| | date | ngay | Ngày | | | |
| | text | b | B | {relevant} | | |
| choices |
| | list_name | name | label |
| | gioi | nam | Nam |
| | gioi | nu | Nữ |
| settings |
| | form_id | version |
| | thu | 1 |
"""


def remarks(relevant: str = "", constraint: str = "") -> list[str]:
    form = FORM.replace("{relevant}", relevant).replace("{constraint}", constraint)
    told = map(str, convert(form.encode(), "thu.md").warnings)
    return [each for each in told if "mang mã" in each or "văn bản" in each]


@pytest.mark.parametrize(
    ("relevant", "code"),
    [
        ("${a} = 'nuu'", "nuu"),
        ("selected(${nhieu}, 'Nam')", "Nam"),
        ("${a} != \"khac\" and ${b} = 'x'", "khac"),
        ("not(selected( ${khac} , 'khong'))", "khong"),
    ],
)
def test_a_code_that_the_list_does_not_have_is_named(relevant: str, code: str) -> None:
    relevant = relevant.replace("${b}", "${xa}")
    [told] = remarks(relevant)
    assert "dòng 7, cột “relevant”" in told
    assert f"mang mã “{code}”" in told


@pytest.mark.parametrize(
    "relevant",
    [
        "${a} = 'nam' or ${a} = ''", "selected(${nhieu}, 'nu')", "${khac} = 'other'", "${xa} = 'x1'",
        "selected-at(${nhieu}, 0) = 'x'", "concat(${a}, 'x') = 'namx'", "${ngay} > date('2026-01-02')",
        "string(${ngay}) = '2026-01-02'",
    ],
)  # fmt: skip
def test_what_may_be_answered_is_no_matter(relevant: str) -> None:
    assert remarks(relevant) == []


def test_in_a_constraint_the_dot_is_the_question_itself() -> None:
    [told] = remarks(constraint=". != 'nu_gioi'")
    assert "câu “a” không có lựa chọn nào mang mã “nu_gioi”" in told


@pytest.mark.parametrize("relevant", ["${ngay} >= '2026-01-02'", "'01/02/2026' < ${ngay}"])
def test_days_written_as_text_are_told(relevant: str) -> None:
    [told] = remarks(relevant)
    assert "viết date('2026-11-20')" in told


@pytest.mark.parametrize(
    ("relevant", "advice"), [("${a} => 3", "Thay => bằng >="), ("${a} =< 3", "Thay =< bằng <=")]
)
def test_signs_the_other_way_round_are_told(relevant: str, advice: str) -> None:
    with pytest.raises(FormRejected, match=advice):
        remarks(relevant)


def test_or_other_with_a_filter_is_told_in_vietnamese() -> None:
    form = (
        "| survey |\n| | type | name | label | choice_filter |\n| | text | x | X | |\n"
        "| | select_one g or_other | a | A | cha = ${x} |\n| choices |\n| | list_name | name | label | cha |\n"
        "| | g | nam | Nam | 1 |\n| settings |\n| | form_id | version |\n| | t | 1 |\n"
    )
    with pytest.raises(FormRejected, match="or_other không đi cùng choice_filter"):
        convert(form.encode(), "t.md")


@pytest.mark.parametrize(
    ("kind", "default", "told"),
    [("integer", "ba", "một số nguyên"), ("integer", "-3", ""), ("decimal", "1,5", "một số"), ("decimal", "1.5", ""),
     ("date", "31/12/2026", "một ngày"), ("date", "2026-12-31", ""), ("date", "today()", ""), ("time", "07:45", ""),
     ("dateTime", "2026-11-20T07:45", ""), ("geopoint", "chợ", "một vị trí"), ("text", "31/12/2026", ""),
     ("select_one k", "z", "“z” không phải mã"), ("select_one k", "x", ""),
     ("select_multiple k", "x z", "“z” không phải mã")],
)  # fmt: skip
def test_a_default_that_phones_leave_out_is_told(kind: str, default: str, told: str) -> None:
    content = f"""
| survey |
| | type | name | label | default |
| | {kind} | a | A | {default} |
| choices |
| | list_name | name | label |
| | k | x | X |
| settings |
| | form_title | form_id | version |
| | Thử | thu | 1 |
"""
    found = [each for each in convert(content.encode(), "thu.md").warnings if each.column == "default"]
    assert [told in each.sentence for each in found] == ([True] if told else [])
