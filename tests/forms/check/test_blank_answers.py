"""That blank and "không biết" answers are caught where they state something (R9)."""

from functools import cache

import pytest
from pyxform.xls2xform import convert

from forms import library
from forms.check import blank_answers

MEDIA = {
    "thon.csv": b"name,label\n31162901,A\n",
    "ho_dan.csv": b"name,label,__version,thon,tinh_trang\n0b6ff5a4-6d9b-4a4e-9f5e-4b7f1f0f3a11,B,1,31162901,\n",
    "diem_cong_cong.csv": b"name,label,thon,loai\n2d8116c6-8f1d-4c60-9b70-6d91310f5c33,C,31162901,nha_van_hoa\n",
    "phuc_tra.csv": b"name,label,thon,ngay\n5b1a0c52-0a41-4d0e-9a30-0f5f3f1c8a77,E,31162901,24/11\n",
    "doanh_nghiep.csv": b"name,label,__version,thon\n4fa338e8-a13f-4e92-9d92-8fb3531f7e55,D,1,31162901\n",
}
CHOICES = """
| choices |
| | list_name | name | label |
| | co_khong | co | Có |
| | co_khong | khong | Không |
| | co_khong | kb | Không biết |
"""


@cache
def form(of: str, done: str, default: str = "") -> bytes:
    survey = f"""
| survey |
| | type | name | label | relevant | calculation | default |
| | select_one co_khong | gap | Gặp? | | | |
| | select_one co_khong | a | A? | ${{gap}} = 'co' | | {default} |
| | select_one co_khong | b | B? | ${{a}} = 'co' | | |
| | begin group | chi_tieu | Kết quả | ${{gap}} = 'co' | | |
| | calculate | x_of | | | {of} | |
| | calculate | x_done | | | {done} | |
| | note | ghi | Xong | | | |
| | end group | | | | | |
"""
    return convert(survey + CHOICES, file_type=".md").xform.encode()


@pytest.mark.parametrize("form_id", library.LIBRARY)
def test_no_library_form_states_anything_out_of_blank_or_unknown(form_id: str) -> None:
    xform = convert(library.read(form_id), file_type=".md").xform.encode()
    assert blank_answers.blank_findings(xform, MEDIA) == []


def test_an_indicator_stated_whatever_is_answered_is_found() -> None:
    (found,) = blank_answers.blank_findings(form("1", "if(${a} = 'co', 1, 0)"))[:1]
    assert (found.indicator, found.done, found.of) == ("x", "0", "1")
    assert str(found) == "Chỉ tiêu x bị ghi nhận 0/1 khi chỉ trả lời gap = co."


def test_unknown_counted_as_no_is_found() -> None:
    found = blank_answers.blank_findings(
        form("if(${a} != '', 1, '')", "if(${a} = 'co', 1, if(${a} != '', 0, ''))")
    )
    assert {finding.answers[-1] for finding in found} == {("/data/a", "kb")}


def test_unknown_behind_another_question_is_found() -> None:
    of = "if(${a} = 'khong' or ${b} != '', 1, '')"
    found = blank_answers.blank_findings(form(of, "if(${b} = 'co', 1, 0)"))
    assert any(finding.answers[-1] == ("/data/b", "kb") for finding in found)


def test_a_default_that_states_something_is_found() -> None:
    of, done = "if(${a} = 'co' or ${a} = 'khong', 1, '')", "if(${a} = 'co', 1, if(${a} = 'khong', 0, ''))"
    assert blank_answers.blank_findings(form(of, done)) == []
    assert blank_answers.blank_findings(form(of, done, default="co")) != []


def test_an_indicator_that_reads_no_question_takes_those_that_lead_to_it_for_its_own() -> None:
    assert blank_answers.blank_findings(form("1", "1")) == []
