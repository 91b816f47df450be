"""The tally: what series changes append to it, how it is folded into days, and the recount that proves it."""

import dataclasses
import datetime as dt
import uuid
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from geo.series import NOTHING, Amount, Rule, SeriesEntry, Turn, arrival, change, steps
from server.clock import day_of
from server.models import Entity, Finding, Tally, TallyDay, TallyMonth, Village
from server.published_forms.registry import registry

Key = tuple[int, int, dt.date]
"""Village, indicator, day."""

_STATED = (
    Finding.indicator_id,
    Finding.observed_at,
    Finding.received_at,
    Finding.submission_id,
    Finding.village_id,
    Finding.done,
    Finding.of,
)
SERIES = sa.select(*_STATED).where(Finding.subject == sa.bindparam("subject"), Finding.counts)
"""All that counts about one subject."""
SERIES_OF = sa.select(Finding.subject, *_STATED).where(
    Finding.subject.in_(sa.bindparam("subjects", expanding=True)), Finding.counts
)
"""The same about many, each row with its subject before it."""

APPEND = (
    sa.insert(Tally)
    .inline()
    .values({name: sa.bindparam(name) for name in ("village_id", "indicator_id", "day", *Amount._fields)})
)

Series = dict[int, list[SeriesEntry]]
"""A subject's series by indicator."""


def turns(kept: Sequence[Mapping[str, Any]] | None) -> tuple[Turn, ...]:
    """The turns of a household as its row keeps them."""
    return tuple(
        Turn(dt.date.fromisoformat(each["day"]), each["before"], each["after"], each["persons_only"])
        for each in kept or ()
    )


def series(rows: Iterable[Sequence[Any]]) -> Series:
    """The rows of SERIES as series."""
    found: Series = {}
    for indicator_id, observed_at, received_at, submission_id, village_id, done, of in rows:
        entry = SeriesEntry(
            observed_at, received_at, submission_id, day_of(observed_at), village_id, done, of
        )
        found.setdefault(indicator_id, []).append(entry)
    return found


def entry(row: Mapping[str, Any]) -> SeriesEntry:
    """One finding, given by its columns, as it stands in its series."""
    observed_at = row["observed_at"]
    return SeriesEntry(
        observed_at, row["received_at"], row["submission_id"], day_of(observed_at), row["village_id"],
        row["done"], row["of"],
    )  # fmt: skip


def difference(
    before: Series,
    after: Series,
    rules: Mapping[int, Rule],
    turns: tuple[Sequence[Turn], Sequence[Turn]] = ((), ()),
) -> list[dict[str, Any]]:
    """Rows to append to the tally when a subject's series or turns change; none where the sums stay as they are."""
    rows = []
    for indicator_id in before.keys() | after.keys():
        series = before.get(indicator_id, ()), after.get(indicator_id, ())
        changed = change(*series, rules[indicator_id], turns)
        rows += [_row(village_id, indicator_id, day, amount) for (village_id, day), amount in changed.items()]
    return rows


def joined(
    series: Sequence[SeriesEntry],
    indicator_id: int,
    entry: SeriesEntry,
    rule: Rule,
    turns: Sequence[Turn] = (),
) -> dict[Key, Amount]:
    """What is added to the tally when one finding joins its subject's series."""
    changed = arrival(_beside(series, entry), entry, rule, turns)
    return {(village_id, indicator_id, day): amount for (village_id, day), amount in changed.items()}


def _beside(series: Sequence[SeriesEntry], entry: SeriesEntry) -> list[SeriesEntry]:
    """The entries right before and right after a new one: what others add to the sums it leaves as it is."""
    before = max((each for each in series if each < entry), default=None)
    after = min((each for each in series if each > entry), default=None)
    return [each for each in (before, after) if each is not None]


def rows_of(changes: Mapping[Key, Amount]) -> list[dict[str, Any]]:
    """These changes of sums as rows of the tally."""
    return [_row(*key, amount) for key, amount in changes.items() if amount != NOTHING]


def _row(village_id: int, indicator_id: int, day: dt.date, amount: Amount) -> dict[str, Any]:
    return {"village_id": village_id, "indicator_id": indicator_id, "day": day, **amount._asdict()}


WAITING = sa.select(sa.func.min(Tally.id), sa.func.max(Tally.id))
"""The first and the last row that wait to be folded."""


