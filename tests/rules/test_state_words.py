"""A state has one word, and one module owns it: no other place of the code gives a state a name of its own."""

import ast
import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.households import household_states
from server.review import submission_states

ROOT = Path(__file__).parents[2]
OWNERS = {"server/households/household_states.py", "server/review/submission_states.py"}
SUBMISSION = set(submission_states.WORDS)
HOUSEHOLD = set(household_states.WORDS) | set(household_states.OF_RESULT)


def test_a_submissions_states_have_the_words_that_were_agreed() -> None:
    """words-01."""
    with (ROOT / "tests" / "data" / "words-submission.tsv").open(encoding="utf-8") as table:
        wanted = {row["state"]: row["word"] for row in csv.DictReader(table, delimiter="\t")}
    assert dict(submission_states.WORDS) == wanted


def test_a_households_states_have_the_words_that_were_agreed() -> None:
    """words-02."""
    with (ROOT / "tests" / "data" / "words-household.tsv").open(encoding="utf-8") as table:
        wanted = {row["state"]: row["word"] for row in csv.DictReader(table, delimiter="\t")}
    assert dict(household_states.WORDS) == wanted


def _named(path: Path) -> Iterator[str]:
    """Dictionaries that give at least two of these states a text with a letter beyond ASCII."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Dict):
            continue
        pairs = [
            (key.value, value.value)
            for key, value in zip(node.keys, node.values, strict=True)
            if isinstance(key, ast.Constant)
            and isinstance(value, ast.Constant)
            and isinstance(value.value, str)
        ]
        said = [key for key, value in pairs if key in SUBMISSION | HOUSEHOLD and not value.isascii()]
        if len(said) > 1 and not all(value.endswith(".") for key, value in pairs if key in said):
            yield f"{path.relative_to(ROOT)}:{node.lineno} {said}"


def test_no_other_module_names_a_state() -> None:
    """Sentences that tell what was done end with a full stop; a word for a state does not."""
    written = [path for room in ("server", "dashboards") for path in (ROOT / room).rglob("*.py")]
    others = [path for path in written if str(path.relative_to(ROOT)) not in OWNERS]
    assert [found for path in others for found in _named(path)] == []


@pytest.mark.parametrize(
    "old", ["bị trả", "có vấn đề", "chưa thăm", "“đã chuyển”", ", vắng {{", ", vắng,", ">Vắng<"]
)
def test_words_that_were_said_for_states_once_are_gone(old: str) -> None:
    pages = [path for room in ("server", "dashboards") for path in (ROOT / room).rglob("*.html")]
    code = [path for room in ("server", "dashboards") for path in (ROOT / room).rglob("*.py")]
    # a boundary file without a fault is another matter
    found = {str(path.relative_to(ROOT)) for path in pages + code if old in path.read_text(encoding="utf-8")}
    assert found <= {"dashboards/templates/boundary_preview.html"}
