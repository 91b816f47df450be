"""Every URL × every role × every scope, against what each view declares; and what leaders can find anywhere (R24).

What is expected is computed from the declarations (`auth.Access`) and from who the caller is; a view that declares
nothing fails. The walk prints its size.
"""

import contextlib
import dataclasses
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event
from werkzeug.routing import Rule
from werkzeug.test import TestResponse

from server import addresses
from server.accounts import access as auth
from server.accounts.roles import MAY, ROLES
from server.db import Base, db
from server.models import Audit
from tests import town
from tests.conftest import Template, application, on_a_copy
from tests.town import CODES, Caller, Town

ASKED_FOR = "ho=1&ten=1&nhan=1&ca_nhan=1&trang_thai=&loc=chua_tham&bieu_mau=ho_gia_dinh&moi_tinh_trang=1"
"""What a reader who wants everything adds to an address: names, personal answers, all states."""
WRITES = ("INSERT", "UPDATE", "DELETE")
CHANGE = {"audit", "person_session", "sign_in_try"}
"""Tables in which being refused leaves something."""
OPENING = ("person", "program")
"""Kinds of callers whose openings are all looked at, plain and asked for everything."""


@dataclasses.dataclass(frozen=True)
class Place:
    """The application with both towns and everybody in it."""

    app: Flask
    towns: Mapping[str, Town]
    callers: tuple[Caller, ...]

    def caller(self, name: str) -> Caller:
        return next(each for each in self.callers if each.name == name)


@contextlib.contextmanager
def no_late_writer() -> Iterator[None]:
    """Whoever reads and then writes says so when they begin: SQLite refuses to write from a snapshot that somebody
    has written over meanwhile, and phones write all the time.
    """
    late: set[str] = set()

    def look(connection: sa.Connection, _cursor: object, statement: str, *_: object) -> None:
        is_writer = connection.get_execution_options().get("writes", False)
        if statement.lstrip().upper().startswith(WRITES) and not is_writer:
            late.add(statement)

    event.listen(db.engine, "before_cursor_execute", look)
    try:
        yield
    finally:
        event.remove(db.engine, "before_cursor_execute", look)
    assert late == set()


def _place(app: Flask) -> Place:
    towns = town.build(app)
    return Place(app, towns, tuple(town.callers(app, towns)))


