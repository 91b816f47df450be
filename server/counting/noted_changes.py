"""Notes what changed, in the transaction that changes it: the feed that copies are kept up by reads it in order.

A note is written under the writer's lock (`server/counting/writer_lock.py`), held until the commit. So a key that can
be read has no lower one that is still to come, which keys alone would not promise on PostgreSQL.
"""

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import aliased

from geo.hidden_cells import allowed_day
from server import clock
from server.models import Change, FeedStart, Submission, Village

SUBMISSION, DELETED, COVERAGE = "submission", "deleted", "coverage"
AGO = dt.timedelta(days=62)
"""How many days that were missed are noted afterwards."""
_COLUMNS = ("at", "kind", "submission_id", "village_id", "collector_id", "poster_id")


def note(connection: sa.Connection, submissions: Collection[int], kind: str = SUBMISSION) -> None:
    """Note that these submissions are others than before, as they lie now; of those to be deleted, before they are.

    Where a submission leaves a thôn it is noted before and after, for the readers of both.
    """
    if not submissions:
        return
    rows = (
        sa.select(
            sa.literal(clock.now(), Change.__table__.c.at.type),
            sa.literal(kind),
            Submission.id,
            Submission.village_id,
            Submission.collector_id,
            Submission.poster_id,
        )
        .where(Submission.id.in_(list(submissions)))
        .order_by(Submission.id)
    )
    connection.execute(sa.insert(Change).from_select(_COLUMNS, rows))


def note_days(connection: sa.Connection) -> int:
    """Note of each commune in which something changed since the last time that yesterday is over; how many days.

    Sundays and ends of months, which alone those are told who read sums (R8), are noted of every commune that has
    visits, also where the night after them was missed: their last change may be older than the day before.
    """
    yesterday = clock.today() - dt.timedelta(days=1)
    noted = sa.select(Change.day, Change.commune_id).where(
        Change.kind == COVERAGE, Change.day > yesterday - AGO
    )
    told = {(row.day, row.commune_id) for row in connection.execute(noted)}
    last = max((day for day, _ in told), default=yesterday)
    begin = min(last + dt.timedelta(days=1), yesterday)
    days = [begin + dt.timedelta(days=number) for number in range((yesterday - begin).days + 1)]
    rows = [
        {"at": clock.now(), "kind": COVERAGE, "commune_id": commune, "day": day}
        for day in days
        for commune in (_all_communes(connection) if _is_told_to_all(day) else _changed_communes(connection))
        if (day, commune) not in told and (day == yesterday or _is_told_to_all(day))
    ]
    if rows:
        connection.execute(sa.insert(Change), rows)
    return len(rows)


def _is_told_to_all(day: dt.date) -> bool:
    return allowed_day(day, clock.today()) == day


def _all_communes(connection: sa.Connection) -> Sequence[int]:
    has_visits = sa.exists().where(Change.village_id == Village.id)
    return connection.scalars(
        sa.select(Village.commune_id).where(has_visits).distinct().order_by(Village.commune_id)
    ).all()


def _changed_communes(connection: sa.Connection) -> Sequence[int]:
    """Those in which something changed since a day was noted."""
    last = sa.select(sa.func.coalesce(sa.func.max(Change.id), 0)).where(Change.kind == COVERAGE)
    return connection.scalars(
        sa.select(Village.commune_id)
        .join(Change, Change.village_id == Village.id)
        .where(Change.id > last.scalar_subquery())
        .distinct()
        .order_by(Village.commune_id)
    ).all()


def begin_anew(connection: sa.Connection) -> int:
    """Have all followers of the feed begin anew: a backup took the place of what they were told.

    The key that later changes are to be higher than, which is higher than all that were ever given: milliseconds
    since 1970. The caller sets the counter of the table to it, and commits.
    """
    begun = int(clock.now().timestamp() * 1000)
    connection.execute(sa.delete(FeedStart))
    connection.execute(sa.insert(FeedStart).values(id=1, after=begun))
    return begun


def compact(connection: sa.Connection) -> int:
    """Forget what a later change of the same submission in the same thôn tells again; how many rows.

    The feed tells a submission as it is when it is read: who was told the older change will be told the later.
    """
    later = aliased(Change)
    again = sa.exists().where(
        later.submission_id == Change.submission_id,
        later.village_id.is_not_distinct_from(Change.village_id),
        later.id > Change.id,
    )
    return int(connection.execute(sa.delete(Change).where(again)).rowcount)
