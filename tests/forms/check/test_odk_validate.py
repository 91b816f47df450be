"""ODK Validate's word on a form, in Vietnamese at the row that it names."""

import os

import pytest

from forms import sheets
from forms.check import odk_validate
from forms.convert_workbook import convert

FORM = """
| survey |
| | type | name | label | calculation |
| | integer | so | Số | |
| | calculate | x | | {formula} |
| | note | n | ${{x}} | |
| settings |
| | form_id | version |
| | thu | 1 |
"""


@pytest.fixture(autouse=True)
def _java() -> None:
    if not odk_validate.installed():
        assert os.environ.get("CI") != "true", "CI must have Java to run ODK Validate"
        pytest.skip("ODK Validate needs Java, which is not installed here")


def test_a_good_form_is_opened() -> None:
    assert odk_validate.refusal(convert(FORM.format(formula="${so} + 1").encode(), "thu.md").xform) is None


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("floor( /data/so )", "“floor”"),
        (" /data/x ", "chờ nhau mãi"),
        ("selected( /data/so , 1)", "dấu nháy"),
        ("1 +", "viết sai"),
        ("instance('la')/root/item[name = 'a']/label", "danh sách"),
    ],
)
def test_what_it_refuses_is_told_at_its_row(formula: str, words: str) -> None:
    content = FORM.format(formula="${so} + 1").encode()
    xform = convert(content, "thu.md").xform
    spoilt = xform.replace(b" /data/so  + 1", formula.encode())
    assert spoilt != xform
    said = odk_validate.refusal(spoilt)
    assert said is not None
    error = odk_validate.error(said, sheets.read(content, "thu.md"))
    assert (error.row, error.column) == (3, "calculation")
    assert words in error.sentence


def test_what_it_cannot_work_out_itself_is_no_refusal() -> None:
    """It has no SHA-256, which the phones' software takes for a text that is the seed of an order by chance."""
    xform = convert(FORM.format(formula="${so} + 1").encode(), "thu.md").xform
    shuffled = xform.replace(b" /data/so  + 1", b"join('-', randomize( /data/so , 'hat giong'))")
    with pytest.raises(odk_validate.NotJudged):
        odk_validate.refusal(shuffled)


def test_many_forms_are_opened_by_one_start() -> None:
    good = convert(FORM.format(formula="${so} + 1").encode(), "thu.md").xform
    said = odk_validate.refusals([good, b"<no/>", good], 60)
    assert [said[place] is None for place in range(3)] == [True, False, True]
