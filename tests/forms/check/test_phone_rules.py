"""Formulas are judged as phones take them: refused where JavaRosa stops, a remark where it means something else."""

import csv
import html
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyxform.validators.odk_validate import ODK_VALIDATE_PATH

from forms.check.phone_functions import FUNCTIONS, IN_EXCEL
from forms.check.phone_rules import Question, Where, findings
from forms.convert_workbook import convert
from forms.engine.unfillable import Unfillable
from forms.errors import FormRejected, SheetError

DATA = Path(__file__).parents[2] / "data" / "check"
FORM = (DATA / "formulas_form.md").read_text(encoding="utf-8")
with (DATA / "formulas.tsv").open(encoding="utf-8", newline="") as table:
    CASES = list(csv.DictReader(table, delimiter="\t", quoting=csv.QUOTE_NONE))


def with_formula(formula: str) -> bytes:
    return FORM.replace("@@@", formula.replace("|", "\\|")).encode()


def judged(content: bytes) -> tuple[str, tuple[SheetError, ...]]:
    try:
        converted = convert(content, "kiem_tra.md")
    except FormRejected as rejected:
        return "refuse", rejected.errors
    told = tuple(each for each in converted.warnings if each.sheet != "muc_dich")
    return ("warn" if told else "accept"), told


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["formula"])
def test_a_formula_is_judged_at_its_cell(case: dict[str, str]) -> None:
    verdict, told = judged(with_formula(case["formula"]))
    assert verdict == case["want"]
    assert {each.cell for each in told} <= {"D10"}
    assert len(told) == (case["want"] != "accept")


REFUSED = [
    ("selected(${dv}, 1)", "dấu nháy"),
    ("selected(1, 'a')", "dấu nháy"),
    ("sum(3)", "phải là một câu hỏi"),
    ("count('a')", "phải là một câu hỏi"),
    ("position('a')", "phải là một câu hỏi"),
    ("area('1 1')", "phải là một câu hỏi"),
    ("${tuoi}", "phần lặp “tre”"),
    ("${tuoi} + 1", "phần lặp “tre”"),
    ("max(${tuoi}, 3)", "phần lặp “tre”"),
    ("concat(${tuoi}, ' tuổi')", "phần lặp “tre”"),
    ("if(${tuoi} > 3, 1, 2)", "phần lặp “tre”"),
    ("indexed-repeat(${so}, ${tre}, 1)", "không phải phần lặp chứa"),
    ("indexed-repeat(${tuoi}, ${so}, 1)", "không phải phần lặp chứa"),
    ("indexed-repeat(${tuoi}, ${tre})", "3, 5, 7, 9 hoặc 11"),
    ("if(${so} > 1, floor(${so}), 0)", "floor"),
    ("instance('c')/root/item/label", "nhiều dòng"),
    ("instance('c')", "đường dẫn"),
    ("//ten", "viết sai"),
    ("${ten} | ${so}", "phép hợp"),
    ("$ten", "biến"),
    ("/data/text()", "đường dẫn"),
    (". + 1", "dấu chấm"),
    ("count(.)", "dấu chấm"),
    ("/data/x", "chờ nhau"),
    ("../x", "chờ nhau"),
    ("regex(${ten}, '*a')", "regex"),
    ("regex(${ten}, '(?P<n>a)')", "regex"),
    ("date('31/12/2026')", "không phải một ngày"),
    ("date('2026-02-29')", "không phải một ngày"),
    ("format-date('nay', '%Y')", "không phải một ngày"),
    ("format-date(today(), '%A')", "%A"),
    ("digest(${ten}, 'SHA-3')", "SHA-3"),
    ("digest(${ten}, 'MD5', 'base32')", "base32"),
    ("jr:choice-name(${co_mang}, ${co_mang})", "dấu nháy"),
    ("regex(${ten}, 'a{')", "regex"),
    ("regex(${ten}, '{2}')", "regex"),
    ("selected(${dv}, 1 + 1)", "điện thoại dừng"),
    ("date(${so} > 1)", "không phải là ngày"),
    ("count-selected(today())", "điện thoại dừng"),
    ("property('mac')", "mac"),
    ("distance('nhà')", "vị trí"),
    ("cht:difference(1, 2)", "cht:difference"),
    ("pulldata()", "pulldata"),
    ("intersects(${ten}, ${ten})", "1 tham số"),
    ("count(/data/*)", "chờ nhau"),
]


