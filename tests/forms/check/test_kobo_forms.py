"""Forms as KoboToolbox's builder exports them: extra columns left out, its own types made standard or refused."""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from pyxform.validators.odk_validate import check_xform

from forms.convert_workbook import convert
from forms.errors import FormRejected

KOBO = """
| survey | | | | | | | | | |
| | type | name | label | $kuid | $autoname | kobo--score-choices | kobo--rank-items | kobo--matrix_list | required |
| | start | start | | a1 | start | | | | |
| | begin_score | hai_long | Hài lòng? | k1 | | muc | | | |
| | score__row | nhanh | Nhanh | k2 | | | | | true |
| | score__row | dep | Đẹp | k3 | | | | | false |
| | end_score | | | k4 | | | | | |
| | begin_rank | uu_tien | Ưu tiên? | k5 | | | muc | | |
| | rank__level | mot | Nhất | | | | | | true |
| | rank__level | hai | Nhì | | | | | | |
| | end_rank | | | | | | | | |
| | begin_kobomatrix | thiet_bi | Thiết bị | | | | | muc | |
| | integer | so | Số lượng | | | | | | |
| | select_one muc | tot | Tốt? | | | | | | |
| | end_kobomatrix | | | | | | | | |
| | text | cuoi | Câu cuối | k9 | cuoi | | | | |

| choices | | | | |
| | list_name | name | label | $autovalue |
| | muc | a | Một | a |
| | muc | b | Hai | b |

| settings | | | | |
| | title | id_string | version | style |
| | Kobo | kobo_thu | 3 (2026-11-20 08:15:00) | theme-grid |
"""
KINDS = {
    "hai_long/nhanh": "select_one",
    "hai_long/dep": "select_one",
    "uu_tien/mot": "select_one",
    "uu_tien/hai": "select_one",
    "thiet_bi/thiet_bi_a_so": "integer",
    "thiet_bi/thiet_bi_b_tot": "select_one",
    "cuoi": "text",
}


def test_score_rank_and_matrix_become_standard_questions() -> None:
    definition = convert(KOBO.encode(), "kobo.md").definition
    assert {path: definition.by_path[path].kind for path in KINDS} == KINDS
    assert (definition.form_id, definition.version) == ("kobo_thu", "3-20261120081500")


def test_nothing_is_ranked_twice() -> None:
    xform = convert(KOBO.encode(), "kobo.md").xform.decode()
    assert 'constraint=". !=  /data/uu_tien/mot "' in xform


def test_kobos_own_columns_leave_no_trace() -> None:
    assert "kuid" not in convert(KOBO.encode(), "kobo.md").xform.decode()


@pytest.mark.parametrize(
    ("good", "bad", "row"),
    [
        (
            "| begin_score | hai_long | Hài lòng? | k1 | | muc |",
            "| begin_score | hai_long | Hài lòng? | k1 | | |",
            3,
        ),
        ("| end_rank |", "| end_group |", 7),
        ("| rank__level | mot |", "| text | mot |", 8),
        ("| integer | so |", "| geopoint | so |", 12),
        ("| text | cuoi |", "| score__row | cuoi |", 15),
    ],
)
def test_what_cannot_be_made_standard_is_refused_by_name_with_its_row(good: str, bad: str, row: int) -> None:
    assert good in KOBO
    with pytest.raises(FormRejected) as caught:
        convert(KOBO.replace(good, bad).encode(), "kobo.md")
    (error,) = caught.value.errors
    assert (error.sheet, error.row, error.column) == ("survey", row, "type")
    assert "KoboToolbox" in error.sentence


def test_odk_validate_accepts_what_is_made_of_it() -> None:
    if shutil.which("java") is None:
        assert os.environ.get("CI") != "true", "CI must have Java to run ODK Validate"
        pytest.skip("ODK Validate needs Java, which is not installed here")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "kobo.xml"
        path.write_bytes(convert(KOBO.encode(), "kobo.md").xform)
        assert check_xform(str(path)) == []
