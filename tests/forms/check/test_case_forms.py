"""What the check says of whole forms: each fault at its sheet, row and column, each form that phones take taken."""

from pathlib import Path

import pytest

from forms.convert_workbook import convert
from forms.errors import FormRejected

FORMS = Path(__file__).parents[2] / "data" / "check"


def told(name: str) -> tuple[bool, list[tuple[str, int | None, str | None]], str]:
    """Whether a form is taken, where something is said of it, and all that is said."""
    try:
        found = convert((FORMS / name).read_bytes(), name)
        problems, is_taken = found.warnings, True
    except FormRejected as refused:
        problems, is_taken = refused.errors, False
    places = [(each.sheet, each.row, each.column) for each in problems if each.sheet != "muc_dich"]
    return is_taken, places, " ".join(each.sentence for each in problems)


@pytest.mark.parametrize(
    ("name", "is_taken", "place", "words"),
    [
        ("check-02.md", True, ("survey", 3, "choice_filter"), "danh sách “xa” không có cột “huyen”"),
        ("check-08.md", True, ("survey", 1, "label:Vietnamese"), "Nên viết hai dấu hai chấm"),
        ("check-09.md", False, ("survey", 2, "name"), "“data” là tên riêng của phần mềm"),
        ("check-10.md", False, ("survey", 1, "label::Tiếng Việt::vi"), "hai lần “::”"),
    ],
)
def test_a_form_is_judged_at_its_place(
    name: str, is_taken: bool, place: tuple[str, int, str], words: str
) -> None:
    taken, places, said = told(name)
    assert taken is is_taken
    assert place in places
    assert words in said
    assert "TypeError" not in said