@pytest.mark.parametrize(("formula", "words"), REFUSED)
def test_what_a_phone_cannot_evaluate_is_refused_with_the_reason(formula: str, words: str) -> None:
    verdict, told = judged(with_formula(formula))
    assert verdict == "refuse"
    assert words in told[0].sentence
    assert told[0].cell == "D10"


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("len(${ten})", "Ở đây viết: string-length(${cau})."), ("AVERAGE(${tuoi})", "div count-non-empty"),
        ("VLOOKUP(${ten}, 1)", "instance('ten_danh_sach')"), ("DATEDIF(${ngay}, 1)", "365.25"),
        ("substring(${ten}, 1)", "Có phải substr(…)?"), ("upper(${ten})", "không có hàm “upper”."),
    ],
)  # fmt: skip
def test_a_function_of_excel_is_told_as_phones_know_it(formula: str, words: str) -> None:
    _, told = judged(with_formula(formula))
    assert words in told[0].sentence
    assert "property" not in told[0].sentence  # what merely looks alike


def test_what_is_proposed_instead_of_excels_functions_can_be_worked_out() -> None:
    names = ("cau", "cau_khac", "ngay", "nhom_lap")
    where = Where({name: (Question(name, is_repeat=name == "nhom_lap"),) for name in names})
    for proposed in IN_EXCEL.values():
        assert list(findings(proposed, where)) == []


ACCEPTED = [
    "sum(${tuoi}) div count(${tre})", "max(${tuoi})", "count-non-empty(${tuoi})", "count(${tre}[tuoi > 3])",
    "sum(${tre}[tuoi > 3]/tuoi)", "instance('c')/root/item[name = ${co_mang}]/label",
    "count(instance('c')/root/item)", "jr:choice-name(${co_mang}, '${co_mang}')", "selected-at(${dv}, 0)",
    "date('2024-02-29')", "format-date(${ngay}, '%e/%n/%y %H:%M:%S %3 %a %b')", "regex(${ten}, '[a-z&&[^b]]+')",
    "digest(${ten}, 'sha-256', 'HEX')", "if(${so} = '', '', ${so} div 2)", "selected(${dv}, string(1))",
    "distance('20.8 106.6; 20.9 106.6')", "position()", "uuid(10)", "property('deviceid')", "-${so} mod 3",
]  # fmt: skip


@pytest.mark.parametrize("formula", ACCEPTED)
def test_what_phones_take_is_taken(formula: str) -> None:
    assert judged(with_formula(formula)) == ("accept", ())


REMARKED = [
    ("if(${so} > 1, ${tuoi}, 0)", "phần lặp"),
    ("${so} > 1 and ${tuoi} > 2", "phần lặp"),
    ("if(yes, 1, 2)", "'yes'"),
    ("not ${so}", "Viết not(…)"),
    ("${so} > 1 and count ${tre}", "“count”"),
    ("pulldata('thon', 'ten', 'ma')", "4 tham số"),
    ("count(instance('c')/root/item[ma_xa = ${ten}])", "không có cột “ma_xa”"),
    ("intersects(${ten})", "intersects"),
]


@pytest.mark.parametrize(("formula", "words"), REMARKED)
def test_what_opens_and_means_something_else_is_a_remark(formula: str, words: str) -> None:
    verdict, told = judged(with_formula(formula))
    assert verdict == "warn"
    assert words in told[0].sentence


FILTERED = """
| survey |
| | type | name | label | choice_filter |
| | select_one huyen | huyen | Huyện | |
| | select_one xa | xa | Xã | {filter} |
| choices |
| | list_name | name | label | ma_huyen |
| | huyen | h1 | Vĩnh Khê | |
| | xa | x1 | Trúc Sơn | h1 |
| settings |
| | form_title | form_id | version |
| | Lọc Xã | loc_xa | 1 |
"""