@pytest.fixture(scope="module")
def place(template_database: Template, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    """One for all tests that change nothing."""
    folder: Path = tmp_path_factory.mktemp("walk")
    with (
        on_a_copy(template_database, folder, idle_minutes=600, admin_idle_minutes=600) as settings,
        application(settings) as app,
    ):
        yield _place(app)


def expected(access: auth.Access, rule: Rule, method: str, caller: Caller, code: str, village: str) -> str:
    """`in`, `sign in`, `401`, `403` or `404`, by the declaration and who asks."""
    if access.kind == "public":
        return "in"
    if access.kind == "client":
        return _at_a_door(access, method, caller)
    if caller.kind == "revoked":
        return "401"
    if caller.kind in ("stranger", "gone"):
        is_page = access.kind == "people" and not addresses.is_of_maps(rule.rule)
        return "sign in" if is_page and method == "GET" else "401"
    seen = "code" not in rule.arguments or caller.may_see(code)
    if access.records and "village" in rule.arguments:
        seen = seen and _leads(caller, code, village)
    return "in" if seen and _holds(access, caller) else "403"


def _at_a_door(access: auth.Access, method: str, caller: Caller) -> str:
    """Doors of other systems: what a person may not read is not there, and no program's own key reads anything."""
    if caller.kind in ("stranger", "gone", "revoked"):
        return "401"
    assert access.right is not None
    if caller.kind == "person" and not caller.roles.isdisjoint(MAY[access.right]):
        return "in"
    return "404" if method == "GET" else "403"


def _holds(access: auth.Access, caller: Caller) -> bool:
    """Whether somebody has the right, or a key the data, that a view asks for."""
    if access.kind == "people":
        holders = ROLES.keys() if access.right is None else MAY[access.right]
        return caller.kind == "person" and not caller.roles.isdisjoint(holders)
    return caller.kind == "person" or access.reads in caller.reads


def _leads(caller: Caller, code: str, village: str) -> bool:
    return caller.belongs_to(code) and ("officer" in caller.roles or village in caller.thon)


def met(answer: TestResponse, wanted: str = "") -> str:
    """What an answer amounts to; that nothing is there, where that is what is wanted."""
    if wanted == "404":
        return str(answer.status_code)
    if answer.status_code == 302 and answer.location.startswith("/dang-nhap?next="):
        return "sign in"
    return str(answer.status_code) if answer.status_code in (401, 403) else "in"


def ask(caller: Caller, path: str, method: str = "GET", **fields: object) -> TestResponse:
    answer = caller.browser.open(path, method=method, headers=dict(caller.headers), **fields)
    assert answer.status_code < 500, (caller.name, method, path)
    return answer


def belongs(rule: Rule) -> bool:
    """Whether a path names a record without its commune: whose it is decides, not the declaration."""
    return not rule.arguments.isdisjoint({"draft_id", "person_id", "token_id", "form_id"}) and (
        "code" not in rule.arguments
    )


def test_every_view_opens_for_whom_it_declares_and_for_nobody_else(
    place: Place, opened: "tuple[Opened, ...]", capsys: pytest.CaptureFixture[str]
) -> None:
    """GET, each caller, both communes; and what is the other commune's under the address of one's own."""
    reached = {(each.caller.name, each.path): each.met for each in opened}
    refused, views, wrong = 0, set(), []
    for rule, access, code, owner in _gets(place):
        views.add(rule.rule)
        values = {**place.towns[owner].values, "code": code}
        path = town.address(rule, values)
        for caller in place.callers:
            wanted = expected(access, rule, "GET", caller, code, values["village"])
            if wanted == "in" and caller.kind in OPENING:
                if code == owner and not belongs(rule) and reached[caller.name, path] != wanted:
                    wrong.append((caller.name, path, wanted, reached[caller.name, path]))
                continue  # of another's: 200, 403 or 404; what is shown is looked at below
            refused += 1
            answer = ask(caller, path)
            if wanted == "in" and (code != owner or belongs(rule)):
                continue
            if access.kind == "public" and caller.kind == "revoked":
                continue  # a page that does not ask who is there opens, one that does says 401
            if code != owner and answer.status_code == 404:
                continue  # what is another's is not there
            if met(answer, wanted) != wanted:
                wrong.append((caller.name, path, wanted, str(answer.status_code)))
    assert wrong == []
    with capsys.disabled():
        asked = f"{refused + len(opened)} requests"
        sys.stdout.write(f"\nwalked: {len(views)} addresses × {len(place.callers)} callers, {asked}\n")
    assert len(opened) > 1500 < refused


def _gets(place: Place) -> Iterator[tuple[Rule, auth.Access, str, str]]:
    """Each address with its declaration, the commune that it names, and the commune whose records it names."""
    for rule, method, access in town.rules(place.app, "public", "people", "program", "client"):
        if method == "GET":
            for code, owner in ((a, b) for a in CODES for b in CODES):
                if code == owner or _has_ids(rule):
                    yield rule, access, code, owner


def _has_ids(rule: Rule) -> bool:
    return any(name not in ("code", "ending", "kind") for name in rule.arguments)


def test_a_change_is_refused_to_whoever_may_not_make_it_and_leaves_nothing(place: Place) -> None:
    """POST with the page's own form, by everybody for whom the view is not."""
    before, asked, wrong = _rows(), 0, []
    for rule, method, access in town.rules(place.app, "people", "program", "client"):
        if method == "GET":
            continue
        for code in CODES:
            path = town.address(rule, place.towns[code].values)
            for caller in place.callers:
                wanted = expected(access, rule, method, caller, code, place.towns[code].values["village"])
                if wanted == "in":
                    continue
                asked += 1
                answer = ask(caller, path, method, data=_form(caller))
                if met(answer) != wanted:
                    wrong.append((caller.name, method, path, wanted, answer.status_code))
    assert wrong == []
    assert asked > 500
    assert _rows() == before


def test_a_change_without_the_pages_own_form_is_refused_to_everybody(place: Place) -> None:
    before, wrong = _rows(), []
    for rule, method, access in town.rules(place.app, "public", "people", "program", "client"):
        if method == "GET":
            continue
        path = town.address(rule, place.towns[CODES[0]].values)
        for caller in place.callers:
            if expected(access, rule, method, caller, CODES[0], "") == "in" and caller.kind == "person":
                answer = ask(caller, path, method)
                if answer.status_code != 400:
                    wrong.append((caller.name, method, path, answer.status_code))
    assert wrong == []
    assert _rows() == before


def test_a_change_reaches_the_view_for_whoever_may_make_it(app: Flask) -> None:
    """POST with nothing but the page's own form: refused for what is missing, if at all, and never with a 500."""
    fresh = _place(app)
    asked, wrong = 0, []
    for rule, method, access in town.rules(app, "people"):
        if method == "GET":
            continue
        values = fresh.towns[CODES[0]].values
        for caller in fresh.callers:
            if expected(access, rule, method, caller, CODES[0], values["village"]) != "in":
                continue
            if met(ask(caller, "/bat-dau")) == "sign in":  # what was done before has ended his session
                caller.browser.sign_in(caller.name)
                caller.token = ""
            asked += 1
            with no_late_writer():
                answer = ask(caller, town.address(rule, values), method, data=_form(caller))
            if met(answer) != "in" and not belongs(rule):
                wrong.append((caller.name, method, rule.rule, answer.status_code))
    assert wrong == []
    assert asked > 40


def test_no_account_and_no_key_of_a_program_opens_what_collectors_or_posters_open(place: Place) -> None:
    asked = 0
    for rule, method, _access in town.rules(place.app, "phone", "web_form", "poster"):
        path = town.address(
            rule, {"token": "x" * 64, "version": "1", "signed": "MQ", **place.towns[CODES[0]].values}
        )
        for caller in place.callers:
            answer = ask(caller, path, method)
            asked += 1
            assert answer.status_code in (401, 403, 404), (caller.name, method, path, answer.status_code)
    assert asked > 200


@dataclasses.dataclass(frozen=True)
class Opened:
    """What somebody was told by an address that the declaration opens to them."""

    caller: Caller
    endpoint: str
    code: str
    path: str
    met: str
    is_of_one: bool
    """Whether the address names a commune."""
    declares_records: bool
    rows: int
    """Rows of the audit that the opening left."""
    secrets: Mapping[str, frozenset[str]]
    """Names and doors that stand in it, by their commune."""
    has_exact: bool
    has_photo: bool
    may: bool
    """Whether all the names are the caller's to see."""


@pytest.fixture(scope="module")
def opened(place: Place) -> tuple[Opened, ...]:
    """Every GET, by everybody, asking for all there is: opened once for all that is asked of it."""
    return tuple(_opened(place, *opening) for opening in _openings(place))


def _opened(place: Place, caller: Caller, rule: Rule, access: auth.Access, code: str, path: str) -> Opened:
    before = _reads(caller)
    with no_late_writer():
        answer = ask(caller, path)
        content = town.told(answer.get_data())
    told = {each: _said(place.towns[each].secrets, content) for each in CODES}
    return Opened(
        caller, rule.endpoint, code, path, met(answer),
        is_of_one="code" in rule.arguments,
        declares_records=access.records,
        rows=_reads(caller) - before,
        secrets={each: texts for each, texts in told.items() if texts},
        has_exact=bool(_said(town.EXACT, content)),
        has_photo=town.PHOTO in content,
        may=all(_may(caller, place.towns[each], content) for each, texts in told.items() if texts),
    )  # fmt: skip


def _said(texts: Iterable[str], content: bytes) -> frozenset[str]:
    return frozenset(text for text in texts if text.encode() in content)


def test_names_stand_on_pages_that_declare_records_alone_and_each_opening_leaves_one_row(
    opened: tuple[Opened, ...],
) -> None:
    """A name is shown to who may see it, and written down once.

    A household's door is shown to nobody: its point was rounded before it was stored.
    """
    assert [(each.caller.name, each.path) for each in opened if each.has_exact] == []
    named = [each for each in opened if each.secrets]
    assert [(each.caller.name, each.path, each.rows) for each in named if not _is_as_declared(each)] == []
    assert {each.endpoint for each in named} >= {
        "team.village",
        "team.household",
        "walking.show",
        "households.listing",
        "households.one",
        "review.one",
        "difficulties.one",
        "ogc.nhiem-vu_items",
    }


def _is_as_declared(each: Opened) -> bool:
    wanted = {each.code} if each.is_of_one else {code for code in CODES if each.caller.belongs_to(code)}
    return each.declares_records and each.rows == 1 and each.secrets.keys() == wanted and each.may


def _may(caller: Caller, of: Town, content: bytes) -> bool:
    """Whether all the names that were shown are his to see: of his commune, or of his thôn."""
    if not caller.belongs_to(of.code):
        return False
    if "officer" in caller.roles:
        return True
    others = [
        home
        for number, home in enumerate(of.households)
        if of.values["village"][:-1] + str(number + 1) not in caller.thon
    ]
    return "team_leader" in caller.roles and not any(home.label.encode() in content for home in others)


@pytest.mark.parametrize(
    "name", ["leader.11629", "city", "admin", "reviewer.11629", "program", "program.11629"]
)
def test_who_sees_sums_alone_finds_no_household_and_no_exact_point_anywhere(
    opened: tuple[Opened, ...], name: str
) -> None:
    """Pages, frames, downloads unpacked, the API: no name, no address, no door, no photo but a reviewer's."""
    looked = [each for each in opened if each.caller.name == name]
    assert [(each.path, each.secrets) for each in looked if each.secrets or each.has_exact] == []
    assert [each.path for each in looked if each.has_photo and each.endpoint != "photos.show"] == []
    assert len(looked) >= (5 if name.startswith("program") else 15)


def _openings(place: Place) -> Iterator[tuple[Caller, Rule, auth.Access, str, str]]:
    """Every GET that the declaration opens, asked plainly and asked for everything; also with another's ids."""
    for rule, access, code, owner in _gets(place):
        values = {**place.towns[owner].values, "code": code}
        path = town.address(rule, values)
        for caller in place.callers:
            if caller.kind not in OPENING:
                continue
            if expected(access, rule, "GET", caller, code, values["village"]) != "in":
                continue
            for query in ("", f"?{ASKED_FOR}") if code == owner else (f"?{ASKED_FOR}",):
                yield caller, rule, access, code, f"{path}{query}"


def _form(caller: Caller) -> dict[str, str]:
    """The token of the page's own form, for who has a browser."""
    if caller.headers:
        return {}
    caller.token = caller.token or caller.browser.csrf_token(
        "/tai-khoan" if caller.kind == "person" else "/dang-nhap"
    )
    return {"csrf_token": caller.token}


def _reads(caller: Caller) -> int:
    """How many rows the audit has of him."""
    with db.engine.connect() as connection:
        mine = sa.select(sa.func.count()).where(Audit.actor == f"person:{caller.number}")
        return int(connection.scalar(mine) or 0)


def _rows() -> dict[str, int]:
    """How many rows each table has."""
    with db.engine.connect() as connection:
        return {
            table.name: int(connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0)
            for table in Base.metadata.sorted_tables
            if table.name not in CHANGE
        }
