"""A form of the library that changes has a new version, since a version in use is never published again."""

import csv
import hashlib
from pathlib import Path

import pytest

from forms import form_blocks, library

RECORDED = Path(__file__).parents[1] / "data" / "library_versions.tsv"
"""Form, version and SHA-256 of its tables. A form that changes gets a new version and a new row; old rows stay."""
WITH_BLOCKS = "ho_gia_dinh và các khối"


def tables(form_id: str) -> tuple[library.LibrarySheet, ...]:
    own = library.sheets(library.read(form_id.removesuffix(" và các khối")))
    blocks = form_blocks.every() if form_id == WITH_BLOCKS else ()
    return own + tuple(part for each in blocks for part in (each.questions, each.statements))


def version(form_id: str) -> str:
    headings, cells = next(sheet.rows for sheet in tables(form_id) if sheet.name == "settings")
    return cells[headings.index("version")]


def recorded() -> dict[tuple[str, str], str]:
    with RECORDED.open(encoding="utf-8", newline="") as file:
        return {(row["form"], row["version"]): row["sha256"] for row in csv.DictReader(file, delimiter="\t")}


@pytest.mark.parametrize("form_id", [*library.LIBRARY, WITH_BLOCKS])
def test_a_library_form_that_changed_has_a_new_version(form_id):
    digest = hashlib.sha256(
        repr([(sheet.name, sheet.rows) for sheet in tables(form_id)]).encode()
    ).hexdigest()
    known = recorded().get((form_id, version(form_id)))
    assert known is not None, f"write {form_id}, {version(form_id)}, {digest} into {RECORDED.name}"
    assert digest == known, (
        f"{form_id} changed: give it a version after {version(form_id)} and a new row, {digest}"
    )
