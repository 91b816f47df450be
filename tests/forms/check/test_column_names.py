"""Columns that would be called alike are told at upload, with the names that they get (O19)."""

import pytest

from forms.check.column_names import OWN
from forms.convert_workbook import convert
from forms.definition import Definition
from server.api.odata import form_flat, form_tables
from tests.forms.check.test_mend_workbook import form


def told(*survey: tuple[str, ...]) -> dict[str, str]:
    """By the question's name the name that its column gets."""
    warned = convert(form(*survey), "phieu.xlsx").warnings
    return {
        each.value: each.sentence.split("“")[2].split("”")[0] for each in warned if "OData" in each.sentence
    }


@pytest.mark.parametrize(
    ("survey", "names"),
    [
        ([("text", "so-ho", "A"), ("text", "so_ho", "B")], {"so_ho": "so_ho_2"}),
        ([("text", "So_ho", "A"), ("text", "so_ho", "B")], {"so_ho": "so_ho_2"}),
        (
            [
                ("begin group", "ho", "A"), ("text", "ten", "B"), ("end group", "", ""), ("text", "ho_ten", "C"),
            ],
            {"ho_ten": "ho_ten_2"},
        ),
        ([("text", "thon_code", "A")], {"thon_code": "thon_code_2"}),
        (
            [
                ("begin repeat", "tv", "A"), ("text", "ten", "B"), ("end repeat", "", ""), ("text", "tv_ten", "C"),
            ],
            {},
        ),
        ([("note", "so-ho", "A"), ("text", "so_ho", "B"), ("text", "ten", "C")], {}),
    ],
)  # fmt: skip
def test_the_later_of_two_columns_is_told_its_name(
    survey: list[tuple[str, ...]], names: dict[str, str]
) -> None:
    assert told(*survey) == names


def test_the_name_that_is_told_is_the_name_of_the_column() -> None:
    found = convert(
        form(("text", "xa_code", "A"), ("text", "a-b", "B"), ("text", "a_b", "C"), ("text", "A.b", "D")),
        "phieu.xlsx",
    )
    definition: Definition = found.definition
    [root, *_] = form_tables.tables(definition, personal=True)
    columns = [each.name for each in form_flat.flat(definition, root, "11629", {}, {}).columns]
    assert tuple(columns[: len(OWN)]) == OWN
    named = [each.sentence.split("“")[2].split("”")[0] for each in found.warnings if "OData" in each.sentence]
    assert named == ["xa_code_2", "a_b_2", "A_b_3"]
    assert set(named) <= set(columns)
