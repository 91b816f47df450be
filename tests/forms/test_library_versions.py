"""A form of the library that changes has a new version, since a version in use is never published again."""

import csv
import hashlib
from collections import Counter

import pytest

from forms import form_blocks, library, sheets, shipped_forms

WITH_BLOCKS = "ho_gia_dinh và các khối"
HOUSEHOLD_FORM = form_blocks.HOUSEHOLD_FORM


def recorded() -> list[dict[str, str]]:
    """Form, version and digest. A form that changes gets a new version and a new row; old rows stay."""
    with shipped_forms.SHIPPED.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def told(form_id: str) -> str:
    """What a form says, but for its version; of the blocks, what they add to the household form."""
    if form_id != WITH_BLOCKS:
        return shipped_forms.digest(sheets.read(library.workbook(library.read(form_id)), f"{form_id}.xlsx"))
    own = library.sheets(library.read(HOUSEHOLD_FORM))
    parts = (part for each in form_blocks.every() for part in (each.questions, each.statements))
    return hashlib.sha256(repr([(sheet.name, sheet.rows) for sheet in (*own, *parts)]).encode()).hexdigest()


def version(form_id: str) -> str:
    found = library.sheets(library.read(form_id.removesuffix(" và các khối")))
    headings, cells = next(sheet.rows for sheet in found if sheet.name == "settings")
    return cells[headings.index("version")]


@pytest.mark.parametrize("form_id", [*library.LIBRARY, WITH_BLOCKS])
def test_a_library_form_that_changed_has_a_new_version(form_id):
    known = {(row["form"], row["version"]): row["sha256"] for row in recorded()}
    found = known.get((form_id, version(form_id)))
    assert found is not None, f"write {form_id}, {version(form_id)}, {told(form_id)} into shipped.tsv"
    assert told(form_id) == found, (
        f"{form_id} changed: give it a version after {version(form_id)} and a new row, {told(form_id)}"
    )


def test_a_version_was_shipped_with_one_content():
    """But for a few from before versions were kept, which have "-"."""
    counts = Counter((row["form"], row["version"]) for row in recorded() if row["version"] != "-")
    assert set(counts.values()) == {1}
    assert sum(row["version"] == "-" for row in recorded()) == 4


@pytest.mark.parametrize("blocks", [(), ("ky_nang_so",), form_blocks.BLOCKS])
def test_the_household_form_is_the_librarys_with_any_blocks_and_under_any_version(blocks):
    book = sheets.read(form_blocks.composed(blocks, version="2031010107"), "x.xlsx")
    assert shipped_forms.is_shipped(HOUSEHOLD_FORM, book)


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("| Vắng nhà |", "| Đi vắng |"),
        ("| buoi | toi |", "| buoi | khuya |"),
        ("| 24 |", "| 36 |"),
        (">= today()", "> today()"),
    ],
)
def test_a_form_of_which_an_officer_changed_anything_is_the_officers(ours, theirs):
    text = library.read(HOUSEHOLD_FORM)
    assert ours in text
    book = sheets.read(library.workbook(text.replace(ours, theirs, 1)), "x.xlsx")
    assert not shipped_forms.is_shipped(HOUSEHOLD_FORM, book)
