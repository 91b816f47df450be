"""What one officer asks never scans the city: every page of every role over 114 communes, programs' doors with them,
and what of it PostgreSQL EXPLAINs.
"""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from werkzeug.routing import Rule

from bench import every_page, wide
from server.db import db
from tests.conftest import Template, application, on_a_copy
from tests.people import browser

SIZE = wide.Size(households=30_000, visits=100_000, collectors=3)
# fmt: off
LARGE = frozenset((
    "attachment", "audit", "collector", "collector_village", "device", "device_form", "entity", "entity_version",
    "finding", "interview", "submission", "submission_review", "tally_day", "tally_month", "village_figure",
))
# fmt: on
"""Tables that grow with the city: whoever asks about one commune reads its own rows of them."""
MOST = 0.1
"""Of a large table, in one statement; a commune has a hundredth of it."""
FEW = 5_000
"""So many rows are read whole sooner than found."""
SUMS = frozenset({"tally_day", "tally_month", "village_figure"})
"""What a page of the whole city adds up: thousands of rows for an indicator, however much was visited."""
# fmt: off
WHOLE: Mapping[str, frozenset[str]] = {
    "audit_pages.search": frozenset({"audit", "collector"}),  # names of all, arrivals by the days that are asked for
    "audit_pages.export": frozenset({"audit"}),  # as many as there are
}
# fmt: on
"""What more a page that is about the whole installation may read much of, for those who see it all."""


# fmt: off
DRAWN = frozenset((
    "dashboards.map_pdf", "dashboards.map_png", "dashboards.map_weeks_of",
    "downloads.coverage_file", "downloads.qgis_file", "ogc.ho-diem_item", "ogc.ho-diem_items", "ogc.thon_item",
    "ogc.thon_items", "ogc.nhiem-vu_items", "changes.changes", "collector_pages.sheet",
))
# fmt: on
"""What takes long to draw or to write, of what pages ask as well: asked plainly, by one person of each kind."""
KINDS = ("can_bo", "lanh_dao", "so_khcn")
"""They who see records of a commune, sums of a commune, sums of all."""
PROGRAMS = ("can_bo",)
"""Programs' doors are open to records' readers, of whom an officer may read most."""


@dataclasses.dataclass(frozen=True)
class Scan:
    """How much of a large table one statement reads for an address, and how it comes by it."""

    address: str
    table: str
    node: str
    share: float
    condition: str


@dataclasses.dataclass(frozen=True)
class Asked:
    """A statement as it was first asked: its values, the address, and the tables of which it may read much."""

    values: Any
    address: str
    may_read: frozenset[str]


@pytest.fixture(scope="module")
def city(
    template_database: Template, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Flask, Mapping[str, str]]]:
    if template_database.kind == "sqlite":
        pytest.skip("EXPLAIN of PostgreSQL")
    folder = tmp_path_factory.mktemp("city")
    with (
        on_a_copy(template_database, folder, idle_minutes=600, admin_idle_minutes=600) as settings,
        application(settings) as app,
    ):
        wide.build(SIZE)
        yield app, every_page.values()


@contextmanager
def recorded(seen: dict[str, Any]) -> Iterator[None]:
    """Every statement that reads, with its values."""

    def note(_connection: sa.Connection, _cursor: object, statement: str, values: Any, *_: object) -> None:
        if statement.lstrip().upper().startswith(("SELECT", "WITH", "UPDATE", "DELETE")):
            seen.setdefault(statement, values)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", note)


