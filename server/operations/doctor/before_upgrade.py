"""What has to be in order before the tables are brought to another version: `flask preflight`."""

import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import sqlalchemy as sa
from flask import current_app
from sqlalchemy.exc import SQLAlchemyError

from server import clock, migrate
from server.db import db
from server.operations import health
from server.operations.backup import last_backup
from server.operations.doctor import machine_checks
from server.operations.doctor.backup_checks import age
from server.operations.doctor.data_checks import NOT_ASKED
from server.operations.doctor.finding import Diagnosis, bad, fine
from server.settings import Settings

FRESH = dt.timedelta(hours=24)
"""A backup that is older does not hold what an upgrade may break."""
COPIES = 2
"""SQLite alters a table by copying it, into its log and then into the file."""


def preflight() -> list[Diagnosis]:
    """Every check; an error among them means: not now."""
    try:
        with db.engine.connect() as connection:
            return [*_version(connection), *_backup(connection), *_room(connection), *machine_checks.disk()]
    except SQLAlchemyError:
        return [bad("database", NOT_ASKED)]


def _version(connection: sa.Connection) -> Iterator[Diagnosis]:
    found, wanted = health.version(connection), health.newest()
    if found is None:
        yield fine("version", "Cơ sở dữ liệu còn trống: sẽ tạo bảng ở bản {wanted}.", wanted=wanted)
    elif found == wanted:
        yield fine("version", "Bảng đã ở bản {wanted}, không có gì để nâng.", wanted=wanted)
    elif found in migrate.revisions():
        yield fine("version", "Bảng ở bản {found}, sẽ nâng lên {wanted}.", found=found, wanted=wanted)
    else:
        yield bad(
            "version",
            "Bảng ở bản {found} mà chương trình này (bản {wanted}) không biết: hãy dùng chương trình mới hơn.",
            found=found, wanted=wanted,
        )  # fmt: skip


def _backup(connection: sa.Connection) -> Iterator[Diagnosis]:
    if health.version(connection) is None:
        return
    found = last_backup.find(connection)
    if found is None:
        yield bad("backup", "Chưa có bản sao lưu nào: hãy chạy “flask backup” trước khi nâng.")
    elif clock.now() - found.at > FRESH:
        yield bad(
            "backup",
            "Bản sao lưu gần nhất đã {age}: hãy chạy “flask backup” trước khi nâng.",
            age=age(found.at),
        )
    else:
        yield fine("backup", "Đã sao lưu cách đây {age} ({file}).", age=age(found.at), file=found.file)


def _room(connection: sa.Connection) -> Iterator[Diagnosis]:
    """On PostgreSQL the disk is another machine's, perhaps."""
    path = Path(connection.engine.url.database or "")
    if connection.dialect.name != "sqlite" or not path.exists():
        return
    settings: Settings = current_app.config["SETTINGS"]
    needed = COPIES * path.stat().st_size
    free = next(space.free for space in health.spaces(settings) if space.name == "data")
    if free < needed:
        yield bad(
            "room",
            "Cần {needed} MB trống để nâng bảng, ổ chỉ còn {free} MB.",
            needed=needed // 10**6,
            free=free // 10**6,
        )
