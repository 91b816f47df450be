"""Expressions about answers as SQL, the same on SQLite and PostgreSQL."""

import datetime as dt
import decimal
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
import regex
import sqlalchemy as sa
from sqlalchemy.orm import aliased

from forms.definition import NONE, Definition, Field
from server.answers.expression import (
    Among,
    AnswerAt,
    AnyRound,
    Compare,
    Every,
    Expression,
    Holds,
    IsAnswered,
    Key,
    Matches,
    Not,
    OrderBy,
    Own,
    Part,
    Sign,
    Some,
    Ticked,
    Value,
)
from server.answers.text_functions import in_small_letters, is_matched
from server.exports import select_submissions
from server.models import Collector, Submission, Village

Column = sa.ColumnElement[Any]
NUMBERS = frozenset({"integer", "decimal"})
NUL = "\0"
"""No answer holds it, since XML has no such letter, and PostgreSQL refuses to look for it."""
_WHOLE = 2**63
_MOST = 10**300
"""Numbers of databases: whole ones are less than the first, and what is beyond the second says nothing."""
_TO_SECONDS = len("2026-11-22T02:15:03")


class BadPattern(Exception):
    """A regular expression that cannot be read; the message says where."""


@dataclass(frozen=True)
class AnswerSql:
    """How answers of one form stand in the tables; `shown` are the questions that the reader may have, by path.

    What they may not have, and what nobody asked, was answered by nobody as far as they are told.
    """

    shown: Mapping[str, Field]
    dialect: str
    document: str = "submission.answers"
    """What paths lead into, as SQL names it: a submission's answers, or those of one round of a repeat."""
    depth: int = 0

    @property
    def is_postgresql(self) -> bool:
        return self.dialect == "postgresql"

    def condition(self, expression: Expression) -> sa.ColumnElement[bool]:
        """A condition that is true where the expression holds; else false, or null as WHERE takes it for false.

        Raises BadPattern.
        """
        match expression:
            case Every(parts):
                return sa.and_(sa.true(), *map(self.condition, parts))
            case Some(parts):
                return sa.or_(sa.false(), *map(self.condition, parts))
            case Not(part):
                return sa.not_(sa.func.coalesce(self.condition(part), sa.false()))
            case AnyRound(repeat, inside):
                return self._any_round(repeat, inside)
            case _:
                has_nul = any(NUL in text for text in _texts(expression))
                return sa.false() if has_nul else self._leaf(expression)

    def order(self, wanted: Sequence[OrderBy]) -> list[Column]:
        """What rows are sorted by, the key last: two readings of one list are alike."""
        found = [
            (column.desc().nulls_last() if each.descending else column.asc().nulls_first())
            for each in wanted
            if (column := self.sortable(each.key)) is not None
        ]
        last = wanted[-1].descending if wanted and wanted[0].key == Own.ID else False
        return [*found, Submission.id.desc() if last else Submission.id.asc()]

    def sortable(self, key: Key) -> Column | None:
        """What a key is ordered by; None where there is nothing to order by."""
        if isinstance(key, Own):
            return self._own(key)
        asked = self.shown.get(key.path)
        if asked is None:
            return None
        return self.number(key.path) if asked.kind in NUMBERS else self.text(key)

    def _leaf(self, expression: Any) -> sa.ColumnElement[bool]:
        match expression:
            case Compare(key, sign, value):
                return self._compared(key, sign, value)
            case Among(key, values):
                return self._among(key, values)
            case IsAnswered(key):
                return self.text(key).is_not(None)
            case Ticked(key, name):
                return self._holds(self._listed(key.path), orjson.dumps(name).decode(), Part.ANYWHERE)
            case Holds(key, text, part, cased):
                column = self.text(key)
                said: tuple[Column, str] = (
                    (column, text) if cased else (in_small_letters(column), text.lower())
                )
                return self._holds(*said, part)
            case _:
                return self._matched(self.text(expression.key), expression.pattern, cased=expression.cased)

    def _compared(self, key: Key, sign: Sign, value: Value) -> sa.ColumnElement[bool]:
        column, wanted = self._sides(key, value)
        return sa.false() if wanted is None else _signed(column, sign, wanted)

    def _among(self, key: Key, values: Sequence[Value]) -> sa.ColumnElement[bool]:
        """With one look at the answer for all values: a database reads the whole document at each."""
        if any(isinstance(value, dt.datetime) for value in values):
            return sa.or_(sa.false(), *(self._compared(key, Sign.EQUAL, value) for value in values))
        sides = [self._sides(key, value) for value in values if not (isinstance(value, str) and NUL in value)]
        wanted = [value for _, value in sides if value is not None]
        return sides[0][0].in_(wanted) if wanted else sa.false()  # sides are those of one column

    def _sides(self, key: Key, value: Value) -> tuple[Column, Column | None]:
        """What a value is compared with, and the value; None where no answer to the question can be it."""
        if isinstance(value, dt.datetime):
            return _moments(key), sa.literal(value, Submission.received_at.type)
        if self._is_number(key):
            number = as_number(value)
            if number is None:
                return self.number_of(key), None
            is_exact = self.is_postgresql and isinstance(number, float)
            return self.number_of(key), sa.literal(decimal.Decimal(repr(number)) if is_exact else number)
        asked = self.shown.get(key.path) if isinstance(key, AnswerAt) else None
        return self.text(key), sa.literal(as_text(value, asked))

    def _is_number(self, key: Key) -> bool:
        if isinstance(key, Own):
            return key is Own.ID
        asked = self.shown.get(key.path)
        return asked is not None and asked.kind in NUMBERS

    def number_of(self, key: Key) -> Column:
        """The number that stands there; null where it is none."""
        return Submission.id if isinstance(key, Own) else self.number(key.path)  # type: ignore[return-value]

    def text(self, key: Key) -> Column:
        """What stands there as text: several answers with spaces between them, as a phone writes them."""
        if isinstance(key, Own):
            own = self._own(key)
            return sa.cast(own, sa.Text) if key is Own.ID else own
        asked = self.shown.get(key.path)
        if asked is None:
            return sa.cast(sa.null(), sa.Text)
        found = self._listed(key.path)
        if asked.kind == "select_multiple":
            for before, after in (('["', ""), ('"]', ""), ('","', " ")):
                found = sa.func.replace(found, before, after)
        return found

    def _listed(self, path: str) -> Column:
        """The answer's text; a list as JSON writes it."""
        if path not in self.shown:
            return sa.cast(sa.null(), sa.Text)
        return sa.literal_column(text_of(self.document, path, self.dialect), sa.Text)

    def number(self, path: str) -> Column:
        """The answer where it is a number."""
        return sa.literal_column(number_of(self.document, path, self.dialect), sa.Numeric)

    def _any_round(self, repeat: str, inside: Expression) -> sa.ColumnElement[bool]:
        if not any((each.repeat or "").startswith(repeat) for each in self.shown.values()):
            return sa.false()
        rounds: Column = sa.literal_column(rounds_of(self.document, repeat, self.dialect))
        name = f"round_{self.depth}"
        each = sa.func.json_array_elements(rounds) if self.is_postgresql else sa.func.json_each(rounds)
        table = each.table_valued("value", name=name)
        within = replace(self, document=f"{name}.value", depth=self.depth + 1)
        return sa.select(sa.literal(1)).select_from(table).where(within.condition(inside)).exists()

    def _holds(self, column: Column, text: str, part: Part) -> sa.ColumnElement[bool]:
        if part is Part.BEGIN:
            return sa.func.substr(column, 1, len(text)) == text
        if part is Part.END:
            end = (
                sa.func.right(column, len(text)) if self.is_postgresql else sa.func.substr(column, -len(text))
            )
            return end == text if text else column.is_not(None)
        where = sa.func.strpos if self.is_postgresql else sa.func.instr
        found: sa.ColumnElement[bool] = where(column, text) > 0
        return found

    def _matched(self, column: Column, pattern: str, *, cased: bool) -> sa.ColumnElement[bool]:
        try:
            regex.compile(pattern)
        except regex.error as error:
            raise BadPattern(str(error)) from error
        return is_matched(column, pattern, cased=cased, dialect=self.dialect)

    def _own(self, key: Own) -> Column:
        match key:
            case Own.ROOT:
                first = aliased(Submission)
                root = sa.select(first.instance_id).where(first.id == Submission.root_id).scalar_subquery()
                return sa.func.coalesce(root, Submission.instance_id)
            case Own.RECEIVED | Own.OBSERVED:
                column = Submission.received_at if key is Own.RECEIVED else Submission.observed_at
                return sa.func.substr(
                    select_submissions.moment(column, self.dialect, utc=True), 1, _TO_SECONDS
                )
            case Own.COLLECTOR:
                mine = Collector.id == Submission.collector_id
                return sa.select(Collector.username).where(mine).scalar_subquery()
            case Own.VILLAGE:
                return sa.select(Village.code).where(Village.id == Submission.village_id).scalar_subquery()
        columns = {
            Own.ID: Submission.id, Own.INSTANCE: Submission.instance_id, Own.REVIEW: Submission.review,
            Own.VERSION: Submission.version, Own.DEVICE: Submission.device,
        }  # fmt: skip
        return columns[key]  # type: ignore[return-value]


