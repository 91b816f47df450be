"""Rounds of a form's repeats as a table of their own: read submission by submission, by pages of keys (O14, O17)."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import sqlalchemy as sa
from flask import Response

from server.answers import submission_pages
from server.answers.expression import (
    AnswerAt,
    AnyRound,
    Compare,
    Every,
    Expression,
    Key,
    OrderBy,
    Own,
    Sign,
    conjuncts,
    keys,
)
from server.api.odata import (
    filter_text,
    form_edmx,
    form_names,
    made_columns,
    odata_answers,
    query_options,
    row_filter,
)
from server.api.odata.filter_text import TableNames
from server.api.odata.form_rows import COLUMNS, AnswerShape, Json, RepeatRound, WhoAndWhen, rounds
from server.api.odata.form_service import FormService, after, link, next_link, number, one_named, written
from server.api.odata.form_tables import ODataTable
from server.api.odata.odata_problems import ODataProblem
from server.api.odata.query_options import QueryOptions
from server.db import reading_engine
from server.errors import CommonProblem, Problem
from server.exports import select_submissions

COUNT = "/$count"
BATCH = 200
"""Submissions whose rounds are looked at together: most have a few."""


@dataclass(frozen=True)
class FoundRound:
    """A round that is asked for, the submission that it stands in, and how many of its rounds came before."""

    round: RepeatRound
    submission_id: int
    before: int


def page(service: FormService, name: str) -> Response:
    """A page of a repeat's rounds."""
    odata_answers.refuse_other_forms(is_xml=False)
    return _RoundsPage(service, service.table(name), query_options.asked()).answer()


def count(service: FormService, name: str) -> Response:
    """How many rounds a filter finds: `…/Submissions.tv/$count`."""
    return _RoundsPage(service, service.table(name), query_options.asked()).count()


def of_one(service: FormService, text: str, path: str) -> Response:
    """`Submissions('uuid:…')/tv`: the rounds that stand right in one submission."""
    odata_answers.refuse_other_forms(is_xml=False)
    names = tuple(path.removesuffix(COUNT).split("/"))
    table = next(
        (each for each in service.tables if each.path and each.parent == "" and each.names == names), None
    )
    if table is None:
        raise Problem(ODataProblem.SET_UNKNOWN, name=path[:80])
    asked = _RoundsPage(service, table, query_options.asked(), one_named(text))
    return asked.count() if path.endswith(COUNT) else asked.answer()


