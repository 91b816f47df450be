"""A language that is spelled in several ways is one on the phone."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forms.check import language_names
from forms.convert_workbook import Converted, convert
from forms.errors import SheetError
from forms.sheets import Sheet

FORM = """
| survey |
| | type | name | {a} | {b} | {c} |
| | text | a | A | B | C |
| | select_one x | b | A | B | C |
| choices |
| | list_name | name | {d} | {e} |
| | x | 1 | một | one |
| settings |
| | form_title | form_id | version | default_language |
| | Thử | thu | 1 | {default} |
"""


def read(default: str, *columns: str) -> Converted:
    return convert(
        FORM.format(**dict(zip("abcde", columns, strict=True)), default=default).encode(), "thu.md"
    )


def languages(found: Converted) -> list[tuple[str, bool]]:
    """The languages that a phone offers, and whether it begins with each."""
    listed = re.findall(r'<translation lang="([^"]*)"( default="true..")?', found.xform.decode())
    return [(name, bool(default)) for name, default in listed]


@pytest.mark.parametrize(
    ("default", "columns", "offered"),
    [
        ("Tiếng Việt (vi)",
         ("label::Tiếng Việt (vi)", "label::English(en)", "hint::tiếng việt (vi)", "label::Tiếng Việt(vi)",
          "label::English (en)"), ["Tiếng Việt (vi)", "English(en)"]),
        ("vi",
         ("label::Tiếng Việt (vi)", "label::English (en)", "hint::Tiếng Việt", "label::Tieng Viet (vi)",
          "label::English"), ["Tiếng Việt (vi)", "English (en)"]),
        ("Vietnamese (vi)",
         ("label::Vietnamese (vi)", "label::en", "media::image::vi", "label::Tiếng Việt (vi)", "label::English (en)"),
         ["Vietnamese (vi)", "English (en)"]),
    ],
)  # fmt: skip
def test_spellings_of_a_language_are_one_with_one_remark(
    default: str, columns: tuple[str, ...], offered: list[str]
) -> None:
    found = read(default, *columns)
    assert languages(found) == [(name, at == 0) for at, name in enumerate(offered)]
    assert len([each for each in found.warnings if "được viết nhiều cách" in each.sentence]) == 1


def test_two_columns_of_one_code_stay_two_languages() -> None:
    """Nobody knows which of the two texts is meant."""
    both = ("label::Vietnamese (vi)", "label::Tiếng Việt (vi)")
    found = read("", *both, "hint::Vietnamese (vi)", *both)
    assert [name for name, _ in languages(found)] == ["Vietnamese (vi)", "Tiếng Việt (vi)"]
    assert not [each for each in found.warnings if "được viết nhiều cách" in each.sentence]


def test_our_own_sheets_keep_their_words() -> None:
    """`chi_tieu` has “Tiếng Việt” where the form has “Tiếng Việt (vi)”: no phone offers either of the sheet's."""
    own = Sheet("chi_tieu", ("indicator", "label::Tiếng Việt", "label::English"))
    asked = Sheet("survey", ("type", "name", "label::Tiếng Việt (vi)", "label::English (en)"))
    remarks: list[SheetError] = []
    assert language_names.unified({"survey": asked, "chi_tieu": own}, remarks) == {
        "survey": asked,
        "chi_tieu": own,
    }
    assert remarks == []


_LANGUAGES = st.sampled_from(
    ["vi", "Tiếng Việt", "Tiếng Việt (vi)", "tieng viet(VI)", "English", "en", "Anh (en)"]
)
_HEADINGS = st.builds(
    "{}::{}".format, st.sampled_from(["label", "hint", "media::image", "image"]), _LANGUAGES
)


@given(st.lists(st.lists(st.one_of(_HEADINGS, st.sampled_from(["label", "name"])), unique=True), max_size=3))
def test_no_column_is_lost_and_what_is_one_stays_one(headings: list[list[str]]) -> None:
    names = ("survey", "choices", "chi_tieu")
    book = {name: Sheet(name, tuple(each)) for name, each in zip(names, headings, strict=False)}
    found = language_names.unified(book, [])
    for name, sheet in book.items():
        assert len(set(found[name].headings)) == len(sheet.headings)
    again: list[SheetError] = []
    assert language_names.unified(found, again) == found
    assert again == []
