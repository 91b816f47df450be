"""A form's submissions as OData: the tables that it has for one reader, filtered in the database, by pages of keys."""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

import orjson
import sqlalchemy as sa
from flask import Response, request

from forms.definition import Definition
from server import audit
from server.answers import submission_pages
from server.answers.expression import ALL, Compare, Every, Expression, OrderBy, Own, Sign
from server.answers.submission_pages import AskedSubmissions
from server.answers.who_may_read import AnswersReader
from server.api.odata import (
    filter_text,
    form_edmx,
    form_names,
    made_columns,
    noted_readings,
    odata_answers,
    query_options,
)
from server.api.odata.form_flat import FlatForm, flat
from server.api.odata.form_rows import COLUMNS, AnswerShape, Json, WhoAndWhen, navigation, rounds
from server.api.odata.form_tables import FLAT, ROOT, ODataTable, tables
from server.api.odata.odata_problems import ODataProblem
from server.api.odata.query_options import QueryOptions
from server.db import db, reading_engine
from server.errors import CommonProblem, Problem
from server.exports import form_columns, select_submissions
from server.exports.select_submissions import NamesByKey
from server.models import Form, Village

ACT = "submissions.read"
WHOLE = 5_000
"""Rows of a page that is made whole, with its ETag; longer answers are streamed."""
_ONE = re.compile(r"Submissions\('([^']{1,200})'\)")

MakeRow = Callable[[Any, WhoAndWhen], Json]


