"""What is deleted by the clock asks first: where the clock may be wrong, and where a run would take unusually much.

A clock that jumped ahead makes everything due at once. It is told by the audit, in which a server that is used, or
only backed up, writes every day: between the last true row and the first wrong one lies a gap.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from server import audit, clock
from server.db import begin_writing, db, writing
from server.models import Audit

STEP = dt.timedelta(days=14)
"""So long without a row of the audit is no holiday: every gap of 28 days holds one whole step."""
LOOKED_BACK = 26
"""Steps, about the year for which the audit is always kept."""
APART = dt.timedelta(hours=1)
SHARE = 20
"""A run takes at most one in so many of the rows there are …"""
TIMES = 10
"""… and at most so many times what a run has usually taken …"""
FEW = 20
"""… which is not asked of fewer rows than this."""
USUAL_DAYS = 90
STOPPED, CONFIRMED, PASSED = "deletion.stopped", "deletion.confirm", "deletion.passed"
RETENTION, AUDIT, SETTLING, BIN = "retention", "audit", "settling", "bin"
_JUMPED = "Đồng hồ máy chủ chỉ {now}, mà nhật ký không có việc nào từ {since} đến {until}: có thể đồng hồ chạy trước."
_APART = "Đồng hồ máy chủ chỉ {now}, chạy trước đồng hồ của cơ sở dữ liệu ({theirs})."
_MANY = "Lần này sẽ xóa {count} trong {total} dòng ({what}), quá một phần hai mươi."
_UNUSUAL = "Lần này sẽ xóa {count} dòng ({what}), hơn mười lần mức thường ngày ({usual})."
_HOW = (
    "Chưa xóa gì. Hãy xem lại giờ máy chủ và những gì sắp xóa; đúng thì chạy lại lệnh với {option} {count}."
)


class DeletionStopped(Exception):
    """A run that waits for a person's word; its text says why, and how to give it."""


@dataclass(frozen=True)
class StoppedRun:
    """A run that was stopped and has not gone through since."""

    what: str
    since: dt.datetime
    why: str


@dataclass(frozen=True)
class Share:
    """How many rows of a kind a run would take, of how many there are."""

    what: str
    count: int
    total: int | None
    """None: all of them may go on any day."""


def ask(
    connection: sa.Connection, act: str, shares: Iterable[Share], confirmed: int | None, option: str
) -> bool:
    """DeletionStopped where a person has to look first; whether their word was needed, and was there.

    `act` is what the audit calls such a run, by which the usual is known. `confirmed`: so many rows a person has
    agreed to, who gives the number as the value of `option`. The connection only reads.
    """
    shares = [each for each in shares if each.count]
    count = sum(each.count for each in shares)
    if not count:
        return False
    usual = _usual(connection, act)
    reasons = [*clock_doubts(connection), *(why for each in shares for why in _too_many(each, usual))]
    if reasons and (confirmed is None or confirmed < count):
        raise DeletionStopped(" ".join([*reasons, _HOW.format(option=option, count=count)]))
    return bool(reasons)


def clock_doubts(connection: sa.Connection) -> list[str]:
    """Why the clock of this machine may be ahead of the day that it is; nothing where it agrees with what happened."""
    now = clock.now()
    doubts = []
    if connection.dialect.name == "postgresql":
        theirs: dt.datetime = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
        if now - theirs > APART:
            doubts.append(_APART.format(now=_day(now), theirs=_day(theirs)))
    if gap := _gap(connection, now):
        doubts.append(_JUMPED.format(now=_day(now), since=_day(gap[0]), until=_day(gap[1])))
    return doubts


def _gap(connection: sa.Connection, now: dt.datetime) -> tuple[dt.datetime, dt.datetime] | None:
    """The last time without a row, since a person last said that the clock is right; where there are older rows."""
    agreed = connection.scalar(
        sa.select(sa.func.max(Audit.at)).where(Audit.act == CONFIRMED, Audit.at <= now)
    )
    for number in range(LOOKED_BACK):
        until = now - number * STEP
        since = until - STEP
        if agreed is not None and agreed >= since:
            return None
        before = connection.scalar(sa.select(sa.func.max(Audit.at)).where(Audit.at <= until))
        if before is None:
            return None
        if before < since:
            after = connection.scalar(sa.select(sa.func.min(Audit.at)).where(Audit.at > until)) or now
            return before, after
    return None


def _usual(connection: sa.Connection, act: str) -> int:
    """Rows that a day's run has taken in the last months, on the average; 0 where there was none."""
    since = clock.now() - dt.timedelta(days=USUAL_DAYS)
    rows = connection.execute(sa.select(Audit.at, Audit.detail).where(Audit.act == act, Audit.at > since))
    days: dict[dt.date, int] = {}
    for row in rows:
        day = clock.day_of(row.at)
        days[day] = days.get(day, 0) + int((row.detail or {}).get("rows", 0))
    return sum(days.values()) // len(days) if days else 0


def _too_many(share: Share, usual: int) -> list[str]:
    if share.total is None:
        return []
    if share.count * SHARE > share.total:
        return [_MANY.format(count=share.count, total=share.total, what=share.what)]
    if usual and share.count > max(FEW, TIMES * usual):
        return [_UNUSUAL.format(count=share.count, what=share.what, usual=usual)]
    return []


def note_stopped(what: str, why: DeletionStopped) -> None:
    """Write down that a run waits, for the doctor to tell; commits."""
    db.session.rollback()
    writing()
    audit.add(audit.SHELL.name, STOPPED, what, {"why": str(why)})
    db.session.commit()


def note_confirmed(what: str, count: int) -> None:
    """Write down that a person has agreed to a run that would have waited; the caller commits."""
    audit.add(audit.SHELL.name, CONFIRMED, what, {"rows": count})


def note_passed(what: str) -> None:
    """Write down that a run that had waited went through, so that nobody is told of it any more; commits."""
    if any(each.what == what for each in waiting(db.session.connection())):
        begin_writing()
        audit.add(audit.SHELL.name, PASSED, what)
        db.session.commit()


def waiting(connection: sa.Connection) -> list[StoppedRun]:
    """Runs that wait for a person's word."""
    found = []
    for what in (RETENTION, AUDIT, SETTLING):
        last = _last(connection, STOPPED, what)
        passed = _last(connection, PASSED, what)
        if last is not None and (passed is None or passed.id < last.id):
            found.append(StoppedRun(what, last.at, str((last.detail or {}).get("why", ""))))
    return found


def _last(connection: sa.Connection, act: str, what: str) -> Any:
    query = sa.select(Audit.id, Audit.at, Audit.detail).where(Audit.act == act, Audit.record == what)
    return connection.execute(query.order_by(Audit.id.desc()).limit(1)).first()


def _day(moment: dt.datetime) -> str:
    return f"{moment.astimezone(clock.LOCAL):%H:%M ngày %d/%m/%Y}"