def fold(connection: sa.Connection, until: int) -> int:
    """Move the rows before `until` into days, and add them to months; how many days of thôn and indicators changed.

    In one transaction of the caller. One folder works at a time; a second one finds nothing to do.
    """
    if connection.dialect.name == "postgresql":
        if not connection.scalar(_FOLDING):
            return 0
        taken = sa.delete(Tally).where(Tally.id < until).returning(*_COLUMNS).cte("taken")
        months = _adding(postgresql.insert(TallyMonth), TallyMonth, taken.c, sa.true(), _month).cte("months")
        days = _adding(postgresql.insert(TallyDay), TallyDay, taken.c, sa.true())
        return len(connection.execute(days.add_cte(months)).all())
    # SQLite has one writer: between these statements nothing is appended
    rows, waiting = Tally.__table__.c, Tally.id < until
    connection.execute(_adding(sqlite.insert(TallyMonth), TallyMonth, rows, waiting, _month_in_sqlite))
    added = connection.execute(_adding(sqlite.insert(TallyDay), TallyDay, rows, waiting)).all()
    connection.execute(sa.delete(Tally).where(Tally.id < until))
    return len(added)


_FOLDING = sa.select(sa.func.pg_try_advisory_xact_lock(sa.literal_column("7461")))
_NO_FOLDING = sa.select(sa.func.pg_advisory_xact_lock(sa.literal_column("7461")))
_AMOUNT = Amount._fields
_COLUMNS = (Tally.village_id, Tally.indicator_id, Tally.day, *(getattr(Tally, name) for name in _AMOUNT))


def _day(day: Any) -> Any:
    return day


def _month(day: Any) -> Any:
    return sa.cast(sa.func.date_trunc(sa.literal_column("'month'"), day), sa.Date)


def _month_in_sqlite(day: Any) -> Any:
    return sa.func.date(day, sa.literal_column("'start of month'"), type_=sa.Date)


def _adding(
    insert: Any, table: type[TallyDay] | type[TallyMonth], rows: Any, where: Any, when: Any = _day
) -> Any:
    """Add the sums of rows to their days or months."""
    time = "day" if table is TallyDay else "month"
    key = [rows.village_id, rows.indicator_id, when(rows.day).label(time)]
    each = sa.select(*key, *(rows[name] for name in _AMOUNT)).where(where).subquery("each")
    columns = [each.c[name] for name in ("village_id", "indicator_id", time)]
    sums = sa.select(*columns, *(sa.func.sum(each.c[name]) for name in _AMOUNT))
    names = ["village_id", "indicator_id", time, *_AMOUNT]
    statement = insert.from_select(names, sums.group_by(*columns).order_by(*columns))
    return statement.on_conflict_do_update(
        index_elements=[getattr(table, name) for name in names[:3]],
        set_={name: getattr(table, name) + statement.excluded[name] for name in _AMOUNT},
    ).returning(table.village_id)


def hold_folds(connection: sa.Connection) -> None:
    """Let nobody fold until this transaction ends; on SQLite a transaction that writes is alone already."""
    if connection.dialect.name == "postgresql":
        connection.execute(_NO_FOLDING)


def months_differ(connection: sa.Connection) -> int:
    """How many months of thôn and indicators do not say what their folded days add up to."""
    days, months = _months_of_days(connection), _stored_months()
    differing = sa.union_all(
        sa.select(sa.except_(days, months).subquery("missing")),
        sa.select(sa.except_(months, days).subquery("wrong")),
    )
    return connection.scalar(sa.select(sa.func.count()).select_from(differing.subquery())) or 0


def rebuild_months(connection: sa.Connection) -> None:
    """Add the months up anew from the folded days."""
    connection.execute(sa.delete(TallyMonth))
    connection.execute(sa.insert(TallyMonth).from_select(_MONTH_COLUMNS, _months_of_days(connection)))


_MONTH_COLUMNS = ["village_id", "indicator_id", "month", *_AMOUNT]


def _stored_months() -> Any:
    return sa.select(*(getattr(TallyMonth, name) for name in _MONTH_COLUMNS))


def _months_of_days(connection: sa.Connection) -> Any:
    month = _month if connection.dialect.name == "postgresql" else _month_in_sqlite
    each = sa.select(
        TallyDay.village_id, TallyDay.indicator_id, month(TallyDay.day).label("month"),
        *(getattr(TallyDay, name) for name in _AMOUNT),
    ).subquery("each")  # fmt: skip
    key = [each.c[name] for name in _MONTH_COLUMNS[:3]]
    sums = (sa.cast(sa.func.sum(each.c[name]), each.c[name].type).label(name) for name in _AMOUNT)
    return sa.select(*key, *sums).group_by(*key)


