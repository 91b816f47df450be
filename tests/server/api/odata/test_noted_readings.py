"""Who reads submissions by OData is in the audit: once for a reading, however many pages it has (R24)."""

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import sqlalchemy as sa

from server.api.odata import query_options
from server.db import db
from server.models import Audit
from tests.server.api.conftest import FIRST, Client

BASE = "/v1/projects/11629/forms/khao_sat.svc"


def test_each_reading_is_in_the_audit(officer: Client, visits: str) -> None:
    for name in (
        "Submissions",
        "Submissions.tv",
        "Submissions_flat",
        f"Submissions('{FIRST}')",
        f"Submissions('{FIRST}')/tv",
    ):
        before = _readings()
        assert officer.get(f"{BASE}/{name}").status_code == 200
        assert _readings() == before + 1, name


@pytest.mark.parametrize("name", ["Submissions", "Submissions_flat", "Submissions.tv"])
def test_a_reading_by_pages_is_in_the_audit_once(officer: Client, visits: str, name: str) -> None:
    before, path = _readings(), f"{BASE}/{name}?$top=1"
    pages = []
    while path:
        page = officer.json(path)
        pages.append(path)
        path = page.get("@odata.nextLink", "").removeprefix("http://localhost")
    assert len(pages) > 1
    assert _readings() == before + 1
    again = officer.json(pages[0])
    assert officer.json(pages[0]) == again  # the mark of a day does not make the page another


def test_nobody_reads_a_page_unnoted_by_a_mark_that_is_not_theirs(
    officer: Client, named: Client, visits: str
) -> None:
    def token(page: Any) -> str:
        return str(parse_qs(urlsplit(page["@odata.nextLink"]).query)["$skiptoken"][0])

    theirs = token(officer.json(f"{BASE}/Submissions?$top=1"))
    own = query_options.token({"id": "1"})
    forged = query_options.token({"id": "1", "noted": "2026-11-20.0123456789abcdef0123456789abcdef"})
    for reader, path in (
        (officer, f"Submissions?$top=1&$skiptoken={own}"), (officer, f"Submissions?$top=1&$skiptoken={forged}"),
        (officer, f"Submissions_flat?$top=1&$skiptoken={theirs}"), (named, f"Submissions?$top=1&$skiptoken={theirs}"),
        (officer, f"Submissions?$top=1&$filter=thon ne null&$skiptoken={theirs}"),
        (officer, f"Submissions?$top=1&$expand=*&$skiptoken={theirs}"),
    ):  # fmt: skip
        before = _readings()
        assert reader.get(f"{BASE}/{path}").status_code == 200, path
        assert _readings() == before + 1, path
    before = _readings()
    assert officer.get(f"{BASE}/Submissions?$top=2&$skiptoken={theirs}").status_code == 200
    assert _readings() == before


def _readings() -> int:
    with db.engine.connect() as connection:
        read = sa.select(sa.func.count()).where(Audit.act == "submissions.read")
        return int(connection.scalar(read) or 0)
