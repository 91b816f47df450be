"""Every clause of OpenRosa and of entities stands in docs/openrosa.md, with a test that names it."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROTOCOL = ROOT / "tests" / "protocol"
CLAUSES = [*(f"C{n}" for n in range(1, 63)), *(f"E{n}" for n in range(1, 20))]
ROW = re.compile(r"^\| ([CE]\d+) \| (.+?) \| `(test_\w+\.py)::(test_\w+)` \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "openrosa.md").read_text(encoding="utf-8"))


def test_every_clause_has_its_row_in_order() -> None:
    assert [clause for clause, *_ in ROWS] == CLAUSES


@pytest.mark.parametrize(("clause", "file", "name"), [(c, f, n) for c, _, f, n in ROWS], ids=CLAUSES)
def test_its_test_is_there_and_names_the_clause(clause: str, file: str, name: str) -> None:
    words = _tests(file).get(name)
    assert words is not None, f"{file} has no {name}"
    assert re.search(rf"\b{clause}\b", words), f"{file}::{name} does not name {clause}"


@cache
def _tests(file: str) -> dict[str, str]:
    """The source of each test of a file that asks the server."""
    source = (PROTOCOL / file).read_text(encoding="utf-8")
    return {
        node.name: ast.get_source_segment(source, node) or ""
        for node in ast.parse(source).body
        if isinstance(node, ast.FunctionDef)
        and {"app", "https_app", "settings", "phone", "any_phone"} & {a.arg for a in node.args.args}
    }
