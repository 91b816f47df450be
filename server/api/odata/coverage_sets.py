"""Sums by thôn, indicator and day as sets of OData: as pages tell them, small cells hidden before any filter (O18)."""

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from itertools import product
from typing import Any

from geo.compute_coverage import CoverageTable, IndicatorRow
from geo.coverage_rows import COMMUNE, VILLAGE, CoverageRow, rows
from geo.hidden_cells import month_end
from geo.target_states import as_written, cut
from geo.weeks import week_ends
from server.answers.expression import Among, AnswerAt, Compare, Every, Expression, Sign, Some, conjuncts
from server.api.odata import row_filter
from server.api.odata.flat_service import FlatSet, Row
from server.coverage import commune_input, coverage_table
from server.exports.flat_table import DAY, DECIMAL, FLAG, INTEGER, FlatColumn
from server.models import Commune

WEEKS = 13
"""How far back days are told: a quarter by weeks, the year by months."""
_DAY = FlatColumn("day", "Tính đến hết ngày", DAY)
_INDICATOR = FlatColumn("indicator", "Mã chỉ tiêu")
_THON = (FlatColumn("thon_code", "Mã thôn"), FlatColumn("thon", "Thôn"))
_XA = (FlatColumn("xa_code", "Mã xã"), FlatColumn("xa", "Xã, phường"))
_NUMBERS = (
    FlatColumn("indicator_label", "Chỉ tiêu"),
    FlatColumn("unit", "Đơn vị tính"),
    FlatColumn("kind", "Loại"),
    FlatColumn("done", "Đã đạt", INTEGER),
    FlatColumn("of", "Trên tổng đã hỏi", INTEGER),
    FlatColumn("percent", "Tỷ lệ trên số đã hỏi (%)", DECIMAL),
    FlatColumn("percent_judged", "Tỷ lệ trên tất cả (%)", DECIMAL),
    FlatColumn("bound", "Giới hạn nêu thay (%)"),
    FlatColumn("subjects", "Số hộ, điểm đã hỏi", INTEGER),
    FlatColumn("expected", "Số phải hỏi", INTEGER),
    FlatColumn("reach", "Đã khảo sát (%)", DECIMAL),
    FlatColumn("suppressed", "Vì sao không nêu"),
    FlatColumn("target", "Mã chỉ tiêu của kế hoạch"),
    FlatColumn("target_comparator", "So sánh"),
    FlatColumn("target_value", "Mức giao", DECIMAL),
    FlatColumn("met", "Đạt mức giao", FLAG),
    FlatColumn("state", "Trạng thái"),
    FlatColumn("households", "Tổng số hộ", INTEGER),
    FlatColumn("visited", "Hộ đã gặp", INTEGER),
    FlatColumn("estimate", "Ước lượng cho tất cả (%)", DECIMAL),
    FlatColumn("estimate_low", "Từ (%)", DECIMAL),
    FlatColumn("estimate_high", "Đến (%)", DECIMAL),
)
OF_THON = (_DAY, _THON[0], _INDICATOR, _THON[1], *_XA, *_NUMBERS)
OF_COMMUNE = (_DAY, _XA[0], _INDICATOR, _XA[1], *_NUMBERS)
_KEYS = 3

Tables = Callable[[Sequence[dt.date], Collection[str] | None], Sequence[CoverageTable]]
"""The tables of some days; with the columns of these indicators alone, where they are named."""
TOGETHER = 8
"""Days that are read together at most: after one alone, then two, so that a page of few rows reads few days."""
Codes = Callable[[Sequence[dt.date]], Mapping[dt.date, tuple[Sequence[str], Sequence[str]]]]
"""The thôn and the indicators of the tables of some days."""


def of_commune(commune: Commune) -> tuple[FlatSet, ...]:
    """`Coverage`, a row a thôn, and `CoverageOfCommune`, so that a column of either can be added up."""

    def read(days: Sequence[dt.date], only: Collection[str] | None) -> Sequence[CoverageTable]:
        return coverage_table.tables(commune, days, only=only)

    codes = partial(commune_input.row_codes, commune)
    return sets(days(coverage_table.day_of_feed()), read, codes, commune.code)


