"""A service of tables that are in memory: sums by thôn, and what a shared link opens. None of them has repeats."""

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from itertools import groupby, islice
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import quoteattr

from flask import Response, request

from server.answers.expression import ALL, AnswerAt, Compare, Every, Expression, Key, OrderBy, Sign, keys
from server.api.odata import filter_text, odata_answers, query_options, row_filter
from server.api.odata.filter_text import TableNames
from server.api.odata.odata_problems import ODataProblem
from server.api.odata.query_options import QueryOptions
from server.errors import Problem
from server.exports.flat_table import DAY, DECIMAL, FLAG, INTEGER, MOMENT, TEXT, FlatColumn, FlatTable

NAMESPACE = "tungnha"
TYPES: Mapping[str, str] = {
    TEXT: "Edm.String", INTEGER: "Edm.Int64", DECIMAL: "Edm.Decimal", DAY: "Edm.Date", MOMENT: "Edm.DateTimeOffset",
    FLAG: "Edm.Boolean",
}  # fmt: skip

Row = Sequence[Any]


@dataclass(frozen=True)
class FlatSet:
    """A set of a service: its columns are known without its rows, which are read for what is asked."""

    name: str
    columns: tuple[FlatColumn, ...]
    keys: int
    read: Callable[[Expression, bool], Iterable[Row]]
    """All rows by their key, made while they are taken; those for which the expression cannot hold may be left out.
    True: from the last value of the first column on, and by their key among those of one."""
    read_keys: Callable[[Expression], Iterable[Row]] | None = None
    """The first columns of all rows, which tell them apart, where they are had without the others."""

    @property
    def first(self) -> Key:
        """The column by which rows are made one after the other."""
        return AnswerAt(self.columns[0].name)


def of_table(name: str, table: FlatTable) -> FlatSet:
    """A table that has been read."""
    rows = sorted(table.rows, key=lambda row: tuple(map(str, row[: table.keys])))
    turned = sorted(rows, key=lambda row: str(row[0]), reverse=True)
    return FlatSet(name, table.columns, table.keys, lambda _wanted, backwards: turned if backwards else rows)


def document(root: str, sets: Sequence[FlatSet]) -> Response:
    """What the service has (O11); `root` is its address without a slash at the end."""
    odata_answers.refuse_other_forms(is_xml=False)
    found = [{"name": each.name, "kind": "EntitySet", "url": each.name} for each in sets]
    return odata_answers.json({"@odata.context": f"{root}/$metadata", "value": found})


def metadata(sets: Sequence[FlatSet]) -> Response:
    """The service described in EDMX 4.0 (O12)."""
    odata_answers.refuse_other_forms(is_xml=True)
    types = "".join(entity_type(each.name, each.columns, each.keys) for each in sets)
    named = "".join(
        f'<EntitySet Name={quoteattr(each.name)} EntityType="{NAMESPACE}.{each.name}"/>' for each in sets
    )
    return odata_answers.xml(
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<edmx:Edmx xmlns:edmx="http://docs.oasis-open.org/odata/ns/edmx" Version="4.0"><edmx:DataServices>'
        f'<Schema xmlns="http://docs.oasis-open.org/odata/ns/edm" Namespace="{NAMESPACE}">{types}'
        f'<EntityContainer Name="{NAMESPACE}">{named}</EntityContainer></Schema></edmx:DataServices></edmx:Edmx>'
    )


def entity_type(name: str, columns: Sequence[FlatColumn], keys: int) -> str:
    """The type of a table's rows, told apart by their first columns."""
    named_keys = "".join(f'<PropertyRef Name="{column.name}"/>' for column in columns[:keys])
    fields = "".join(_property(column, is_key=place < keys) for place, column in enumerate(columns))
    return f'<EntityType Name="{name}"><Key>{named_keys}</Key>{fields}</EntityType>'


def _property(column: FlatColumn, *, is_key: bool) -> str:
    more = ' Scale="Variable"' if column.kind == DECIMAL else ""
    more += ' Nullable="false"' if is_key else ""
    return f'<Property Name="{column.name}" Type="{TYPES[column.kind]}"{more}/>'


def named(name: str, sets: Sequence[FlatSet]) -> FlatSet:
    """One of the sets; Problem SET_UNKNOWN."""
    found = next((each for each in sets if each.name == name), None)
    if found is None:
        raise Problem(ODataProblem.SET_UNKNOWN, name=name[:80])
    return found


