"""What is streamed begins before its status is told: a database that goes away meanwhile is told as such."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from server.db import db
from tests import town

DOWNLOADS = (
    ("officer.11629", "/xa/11629/tai-ve/phieu?bieu_mau=ho_gia_dinh&dang=csv"),
    ("officer.11629", "/xa/11629/tai-ve/phieu?bieu_mau=ho_gia_dinh&dang=xlsx"),
    ("admin", "/quan-tri/nhat-ky/tai-ve.csv"),
)


@contextmanager
def killed_before(number: int) -> Iterator[list[str]]:
    """PostgreSQL ends the connection of a request before its statement of that number; 0: of none. The statements."""
    asked: list[str] = []
    killer = sa.create_engine(db.engine.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    def look(_connection: sa.Connection, cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)
        if len(asked) == number:
            with killer.connect() as connection:
                ended = sa.select(sa.func.pg_terminate_backend(cursor.connection.info.backend_pid))  # type: ignore[attr-defined]
                connection.execute(ended)

    for engine in db.engines.values():
        event.listen(engine, "before_cursor_execute", look)
    try:
        yield asked
    finally:
        for engine in db.engines.values():
            event.remove(engine, "before_cursor_execute", look)


# psycopg complains of a cursor on the server that nobody could close, its connection being gone
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(("name", "path"), DOWNLOADS)
def test_a_download_whose_database_goes_away_asks_to_come_back_later(
    filled: Flask, database: str, name: str, path: str
) -> None:
    if database == "sqlite":
        pytest.skip("a file does not go away")
    visitor = next(each for each in town.callers(filled, {}) if each.name == name).browser
    with killed_before(0) as asked:
        assert visitor.get(path).get_data()
    for number in range(2, len(asked) + 1):
        with killed_before(number):
            answer = visitor.get(path)
        assert answer.status_code in (302, 503), (number, asked[number - 1])
        assert "Content-Disposition" not in answer.headers
    assert "Máy chủ đang bận hoặc bảo trì" in answer.get_data(as_text=True)
    assert answer.headers["Retry-After"]
    gc.collect()  # here, not in another test


MOMENTS = ("after_cursor_execute", "commit", "checkin", "checkout")


@contextmanager
def all_killed_at(moment: str, number: int) -> Iterator[list[str]]:
    """PostgreSQL ends every connection at the moment of that number; 0: at none. The moments."""
    met: list[str] = []
    others = sa.text(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        "WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )
    killer = sa.create_engine(db.engine.url, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)

    def look(*_: Any) -> None:
        met.append(moment)
        if len(met) == number:
            with killer.connect() as connection:
                connection.execute(others)

    engines = list(db.engines.values())
    for engine in engines:
        event.listen(engine, moment, look)
    try:
        yield met
    finally:
        for engine in engines:
            event.remove(engine, moment, look)


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_an_answer_is_whole_or_later_whenever_the_database_ends_all_connections(
    filled: Flask, database: str
) -> None:
    """Also where it does so after the last row was read: the answer is ready by then, and is handed out."""
    if database == "sqlite":
        pytest.skip("a file does not go away")
    path = "/xa/11629/tai-ve/phieu?bieu_mau=ho_gia_dinh&dang=xlsx"
    visitor = next(each for each in town.callers(filled, {}) if each.name == "officer.11629").browser
    lent = db.engine.pool.checkedout()  # type: ignore[attr-defined]
    for moment in MOMENTS:
        while (
            visitor.get(path).status_code != 200
        ):  # connections that were ended before are found out one by one
            pass
        with all_killed_at(moment, 0) as met:
            whole = visitor.get(path)
        for number in range(1, len(met) + 1):
            with all_killed_at(moment, number):
                answer = visitor.get(path)
            assert answer.status_code in (200, 302, 503), (moment, number)
            if answer.status_code == 200:
                assert answer.headers["Content-Type"] == whole.headers["Content-Type"]
    gc.collect()
    assert db.engine.pool.checkedout() == lent  # type: ignore[attr-defined]
