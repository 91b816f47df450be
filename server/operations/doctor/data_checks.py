"""What the doctor asks of the data: database, tables, clock, the key that opens what is sealed, counts."""

import datetime as dt
from collections.abc import Iterator

import sqlalchemy as sa
from cryptography.fernet import InvalidToken

from server import clock, sealed_secrets
from server.counting import recount
from server.db import db
from server.intake import clock_gone_back, not_applied
from server.models import Collector
from server.operations import health
from server.operations.doctor.finding import Diagnosis, bad, doubtful, fine
from server.privacy import deletion_guard
from server.review import doubts

NOT_ASKED = (
    "Chưa kiểm tra được vì cơ sở dữ liệu không trả lời; xem TUNGNHA_DATABASE_URL và máy chủ cơ sở dữ liệu."
)
DURABLE = {"fsync": "on", "full_page_writes": "on"}
"""Without these PostgreSQL forgets what it has acknowledged when the power fails."""
SYNCHRONOUS = ("on", "remote_write", "remote_apply", "local")
EARLIEST = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
AHEAD = dt.timedelta(minutes=2)
APART_SECONDS = 5
MOST_NAMED = 3
LONGEST = dt.timedelta(hours=1)
"""No request takes longer: what is older and incomplete stays so."""
_COMMANDS = {
    deletion_guard.RETENTION: "“flask privacy retain”",
    deletion_guard.AUDIT: "“flask audit prune”",
    deletion_guard.SETTLING: "“flask households settle”",
    deletion_guard.BIN: "“flask bin empty”",
}


def database() -> Iterator[Diagnosis]:
    """Whether it answers, with our tables, and keeps what it has promised."""
    with db.engine.connect() as connection:
        if health.is_restoring(connection):
            yield bad(
                "database", "Lần phục hồi bị ngắt giữa chừng: hãy dừng máy chủ và chạy lại “flask restore”."
            )
        found = health.version(connection)
        if found != health.newest():
            yield bad(
                "database",
                "Bảng dữ liệu ở bản {found}, chương trình cần bản {wanted}: hãy sao lưu rồi chạy “flask db upgrade”.",
                found=found or "trống", wanted=health.newest(),
            )  # fmt: skip
        else:
            yield fine("database", "Cơ sở dữ liệu trả lời; bảng ở bản {wanted}.", wanted=health.newest())
        if connection.dialect.name == "postgresql":
            yield from _forgetful(connection)
        elif connection.exec_driver_sql("PRAGMA quick_check(1)").scalar() != "ok":
            yield bad(
                "database", "Tệp cơ sở dữ liệu bị hỏng: hãy dừng máy chủ và phục hồi bản sao lưu gần nhất."
            )


def _forgetful(connection: sa.Connection) -> Iterator[Diagnosis]:
    told = {
        name: connection.exec_driver_sql(f"SHOW {name}").scalar() for name in (*DURABLE, "synchronous_commit")
    }
    wrong = [name for name, value in DURABLE.items() if told[name] != value]
    if told["synchronous_commit"] not in SYNCHRONOUS:
        wrong.append("synchronous_commit")
    for name in wrong:
        yield bad(
            "database",
            "PostgreSQL đang đặt {name} = {value}: mất điện là mất phiếu đã báo nhận. Hãy đặt lại on.",
            name=name, value=told[name],
        )  # fmt: skip


SLOW = dt.timedelta(minutes=2)
"""What waits longer than this for being applied waits for somebody to look."""


def log() -> Iterator[Diagnosis]:
    """Whether all that was accepted has been applied to lists and counts."""
    with db.engine.connect() as connection:
        found = not_applied.backlog(connection)
        failed = not_applied.failures(connection, MOST_NAMED)
    if found.failed:
        yield bad(
            "log",
            "{count} phiếu đã nhận nhưng chương trình chưa xử lý được (phiếu còn nguyên): {which}. Hãy cập nhật chương "
            "trình rồi chạy “flask submissions apply --again”.",
            count=found.failed, which="; ".join(f"{each.id}: {each.reason}" for each in failed),
        )  # fmt: skip
    if found.oldest is not None and found.oldest < clock.now() - SLOW:
        yield doubtful(
            "log",
            "{count} phiếu đã nhận chờ ghi vào danh sách và số liệu từ {since}: hãy xem nhật ký máy chủ, rồi chạy "
            "“flask submissions apply”.",
            count=found.waiting, since=_time(found.oldest),
        )  # fmt: skip
    elif not found.failed:
        yield fine("log", "Mọi phiếu đã nhận đều đã vào danh sách và số liệu.")


