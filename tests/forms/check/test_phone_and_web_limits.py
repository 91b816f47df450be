"""One table says what needs which phone, and what the web form cannot do."""

import pytest

from forms.check import phone_and_web_limits
from forms.convert_workbook import convert

FORM = """
| survey |
| | type | name | label | calculation | appearance | save_to |
{rows}
| choices |
| | list_name | name | label |
| | c | a | A |
{more}
| settings |
| | form_id | version |
| | can_gi | 1 |
"""
REPEAT = """| | begin repeat | nguoi | Người | | | |
| | text | ten | Tên | | | ten |
| | end repeat | | | | | |"""
ONE = "| | text | ten | Tên | | | ten |"
PLAIN = "| | text | ten | Tên | | | |"


def found(rows: str, more: str = "") -> set[str]:
    xform = convert(FORM.format(rows=rows, more=more).encode(), "can_gi.md").xform
    return {need.code for need in phone_and_web_limits.of(xform)}


def entities(*cells: str) -> str:
    return f"| entities |\n| | list_name | label | entity_id | create_if | update_if |\n| | {' | '.join(cells)} |"


CASES = [
    (PLAIN, "", set()),
    (ONE, entities("cay", "${ten}", "", "", ""), set()),
    (REPEAT, entities("cay", "${ten}", "", "", ""), {"entities_2025"}),
    (ONE, entities("cay", "${ten}", "coalesce(${ten}, uuid())", "${ten} != ''", "${ten} = ''"), set()),
    (ONE, entities("cay", "${ten}", "coalesce(${ten}, uuid())", "true()", "true()"), {"upsert"}),
    (ONE, entities("cay", "${ten}", "coalesce(${ten}, uuid())", "true()", "${ten} = ''"), {"upsert"}),
    (ONE, entities("cay", "${ten}", "coalesce(${ten}, uuid())", "${ten} = ''", "${ten} = ''"), {"upsert"}),
    (f"| | calculate | a | | version() | | |\n{PLAIN}", "", {"version"}),
    ("| | select_one c | a | A | | search('cho') | |", "", {"search"}),
    ("| | geotrace | a | A | | | |", "", set()),
    ("| | image | a | A | | signature | |", "", set()),
    ("| | image | a | A | | annotate | |", "", {"annotate"}),
    ("| | audio | a | A | | | |", "", set()),
    ("| | barcode | a | A | | | |", "", set()),
    ("| | audit | | | | | |\n| | text | b | B | | | |", "", {"audit"}),
    ("| | text | a | A | ${last-saved#a} | | |", "", {"last_saved"}),
    (f"| | background-audio | a | | | | |\n{PLAIN}", "", {"background_audio"}),
    (f"| | calculate | a | | format-date(today(), '%d %a') | | |\n{PLAIN}", "", {"weekday"}),
    (f"| | calculate | a | | format-date(today(), '%d/%m/%Y') | | |\n{PLAIN}", "", set()),
    ("| | text | a | format-date(x, '%a') | | | |", "", set()),
]


@pytest.mark.parametrize(("rows", "more", "codes"), CASES)
def test_what_a_form_uses_is_found(rows: str, more: str, codes: set[str]) -> None:
    assert found(rows, more) == codes


def test_what_needs_a_newer_phone_is_a_remark_at_the_check() -> None:
    """E1: entities 2025.1 open on Collect from 2026.1, on no KoboCollect that is known."""
    content = FORM.format(rows=REPEAT, more=entities("cay", "${ten}", "", "", ""))
    [told] = [each for each in convert(content.encode(), "a.md").warnings if "phần lặp" in each.sentence]
    assert "ODK Collect từ 2026.1" in told.sentence
    assert "KoboCollect" in told.sentence


@pytest.mark.parametrize(
    ("app", "version", "is_older"),
    [
        (phone_and_web_limits.COLLECT, (2025, 3, 3), True),
        (phone_and_web_limits.COLLECT, (2026, 1, 0), False),
        (phone_and_web_limits.COLLECT, (2026, 1), False),
        (phone_and_web_limits.KOBO, (2025, 3, 3), True),
    ],
)
def test_a_phone_is_old_by_app_and_version(app: str, version: tuple[int, ...], is_older: bool) -> None:
    need = next(each for each in phone_and_web_limits.NEEDS if each.code == "entities_2025")
    assert phone_and_web_limits.older(need, app, version) is is_older


def test_a_film_has_its_length_told_at_its_row() -> None:
    content = FORM.format(rows="| | video | phim | Quay phim | | | |", more="").encode()
    [told] = [each for each in convert(content, "a.md", megabytes=20).warnings if each.row]
    assert (told.sheet, told.column, told.cell) == ("survey", "type", "A2")
    assert "tối đa 20 MB, khoảng 10 giây" in told.sentence


def test_a_need_is_told_once() -> None:
    assert len({need.code for need in phone_and_web_limits.NEEDS}) == len(phone_and_web_limits.NEEDS)
    assert all(need.of_phones or not need.web for need in phone_and_web_limits.NEEDS)
