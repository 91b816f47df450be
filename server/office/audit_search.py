"""The audit as an administrator reads it: searched, with the names of the actors, and exported."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from server import clock
from server.db import db
from server.models import ApiToken, Audit, Collector, Person, SharedLink, Submission

PAGE = 50
RECEIVED = "submission.receive"
"""Most rows; shown where they are asked for, or where one record's history is."""
EVERY_ACT = "tat-ca"

LOOKED_THROUGH = 100_000
"""Rows that a page looks through, newest first, where no index leads to those that are asked for."""

_MOST_NAMES = 200
_AT_ONCE = 1_000
_NAMED: Mapping[str, type[Person] | type[Collector] | type[ApiToken] | type[SharedLink]] = {
    "person": Person,
    "collector": Collector,
    "token": ApiToken,
    "link": SharedLink,
}

_ANYWHERE = sa.true()
_OTHER = sa.text("act <> 'submission.receive'")
"""Word for word as the indexes say it."""
_AROUND = dt.timedelta(hours=1)
"""How far from its arrival a submission's first row may lie."""

Query = sa.Select[tuple[int, dt.datetime, str, str, str | None, str | None, dict[str, object] | None]]


@dataclass(frozen=True)
class AuditFilter:
    """What is searched for; empty fields ask for nothing."""

    who: str = ""
    """Part of a name or user name, or an actor as it is stored: `person:3`, `system`."""
    act: str = ""
    record: str = ""
    since: dt.date | None = None
    until: dt.date | None = None
    before: int | None = None
    """Rows older than this one: the next page."""


@dataclass(frozen=True)
class AuditRow:
    """One act, with its actor's name as it is today."""

    id: int
    at: dt.datetime
    actor: str
    name: str
    act: str
    record: str
    address: str
    detail: Mapping[str, object]


@dataclass(frozen=True)
class AuditPage:
    """The newest rows that were asked for, at most PAGE; older ones lie below the key `older`, None where none do.

    `looked_until` is the moment down to which rows were looked through without meeting as many as a page holds.
    """

    rows: Sequence[AuditRow]
    older: int | None = None
    looked_until: dt.datetime | None = None


def search(wanted: AuditFilter) -> AuditPage:
    """A page of what was asked for, whose cost does not grow with the audit."""
    connection, query = db.session.connection(), _query(wanted)
    lowest = _first_looked_at(wanted) if _has_no_index(wanted) else None
    if lowest is not None:
        query = query.where(Audit.id >= lowest)
    rows = _rows(connection, query, PAGE + 1)
    if len(rows) > PAGE:
        return AuditPage(rows[:PAGE], rows[PAGE - 1].id)
    below = _newest_below(lowest) if lowest is not None else None
    if below is None or (wanted.since is not None and below < clock.start_of(wanted.since)):
        return AuditPage(rows)
    return AuditPage(rows, lowest, below)


def _has_no_index(wanted: AuditFilter) -> bool:
    """Arrivals, most of all rows, are found by their time alone: an index by actor would cost every visit."""
    if wanted.record:
        return _near(wanted.record) is _ANYWHERE
    return bool(wanted.who) and wanted.act in (RECEIVED, EVERY_ACT)


def _first_looked_at(wanted: AuditFilter) -> int:
    """The lowest key that a page looks at. Keys rise with times, but for those of acts at once: not by a day."""
    if wanted.before is not None:
        return wanted.before - LOOKED_THROUGH
    newest = sa.select(Audit.id).order_by(Audit.id.desc())
    if wanted.until is not None:
        day_after = clock.end_of(wanted.until) + dt.timedelta(days=1)
        newest = sa.select(Audit.id).where(Audit.at < day_after).order_by(Audit.at.desc())
    return (db.session.scalar(newest.limit(1)) or 0) + 1 - LOOKED_THROUGH


def _newest_below(key: int) -> dt.datetime | None:
    return db.session.scalar(sa.select(Audit.at).where(Audit.id < key).order_by(Audit.id.desc()).limit(1))


