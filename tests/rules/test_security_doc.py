"""The dossier of level 2 (docs/security.md): every test that it names is there, every requirement has evidence."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
CHAPTER = PAGE[PAGE.index("\n## 4.") : PAGE.index("\n## 5.")]
BY_THE_OFFICE = {"hủy thiết bị"}
"""Requirements that no software meets."""


def test_every_test_that_is_named_is_there() -> None:
    named = set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE))
    assert len(named) > 40
    gone = [
        (file, name)
        for file, name in sorted(named)
        if f"def {name}(" not in (ROOT / file).read_text(encoding="utf-8")
    ]
    assert gone == []


def test_every_requirement_says_what_shows_it() -> None:
    rows = [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in CHAPTER.splitlines()
        if line.startswith("| ") and not line.startswith("| yêu cầu")
    ]
    assert len(rows) >= 30
    for row in rows:
        requirement, does, shown = row[0].strip("| "), row[1].strip("| "), row[2].strip("| ")
        if requirement not in BY_THE_OFFICE:
            assert does, requirement
            assert re.search(r"`tests/|`TUNGNHA_|\]\(", shown), requirement
