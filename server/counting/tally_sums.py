"""Sums of the tally by thôn, indicator and day, and when the newest submission came in: SQL and nothing else."""

import datetime as dt
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from geo.series import Amount
from geo.target_states import Tallied
from server.counting import household_squares
from server.db import db
from server.models import Entity, Submission, Tally, TallyDay, TallyMonth

RECENT = 1_000
"""How many of the city's newest submissions are looked through for a commune's newest."""

Sums = Mapping[int, Mapping[int, Tallied]]
"""What is tallied, by village (or commune) and indicator."""
Query = sa.Select[*tuple[Any, ...]]


@dataclass(frozen=True)
class CitySums:
    """What is tallied of the city's thôn, and how much their households differ in it where it counts persons."""

    sums: Sums
    spread: household_squares.Spread


def sums(village_ids: Sequence[int] | None, as_of: dt.date, events: Sequence[int]) -> Sums:
    """The sums of these thôn (None: of all) at the end of a day; `events` are the indicators that are events.

    States add up over all days, events over the calendar year (R2, R7). Folded days and unfolded rows
    are read by one statement, so that a fold in between is neither missed nor seen twice.
    """
    new_year = dt.date(as_of.year, 1, 1)

    def part(source: type[Tally] | type[TallyDay]) -> Query:
        query: Query = sa.select(source.village_id, source.indicator_id, *_totals(source))
        query = query.where(source.day <= as_of).group_by(source.village_id, source.indicator_id)
        if events:
            query = query.where(sa.or_(source.indicator_id.not_in(events), source.day >= new_year))
        return query if village_ids is None else query.where(source.village_id.in_(village_ids))

    return _gathered(db.session.execute(sa.union_all(part(TallyDay), part(Tally))).all())


def on_days(
    village_ids: Sequence[int], days: Sequence[dt.date], events: Sequence[int]
) -> Mapping[dt.date, Sums]:
    """The sums of these thôn at the end of each of these days, which rise. One statement however many they are."""
    if len(days) == 1:
        return {days[0]: sums(village_ids, days[0], events)}
    every = sorted({*days, *(_new_years_eve(day) for day in days)})
    found: dict[dt.date, dict[int, dict[int, Tallied]]] = {day: {} for day in days}
    for indicator, of_villages in _gained(village_ids, None, every).items():
        for village, gained in of_villages.items():
            for day in days:
                since = _new_years_eve(day) if indicator in events else None
                told = [
                    each
                    for place, each in gained.items()
                    if every[place] <= day and (since is None or every[place] > since)
                ]
                if told:
                    found[day].setdefault(village, {})[indicator] = sum(told, Tallied())
    return found


def _new_years_eve(day: dt.date) -> dt.date:
    return dt.date(day.year - 1, 12, 31)


def of_city(
    indicator_ids: Sequence[int], as_of: dt.date, events: Sequence[int], estimated: Collection[int]
) -> CitySums:
    """The sums of a few indicators in all thôn at the end of a day: whole months, and the days of the last one; the
    spread of those that are `estimated`.

    What is read grows with thôn and months, not with visits. Each indicator is asked for by itself: of several at once
    PostgreSQL fetches the rows of tally_day one by one, in the order of their days.
    """
    month, new_year = as_of.replace(day=1), dt.date(as_of.year, 1, 1)

    def parts(indicator_id: int) -> Iterator[Query]:
        first = new_year if indicator_id in events else dt.date.min
        yield part(TallyMonth, indicator_id, TallyMonth.month >= first, TallyMonth.month < month)
        yield part(TallyDay, indicator_id, TallyDay.day >= month, TallyDay.day <= as_of)
        yield part(Tally, indicator_id, Tally.day >= first, Tally.day <= as_of)

    def part(
        source: type[Tally] | type[TallyDay] | type[TallyMonth], key: int, *when: sa.ColumnElement[bool]
    ) -> Query:
        amounts = (getattr(source, name) for name in Amount._fields)
        query: Query = sa.select(source.village_id, source.indicator_id, *amounts)
        return query.where(source.indicator_id == key, *when)

    if not indicator_ids:
        return CitySums({}, {})
    every = sa.union_all(*(each for key in indicator_ids for each in parts(key))).subquery("parts")
    keys = (every.c.village_id, every.c.indicator_id)
    rows = db.session.execute(sa.select(*keys, *_totals(every.c, Amount._fields)).group_by(*keys)).all()
    return CitySums(_gathered(rows), household_squares.gathered(rows, estimated))


def _gathered(rows: Iterable[Any]) -> Sums:
    found: dict[int, dict[int, Tallied]] = {}
    for row in rows:
        of_village = found.setdefault(row.village_id, {})
        had = of_village.get(row.indicator_id)
        of_village[row.indicator_id] = had + _tallied(row) if had else _tallied(row)
    return found


def moved(found: Sums, homes: Mapping[int, int]) -> Sums:
    """The sums under other keys, added up where several share one."""
    other: dict[int, dict[int, Tallied]] = {}
    for key, row in found.items():
        target = other.setdefault(homes[key], {})
        for indicator_id, tallied in row.items():
            had = target.get(indicator_id)
            target[indicator_id] = had + tallied if had else tallied
    return other


