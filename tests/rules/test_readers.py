"""Files from outside are read by the reading process: no module of the server calls a reader itself."""

import ast
from pathlib import Path

ROOT = Path(__file__).parents[2]
READERS = {
    "blank_findings", "rename.renamed", "sheets.read", "sheets.tables",
    "boundaries.read", "boundaries.candidates", "layers.load", "table_file.of_file", "table_file.of_text",
    "plans.load",
}  # fmt: skip


def test_no_module_of_the_server_calls_a_reader_of_files_itself() -> None:
    """They are handed to `reading_process.read` by the owner of each kind of file."""
    found = [
        f"{path.relative_to(ROOT)}:{node.lineno} {called}"
        for package in ("server", "dashboards")
        for path in (ROOT / package).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and (called := ast.unparse(node.func)) in READERS
    ]
    assert found == []


def test_one_module_of_the_server_converts_workbooks() -> None:
    owners = {
        str(path.relative_to(ROOT))
        for path in (ROOT / "server").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ImportFrom)
        and node.module == "forms.convert_workbook"
        and "convert" in {name.name for name in node.names}
    }
    assert owners == {"server/published_forms/read_workbook.py"}
