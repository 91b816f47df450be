"""The words in which the audit is read."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from server.office.audit_words import detail_words, record_key, record_words

SERVER = Path(__file__).parents[3] / "server"


def _keys(call: ast.Call) -> Iterator[str]:
    """What a row of the audit says of itself, as it is written in the call: keys of dicts and named arguments."""
    for part in (*call.args, *(each.value for each in call.keywords)):
        for found in ast.walk(part):
            if isinstance(found, ast.Dict):
                yield from (key.value for key in found.keys if isinstance(key, ast.Constant))
    yield from (each.arg for each in call.keywords if each.arg)


def _noted() -> dict[str, str]:
    """Each key of a detail with a file that notes it."""
    found = {}
    for path in SERVER.rglob("*.py"):
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not (isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute)):
                continue
            owner = each.func.value
            if isinstance(owner, ast.Name) and owner.id == "audit" and each.func.attr in ("add", "note"):
                found |= dict.fromkeys(_keys(each), path.name)
    return found


NOTED = _noted()


@pytest.mark.parametrize("key", sorted(NOTED))
def test_what_a_row_of_the_audit_tells_is_told_in_vietnamese(key: str) -> None:
    assert not detail_words({key: "x"}).startswith(f"{key}: "), (
        f"{NOTED[key]} notes {key!r}, which has no word"
    )


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("phiếu 123", "submission:123"),
        ("  Phiếu   123 ", "submission:123"),
        ("thành viên tổ 31", "collector:31"),
        ("xã, phường 11629", "commune:11629"),
        ("đặc khu 11948", "commune:11948"),
        ("danh sách hộ 7", "household_import:7"),
        ("danh sách ho_dan", "list:ho_dan"),
        ("submission:123", "submission:123"),
        ("phiếu", "phiếu"),
        ("phiếu123", "phiếu123"),
        ("", ""),
    ],
)
def test_a_record_is_looked_for_by_the_words_that_the_page_has_for_it(said: str, key: str) -> None:
    assert record_key(said) == key
    assert record_key(record_words(key)) == key


def test_the_role_of_an_account_is_told_in_words() -> None:
    assert detail_words({"roles": ["officer"]}) == "vai trò: Cán bộ Phòng Văn hóa - Xã hội"
