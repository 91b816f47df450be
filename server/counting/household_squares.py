"""How much households differ in what they say of persons, from the tally: what an interval is made of (R11)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from operator import attrgetter
from typing import Any

import sqlalchemy as sa

from geo.estimate import Squares
from server.db import db
from server.models import Tally, TallyDay

Spread = Mapping[int, Mapping[int, Squares]]
"""By thôn and indicator."""
_SUMS = ("subjects", "done", "of", "done2", "of2", "done_of")
"""As `Squares` has them."""
_sums_of = attrgetter(*(f"all_{name}" for name in _SUMS))


def by_village(
    village_ids: Sequence[int], indicator_ids: Sequence[int], days: Sequence[dt.date]
) -> Mapping[dt.date, Spread]:
    """Over the households that had told by the end of each of these days, which rise. One statement however many."""
    found: dict[dt.date, dict[int, dict[int, Squares]]] = {day: {} for day in days}
    if not village_ids or not indicator_ids:
        return found
    gained: dict[tuple[int, int], dict[int, Squares]] = defaultdict(dict)
    for row in db.session.execute(_gained(village_ids, indicator_ids, days)):
        gained[row.village_id, row.indicator_id][row.place] = _squares(row)
    for (village, indicator), told in gained.items():
        total = Squares()
        for place, day in enumerate(days):
            total = total + told[place] if place in told else total
            if _is_known(total):
                found[day].setdefault(village, {})[indicator] = total
    return found


def _gained(
    village_ids: Sequence[int], indicator_ids: Sequence[int], days: Sequence[dt.date]
) -> sa.Select[*tuple[Any, ...]]:
    """What came to the sums by the first of the days that knows of it."""

    def part(source: type[Tally] | type[TallyDay]) -> sa.Select[*tuple[Any, ...]]:
        place = sa.case(*((source.day <= day, number) for number, day in enumerate(days))).label("place")
        sums = (getattr(source, name) for name in _SUMS)
        query: sa.Select[*tuple[Any, ...]] = sa.select(source.village_id, source.indicator_id, place, *sums)
        return query.where(
            source.village_id.in_(village_ids), source.indicator_id.in_(indicator_ids), source.day <= days[-1]
        )

    columns = sa.union_all(part(TallyDay), part(Tally)).subquery("parts").c
    key = (columns.village_id, columns.indicator_id, columns.place)
    sums = (sa.func.sum(columns[name]).label(f"all_{name}") for name in _SUMS)
    return sa.select(*key, *sums).group_by(*key)


def gathered(rows: Iterable[sa.Row[*tuple[Any, ...]]], indicator_ids: Collection[int]) -> Spread:
    """Of rows of a thôn, an indicator, and the sums of both: those of these indicators."""
    found: dict[int, dict[int, Squares]] = defaultdict(dict)
    for row in rows:
        if row.indicator_id in indicator_ids and row.all_subjects > 0 and row.all_of2 >= row.all_of:
            found[row.village_id][row.indicator_id] = _squares(row)
    return found


def _squares(row: sa.Row[*tuple[Any, ...]]) -> Squares:
    return Squares(*map(int, _sums_of(row)))


def _is_known(found: Squares) -> bool:
    """Whether anybody told, and these are sums of squares: a whole number is never larger than its own."""
    return found.asked > 0 and found.of2 >= found.of