@dataclass(frozen=True)
class FormService:
    """The tables of a form for one reader at one address; `also` narrows what may be read at all."""

    of: AnswersReader
    form: Form
    root: str
    """The service's address without a slash at the end."""
    also: Expression = ALL

    @cached_property
    def definition(self) -> Definition:
        """All versions as one."""
        return form_columns.merged(select_submissions.definitions(self.form.id))

    @cached_property
    def tables(self) -> tuple[ODataTable, ...]:
        return tables(self.definition, personal=self.of.personal)

    @cached_property
    def names(self) -> NamesByKey:
        """The thôn and collectors that rows point at."""
        return self.of.names()

    @cached_property
    def flat(self) -> FlatForm:
        """The flat table."""
        lists = select_submissions.list_labels(self.form.id, self.definition)
        places = {
            field.path: self.names.places
            for field in self.definition.fields
            if field.choices_file == "thon.csv"
        }
        known = self.names.villages
        codes = db.session.execute(sa.select(Village.id, Village.code).where(Village.id.in_(known)))
        thon = {row.code: known[row.id] for row in codes}
        return flat(self.definition, self.tables[0], self.of.communes[0].code, {**lists, **places}, thon)

    def document(self) -> Response:
        """What the service has (O11)."""
        odata_answers.refuse_other_forms(is_xml=False)
        names = (*(table.name for table in self.tables), FLAT)
        found = [{"name": name, "kind": "EntitySet", "url": name} for name in names]
        return odata_answers.json({"@odata.context": f"{self.root}/$metadata", "value": found})

    def metadata(self) -> Response:
        """What its columns are (O12)."""
        odata_answers.refuse_other_forms(is_xml=True)
        described = form_edmx.describe(self.form.form_id, self.tables, (FLAT, self.flat.columns))
        return odata_answers.xml(described)

    def table(self, name: str) -> ODataTable:
        """A table by its name; Problem SET_UNKNOWN."""
        found = next((each for each in self.tables if each.name == name), None)
        if found is None:
            raise Problem(ODataProblem.SET_UNKNOWN, name=name[:80])
        return found

    def asked(
        self, expression: Expression, order: Sequence[OrderBy] = (), *, counting: bool
    ) -> AskedSubmissions:
        """Submissions that this reader may see; `counting`: without those that were not taken."""
        wanted = Every((self.also, expression))
        dialect = reading_engine().dialect.name
        return submission_pages.ask(self.of, self.form, dialect, wanted, order, any_state=not counting)

    def page(self, name: str) -> Response:
        """A page of the submissions, nested or flat (O13, O15, O18)."""
        odata_answers.refuse_other_forms(is_xml=False)
        wanted = query_options.asked()
        return _SubmissionsPage(self, name, wanted, *self._understood(name, wanted)).answer()

    def count(self, name: str) -> Response:
        """How many submissions a filter finds: `…/Submissions/$count`."""
        wanted = query_options.asked()
        asked, _ = self._understood(name, wanted)
        with select_submissions.reading(reading_engine()) as connection:
            found = self.asked(asked, counting=name == FLAT).count(connection)
        self.note(0, wanted)
        return odata_answers.number(found)

    def _understood(self, name: str, wanted: QueryOptions) -> tuple[Expression, Sequence[OrderBy]]:
        """What is asked of submissions, nested or flat, and in which order they are wanted."""
        keys = self.flat.keys if name == FLAT else form_names.of_root(self.tables[0])
        filters = self.flat.filters if name == FLAT else form_names.filters_of_root(self.tables[0])
        made = self.flat.made if name == FLAT else form_names.made(self.names)
        known = [form_names.names(each, self.definition, self.names) for each in (filters, keys)]
        asked = made_columns.translated(filter_text.expression(wanted.filter, known[0]), made)
        return asked, filter_text.orders(wanted.orderby, known[1])

    def one(self, text: str) -> Response:
        """`Submissions('uuid:…')`: one of them by its id; Problem NOT_FOUND."""
        odata_answers.refuse_other_forms(is_xml=False)
        instance = one_named(text)
        wanted = query_options.asked()
        with select_submissions.reading(reading_engine()) as connection:
            ids = self.asked(Compare(Own.ROOT, Sign.EQUAL, instance), counting=False).ids(connection)
            if not ids:
                raise Problem(CommonProblem.NOT_FOUND)
            rows = next(submission_pages.rows(connection, ids[-1:], COLUMNS))
            who = WhoAndWhen.read(rows, self.names, connection)
            told = self.make(wanted)(rows[0], who)
        self.note(1, wanted)
        return odata_answers.json({"@odata.context": f"{self.root}/$metadata#{ROOT}/$entity", **told})

    def make(self, wanted: QueryOptions) -> MakeRow:
        """What makes a nested row."""
        own, selected = self.tables[0], frozenset(wanted.select)
        query_options.check_selected(selected, form_edmx.selectable(own, self.tables))
        shape = AnswerShape(own, wkt=wanted.wkt, selected=selected)
        inner = (
            [(each, AnswerShape(each, wkt=wanted.wkt)) for each in self.tables[1:]] if wanted.expands else []
        )

        def make(row: Any, who: WhoAndWhen) -> Json:
            instance = who.instance(row)
            told: Json = {"__id": instance, form_edmx.SYSTEM_COLUMN: who.system(row)}
            if selected:
                told = _selected(told, selected)
            shape.into(told, row.answers)
            if inner:
                self._expand(told, row.answers, instance, inner)
            else:
                link(told, self.tables, own, f"Submissions('{instance}')", selected)
            return told

        return make

    def _expand(
        self,
        told: Json,
        answers: Mapping[str, Any],
        instance: str,
        inner: Sequence[tuple[ODataTable, AnswerShape]],
    ) -> None:
        """Put the rounds of repeats into the rows that they stand in."""
        by_id: dict[str, Json] = {instance: told}
        for each, shape in inner:
            for row in by_id.values():
                if row.get("\0table", "") == each.parent:
                    _within(row, each.names)[each.names[-1]] = []
            for one in rounds(each, self.tables, answers, instance):
                made = shape.into({"__id": one.id}, one.answers)
                made["\0table"] = each.path
                by_id[one.id] = made
                _within(by_id[one.parent_id], each.names)[each.names[-1]].append(made)
        for row in by_id.values():
            row.pop("\0table", None)

    def note(self, count: int, wanted: QueryOptions, *, is_last: bool = True) -> None:
        """Write down what is about to be read, before its first byte leaves; of a reading by pages the first."""
        if noted_readings.is_noted(wanted.after):
            return
        communes = [each.code for each in self.of.communes]
        detail = {"communes": communes, "count": count, "personal": self.of.personal}
        more = {} if is_last else {"more": True}
        audit.note_reading(ACT, f"form:{self.form.id}", detail | more)


