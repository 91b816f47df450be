"""Whether a visit meets its form's own checks: worked out over what was sent, as phones count."""

import datetime as dt

import pytest

from forms import checked_visit
from forms.convert_workbook import convert
from forms.engine.unfillable import Unfillable
from tests.forms.check.test_check_rules import workbook

NOW = dt.datetime(2026, 11, 20, 5, tzinfo=dt.UTC)


def met(condition: str, answers: str) -> bool:
    converted = convert(workbook(["a", condition, "Lời nhắn"]), "phieu.xlsx")
    sent = f'<data id="tham" version="1">{answers}<meta><instanceID>uuid:1</instanceID></meta></data>'
    return checked_visit.prepare(converted.xform, converted.definition).met(sent.encode(), NOW)["a"]


def rounds(*ages: object) -> str:
    return "".join(f"<nguoi><tuoi>{age}</tuoi></nguoi>" for age in ages)


CASES = (
    ("${ket_qua} = 'gap' and ${so_nguoi} > 15", "<ket_qua>gap</ket_qua><so_nguoi>16</so_nguoi>", True),
    ("${ket_qua} = 'gap' and ${so_nguoi} > 15", "<ket_qua>gap</ket_qua><so_nguoi>15</so_nguoi>", False),
    ("${ket_qua} = 'gap' and ${so_nguoi} > 15", "<ket_qua>gap</ket_qua><so_nguoi/>", False),
    ("${ket_qua} = 'gap' and ${so_nguoi} > 15", "", False),
    ("count(${nguoi}) != ${so_nguoi}", "<so_nguoi>2</so_nguoi>" + rounds(30, 40), False),
    ("count(${nguoi}) != ${so_nguoi}", "<so_nguoi>3</so_nguoi>" + rounds(30, 40), True),
    ("count(${nguoi}[${tuoi} > 90]) > 1", rounds(91, 12, 95), True),
    ("count(${nguoi}[tuoi > 90]) > 1", rounds(91, 12, 95), True),
    ("count(${nguoi}[${tuoi} > 90]) > 1", rounds(91, 12), False),
    ("sum(${tuoi}) > 100 or selected(${nhieu}, 'vang')", rounds(40, 50), False),
    ("sum(${tuoi}) > 100 or selected(${nhieu}, 'vang')", "<nhieu>gap vang</nhieu>" + rounds(40, 50), True),
    ("max(${tuoi}) > 110", rounds(9, 111), True),
    ("string-length(${ten}) < 2 and ${ten} != ''", "<ten>Ấ</ten>", True),
)


@pytest.mark.parametrize(("condition", "answers", "doubtful"), CASES)
def test_a_visit_is_doubtful_where_its_answers_say_so(condition: str, answers: str, doubtful: bool):
    """R32."""
    assert met(condition, answers) is doubtful


def test_a_check_that_stops_in_a_visit_says_nothing_and_stops_no_other():
    rows = (["hong", "regex('a', ${ten})", "x"], ["tot", "${so_nguoi} = 3", "y"])
    converted = convert(workbook(*rows), "phieu.xlsx")
    sent = (
        b'<data id="tham" version="1"><so_nguoi>3</so_nguoi><ten>((</ten>'
        b"<meta><instanceID>uuid:1</instanceID></meta></data>"
    )
    found = checked_visit.prepare(converted.xform, converted.definition).met(sent, NOW)
    assert found == {"tot": True}


def test_what_is_no_visit_of_the_form_is_told_as_such():
    converted = convert(workbook(["a", "${so_nguoi} = 3", "x"]), "phieu.xlsx")
    prepared = checked_visit.prepare(converted.xform, converted.definition)
    for sent in (b"", b"<data", b"<khac/>", b"<!DOCTYPE data []><data/>"):
        with pytest.raises(Unfillable):
            prepared.met(sent, NOW)