@pytest.mark.parametrize(
    ("choice_filter", "verdict"),
    [
        ("huyen = ${huyen}", "warn"),
        ("ma_huyen = ${huyen}", "accept"),
        ("ma_huyen = ${huyen} and name != 'x9'", "accept"),
        ("ma_huyen = ${huyen} or vung = 'a'", "warn"),
    ],
)
def test_a_filter_on_a_column_that_the_choices_lack_is_told_at_its_cell(
    choice_filter: str, verdict: str
) -> None:
    found, told = judged(FILTERED.format(filter=choice_filter).encode())
    assert found == verdict
    for each in told:
        assert (each.row, each.cell) == (3, "D3")
        assert "danh sách “xa” không có cột" in each.sentence


def rounds(row: str) -> bytes:
    return f"""
| survey |
| | type | name | label | relevant | calculation |
| | begin repeat | ho | Hộ | | |
| | text | chu | Chủ hộ | | |
| | begin repeat | nguoi | Người | | |
| | integer | tuoi | Tuổi | | |
| | calculate | lon | | | if(${{tuoi}} > 17, ${{chu}}, '') |
| | end repeat | | | | |
| {row} |
| | end repeat | | | | |
| settings |
| | form_id | version |
| | vong | 1 |
""".encode()


def test_inside_its_own_repeat_a_question_has_one_answer() -> None:
    assert judged(rounds("| text | nha | Nhà ${chu} | ${chu} != '' | |"))[0] == "accept"


@pytest.mark.parametrize(
    "row", ["| text | nha | Nhà | ${tuoi} > 1 | |", "| calculate | a | | | ${tuoi} * 2 |"]
)
def test_a_repeat_within_a_repeat_is_outside_of_it(row: str) -> None:
    verdict, told = judged(rounds(row))
    assert (verdict, told[0].row) == ("refuse", 8)
    assert "phần lặp “nguoi”" in told[0].sentence


def test_a_label_that_shows_many_answers_is_a_remark() -> None:
    verdict, told = judged(rounds("| note | nha | Tuổi ${tuoi} | | |"))
    assert (verdict, told[0].column) == ("warn", "label")


def test_a_group_hidden_by_its_own_child_is_refused() -> None:
    content = """
| survey |
| | type | name | label | relevant |
| | begin group | nhom | Nhóm | ./nguon = 'a' |
| | text | nguon | Nguồn | |
| | end group | | | |
| settings |
| | form_id | version |
| | nhom_an | 1 |
"""
    verdict, told = judged(content.encode())
    assert (verdict, told[0].row) == ("refuse", 3)
    assert "chờ nhau mãi" in told[0].sentence


@pytest.mark.parametrize(
    ("column", "first", "second", "words"),
    [
        ("required", "${thu} = ''", "${so} = ''", "để required ở câu đứng sau"),
        ("required", ". = ''", "", "so → so"),
        ("required", "", "sum(${so}) > 1 and ${thu} = ''", "thu → thu"),
        ("read_only", "${thu} != ''", "${so} != ''", "Hãy bỏ một chỗ"),
    ],
)
def test_questions_that_are_required_or_read_only_by_each_other_open_on_no_phone(
    column: str, first: str, second: str, words: str
) -> None:
    content = f"""
| survey |
| | type | name | label | {column} |
| | text | so | Số điện thoại | {first} |
| | text | thu | Thư điện tử | {second} |
| settings |
| | form_id | version |
| | mot_trong_hai | 1 |
"""
    verdict, told = judged(content.encode())
    assert (verdict, told[0].column) == ("refuse", column)
    assert words in told[0].sentence
    assert judged(content.replace(first or second, "").encode())[0] == "accept"


def test_a_star_that_stands_for_several_questions_is_refused() -> None:
    content = """
| survey |
| | type | name | label | calculation |
| | begin group | diem | Điểm | |
| | integer | toan | Toán | |
| | integer | van | Văn | |
| | end group | | | |
| | calculate | tong | | sum(${diem}/*) |
| settings |
| | form_id | version |
| | sao | 1 |
"""
    verdict, told = judged(content.encode())
    assert (verdict, told[0].row, told[0].column) == ("refuse", 6, "calculation")
    assert "viết tên từng câu" in told[0].sentence


