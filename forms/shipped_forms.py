"""Which workbooks are forms that the library has shipped, with whatever blocks: today's and all before it."""

import csv
import hashlib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

from forms import form_blocks
from forms.sheets import PARTS, Sheet

SHIPPED = Path(__file__).parent / "library" / "shipped.tsv"
"""Form, version and digest of each form that was ever shipped; "-" for what changed while its version did not."""


def is_shipped(form_id: str, book: Mapping[str, Sheet]) -> bool:
    """Whether a form's sheets say what the library once did, under any version."""
    return digest(book) in _shipped().get(form_id, frozenset())


def digest(book: Mapping[str, Sheet]) -> str:
    """SHA-256 of the cells of a form's sheets, but for its version and for what blocks of questions add."""
    told = [(name, list(_rows(book[name]))) for name in sorted(PARTS & book.keys())]
    return hashlib.sha256(repr(told).encode()).hexdigest()


def _rows(sheet: Sheet) -> Iterator[list[tuple[str, str]]]:
    added = _of_blocks().get(sheet.name, frozenset())
    for row in sheet.rows:
        if (row["indicator"] or row["name"]) not in added:
            yield sorted(
                cell for cell in row.cells.items() if (sheet.name, cell[0]) != ("settings", "version")
            )


@cache
def _of_blocks() -> Mapping[str, frozenset[str]]:
    """What blocks add to each sheet: questions and what they state, and indicators."""
    blocks = form_blocks.every()
    asked = {name for each in blocks for name in (*each.question_names, *each.statement_names)}
    return {
        "survey": frozenset(asked),
        "chi_tieu": frozenset(spec.code for each in blocks for spec in each.indicators),
    }


@cache
def _shipped() -> Mapping[str, frozenset[str]]:
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    return {
        form_id: frozenset(row["sha256"] for row in rows if row["form"] == form_id)
        for form_id in {row["form"] for row in rows}
    }
