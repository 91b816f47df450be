"""What people read by its name stands in the order of the Vietnamese alphabet, wherever the database sorts it."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
READ = re.compile(
    r"order_by\((?:(?!in_vietnamese_order)[^()])*\b(?:Village|Commune|Collector|Person|Form|Entity)\.(?:name|title|label)\b"
)
"""A column of names that a statement sorts as the database does: Đ behind Z, or as the machine was set up."""


def test_no_statement_sorts_names_as_the_database_does() -> None:
    written = [path for room in ("server", "dashboards") for path in (ROOT / room).rglob("*.py")]
    found = {
        f"{path.relative_to(ROOT)}: {said[0]}"
        for path in written
        for said in READ.finditer(path.read_text("utf-8"))
    }
    assert found == set()


def test_the_rule_sees_a_column_of_names() -> None:
    assert READ.search("query.order_by(Village.code, Entity.label)")
    assert not READ.search("query.order_by(in_vietnamese_order(Village.name), Village.code)")