UNLOOKED = dt.timedelta(hours=26)
"""A command of the night looks at a day's visits; what waits for longer waits for somebody to look why."""


def looked_at() -> Iterator[Diagnosis]:
    """Whether somebody, the server or a command, goes on looking for doubts in new visits."""
    with db.engine.connect() as connection:
        oldest = doubts.oldest_unlooked(connection)
    if oldest is not None and oldest < clock.now() - UNLOOKED:
        yield doubtful(
            "doubts",
            "Phiếu nhận từ {since} chưa được xem có gì đáng ngờ: hãy xem nhật ký máy chủ, rồi chạy “flask submissions "
            "check”.",
            since=_time(oldest),
        )
    else:
        yield fine("doubts", "Phiếu mới vẫn được xem có gì đáng ngờ.")


def clock_() -> Iterator[Diagnosis]:
    """Whether the clock went back behind what is stored, or apart from the database's."""
    now = clock.now()
    newest = clock_gone_back.stored(db.session.connection())
    if now < EARLIEST:
        yield bad(
            "clock", "Đồng hồ máy chủ chỉ {now}: hãy chỉnh giờ và bật đồng bộ giờ (NTP).", now=_time(now)
        )
    elif newest is not None and newest > now + AHEAD:
        yield bad(
            "clock",
            "Đồng hồ máy chủ chỉ {now}, chậm hơn phiếu đã nhận lúc {newest}: hãy chỉnh giờ và bật đồng bộ giờ (NTP).",
            now=_time(now), newest=_time(newest),
        )  # fmt: skip
    elif (apart := _seconds_apart()) > APART_SECONDS:
        yield doubtful(
            "clock",
            "Đồng hồ máy chủ và máy cơ sở dữ liệu lệch nhau {apart} giây: hãy bật đồng bộ giờ (NTP) ở cả hai.",
            apart=round(apart),
        )
    else:
        with db.engine.connect() as connection:
            unsure = deletion_guard.clock_doubts(connection)
        for each in unsure:
            yield doubtful("clock", "{doubt} Hãy xem giờ; việc xóa theo hạn sẽ dừng lại để hỏi.", doubt=each)
        if not unsure:
            yield fine("clock", "Đồng hồ máy chủ chỉ {now}.", now=_time(now))


def deletions() -> Iterator[Diagnosis]:
    """What the nightly commands did not delete, since a person has to look first."""
    waiting = deletion_guard.waiting(db.session.connection())
    for each in waiting:
        yield bad(
            "deletion", "{command} đã dừng lại lúc {since}. {why}",
            command=_COMMANDS[each.what], since=_time(each.since), why=each.why,
        )  # fmt: skip
    if not waiting:
        yield fine("deletion", "Không có việc xóa theo hạn nào đang chờ người xem.")


def _seconds_apart() -> float:
    if db.engine.dialect.name != "postgresql":
        return 0.0
    with db.engine.connect() as connection:
        theirs: dt.datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    return abs((clock.now() - theirs).total_seconds())


def _time(moment: dt.datetime) -> str:
    return f"{moment.astimezone(clock.LOCAL):%H:%M:%S ngày %d/%m/%Y}"


def key() -> Iterator[Diagnosis]:
    """Whether the key in force is the one that collectors' codes were sealed with."""
    sealed = db.session.scalar(sa.select(Collector.token_sealed).order_by(Collector.id.desc()).limit(1))
    if sealed is None:
        return
    try:
        sealed_secrets.unseal(sealed)
    except InvalidToken:
        yield bad(
            "key",
            "Khóa bí mật không phải khóa đã niêm mã QR: hãy chép lại tệp secret_key (hoặc TUNGNHA_SECRET_KEY) cũ; "
            "không còn thì phải cấp lại mọi mã QR.",
        )
    else:
        yield fine("key", "Khóa bí mật mở được mã QR đã cấp.")


def counts() -> Iterator[Diagnosis]:
    """The tally equals the recount."""
    found = recount.compare()
    differences = len(found.differences) + found.months
    if differences:
        yield bad(
            "tally",
            "Số đang dùng khác kết quả đếm lại ở {count} chỗ: hãy chạy “flask coverage recount --correct” "
            "và báo lỗi này.",
            count=differences,
        )
    else:
        yield fine("tally", "Số đang dùng khớp với đếm lại.")
