"""How tests are dealt out to workers: by file and database, one database after the other."""

import itertools

import pytest

from tests.conftest import DATABASES
from tests.shares import share


@pytest.mark.parametrize(
    ("test", "wanted"),
    [
        ("tests/geo/test_names.py::test_a_name", "tests/geo/test_names.py"),
        ("tests/server/test_audit.py::test_rows[postgresql]", "tests/server/test_audit.py:postgresql"),
        ("tests/server/test_audit.py::test_rows[leader-sqlite-1]", "tests/server/test_audit.py:sqlite"),
        ("tests/browser/test_web_form.py::test_sqlite_is_no_value", "tests/browser/test_web_form.py"),
    ],
)
def test_a_share_is_a_file_on_one_database(test: str, wanted: str) -> None:
    assert share(test, DATABASES) == wanted


def test_databases_come_one_after_the_other(request: pytest.FixtureRequest) -> None:
    """Else workers would make their templates anew with every file."""
    asked = [
        item.callspec.params["database"]
        for item in request.session.items
        if isinstance(item, pytest.Function)
        and hasattr(item, "callspec")
        and "database" in item.callspec.params
    ]
    runs = [database for database, _ in itertools.groupby(asked)]
    assert len(runs) == len(set(runs))
