"""What is streamed begins before its status is told: a database that goes away meanwhile is told as such."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from server.db import db
from tests import town

DOWNLOADS = (
    ("officer.11629", "/xa/11629/tai-ve/phieu?bieu_mau=ho_gia_dinh&dang=csv"),
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