def of_form(form: Definition, dialect: str, *, personal: bool) -> AnswerSql:
    """The questions of a form (all its versions as one) that a reader may have."""
    shown = {each.path: each for each in form.fields if personal or each.sensitivity == NONE}
    return AnswerSql(shown, dialect)


def as_number(value: Value) -> int | float | None:
    """A value as the number it says; None where it says none. A whole number that no column holds is a broken one."""
    if isinstance(value, dt.datetime):
        return None
    if isinstance(value, int) and abs(value) >= _WHOLE:
        return float(max(min(value, _MOST), -_MOST))
    if not isinstance(value, str):
        return value
    for read in (int, float):
        try:
            found = read(value)
        except ValueError:
            continue
        return as_number(found) if -_MOST < found < _MOST else None
    return None


def _texts(leaf: Any) -> tuple[str, ...]:
    """The texts that a condition looks for, but for lists of them."""
    match leaf:
        case Compare(_, _, str(text)) | Holds(_, text) | Matches(_, text) | Ticked(_, text):
            return (text,)
    return ()


def as_text(value: Value, asked: Field | None) -> str:
    """A value as an answer's text has it; several answers by one space each."""
    text = value if isinstance(value, str) else orjson.dumps(value).decode()
    return " ".join(text.split()) if asked is not None and asked.kind == "select_multiple" else text


