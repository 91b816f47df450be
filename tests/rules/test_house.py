"""Each subject has one room: few modules lie loose, no file name stands twice, each room opens with its sentence."""

import ast
from collections import defaultdict
from pathlib import Path

ROOT = Path(__file__).parents[2]
MOST_LOOSE = 16
ASIDE = {"models", "cli", "migrations"}
"""Rooms whose files are called after their subjects, as those subjects' own rooms are."""


def modules(package: str) -> list[Path]:
    return [path.relative_to(ROOT / package) for path in (ROOT / package).rglob("*.py")]


def test_few_modules_lie_loose_in_the_server() -> None:
    loose = [path.name for path in modules("server") if len(path.parts) == 1 and path.name != "__init__.py"]
    assert len(loose) <= MOST_LOOSE, sorted(loose)


def test_no_file_name_stands_twice_in_the_rooms_of_the_server() -> None:
    places = defaultdict(list)
    for path in modules("server"):
        if path.name != "__init__.py" and path.parts[0] not in ASIDE:
            places[path.name].append(str(path))
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_each_room_opens_with_its_sentence() -> None:
    for package in ("server", "forms", "geo", "dashboards"):
        folders = {path.parent for path in modules(package) if path.parts[0] != "migrations"}
        for folder in folders:
            opening = ROOT / package / folder / "__init__.py"
            assert opening.exists(), folder
            sentence = ast.get_docstring(ast.parse(opening.read_text(encoding="utf-8")))
            assert sentence, f"{package}/{folder}"
            assert sentence.split("\n")[0].endswith("."), f"{package}/{folder}: {sentence}"


def test_a_class_name_stands_in_one_file() -> None:
    """A reader who meets a name finds one thing under it."""
    places = defaultdict(list)
    for package in ("server", "forms", "geo", "dashboards"):
        for path in modules(package):
            tree = ast.parse((ROOT / package / path).read_text(encoding="utf-8"))
            for node in ast.walk(tree):
                if isinstance(node, ast.ClassDef):
                    places[node.name].append(f"{package}/{path}")
    assert {name: where for name, where in places.items() if len(where) > 1} == {}


def test_one_module_writes_the_audit() -> None:
    inserting = "insert(Audit)"
    writers = {
        str(path)
        for path in modules("server")
        if path.parts[0] != "migrations"
        and any(
            isinstance(node, ast.Call)
            and (ast.unparse(node).endswith(inserting) or ast.unparse(node.func) == "Audit")
            for node in ast.walk(ast.parse((ROOT / "server" / path).read_text(encoding="utf-8")))
        )
    }
    assert writers == {"audit.py"}


def test_numbers_moments_and_sentences_are_written_by_one_module() -> None:
    own = ("%H:%M %d/%m/%Y", "[:1].upper()", ":,}")
    writers = {
        f"{package}/{path}"
        for package in ("server", "forms", "geo", "dashboards")
        for path in modules(package)
        if any(each in (ROOT / package / path).read_text(encoding="utf-8") for each in own)
    }
    assert writers == {"geo/vietnamese_writing.py"}
