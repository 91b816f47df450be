"""A submission with its edits is found by their keys, never by looking at every submission of the city (R18)."""

import contextlib
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from server.answers.who_may_read import AnswersReader
from server.api.central import central_submissions
from server.api.kobo import submissions_named
from server.db import db
from server.errors import Problem
from server.exports import select_submissions
from tests import sample


def of_central() -> None:
    db.session.execute(central_submissions.chain(7)).all()


def of_kobo() -> None:
    commune = sample.make_commune()
    sample.make_collector(commune, [sample.make_village(commune)], "Người 1")
    reader = AnswersReader(
        (select_submissions.named(commune),), select_submissions.here(commune.id), personal=False
    )
    form = sample.publish_plain().form
    with contextlib.suppress(Problem):
        submissions_named.one_named(reader, form, "7")


@pytest.mark.parametrize("ask", [of_central, of_kobo])
def test_edits_are_found_by_their_keys(app: Flask, ask: Callable[[], None]) -> None:
    [told] = [plan for plan in plans(ask) if "submission" in plan]
    assert "Seq Scan on submission" not in told
    assert "SCAN submission" not in told
    assert "ix_submission_edits" in told


def plans(ask: Callable[[], None]) -> list[str]:
    """How the database means to run each statement that reads submissions."""
    seen: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if "root_id" in statement and statement.startswith("SELECT"):
            seen.append((statement, values))

    sa.event.listen(db.engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        sa.event.remove(db.engine, "before_cursor_execute", note)
    db.session.rollback()
    how = "EXPLAIN" if db.engine.dialect.name == "postgresql" else "EXPLAIN QUERY PLAN"
    with db.engine.connect() as connection:
        if db.engine.dialect.name == "postgresql":
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        return [
            "\n".join(map(str, connection.exec_driver_sql(f"{how} {statement}", values)))
            for statement, values in seen
        ]
