"""Counts all that is stored, to show that what was refused left nothing behind."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from flask import Flask

from server.db import Base, db
from server.models import Audit


def everything(app: Flask) -> dict[str, int]:
    """How many rows each table has, and how many files lie among the blobs.

    But for what was read: that a page of records was looked at stays in the audit, whatever comes of it.
    """
    db.session.rollback()
    with db.engine.connect() as connection:
        tables = Base.metadata.sorted_tables
        rows = {t.name: connection.scalar(sa.select(sa.func.count()).select_from(t)) or 0 for t in tables}
        read = sa.select(sa.func.count()).where(Audit.act.endswith(".read"))
        rows["audit"] -= connection.scalar(read) or 0
    folder: Path = app.config["SETTINGS"].blob_folder
    return rows | {"files": sum(path.is_file() for path in folder.rglob("*"))}


@contextmanager
def unchanged(app: Flask) -> Iterator[None]:
    """A block after which every table has as many rows as before, and the disk as many files."""
    before = everything(app)
    yield
    assert everything(app) == before
