"""A copy of the database that pages and files are read from: whoever asks sees all that was done before."""

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask

from app import create_app
from server import migrate, read_replica
from server.db import db
from server.models import Submission
from server.settings import Settings
from tests import sample
from tests.conftest import SECRET, hash_cheaply
from tests.own_postgres import OwnPostgres, a_pair
from tests.people import Browser, browser, make_person
from tests.phone import InProcess, Phone

pytestmark = pytest.mark.live

PAGE = "/xa/11629"


class Town:
    """A commune, a phone and a leader, on a database with a copy."""

    def __init__(self, app: Flask, one: OwnPostgres, other: OwnPostgres) -> None:
        self.app, self.one, self.other = app, one, other
        commune = sample.make_commune()
        collector = sample.make_collector(commune)
        sample.publish_plain(commune=commune)
        make_person("lanh_dao", "leader", commune)
        make_person("can_bo", "officer", commune)
        db.session.rollback()
        self.phone = Phone(InProcess(app), f"http://localhost/key/{collector.token}")
        self.counted: dict[str, int] = {"default": 0, "single_statements": 0, "replica": 0}
        for name, engine in db.engines.items():
            sa.event.listen(engine, "before_cursor_execute", self._counter(name))

    def _counter(self, name: str) -> Any:
        def count(*_: Any) -> None:
            self.counted[name] += 1

        return count

    def send(self) -> None:
        assert self.phone.post(sample.filled()).status == 201

    def visitor(self, name: str = "lanh_dao") -> Browser:
        visitor = browser(self.app)
        visitor.sign_in(name)
        return visitor

    def read_from_the_copy(self, visitor: Browser, path: str = PAGE) -> int:
        """Statements that a page asks of the copy."""
        before = self.counted["replica"]
        assert visitor.get(path).status_code == 200
        return self.counted["replica"] - before


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    with a_pair() as (one, other), contextlib.ExitStack() as ends:
        settings = Settings(
            instance=tmp_path, secret_key=SECRET, database_url=one.url, replica_url=other.url, fold_seconds=0,
            check_seconds=0, second_factor="none", guesses_a_minute=0,
        )  # fmt: skip
        app = create_app(settings)
        hash_cheaply(app)
        ends.enter_context(app.app_context())
        migrate.upgrade()
        yield Town(app, one, other)
        db.session.close()
        db.dispose()


def test_pages_are_read_from_the_copy_and_what_is_written_is_not(town: Town) -> None:
    visitor = town.visitor()
    for path in (PAGE, f"{PAGE}/chi-tieu"):
        assert town.read_from_the_copy(visitor, path) > 3
    before = town.counted["replica"]
    town.send()
    assert town.phone.form_list().status == 200
    town.visitor("can_bo")
    assert town.counted["replica"] == before, "phones and who signs in are answered by the database itself"


def test_who_asks_after_something_was_sent_sees_it_whether_the_copy_has_it_or_not(town: Town) -> None:
    """A copy that stands still is not read from, one that follows again is."""
    visitor = town.visitor()
    query = sa.select(sa.func.count()).select_from(Submission)
    for number in range(1, 6):
        town.send()
        with town.app.test_request_context(PAGE):
            read_replica.read_there()
            assert db.session.scalar(query) == number
    town.other.said("SELECT pg_wal_replay_pause()")
    town.send()
    began = time.monotonic()
    assert town.read_from_the_copy(visitor) < 30
    assert time.monotonic() - began < 2
    with town.app.test_request_context(PAGE):
        read_replica.read_there()
        assert db.session.scalar(query) == 6
    town.other.said("SELECT pg_wal_replay_resume()")
    ends = time.monotonic() + 60
    while town.read_from_the_copy(visitor) <= 3:
        assert time.monotonic() < ends


def test_who_writes_reads_what_they_wrote(town: Town) -> None:
    """Within one request: from its first change on it reads where it writes."""
    with town.app.test_request_context(PAGE):
        read_replica.read_there()
        assert db.session.get_bind() is db.engines["replica"]
        db.session.execute(sa.update(Submission).values(flags=None))
        assert db.session.get_bind() is db.engine
        db.session.rollback()


def test_a_copy_that_is_gone_costs_one_page_some_seconds_at_most(town: Town) -> None:
    visitor = town.visitor()
    assert town.read_from_the_copy(visitor) > 3
    town.one.said("ALTER SYSTEM SET synchronous_standby_names = ''")
    town.one.said("SELECT pg_reload_conf()")
    town.other.kill()
    took = []
    for _ in range(4):
        began = time.monotonic()
        assert visitor.get(PAGE).status_code == 200
        took.append(time.monotonic() - began)
    assert max(took) < 5
    assert max(took[1:]) < 1