@dataclasses.dataclass(frozen=True)
class TallyDifference:
    """A day's change on which tally and findings disagree."""

    village_id: int
    indicator_id: int
    day: dt.date
    tallied: Amount
    counted: Amount


def recount(connection: sa.Connection, commune_id: int | None = None) -> list[TallyDifference]:
    """Count all findings (of one commune) anew and name every day on which the tally says otherwise."""
    villages = _villages(connection, commune_id)
    counted = _counted(connection, villages)
    tallied = _tallied(connection, villages)
    return [
        TallyDifference(*key, tallied.get(key, NOTHING), counted.get(key, NOTHING))
        for key in sorted(counted.keys() | tallied.keys())
        if tallied.get(key, NOTHING) != counted.get(key, NOTHING)
    ]


def correct(connection: sa.Connection, differences: Iterable[TallyDifference]) -> None:
    """Append what is missing, so that the tally equals the count."""
    rows = [
        _row(each.village_id, each.indicator_id, each.day, Amount(*(c - t for c, t in _pairs(each))))
        for each in differences
    ]
    if rows:
        connection.execute(APPEND, rows)


def _pairs(each: TallyDifference) -> Iterable[tuple[int, int]]:
    return zip(each.counted, each.tallied, strict=True)


def _villages(connection: sa.Connection, commune_id: int | None) -> set[int] | None:
    if commune_id is None:
        return None
    return set(connection.scalars(sa.select(Village.id).where(Village.commune_id == commune_id)))


def _counted(connection: sa.Connection, villages: set[int] | None) -> dict[Key, Amount]:
    """Every series from its findings, streamed in the order of subjects: memory does not grow with the city."""
    rules = registry().rules(connection)
    turned = _turned(connection)
    query = sa.select(
        Finding.subject, Finding.indicator_id, Finding.observed_at, Finding.received_at, Finding.submission_id,
        Finding.village_id, Finding.done, Finding.of,
    )  # fmt: skip
    query = query.where(Finding.counts).order_by(Finding.subject, Finding.indicator_id)
    if villages is not None:
        # a subject may have lived elsewhere: all of its findings are needed to know when it came
        here = sa.select(Finding.subject).where(Finding.village_id.in_(villages))
        query = query.where(sa.or_(Finding.subject.in_(here), Finding.subject.in_(list(turned))))
    sums: dict[Key, Amount] = {}
    rows = connection.execute(query, execution_options={"yield_per": 5000})
    for (subject, indicator_id), group in groupby(rows, _subject_and_indicator):
        entries = series(row[1:] for row in group)[indicator_id]
        found = steps(entries, rules[indicator_id], turned.get(subject, ()))
        _collect(sums, indicator_id, found.items(), villages)
    return {key: amount for key, amount in sums.items() if amount != NOTHING}


def _turned(connection: sa.Connection) -> dict[uuid.UUID, tuple[Turn, ...]]:
    """The households that moved, ended or were split; few, whatever the size of the city."""
    query = sa.select(Entity.id, Entity.turns).where(Entity.turns.is_not(sa.null()))
    return {row.id: turns(row.turns) for row in connection.execute(query)}


def _subject_and_indicator(row: Any) -> tuple[uuid.UUID, int]:
    return row.subject, row.indicator_id


def _collect(
    sums: dict[Key, Amount],
    indicator_id: int,
    found: Iterable[tuple[tuple[int, dt.date], Amount]],
    villages: set[int] | None,
) -> None:
    for (village_id, day), amount in found:
        if villages is None or village_id in villages:
            had = sums.get((village_id, indicator_id, day), NOTHING)
            sums[village_id, indicator_id, day] = Amount(*map(sum, zip(had, amount, strict=True)))


def _tallied(connection: sa.Connection, villages: set[int] | None) -> dict[Key, Amount]:
    both = tally_rows().subquery()
    columns = both.c
    key = (columns.village_id, columns.indicator_id, columns.day)
    query = sa.select(*key, *(sa.func.sum(columns[name]) for name in _AMOUNT)).group_by(*key)
    if villages is not None:
        query = query.where(columns.village_id.in_(villages))
    rows = connection.execute(query)
    amounts = {(row[0], row[1], row[2]): Amount(*map(int, row[3:])) for row in rows}
    return {key: amount for key, amount in amounts.items() if amount != NOTHING}


def tally_rows() -> sa.CompoundSelect[Any]:
    """Appended and folded rows together; one statement, so that a fold in between is not seen twice."""
    folded = sa.select(*(getattr(TallyDay, column.key) for column in _COLUMNS))
    return sa.union_all(sa.select(*_COLUMNS), folded)
