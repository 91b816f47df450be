"""How old the newest backup is, and the newest that was tried."""

import datetime as dt
from collections.abc import Iterator

from flask import current_app

from server import clock
from server.db import db
from server.operations.backup import last_backup
from server.operations.doctor.finding import Diagnosis, doubtful, fine
from server.settings import Settings

PROVEN = dt.timedelta(days=8)
"""A week and a day: who tries a backup once a week is never reminded."""


def backups() -> Iterator[Diagnosis]:
    """Whether the nightly backup runs, and whether one was restored on trial lately."""
    settings: Settings = current_app.config["SETTINGS"]
    if not settings.backup_days or settings.demo:
        return
    with db.engine.connect() as connection:
        found = last_backup.find(connection)
        unproven = last_backup.unproven_since(connection)
    if unproven is not None and clock.now() - unproven > PROVEN:
        yield doubtful(
            "backup",
            "Đã {age} chưa có bản sao lưu nào được phục hồi thử: hãy chạy “flask restore TỆP --verify”.",
            age=age(unproven),
        )
    if found is None:
        yield doubtful(
            "backup", "Chưa sao lưu lần nào: hãy chạy “flask backup” mỗi đêm (docs/operations.md)."
        )
    elif clock.now() - found.at > dt.timedelta(days=settings.backup_days):
        yield doubtful(
            "backup", "Bản sao lưu gần nhất đã {age}: hãy xem việc sao lưu hằng đêm.", age=age(found.at)
        )
    else:
        yield fine("backup", "Sao lưu gần nhất cách đây {age} ({file}).", age=age(found.at), file=found.file)


def age(moment: dt.datetime) -> str:
    """`3 giờ`, `2 ngày`."""
    hours = max(0, int((clock.now() - moment).total_seconds() // 3600))
    return f"{hours} giờ" if hours < 48 else f"{hours // 24} ngày"