def page(root: str, each: FlatSet, carried: Mapping[str, str] = MappingProxyType({})) -> Response:
    """The rows that this request asks for (O13, O15), in the order of their keys unless it names another. `carried` is
    what the next page brings along.

    No more rows are made than the page has, and one, unless they are put into an order that does not begin with their
    first column, or counted by what is not among their keys.
    """
    odata_answers.refuse_other_forms(is_xml=False)
    wanted = query_options.asked()
    columns = _selected(each, wanted)
    told: dict[str, Any] = {"@odata.context": f"{root}/$metadata#{each.name}"}
    asked, orders = _understood(each, wanted)
    number = _counted_by_keys(each, asked) if wanted.is_counted else None
    rows = _rows(each, wanted, asked, orders, is_whole=wanted.is_counted and number is None)
    if wanted.is_counted and number is None:
        counted = list(rows)
        number, rows = len(counted), iter(counted)
    if number is not None:
        told["@odata.count"] = number
    left = _behind(each, rows, wanted)
    end = None if wanted.top is None else wanted.skip + wanted.top
    shown = list(islice(left, wanted.skip, end))
    told["value"] = [{column.name: as_json(row[place]) for place, column in columns} for row in shown]
    if wanted.top and shown and next(left, None) is not None:
        told["@odata.nextLink"] = _next(root, each, shown[-1], carried)
    return odata_answers.json(told)


def count(each: FlatSet) -> Response:
    """How many rows there are, as text: `…/Coverage/$count`."""
    wanted = query_options.asked()
    asked, _ = _understood(each, wanted)
    number = _counted_by_keys(each, asked)
    if number is None:
        number = sum(1 for _ in _rows(each, wanted, asked, (), is_whole=True))
    return odata_answers.number(number)


def _understood(each: FlatSet, wanted: QueryOptions) -> tuple[Expression, Sequence[OrderBy]]:
    names = TableNames({column.name: AnswerAt(column.name) for column in each.columns})
    return filter_text.expression(wanted.filter, names), filter_text.orders(wanted.orderby, names)


def _counted_by_keys(each: FlatSet, asked: Expression) -> int | None:
    """How many rows there are for which a filter of key columns holds; None for another filter, and where rows are not
    had without their numbers."""
    known = {AnswerAt(column.name) for column in each.columns[: each.keys]}
    if each.read_keys is None or not known.issuperset(keys(asked)):
        return None
    look = _looking(each)
    return sum(1 for row in each.read_keys(asked) if row_filter.holds(asked, look(row)))


def _rows(
    each: FlatSet, wanted: QueryOptions, asked: Expression, orders: Sequence[OrderBy], *, is_whole: bool
) -> Iterator[Row]:
    """What is asked for, in its order, from where the page before ended or earlier; `is_whole`: from the beginning."""
    by_first = not orders or orders[0].key == each.first
    backwards = bool(orders) and by_first and orders[0].descending
    begun = ALL if is_whole or not by_first else _not_before(each, wanted, backwards=backwards)
    rows = each.read(asked if begun is ALL else Every((asked, begun)), backwards)
    look = _looking(each)
    if asked is not ALL:
        rows = (row for row in rows if row_filter.holds(asked, look(row)))
    if not by_first:
        return iter(row_filter.ordered(list(rows), orders, look))
    if not orders:
        return iter(rows)
    groups = (list(some) for _, some in groupby(rows, key=lambda row: row[0]))
    return (row for some in groups for row in row_filter.ordered(some, orders[1:], look))


def _not_before(each: FlatSet, wanted: QueryOptions, *, backwards: bool) -> Expression:
    """That a row does not stand before the last one of the page before, as far as its first column tells."""
    name = each.columns[0].name
    sign = Sign.AT_MOST if backwards else Sign.AT_LEAST
    return Compare(each.first, sign, wanted.after[name]) if name in wanted.after else ALL


def _looking(each: FlatSet) -> Callable[[Row], Callable[[Key], Any]]:
    places = {column.name: place for place, column in enumerate(each.columns)}

    def look(row: Row) -> Callable[[Key], Any]:
        return lambda key: row[places[key.path]] if isinstance(key, AnswerAt) else None

    return look


def _selected(each: FlatSet, wanted: QueryOptions) -> list[tuple[int, FlatColumn]]:
    known = {column.name: (place, column) for place, column in enumerate(each.columns)}
    query_options.check_selected(wanted.select, known)
    return [known[name] for name in wanted.select] or list(known.values())


def _behind(each: FlatSet, rows: Iterator[Row], wanted: QueryOptions) -> Iterator[Row]:
    """The rows behind the one at which the page before ended; Problem OPTION_WRONG where that row is no more."""
    if wanted.after:
        last = tuple(wanted.after.get(column.name, "") for column in each.columns[: each.keys])
        if not any(_key(each, row) == last for row in rows):
            raise Problem(
                ODataProblem.OPTION_WRONG, option="$skiptoken", why="bảng đã đổi, hãy đọc lại từ đầu"
            )
    return rows


def _next(root: str, each: FlatSet, last: Row, carried: Mapping[str, str]) -> str:
    names = [column.name for column in each.columns[: each.keys]]
    token = query_options.token({**carried, **dict(zip(names, _key(each, last), strict=True))})
    kept = {name: value for name, value in request.args.items() if name not in ("$skiptoken", "$skip")}
    return f"{root}/{each.name}?{urlencode(kept | {'$skiptoken': token}, safe='$')}"


def _key(each: FlatSet, row: Row) -> tuple[str, ...]:
    return tuple(str(as_json(value)) for value in row[: each.keys])


def as_json(value: Any) -> Any:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return value.isoformat() if isinstance(value, dt.date) else value