def at_ends(
    village_ids: Sequence[int], indicator_id: int, ends: Sequence[dt.date]
) -> dict[int, tuple[Tallied, ...]]:
    """One indicator's sums in each thôn at the end of each of these days, in order; added up by the database."""
    nothing = (Tallied(),) * len(ends)
    return dict.fromkeys(village_ids, nothing) | by_ends(village_ids, [indicator_id], ends)[indicator_id]


def by_ends(
    village_ids: Sequence[int], indicator_ids: Sequence[int], ends: Sequence[dt.date]
) -> dict[int, dict[int, tuple[Tallied, ...]]]:
    """The same of several indicators in one statement: by indicator, by thôn that has some."""
    gained = _gained(village_ids, indicator_ids, ends)
    return {
        indicator: {village: _running(row, len(ends)) for village, row in gained.get(indicator, {}).items()}
        for indicator in indicator_ids
    }


def by_ends_of_days(
    village_ids: Sequence[int], indicator_ids: Sequence[int], ends: Mapping[dt.date, Sequence[dt.date]]
) -> Mapping[dt.date, Mapping[int, Mapping[int, tuple[Tallied, ...]]]]:
    """`by_ends` for several days, each with ends of its own, the last of which is the day itself. One statement."""
    every = sorted({end for of_day in ends.values() for end in of_day})
    places = {day: [every.index(end) for end in of_day] for day, of_day in ends.items()}
    found: dict[dt.date, dict[int, dict[int, tuple[Tallied, ...]]]] = {
        day: {indicator: {} for indicator in indicator_ids} for day in ends
    }
    for indicator, of_villages in _gained(village_ids, indicator_ids, every).items():
        for village, told in of_villages.items():
            sums = _running(told, len(every))
            for day, of_day in places.items():
                if every[min(told)] <= day:
                    found[day][indicator][village] = tuple(sums[place] for place in of_day)
    return found


def _running(gained: Mapping[int, Tallied], number: int) -> tuple[Tallied, ...]:
    """The sums at so many places, of what came to them at some."""
    sums, total = [], Tallied()
    for place in range(number):
        total = total + gained[place] if place in gained else total
        sums.append(total)
    return tuple(sums)


def _gained(
    village_ids: Sequence[int], indicator_ids: Sequence[int] | None, ends: Sequence[dt.date]
) -> dict[int, dict[int, dict[int, Tallied]]]:
    """What came to the sums by each of these days since the one before it, where anything was told: by indicator (None:
    of all), by thôn, by the place of the day.
    """

    def part(source: type[Tally] | type[TallyDay]) -> Query:
        key = (source.village_id, source.indicator_id)
        rows = sa.select(*key, source.day, source.done, source.of, source.subjects)
        rows = rows.where(source.village_id.in_(village_ids), source.day <= ends[-1])
        return rows if indicator_ids is None else rows.where(source.indicator_id.in_(indicator_ids))

    changes = sa.union_all(part(TallyDay), part(Tally)).subquery("changes")
    place = sa.case(*((changes.c.day <= end, n) for n, end in enumerate(ends)))
    by_place = sa.select(changes, place.label("place")).subquery("by_place")
    keys = (by_place.c.indicator_id, by_place.c.village_id, by_place.c.place)
    found: dict[int, dict[int, dict[int, Tallied]]] = {}
    for row in db.session.execute(sa.select(*keys, *_totals(by_place.c)).group_by(*keys)).all():
        of_villages = found.setdefault(row.indicator_id, {})
        of_villages.setdefault(row.village_id, {})[row.place] = _tallied(row)
    return found


def _totals(source: Any, names: Sequence[str] = ("done", "of", "subjects")) -> tuple[sa.Label[Any], ...]:
    return tuple(sa.func.sum(getattr(source, name)).label(f"all_{name}") for name in names)


def _tallied(row: sa.Row[*tuple[Any, ...]]) -> Tallied:
    return Tallied(int(row.all_done), int(row.all_of), int(row.all_subjects))


def received_until(village_ids: Sequence[int]) -> dt.datetime | None:
    """When the newest submission of these thôn came in.

    It is nearly always among the city's newest, which are read by key; thôn that have been quiet are looked up
    by their own households instead, so that neither grows with the city.
    """
    if not village_ids:
        return None
    newest = sa.select(Submission.id, Submission.village_id).order_by(Submission.id.desc()).limit(RECENT)
    recent = newest.subquery().c
    among_recent = sa.select(sa.func.max(recent.id)).where(recent.village_id.in_(village_ids))
    of_households = (
        sa.select(sa.func.max(Submission.id))
        .join(Entity, Entity.id == Submission.entity_id)
        .where(Entity.village_id.in_(village_ids))
    )
    found = sa.func.coalesce(among_recent.scalar_subquery(), of_households.scalar_subquery())
    return db.session.scalar(sa.select(Submission.received_at).where(Submission.id == found))