def _moments(key: Key) -> Column:
    """The column that a moment is compared with: when it was observed, or when it came."""
    return Submission.observed_at if key is Own.OBSERVED else Submission.received_at  # type: ignore[return-value]


def text_of(document: str, path: str, dialect: str) -> str:
    """SQL of an answer's text. Nothing in it is a parameter: what an index is made of has to stand in queries as well
    (server/answers/indexed_questions.py)."""
    if dialect == "postgresql":
        return f'({document} ->> {_quoted(path)}) COLLATE "C"'
    return f"CAST(json_extract({document}, {_quoted(_place(path))}) AS TEXT)"


def number_of(document: str, path: str, dialect: str) -> str:
    """SQL of an answer where it is a number, null where not."""
    if dialect == "postgresql":
        name = _quoted(path)
        return f"CASE WHEN json_typeof({document} -> {name}) = 'number' THEN CAST({document} ->> {name} AS NUMERIC) END"
    place = _quoted(_place(path))
    kind, value = (f"{function}({document}, {place})" for function in ("json_type", "json_extract"))
    return f"CASE {kind} WHEN 'integer' THEN {value} WHEN 'real' THEN {value} END"


def rounds_of(document: str, repeat: str, dialect: str) -> str:
    """SQL of the list of a repeat's rounds, an empty one where there is none, or a question's answer at its place."""
    if dialect == "postgresql":
        found = f"{document} -> {_quoted(repeat)}"
        return f"CASE WHEN json_typeof({found}) = 'array' THEN {found} ELSE '[]'::json END"
    place, first = (_quoted(f"{_place(repeat)}{at}") for at in ("", "[0]"))
    return f"CASE json_type({document}, {first}) WHEN 'object' THEN json_extract({document}, {place}) ELSE '[]' END"


def _quoted(text: str) -> str:
    """A literal of SQL; paths of questions are names of XML, which hold no sign that means anything there."""
    return "'" + text.replace("'", "''") + "'"


def _place(path: str) -> str:
    return f'$."{path}"'


def _signed(column: Column, sign: Sign, value: Any) -> sa.ColumnElement[bool]:
    compared: sa.ColumnElement[bool] = _SIGNED[sign](column, value)
    return compared


_SIGNED: Mapping[Sign, Callable[[Any, Any], Any]] = {
    Sign.EQUAL: operator.eq,
    Sign.GREATER: operator.gt,
    Sign.AT_LEAST: operator.ge,
    Sign.LESS: operator.lt,
    Sign.AT_MOST: operator.le,
}
