"""Files that are taken away while phones send: reading never fails because somebody else writes (SQLite has one
writer)."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import sqlalchemy as sa
from flask import Flask
from sqlalchemy import event

from server.db import db
from server.models import Audit, Commune
from tests.exported import ANSWERS, commune, keep_photo, officer, store
from tests.people import Browser, browser, make_person

__all__ = ["commune", "officer"]  # fixtures are found by their names


@contextmanager
def a_visit_comes_in_between(commune_id: int) -> Iterator[Callable[[], bool]]:
    """After each statement that reads in a request, somebody else writes; whether that has happened."""
    happened = False

    def store_one(connection: sa.Connection, *_: object) -> None:
        nonlocal happened
        if connection.get_execution_options().get("writes"):
            return
        happened = True
        with db.engine.connect().execution_options(writes=True) as other:
            other.execute(sa.text("UPDATE commune SET name = name WHERE id = :id"), {"id": commune_id})
            other.commit()

    event.listen(db.engine, "after_cursor_execute", store_one)
    try:
        yield lambda: happened
    finally:
        event.remove(db.engine, "after_cursor_execute", store_one)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "zip", "kobo", "geojson"])
def test_a_file_of_submissions_is_handed_out_while_a_visit_comes_in(
    officer: Browser, commune: Commune, kind: str
) -> None:
    store(commune, ANSWERS)
    key = commune.id
    db.session.rollback()
    with a_visit_comes_in_between(key) as happened:
        answer = officer.get(f"/xa/11629/tai-ve/phieu?bieu_mau=thu&dang={kind}")
    assert happened()
    assert answer.status_code == 200
    assert _acts("submissions.export") == 1


def test_a_photo_is_handed_out_while_a_visit_comes_in(officer: Browser, commune: Commune) -> None:
    store(commune, ANSWERS)
    keep_photo("1763.jpg")
    key = commune.id
    db.session.rollback()
    with a_visit_comes_in_between(key) as happened:
        answer = officer.get("/xa/11629/tai-ve/anh/1/1763.jpg")
    assert happened()
    assert (answer.status_code, _acts("attachment.read")) == (200, 1)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_the_audit_is_handed_out_while_a_visit_comes_in(app: Flask, commune: Commune, ending: str) -> None:
    make_person("quan.tri", "admin", None)
    admin = browser(app)
    admin.sign_in("quan.tri")
    key = commune.id
    db.session.rollback()
    with a_visit_comes_in_between(key) as happened:
        answer = admin.get(f"/quan-tri/nhat-ky/tai-ve.{ending}")
    assert happened()
    assert (answer.status_code, _acts("audit.export")) == (200, 1)


def _acts(act: str) -> int:
    with db.engine.connect() as connection:
        return int(
            connection.scalar(sa.select(sa.func.count()).select_from(Audit).where(Audit.act == act)) or 0
        )
