"""Every clause of Kobo's door that is cited stands in docs/kobo.md, with a test that is there."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "kobo.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (K\d+) \| .+? \| `([\w/]+\.py)::(test_\w+)` \|$", re.MULTILINE)
OWN = "tests/server/api/kobo"


def test_each_clause_has_a_test_that_is_there_and_cites_it() -> None:
    gone = []
    for clause, file, name in ROW.findall(PAGE):
        path = ROOT / (file if "/" in file else f"{OWN}/{file}")
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        names = {node.name for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef)}
        if name not in names or not re.search(rf"\b{clause}\b", text):
            gone.append((clause, file, name))
    assert gone == []
    assert [clause for clause, *_ in ROW.findall(PAGE)] == [f"K{number}" for number in range(1, 26)]


def test_each_clause_that_is_cited_stands_there() -> None:
    known = {clause for clause, *_ in ROW.findall(PAGE)}
    cited = {
        (clause, path.name)
        for folder in ("server/api/kobo", OWN)
        for path in (ROOT / folder).glob("*.py")
        for clause in re.findall(r"\bK\d{1,2}\b", path.read_text(encoding="utf-8"))
    }
    assert {(clause, file) for clause, file in cited if clause not in known} == set()
