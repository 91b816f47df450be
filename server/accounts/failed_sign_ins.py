"""Wrong tries at signing in as they are counted: one row a person and day, a row of the audit for a day that is over.

A guesser of thousands of names fills no table: names that nobody has are counted together.
"""

import datetime as dt
from collections import defaultdict

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from server import audit, clock
from server.db import db
from server.models import FailedSignIns, Person

KEPT = dt.timedelta(days=30)
"""How long a day's rows stay, after they were added up."""
ACT = "person.sign_in_failed"
_MOST_NAMED = 20


def note(person: Person | None, what: str, *, locks: bool) -> None:
    """Count a wrong try (`what`: password, code) in a transaction of its own; never what was typed.

    One that locks a person out stands in the audit at once.
    """
    record = f"person:{person.id}" if person else ""
    moment = clock.now()
    row = {"day": clock.day_of(moment), "record": record, "what": what, "tries": 1, "last_at": moment}
    with db.engine.connect().execution_options(writes=True) as connection:
        insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
        more = {"tries": FailedSignIns.tries + 1, "last_at": moment}
        keys = [FailedSignIns.day, FailedSignIns.record, FailedSignIns.what]
        connection.execute(
            insert(FailedSignIns).values(row).on_conflict_do_update(index_elements=keys, set_=more)
        )
        if person is not None and locks:
            audit.add(audit.UNKNOWN, ACT, record, {"what": what, "locks": True}, by=connection)
        connection.commit()


def add_up() -> int:
    """Write a row of the audit for each day that is over, and forget days of a month ago; how many rows. Commits."""
    today = clock.today()
    days: dict[dt.date, list[FailedSignIns]] = defaultdict(list)
    due = sa.select(FailedSignIns).where(FailedSignIns.day < today, ~FailedSignIns.added_up)
    for row in db.session.scalars(due.order_by(FailedSignIns.day, FailedSignIns.tries.desc())):
        days[row.day].append(row)
        row.added_up = True
    for day, rows in days.items():
        audit.add(audit.UNKNOWN, ACT, None, _told(day, rows))
    db.session.execute(
        sa.delete(FailedSignIns).where(FailedSignIns.day < today - KEPT, FailedSignIns.added_up)
    )
    db.session.commit()
    return len(days)


def _told(day: dt.date, rows: list[FailedSignIns]) -> dict[str, object]:
    """All tries of a day, those for names that nobody has, and of the persons most tried how many."""
    persons: dict[str, int] = defaultdict(int)
    for row in rows:
        persons[row.record] += row.tries
    nobody = persons.pop("", 0)
    most = dict(sorted(persons.items(), key=lambda each: (-each[1], each[0]))[:_MOST_NAMED])
    told = {"day": day.isoformat(), "tries": sum(row.tries for row in rows), "unknown_names": nobody}
    return {**told, "persons": most, "others": len(persons) - len(most)}