@dataclass(frozen=True)
class _SubmissionsPage:
    """One request for submissions."""

    service: FormService
    name: str
    wanted: QueryOptions
    asked: Expression
    orders: Sequence[OrderBy]

    def answer(self) -> Response:
        counting = self.name == FLAT
        with select_submissions.reading(reading_engine()) as connection:
            ids, is_last = self._ids(connection)
            total = None
            if self.wanted.is_counted:
                total = self.service.asked(self.asked, counting=counting).count(connection)
        self.service.note(len(ids), self.wanted, is_last=is_last)
        onwards = None
        if ids and not is_last:
            onwards = next_link(self.service.root, self.name, {"id": str(ids[-1])}, self.wanted)
        rows = self._rows(ids, self._make(), reading_engine())
        return written(self.service.root, self.name, total, rows, onwards, is_short=len(ids) <= WHOLE)

    def _make(self) -> MakeRow:
        if self.name != FLAT:
            return self.service.make(self.wanted)
        made, selected = self.service.flat, self.wanted.select
        query_options.check_selected(selected, {each.name for each in made.columns})
        if not selected:
            return made.row

        def make(row: Any, who: WhoAndWhen) -> Json:
            told = made.row(row, who)
            return {name: told[name] for name in selected}

        return make

    def _ids(self, connection: sa.Connection) -> tuple[list[int], bool]:
        """The keys of the page, and whether it is the last one."""
        wanted, counting = self.wanted, self.name == FLAT
        most = None if wanted.top is None else wanted.skip + wanted.top + 1
        if self.orders:
            found = self.service.asked(self.asked, self.orders, counting=counting).ids(connection)
            found = found[after(found, number(wanted) if wanted.after else 0, wanted) :]
        else:
            keyed = Every((self.asked, *_behind(wanted)))
            found = self.service.asked(keyed, counting=counting).ids(connection, most)
        found = found[wanted.skip :]
        shown = found if wanted.top is None else found[: wanted.top]
        return shown, len(shown) == len(found)

    def _rows(self, ids: Sequence[int], make: MakeRow, engine: sa.Engine) -> Iterator[bytes]:
        names = self.service.names
        if not ids:
            return
        with select_submissions.reading(engine) as connection:
            for rows in submission_pages.rows(connection, ids, COLUMNS):
                who = WhoAndWhen.read(rows, names, connection)
                yield b",".join(orjson.dumps(make(row, who)) for row in rows)


def one_named(text: str) -> str:
    """The id in `Submissions('uuid:…')`; Problem SET_UNKNOWN."""
    found = _ONE.fullmatch(text)
    if found is None:
        raise Problem(ODataProblem.SET_UNKNOWN, name=text[:80])
    return found[1]


def _behind(wanted: QueryOptions) -> tuple[Expression, ...]:
    """What is behind the last row of the page before."""
    return (Compare(Own.ID, Sign.GREATER, number(wanted)),) if wanted.after else ()


def after(found: Sequence[Any], last: Any, wanted: QueryOptions) -> int:
    """The place behind the last row of the page before; Problem OPTION_WRONG where it is not among them any more."""
    if not wanted.after:
        return 0
    try:
        return found.index(last) + 1
    except ValueError as error:
        raise _stale() from error


def number(wanted: QueryOptions, name: str = "id") -> int:
    """A number in the token, the key of the submission first of all; Problem OPTION_WRONG."""
    text = wanted.after.get(name, "")
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise _stale()
    return int(text)


def _stale() -> Problem:
    return Problem(ODataProblem.OPTION_WRONG, option="$skiptoken", why="bảng đã đổi, hãy đọc lại từ đầu")


def next_link(root: str, name: str, last: Mapping[str, str], wanted: QueryOptions) -> str:
    """The address of the next page: this one's, behind its last row, of the same reading."""
    kept = {key: value for key, value in request.args.items() if key not in ("$skiptoken", "$skip")}
    token = query_options.token({**last, noted_readings.NAME: noted_readings.mark(wanted.after)})
    return f"{root}/{name}?{urlencode(kept | {'$skiptoken': token}, safe='$')}"


def written(
    root: str, name: str, total: int | None, rows: Iterable[bytes], link: str | None, *, is_short: bool
) -> Response:
    """The answer, whole or streamed; `rows` are pieces of rows with commas between them."""
    head: Json = {"@odata.context": f"{root}/$metadata#{name}"}
    if total is not None:
        head["@odata.count"] = total
    if link is not None:
        head["@odata.nextLink"] = link
    pieces = _pieces(head, rows)
    content = b"".join(pieces) if is_short else pieces
    return odata_answers.whole(Response(content, content_type=odata_answers.JSON))


def _pieces(head: Json, rows: Iterable[bytes]) -> Iterator[bytes]:
    yield orjson.dumps(head)[:-1] + b',"value":['
    comma = b""
    for piece in rows:
        if piece:
            yield comma + piece
            comma = b","
    yield b"]}"


def _within(row: Json, names: Sequence[str]) -> Json:
    """The object in which a name stands, through its groups."""
    for name in names[:-1]:
        row = row.setdefault(name, {})
    return row


def _selected(told: Json, selected: Collection[str]) -> Json:
    """What is chosen of a submission's own columns: whole ones, and parts of what the system knows."""
    system = form_edmx.SYSTEM_COLUMN
    kept = {name: value for name, value in told.items() if name in selected}
    parts = {name: value for name, value in told[system].items() if f"{system}/{name}" in selected}
    return kept if system in kept or not parts else {**kept, system: parts}


def link(
    row: Json, known: Sequence[ODataTable], own: ODataTable, address: str, selected: Collection[str] = ()
) -> None:
    """Put the links to the rounds of repeats into a row, of those that are chosen where any column is."""
    for each, name, target in navigation(known, own, address):
        if not selected or "/".join(each.names) in selected:
            _within(row, each.names)[name] = target