# What JavaRosa itself says, where Java is -------------------------------------------------------------------

XFORM = """<?xml version="1.0"?><h:html xmlns="http://www.w3.org/2002/xforms" xmlns:h="http://www.w3.org/1999/xhtml"
 xmlns:jr="http://openrosa.org/javarosa"><h:head><h:title>t</h:title><model><instance><data id="t" version="1"><ten/>
<tre jr:template=""><tuoi/></tre><tre><tuoi/></tre><x/><meta><instanceID/></meta></data></instance>
<bind nodeset="/data/ten" type="string"/><bind nodeset="/data/tre/tuoi" type="int"/>
<bind nodeset="/data/x" type="string" calculate="{}"/>
<bind nodeset="/data/meta/instanceID" type="string" jr:preload="uid"/></model></h:head><h:body>
<input ref="/data/ten"><label>a</label></input><group ref="/data/tre"><label>a</label><repeat nodeset="/data/tre">
<input ref="/data/tre/tuoi"><label>a</label></input></repeat></group></h:body></h:html>"""
QUESTIONS = {"ten": (Question("ten"),), "tuoi": (Question("tuoi", ("tre",)),)}
ARGUMENTS = {"'a'": "'a'", "${ten}": "/data/ten", "1": "1", "${tuoi}": "/data/tre/tuoi"}
# pulldata and intersects are Collect's own, which ODK Validate lets pass; itext needs texts; a list needs a path
NOT_ASKED = {"pulldata", "intersects", "jr:itext", "instance", "current"}


def refused_here(formula: str) -> bool:
    try:
        return any(each.refuses for each in findings(formula, Where(QUESTIONS, itself=True)))
    except Unfillable:
        return True


def test_number_and_kind_of_arguments_are_those_of_javarosa(tmp_path: Path) -> None:
    """Every function, with none to six arguments, each a text, a question, a number or a question of a repeat."""
    if shutil.which("java") is None:
        assert os.environ.get("CI") != "true", "CI must have Java to run ODK Validate"
        pytest.skip("JavaRosa needs Java, which is not installed here")
    calls = [
        (f"{name}({', '.join([argument] * count)})", f"{name}({', '.join([path] * count)})")
        for name in sorted({*FUNCTIONS, "floor", "ceiling", "substring", "last"} - NOT_ASKED)
        for count in range(7)
        for argument, path in list(ARGUMENTS.items())[: 4 if count else 1]
    ]
    for place, (_, asked) in enumerate(calls):
        (tmp_path / f"{place}.xml").write_text(XFORM.format(html.escape(asked)), encoding="utf-8")
    names = [str(tmp_path / f"{place}.xml") for place in range(len(calls))]
    said = subprocess.run(
        ["java", "-Djava.awt.headless=true", "-jar", ODK_VALIDATE_PATH, *names],
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=300,
    ).stdout  # fmt: skip
    parts = re.split(r"Validating: \S+/(\d+)\.xml", said)[1:]
    opens = {
        int(place): "Xform is valid" in told for place, told in zip(parts[::2], parts[1::2], strict=True)
    }
    assert len(opens) == len(calls)
    differ = [ours for place, (ours, _) in enumerate(calls) if refused_here(ours) == opens[place]]
    assert differ == []


@given(st.text(st.sampled_from("ab1.'\"()[]/$|*+-=<>,: {}\n${ten}andor")))
def test_any_text_is_judged(formula: str) -> None:
    assert judged(with_formula(formula.replace("\n", " ")))[0] in {"accept", "warn", "refuse"}


def test_what_stops_a_question_that_is_not_asked_yet_is_found() -> None:
    """Every formula is worked out on the blank form, asked or not."""
    content = """
| survey |
| | type | name | label | relevant | calculation |
| | integer | so | Số | | |
| | begin group | nhom | Nhóm | ${so} > 5 | |
| | calculate | x | | | date(${so} = 7) |
| | note | n | ${x} | | |
| | end group | | | | |
| settings |
| | form_id | version |
| | an | 1 |
"""
    verdict, told = judged(content.encode())
    assert (verdict, told[0].row, told[0].column) == ("refuse", 4, "calculation")