def _statements(app: Flask, values: Mapping[str, str]) -> dict[str, Asked]:
    """What every page of every role asks the database; what pages have in common is held to the strictest of them."""
    found: dict[str, Asked] = {}
    for name, role in every_page.ROLE_OF.items():
        visitor = browser(app)
        assert visitor.sign_in(name, wide.PASSWORD).status_code == 302
        for rule, path in _asked_by(app, values, name, role):
            seen: dict[str, Any] = {}
            with recorded(seen):
                answer = visitor.open(path, method="GET")
                answer.get_data()  # what is streamed asks while it is read
            assert answer.status_code < 500, (name, path)
            may_read = _may_read(role, rule)
            for statement, given in seen.items():
                if statement not in found or may_read < found[statement].may_read:
                    found[statement] = Asked(given, f"{name} {path}", may_read)
    return found


def _asked_by(app: Flask, values: Mapping[str, str], name: str, role: str) -> Iterator[tuple[Rule, str]]:
    for rule, path in every_page.addresses(app, values, role):
        if rule.endpoint not in DRAWN or (name in KINDS and every_page.EVERYTHING not in path):
            yield rule, path
    if name in PROGRAMS:
        yield from every_page.doors(app, values, role)


def _may_read(role: str, rule: Rule) -> frozenset[str]:
    if role not in every_page.CITY_WIDE or "code" in rule.arguments:
        return frozenset()
    return SUMS | WHOLE.get(rule.endpoint, frozenset())


def test_no_page_reads_much_of_a_table_that_grows_with_the_city(
    city: tuple[Flask, Mapping[str, str]],
) -> None:
    """Every address, plainly, asked for everything and by each of its filters, as PostgreSQL plans and runs it."""
    asked = _statements(*city)
    assert len(asked) > 250
    wrong: list[Scan] = []
    with db.engine.connect() as connection:
        sizes = _sizes(connection)
        assert min(sizes[name] for name in ("submission", "finding", "entity", "audit")) > 5 * FEW
        for statement, each in asked.items():
            scans = _scans(_plan(connection, statement, each.values), sizes, each.address)
            wrong += [scan for scan in scans if scan.table not in each.may_read]
    assert wrong == []


def test_a_statement_that_reads_the_city_is_seen(city: tuple[Flask, Mapping[str, str]]) -> None:
    """By its rows, whether it takes the table as it lies or walks along an index until it has met enough."""
    taken = "SELECT count(*) FROM submission WHERE observed_at > now() - interval '10 years'"
    walked = "SELECT id FROM submission WHERE village_id + 0 = -1 ORDER BY id DESC LIMIT 50"
    with db.engine.connect() as connection:
        sizes = _sizes(connection)
        for statement in (taken, walked):
            [scan] = _scans(_plan(connection, statement, {}), sizes, "")
            assert (scan.table, round(scan.share)) == ("submission", 1)


def _sizes(connection: sa.Connection) -> dict[str, float]:
    """Rows of each table that has any."""
    rows = connection.execute(sa.text("SELECT relname, reltuples FROM pg_class WHERE reltuples > 0"))
    return {row.relname: row.reltuples for row in rows}


def _plan(connection: sa.Connection, statement: str, values: Any) -> Mapping[str, Any]:
    """How a statement was run, with the rows that each of its parts read; nothing of it stays."""
    told = connection.exec_driver_sql(
        f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", values
    ).scalar()
    connection.rollback()
    found: Mapping[str, Any] = (told if isinstance(told, list) else json.loads(told))[0]["Plan"]
    return found


def _scans(node: Mapping[str, Any], sizes: Mapping[str, float], address: str) -> list[Scan]:
    """Where a statement reads too much of a large table."""
    found = [scan for each in node.get("Plans", ()) for scan in _scans(each, sizes, address)]
    table = node.get("Relation Name", "")
    if table in LARGE and table in sizes:
        left = sum(node.get(name, 0) for name in ("Rows Removed by Filter", "Rows Removed by Index Recheck"))
        read = (node["Actual Rows"] + left) * node["Actual Loops"]
        if read > max(FEW, MOST * sizes[table]):
            condition = str(node.get("Index Cond", node.get("Filter", "")))
            found.append(Scan(address, table, node["Node Type"], read / sizes[table], condition))
    return found
