"""Each rule that is cited stands in docs/rules.md with a test that names it; no paper from elsewhere is cited."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ROW = re.compile(r"^\| (R\d+) \| (.+) \| (.+?) \|$", re.MULTILINE)
ROWS = ROW.findall((ROOT / "docs" / "rules.md").read_text(encoding="utf-8"))
TEST = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
TESTS = [(rule, file, name) for rule, _, tests in ROWS for file, name in TEST.findall(tests)]

WRITTEN = ("server", "forms", "geo", "dashboards", "tests", "docs", "bench")
ELSEWHERE = re.compile(r"\bDESIGN \d|open-doors\.md|(?<!/)\bdomain\.md|\b[Ii]ssue \d")


def texts() -> list[tuple[Path, str]]:
    """What is written here by hand, with its place."""
    found = [path for folder in WRITTEN for path in (ROOT / folder).rglob("*")]
    found += [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")]
    kinds = {".py", ".md", ".html", ".yaml", ".js"}
    return [
        (path.relative_to(ROOT), path.read_text(encoding="utf-8"))
        for path in found
        if path.suffix in kinds and "vendor" not in path.parts and path != Path(__file__)
    ]


def test_each_rule_has_a_test() -> None:
    assert {rule for rule, *_ in ROWS} - {rule for rule, *_ in TESTS} == set()


@pytest.mark.parametrize(("rule", "file", "name"), TESTS)
def test_its_test_is_there_and_names_the_rule(rule: str, file: str, name: str) -> None:
    words = _tests(file).get(name)
    assert words is not None, f"{file} has no {name}"
    assert re.search(rf"\b{rule}\b", words), f"{file}::{name} does not name {rule}"


def test_each_rule_that_is_cited_stands_there() -> None:
    known = {rule for rule, *_ in ROWS}
    cited = {
        (rule, str(path))
        for path, text in texts()
        for rule in re.findall(r"(?<![\w-])R\d{1,2}(?![\w-])", text)
        if path.suffix in (".py", ".md")
    }
    assert {(rule, path) for rule, path in cited if rule not in known} == set()


def test_each_clause_of_exports_that_is_cited_stands_on_their_page() -> None:
    page = (ROOT / "docs" / "exports.md").read_text(encoding="utf-8")
    cited = {x for path, text in texts() if path.suffix == ".py" for x in re.findall(r"\bX\d{1,2}\b", text)}
    assert cited - set(re.findall(r"^\| (X\d+) \|", page, re.MULTILINE)) == set()


def test_nothing_cites_a_paper_that_is_not_in_the_repository() -> None:
    assert [(str(path), found[0]) for path, text in texts() if (found := ELSEWHERE.search(text))] == []


@cache
def _tests(file: str) -> dict[str, str]:
    """The source of each test of a file."""
    source = (ROOT / "tests" / file).read_text(encoding="utf-8")
    return {
        node.name: ast.get_source_segment(source, node) or ""
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef)
    }