def every(wanted: AuditFilter) -> Iterator[AuditRow]:
    """All rows that were asked for, the newest first, a thousand at a time.

    Reads by connections of its own: a file goes on being sent after its request has ended.
    """
    return _every(db.engine, _query(wanted))


def _every(engine: sa.Engine, query: Query) -> Iterator[AuditRow]:
    older = query
    while True:
        with engine.connect() as connection:
            rows = _rows(connection, older, _AT_ONCE)
        yield from rows
        if len(rows) < _AT_ONCE:
            return
        older = query.where(Audit.id < rows[-1].id)


def _rows(connection: sa.Connection, query: Query, limit: int) -> list[AuditRow]:
    rows = connection.execute(query.order_by(Audit.id.desc()).limit(limit)).all()
    names = _names(connection, {row.actor for row in rows})
    return [
        AuditRow(
            row.id, row.at, row.actor, names.get(row.actor, ""), row.act, row.record or "", row.address or "",
            row.detail or {},
        )
        for row in rows
    ]  # fmt: skip


def acts() -> Sequence[str]:
    """Every act that has been done, but for receiving visits."""
    query = sa.select(Audit.act).where(_OTHER).distinct().order_by(Audit.act)
    return db.session.scalars(query).all()


def _query(wanted: AuditFilter) -> Query:
    query = sa.select(Audit.id, Audit.at, Audit.actor, Audit.act, Audit.record, Audit.address, Audit.detail)
    if wanted.before is not None:
        query = query.where(Audit.id < wanted.before)
    if wanted.since is not None:
        query = query.where(Audit.at >= clock.start_of(wanted.since))
    if wanted.until is not None:
        query = query.where(Audit.at < clock.end_of(wanted.until))
    if wanted.record:
        query = query.where(Audit.record == wanted.record, _near(wanted.record))
    if wanted.who:
        query = query.where(Audit.actor.in_(_actors(wanted.who)))
    if wanted.act not in ("", EVERY_ACT):
        query = query.where(Audit.act == wanted.act)
    if wanted.act == "" and not wanted.record:
        query = query.where(_OTHER)
    return query


def _near(record: str) -> sa.ColumnElement[bool] | sa.TextClause:
    """Where a record's rows can be found by an index: a submission's first row by when it came in."""
    kind, _, number = record.partition(":")
    if kind != "submission" or not number.isdecimal() or len(number) > 18:
        return _OTHER
    arrived = db.session.scalar(sa.select(Submission.received_at).where(Submission.id == int(number)))
    if arrived is None:  # deleted: what is left of it is worth a look at every row
        return _ANYWHERE
    return sa.or_(_OTHER, Audit.at.between(arrived - _AROUND, arrived + _AROUND))


def _actors(who: str) -> list[str]:
    """The actors that a search for a name means."""
    found = [who]
    spellings = {who, who.casefold(), who.title()}  # SQLite folds a to z alone
    for kind, model in _NAMED.items():
        columns = [model.name] + ([model.username] if hasattr(model, "username") else [])
        matches = sa.or_(*(column.icontains(word) for column in columns for word in spellings))
        ids = db.session.scalars(sa.select(model.id).where(matches).limit(_MOST_NAMES))
        found += [f"{kind}:{number}" for number in ids]
    return found


def _names(connection: sa.Connection, actors: Iterable[str]) -> dict[str, str]:
    """The names of persons, collectors and programs, three questions whatever their number."""
    wanted: dict[str, list[int]] = {}
    for actor in actors:
        kind, _, number = actor.partition(":")
        if kind in _NAMED and number.isdigit():
            wanted.setdefault(kind, []).append(int(number))
    found = {}
    for kind, ids in wanted.items():
        model = _NAMED[kind]
        for key, name in connection.execute(sa.select(model.id, model.name).where(model.id.in_(ids))):
            found[f"{kind}:{key}"] = name
    return found
