"""The audit as an administrator reads it: searched, with the names of who did what, and exported."""

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

_MOST_NAMES = 200
_AT_ONCE = 1_000
_NAMED: Mapping[str, type[Person] | type[Collector] | type[ApiToken] | type[SharedLink]] = {
    "person": Person,
    "collector": Collector,
    "token": ApiToken,
    "link": SharedLink,
}

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
    """One act, with the name of who did it as it is today."""

    id: int
    at: dt.datetime
    actor: str
    name: str
    act: str
    record: str
    address: str
    detail: Mapping[str, object]


def search(wanted: AuditFilter, limit: int = PAGE) -> list[AuditRow]:
    """The newest rows that were asked for, at most `limit`."""
    return _rows(db.session.connection(), _query(wanted), limit)


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
        query = query.where(Audit.at >= _midnight(wanted.since))
    if wanted.until is not None:
        query = query.where(Audit.at < _midnight(wanted.until + dt.timedelta(days=1)))
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
        return sa.true()
    return sa.or_(_OTHER, Audit.at.between(arrived - _AROUND, arrived + _AROUND))


def _midnight(day: dt.date) -> dt.datetime:
    return dt.datetime.combine(day, dt.time(), clock.LOCAL)


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