def sets(known: Sequence[dt.date], tables: Tables, codes: Codes, commune: str) -> tuple[FlatSet, ...]:
    """The sets of these days; tables are read where the filter leaves their days, and when a row of theirs is taken.

    They have no more columns than those of the indicators that the filter names. Rows that are counted by day, thôn and
    indicator alone are known by the `codes` of these.
    """

    def read(
        make: Callable[[CoverageTable], list[Row]], wanted: Expression, backwards: bool
    ) -> Iterator[Row]:
        way, only = -1 if backwards else 1, _named(wanted)
        return (
            row
            for batch in _batches(_left(wanted, known)[::way])
            for table in tables(sorted(batch), only)[::way]
            for row in make(table)
        )

    def of_thon(wanted: Expression) -> Iterator[Row]:
        told = codes(_left(wanted, known))
        return ((day, *both) for day, of_day in told.items() for both in product(*of_day))

    def of_whole(wanted: Expression) -> Iterator[Row]:
        told = codes(_left(wanted, known))
        return ((day, commune, code) for day, (_, indicators) in told.items() for code in indicators)

    return (
        FlatSet("Coverage", OF_THON, _KEYS, partial(read, _of_thon), of_thon),
        FlatSet("CoverageOfCommune", OF_COMMUNE, _KEYS, partial(read, _of_whole), of_whole),
    )


def days(newest: dt.date) -> tuple[dt.date, ...]:
    """Yesterday, the Sundays of a quarter, and the ends of the year's months: none between, which would single out
    the households that were visited then (R25)."""
    sundays = [end for end in week_ends(newest, WEEKS) if end.isoweekday() == 7]
    months, end = [], month_end(newest)
    while end.year == newest.year:
        months.append(end)
        end = month_end(end.replace(day=1) - dt.timedelta(days=1))
    return tuple(sorted({newest, *sundays, *months}))


def _batches(days: Sequence[dt.date]) -> Iterator[Sequence[dt.date]]:
    first, size = 0, 1
    while first < len(days):
        yield days[first : first + size]
        first, size = first + size, min(2 * size, TOGETHER)


def _left(wanted: Expression, known: Sequence[dt.date]) -> list[dt.date]:
    """The days of which a row may be left by a filter: by those of its parts that speak of the day alone."""
    parts = Every(
        tuple(each for each in conjuncts(wanted) if getattr(each, "key", None) == AnswerAt(_DAY.name))
    )

    def is_left(day: dt.date) -> bool:
        return row_filter.holds(parts, lambda _key: day)

    return [day for day in known if is_left(day)]


def _named(wanted: Expression) -> frozenset[str] | None:
    """The indicators of which a row may be left by a filter, where it names them; None: of any."""
    match wanted:
        case Compare(key, Sign.EQUAL, value) if key == AnswerAt(_INDICATOR.name):
            return frozenset((str(value),))
        case Among(key, values) if key == AnswerAt(_INDICATOR.name):
            return frozenset(map(str, values))
        case Every(parts):
            known = [found for part in parts if (found := _named(part)) is not None]
            return frozenset.intersection(*known) if known else None
        case Some(parts):
            each = [_named(part) for part in parts]
            return None if None in each else frozenset[str]().union(*filter(None, each))
    return None


def _of_thon(table: CoverageTable) -> list[Row]:
    found = [
        (
            table.as_of,
            row.code,
            row.indicator,
            row.name,
            table.code,
            table.name,
            *_numbers(row),
            None,
            None,
            None,
        )
        for row in rows(table)
        if row.area == VILLAGE
    ]
    return sorted(found, key=lambda row: (row[1], row[2]))


def _of_whole(table: CoverageTable) -> list[Row]:
    """With what is estimated of all, which is made of the whole commune alone."""
    found = [
        (
            table.as_of,
            row.code,
            row.indicator,
            row.name,
            *_numbers(row),
            *_estimate(table.indicator(row.indicator)),
        )
        for row in rows(table)
        if row.area == COMMUNE
    ]
    return sorted(found, key=lambda row: row[2])


def _numbers(row: CoverageRow) -> tuple[Any, ...]:
    return (
        row.label, row.unit, row.kind, row.done, row.of, row.percent, row.percent_judged, row.bound, row.subjects,
        row.expected, None if row.reach is None else cut(100 * row.reach), row.suppressed, row.target, row.comparator,
        None if row.value is None else as_written(row.value), row.met, row.state, row.households, row.visited,
    )  # fmt: skip


def _estimate(row: IndicatorRow | None) -> tuple[float | None, ...]:
    found = row.estimate if row and not row.indicator.is_sample else None
    return (None,) * 3 if found is None else found.shown
