"""Every kind of problem has a code of its own, in an Enum of its room, and a sentence that a person understands."""

import importlib
from collections import Counter
from pathlib import Path

from server.errors import ProblemKind

ROOT = Path(__file__).parents[2]


def kinds() -> list[ProblemKind]:
    for path in (ROOT / "server").rglob("*_problems.py"):
        importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))
    return [kind for room in ProblemKind.__subclasses__() for kind in room]


def test_no_code_stands_for_two_kinds() -> None:
    assert [code for code, times in Counter(kind.code for kind in kinds()).items() if times > 1] == []


def test_no_kind_is_another_names_twin() -> None:
    """Two members of one Enum with equal values would be one kind under two names."""
    for room in ProblemKind.__subclasses__():
        assert len(room.__members__) == len(list(room)), room


def test_each_kind_has_a_status_of_an_error_and_a_whole_sentence() -> None:
    for kind in kinds():
        assert 400 <= kind.status < 600, kind
        assert kind.sentence.endswith((".", "{why}")), kind
