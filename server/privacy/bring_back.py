"""Brings back what lies in the bin: its rows as they were, its visits counted for their households again."""

import datetime as dt
import functools
import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from server import audit, clock
from server.audit import SHELL
from server.counting import noted_changes
from server.counting.tally_after_changes import recasting
from server.db import Base, again
from server.households.rebuild_entity import restate_all
from server.models import Audit, BinnedRecord, Entity, Finding
from server.models.privacy import of_blob
from server.privacy import deleted_bin, tombstones

_Rows = Mapping[str, Sequence[dict[str, Any]]]


@dataclass(frozen=True)
class BroughtBack:
    """How many records are there again, and the keys of those whose place is taken by something newer."""

    count: int
    left: tuple[str, ...]


def bring_back(session: Session, day: dt.date, about: str | None = None) -> BroughtBack:
    """Bring back what one day's runs took away: all of it, or of one form, list or log. Commits, one by one."""
    done, left = 0, []
    told: set[uuid.UUID] = set()
    back: set[uuid.UUID] = set()
    for number, key in deleted_bin.records(session, day, about):
        rows = again(functools.partial(_one, session, number, key), session)
        if rows is None:
            left.append(key)
            continue
        done += 1
        back |= {row["id"] for row in rows.get("entity", ())}
        told |= {row["entity_id"] for row in (*rows.get("entity_version", ()), *rows.get("submission", ()))}
    again(functools.partial(_restate, session, told - back - {None}), session)
    if done:
        session.connection(execution_options={"writes": True})
        detail = {"rows": done, "day": day.isoformat()}
        audit.add(SHELL.name, "bin.bring_back", about or "bin", detail, by=session)
        session.commit()
    return BroughtBack(done, tuple(left))


def _one(session: Session, number: int, key: str) -> _Rows | None:
    """The rows of a record, which are there again; None where others have taken their place."""
    session.rollback()
    connection = session.connection(execution_options={"writes": True})
    row = connection.execute(
        sa.select(BinnedRecord.content, BinnedRecord.blobs).where(BinnedRecord.id == number)
    ).one_or_none()
    if row is None:
        return {}
    rows = deleted_bin.unpacked(row.content)
    try:
        with recasting(connection, _subjects(connection, rows)):
            _put(connection, rows)
            noted_changes.note(connection, [each["id"] for each in rows.get("submission", ())])
    except IntegrityError:
        session.rollback()
        return None
    connection.execute(sa.delete(BinnedRecord).where(BinnedRecord.id == number))
    tombstones.take_back(session, [key, *(of_blob(bytes.fromhex(name)) for name in row.blobs)])
    session.commit()
    return rows


def _restate(session: Session, entities: Iterable[uuid.UUID]) -> None:
    """Have households that had stayed tell of the visits that they have again. Commits."""
    session.rollback()
    connection = session.connection(execution_options={"writes": True})
    there = list(connection.scalars(sa.select(Entity.id).where(Entity.id.in_(list(entities)))))
    with recasting(connection, there):
        restate_all(connection, there, clock.now())
    session.commit()


def _subjects(connection: sa.Connection, rows: _Rows) -> set[uuid.UUID]:
    """Whose sums may change: those that the findings had, and those under which they went on counting."""
    findings = rows.get("finding", ())
    found = {row["subject"] for row in findings} | {row["id"] for row in rows.get("entity", ())}
    for row in findings:
        same = sa.and_(
            Finding.submission_id == row["submission_id"], Finding.indicator_id == row["indicator_id"]
        )
        found |= set(connection.scalars(sa.select(Finding.subject).where(same)))
    return found


def _put(connection: sa.Connection, rows: _Rows) -> None:
    """Insert rows, tables before those that refer to them; a row that is there (a finding) is set back."""
    insert: Any = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for table in Base.metadata.sorted_tables:
        for row in rows.get(table.name, ()):
            statement = insert(table).values(row)
            keys = list(table.primary_key.columns)
            rest = {name: statement.excluded[name] for name in row if name not in table.primary_key.columns}
            if table is Audit.__table__ or not rest:
                connection.execute(statement.on_conflict_do_nothing(index_elements=keys))
            else:
                connection.execute(statement.on_conflict_do_update(index_elements=keys, set_=rest))