@dataclass(frozen=True)
class _RoundsPage:
    """One request for rounds; `instance` "" for those of all submissions."""

    service: FormService
    table: ODataTable
    wanted: QueryOptions
    instance: str = ""

    def count(self) -> Response:
        of_root, own = self._parts(self._known())
        with select_submissions.reading(reading_engine()) as connection:
            if self.instance:
                self._check(connection)
            found = sum(1 for _ in self._found(connection, of_root, own, 0))
        self.service.note(0, self.wanted)
        return odata_answers.number(found)

    def _known(self) -> TableNames:
        keys = form_names.of_rounds(self.table, self.service.tables[0])
        return form_names.names(keys, self.service.definition, self.service.names)

    def answer(self) -> Response:
        known = self._known()
        query_options.check_selected(
            self.wanted.select, form_edmx.selectable(self.table, self.service.tables)
        )
        of_root, own = self._parts(known)
        orders = filter_text.orders(self.wanted.orderby, known)
        if any(not self._is_own(each.key) for each in orders):
            raise Problem(
                ODataProblem.OPTION_UNSUPPORTED,
                option="$orderby theo câu hỏi của phiếu, trong bảng của nhóm lặp",
            )
        with select_submissions.reading(reading_engine()) as connection:
            if self.instance:
                self._check(connection)
            total = None
            if self.wanted.is_counted:
                total = sum(1 for _ in self._found(connection, of_root, own, 0))
            shown, is_last = self._page(connection, of_root, own, orders)
        self.service.note(len({each.submission_id for each in shown}), self.wanted, is_last=is_last)
        onwards = None
        if not is_last and shown:
            last = {"id": str(shown[-1].submission_id), "at": str(shown[-1].before + 1)}
            onwards = next_link(self.service.root, self._address(), last, self.wanted)
        return written(self.service.root, self.table.name, total, self._rows(shown), onwards, is_short=True)

    def _address(self) -> str:
        if not self.instance:
            return self.table.name
        return f"Submissions('{self.instance}')/{'/'.join(self.table.names)}"

    def _check(self, connection: sa.Connection) -> None:
        if not self.service.asked(Compare(Own.ROOT, Sign.EQUAL, self.instance), counting=False).ids(
            connection, 1
        ):
            raise Problem(CommonProblem.NOT_FOUND)

    def _is_own(self, key: Key) -> bool:
        return isinstance(key, AnswerAt) and key.path in {each.path for each in self.table.fields}

    def _parts(self, known: TableNames) -> tuple[Expression, Expression]:
        """What is asked of submissions, and what of their rounds; OPTION_UNSUPPORTED where one part asks both."""
        asked = filter_text.expression(self.wanted.filter, known)
        expression = made_columns.translated(asked, form_names.made(self.service.names))
        of_root: list[Expression] = []
        own: list[Expression] = []
        for part in conjuncts(expression):
            said = [self._is_own(key) for key in keys(part)]
            if any(said) and not all(said):
                raise Problem(
                    ODataProblem.OPTION_UNSUPPORTED, option="or giữa câu hỏi của phiếu và của nhóm lặp"
                )
            (own if any(said) else of_root).append(part)
        return Every(tuple(of_root)), Every(tuple(own))

    def _found(
        self, connection: sa.Connection, of_root: Expression, own: Expression, begin: int
    ) -> Iterator[FoundRound]:
        """The rounds that are asked for, submission by submission in the order of their keys, from one on."""
        parts: list[Expression] = [of_root, self._holds_one(own)]
        if self.instance:
            parts.append(Compare(Own.ROOT, Sign.EQUAL, self.instance))
        last = begin - 1
        while True:
            behind = Compare(Own.ID, Sign.GREATER, last)
            ids = self.service.asked(Every((*parts, behind)), counting=False).ids(connection, BATCH)
            if not ids:
                return
            for rows in submission_pages.rows(connection, ids, COLUMNS):
                who = WhoAndWhen.read(rows, self.service.names, connection)
                for row in rows:
                    yield from self._of(row, who, own)
            last = ids[-1]

    def _of(self, row: Any, who: WhoAndWhen, own: Expression) -> Iterator[FoundRound]:
        found = rounds(self.table, self.service.tables, row.answers, who.instance(row))
        kept = (each for each in found if own == Every() or row_filter.holds(own, look(each.answers)))
        for before, each in enumerate(kept):
            yield FoundRound(each, row.id, before)

    def _holds_one(self, own: Expression) -> Expression:
        """That a submission has such a round, which the database looks up before a row is read."""
        found, table = own, self.table
        while True:
            found = AnyRound(table.path, found)
            if not table.parent:
                return found
            table = next(each for each in self.service.tables if each.path == table.parent)

    def _page(
        self, connection: sa.Connection, of_root: Expression, own: Expression, orders: Sequence[OrderBy]
    ) -> tuple[list[FoundRound], bool]:
        """The rounds of the page, and whether it is the last one."""
        wanted = self.wanted
        begin, at = (number(wanted), number(wanted, "at")) if wanted.after else (0, 0)
        every = self._found(connection, of_root, own, 0 if orders else begin)
        if orders:
            ordered = row_filter.ordered(list(every), orders, lambda each: look(each.round.answers))
            places = [(each.submission_id, each.before + 1) for each in ordered]
            every = iter(ordered[after(places, (begin, at), wanted) :])
        most = None if wanted.top is None else wanted.skip + wanted.top
        shown: list[FoundRound] = []
        for each in every:
            if not orders and each.submission_id == begin and each.before < at:
                continue
            if most is not None and len(shown) == most:
                return shown[wanted.skip :], False
            shown.append(each)
        return shown[wanted.skip :], True

    def _rows(self, shown: Sequence[FoundRound]) -> Iterator[bytes]:
        shape = AnswerShape(self.table, wkt=self.wanted.wkt, selected=frozenset(self.wanted.select))
        for each in shown:
            yield orjson.dumps(self._row(each.round, shape))

    def _row(self, each: RepeatRound, shape: AnswerShape) -> Json:
        selected = self.wanted.select
        told: Json = {"__id": each.id, self.table.key_of_parent: each.parent_id}
        if selected:
            told = {name: value for name, value in told.items() if name in selected}
        shape.into(told, each.answers)
        link(told, self.service.tables, self.table, f"{self.table.name}('{each.id}')", selected)
        return told


def look(answers: Mapping[str, Any]) -> row_filter.Look:
    """What stands in a round under a key: several answers as a phone writes them."""

    def found(key: Key) -> Any:
        value = answers.get(key.path) if isinstance(key, AnswerAt) else None
        return " ".join(map(str, value)) if isinstance(value, list) else value

    return found
