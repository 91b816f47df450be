"""The text of `$filter` and `$orderby` as expressions about questions (OData 4.01 URL conventions, 5.1.1).

`odata_query` reads the grammar; names are put in for it as placeholders, so that a question may be called `any_help`
and a path may lead through groups, and what is not a name of this table is told by its name.
"""

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from odata_query import ast
from odata_query.exceptions import ODataException
from odata_query.grammar import ODataLexer, ODataParser

from forms import typed_values
from server import clock
from server.answers.expression import (
    ALL,
    Among,
    Compare,
    Every,
    Expression,
    Holds,
    IsAnswered,
    Key,
    Matches,
    Not,
    OrderBy,
    Part,
    Sign,
    Some,
)
from server.api.odata.odata_problems import ODataProblem
from server.errors import Problem

LONGEST = 4_000
"""Letters of a filter."""
DEEPEST = 60
"""Parts of an expression within each other."""

_LAST_YEAR = 9998
"""Of moments: one beyond is read as the last of this year, as databases have it; their zones and next days still are
moments of the calendar."""

_STRING = re.compile(r"('(?:[^']|'')*')")
_PATH = re.compile(r"(?<![\w.:+'$-])\$?[A-Za-z_]\w*(?:\.\w+)*(?:/\$?[A-Za-z_]\w*)*")
_LAMBDA = re.compile(r"/(any|all)\s*\(")
_WORDS = frozenset(
    ("and", "or", "not", "eq", "ne", "gt", "ge", "lt", "le", "in", "null", "true", "false", "duration", "geography",
     "add", "sub", "mul", "div", "mod", "has")
)  # fmt: skip
_SIGNS: Mapping[type, Sign] = {
    ast.Eq: Sign.EQUAL, ast.Gt: Sign.GREATER, ast.GtE: Sign.AT_LEAST, ast.Lt: Sign.LESS, ast.LtE: Sign.AT_MOST,
}  # fmt: skip
_TURNED: Mapping[Sign, Sign] = {
    Sign.EQUAL: Sign.EQUAL, Sign.GREATER: Sign.LESS, Sign.AT_LEAST: Sign.AT_MOST, Sign.LESS: Sign.GREATER,
    Sign.AT_MOST: Sign.AT_LEAST,
}  # fmt: skip
_PARTS: Mapping[str, Part] = {"contains": Part.ANYWHERE, "startswith": Part.BEGIN, "endswith": Part.END}


@dataclass(frozen=True)
class TableNames:
    """What the fields of a table are called in addresses, and how each answer is read from a literal.

    A field that the reader may not have is not among them: it is unknown, as one that nobody asked.
    """

    keys: Mapping[str, Key]
    read: Callable[[Key, Any], Any] = lambda _key, value: value
    """A literal in the words of the table: `hasIssues` as the state it names."""
    nothing: Mapping[Key, Any] = field(default_factory=dict)
    """What stands in a column of ours where its readers are told null."""


def expression(text: str, names: TableNames) -> Expression:
    """What a `$filter` asks for; all rows where it is empty. Problem OPTION_WRONG or OPTION_UNSUPPORTED."""
    text = text.strip()
    if not text:
        return ALL
    if len(text) > LONGEST:
        raise _wrong("$filter", f"dài quá {LONGEST} chữ")
    keys: list[Key] = []
    if lambda_of := _LAMBDA.search(_STRING.sub("", text)):
        raise Problem(ODataProblem.OPTION_UNSUPPORTED, option=f"{lambda_of[1]} trong $filter")
    prepared = _with_placeholders(text, names, keys)
    try:
        tree = ODataParser().parse(_tokens(prepared))
    except (ODataException, ValueError) as error:
        raise _wrong("$filter", str(error)[:120]) from error
    if tree is None:
        raise _wrong("$filter", "trống")
    return _Reading(keys, names).condition(tree, 0)


def orders(text: str, names: TableNames) -> tuple[OrderBy, ...]:
    """What an `$orderby` asks for: names, each with `asc` or `desc`."""
    found = []
    for part in filter(None, (each.strip() for each in text.split(","))):
        name, _, way = part.partition(" ")
        way = way.strip().lower()
        if name not in names.keys:
            raise _wrong("$orderby", f"không có trường “{name[:80]}”")
        if way not in ("", "asc", "desc"):
            raise _wrong("$orderby", f"“{way[:20]}” không phải asc hay desc")
        found.append(OrderBy(names.keys[name], way == "desc"))
    return tuple(found)


def _with_placeholders(text: str, names: TableNames, keys: list[Key]) -> str:
    """The same with `f0`, `f1` for its fields; texts in quotes stay as they are."""

    def placed(found: re.Match[str]) -> str:
        path = found[0]
        if path == "has" and path not in names.keys:
            raise Problem(ODataProblem.OPTION_UNSUPPORTED, option="has trong $filter")
        if path.lower() in _WORDS or found.string[found.end() :].lstrip()[:1] == "(":
            return path
        key = names.keys.get(path)
        if key is None:
            raise _wrong("$filter", f"không có trường “{path[:80]}”")
        keys.append(key)
        return f"f{len(keys) - 1}"

    pieces = _STRING.split(text)
    return "".join(piece if piece.startswith("'") else _PATH.sub(placed, piece) for piece in pieces)


def _tokens(text: str) -> Iterator[Any]:
    """The words of a filter; a list of one gets the comma by which the grammar knows it for a list."""
    is_list, commas = False, 0
    for token in ODataLexer().tokenize(text):
        if is_list and token.type == ",":
            commas += 1
        if is_list and token.type == ")":
            if not commas:
                comma = type(token)()
                comma.type, comma.value, comma.lineno, comma.index = ",", ",", token.lineno, token.index
                yield comma
            is_list = False
        if token.type == "IN":
            is_list, commas = True, 0
        yield token


class _Reading:
    """One filter, from what the grammar found in it to an expression."""

    def __init__(self, keys: Sequence[Key], names: TableNames) -> None:
        self._keys, self._names = keys, names

    def condition(self, node: Any, depth: int) -> Expression:
        """What has to hold."""
        if depth > DEEPEST:
            raise _wrong("$filter", "quá nhiều lớp ngoặc")
        match node:
            case ast.BoolOp(op):
                parts = tuple(self.condition(each, depth + 1) for each in _chain(node))
                return Every(parts) if isinstance(op, ast.And) else _one_of(parts)
            case ast.UnaryOp(op=ast.Not(), operand=inside):
                return Not(self.condition(inside, depth + 1))
            case ast.Compare(comparator=ast.In(), left=left, right=right):
                return self._among(left, right)
            case ast.Compare(sign, left, right):
                return self._compared(sign, left, right)
            case ast.Call(func, args) if func.name in _PARTS and not func.namespace:
                return self._holds(func.name, args)
            case ast.Boolean():
                return Every() if node.py_val else Some()
        raise _unsupported(node)

    def _key(self, node: Any) -> Key | None:
        if not isinstance(node, ast.Identifier):
            return None
        number = node.name.removeprefix("f")
        if not number.isdecimal():  # a word of the grammar where a field should stand: `and eq 1`
            raise _wrong("$filter", f"“{node.name[:40]}” không phải tên trường")
        return self._keys[int(number)]

    def _value(self, key: Key, node: Any) -> Any:
        return self._names.read(key, _literal(node))

    def _among(self, left: Any, right: Any) -> Expression:
        key = self._key(left)
        if key is None or not isinstance(right, ast.List):
            raise _unsupported(left)
        values = [self._value(key, each) for each in right.val if not isinstance(each, ast.Null)]
        found: Expression = Among(key, tuple(values))
        has_null = any(isinstance(each, ast.Null) for each in right.val)
        return Some((found, self._absent(key))) if has_null else found

    def _absent(self, key: Key) -> Expression:
        if key in self._names.nothing:
            return Compare(key, Sign.EQUAL, self._names.nothing[key])
        return Not(IsAnswered(key))

    def _compared(self, sign: Any, left: Any, right: Any) -> Expression:
        if isinstance(sign, ast.NotEq):
            return Not(self._compared(ast.Eq(), left, right))
        wanted = _SIGNS[type(sign)]
        if self._key(left) is None and self._key(right) is not None and not _takes_a_field(left):
            left, right, wanted = right, left, _TURNED[wanted]
        if isinstance(left, ast.Call):
            return self._called(left, wanted, right)
        key = self._key(left)
        if key is None or isinstance(right, ast.Identifier):
            raise _unsupported(left)
        if isinstance(right, ast.Null):
            return self._absent(key) if wanted is Sign.EQUAL else Some()
        return Compare(key, wanted, self._value(key, right))

    def _holds(self, name: str, args: Sequence[Any]) -> Expression:
        inner, case = _bare(args[0])
        key, text = self._key(inner), _literal(args[1])
        if key is None or not isinstance(text, str):
            raise _unsupported(args[0])
        if case and text != _CASES[case](text):
            return Some()
        return Holds(key, text, _PARTS[name], cased=not case)

    def _called(self, call: ast.Call, sign: Sign, right: Any) -> Expression:
        """A function of a field against a value: small or large letters, the year or the day of a moment."""
        inner, case = _bare(call)
        key = self._key(inner if case else call.args[0]) if call.args else None
        value = _literal(right)
        if key is not None and case and sign is Sign.EQUAL and isinstance(value, str):
            if value != _CASES[case](value):
                return Some()
            return Matches(key, f"^{re.escape(value)}$", cased=False)
        if key is not None and call.func.name == "year" and type(value) is int and 1 < value < _LAST_YEAR:
            return self._between(key, sign, _new_year(value), _new_year(value + 1))
        if key is not None and call.func.name == "date" and type(value) is dt.date:
            begin = _moment(value)
            return self._between(key, sign, begin, begin + dt.timedelta(days=1))
        raise _unsupported(call)

    def _between(self, key: Key, sign: Sign, begin: dt.datetime, end: dt.datetime) -> Expression:
        """A moment against a span of UTC, as Central has it."""
        first, last = (self._names.read(key, each) for each in (begin, end))
        inside = (Compare(key, Sign.AT_LEAST, first), Compare(key, Sign.LESS, last))
        spans: Mapping[Sign, Expression] = {
            Sign.EQUAL: Every(inside), Sign.LESS: Compare(key, Sign.LESS, first), Sign.AT_LEAST: inside[0],
            Sign.AT_MOST: inside[1], Sign.GREATER: Compare(key, Sign.AT_LEAST, last),
        }  # fmt: skip
        return spans[sign]


def _chain(node: ast.BoolOp) -> list[Any]:
    """The parts of a chain of `and` or of `or`, which the grammar nests in each other."""
    parts: list[Any] = []
    left: Any = node
    while isinstance(left, ast.BoolOp) and type(left.op) is type(node.op):
        parts.append(left.right)
        left = left.left
    return [left, *reversed(parts)]


def _one_of(parts: tuple[Expression, ...]) -> Expression:
    """Any of the parts; what a column is to be equal to, one after the other as Power Query has it, as one list."""
    equal = [each for each in parts if isinstance(each, Compare) and each.sign is Sign.EQUAL]
    if len(equal) == len(parts) and len({each.key for each in equal}) == 1:
        return Among(equal[0].key, tuple(each.value for each in equal))
    return Some(parts)


def _new_year(year: int) -> dt.datetime:
    return dt.datetime(year, 1, 1, tzinfo=dt.UTC)


def _takes_a_field(node: Any) -> bool:
    return isinstance(node, ast.Call) and bool(node.args)


_CASES: Mapping[str, Callable[[str], str]] = {"tolower": str.lower, "toupper": str.upper}


def _bare(node: Any) -> tuple[Any, str]:
    """What stands in `tolower(…)` or `toupper(…)`, and in which of them; "" in neither."""
    if isinstance(node, ast.Call) and node.func.name in _CASES:
        return node.args[0], node.func.name
    return node, ""


def _moment(day: dt.date) -> dt.datetime:
    """The beginning of a day of UTC."""
    return dt.datetime.combine(min(day, dt.date(_LAST_YEAR, 12, 31)), dt.time(), dt.UTC)


def _literal(node: Any) -> Any:
    """A value: text with composed letters as answers are kept, number, yes or no as OData writes it, a day, a moment
    with its zone (UTC where it has none)."""
    if isinstance(node, ast.Call) and node.func.name == "now":
        return clock.now()
    if isinstance(node, ast.Call) and node.func.name in _CASES:
        return _CASES[node.func.name](str(_literal(node.args[0])))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        if not isinstance(node.operand, ast.Integer | ast.Float):
            raise _unsupported(node)
        return -_constant(node.operand)
    return _constant(node)


def _constant(node: Any) -> Any:
    if isinstance(node, ast.GUID | ast.Duration | ast.Geography):
        return node.val
    if not isinstance(
        node, ast.String | ast.Integer | ast.Float | ast.Boolean | ast.Date | ast.Time | ast.DateTime
    ):
        raise _unsupported(node)
    try:
        value = node.py_val
    except ValueError as error:
        raise _wrong("$filter", f"không có ngày giờ {str(node.val)[:40]}") from error
    if isinstance(value, dt.datetime):
        return value.replace(year=min(value.year, _LAST_YEAR), tzinfo=value.tzinfo or dt.UTC)
    if isinstance(value, dt.time):
        return value.isoformat()
    return typed_values.text(value) if isinstance(value, str) else value


def _wrong(option: str, why: str) -> Problem:
    return Problem(ODataProblem.OPTION_WRONG, option=option, why=why)


def _unsupported(node: Any) -> Problem:
    name = node.func.name if isinstance(node, ast.Call) else type(node).__name__
    return Problem(ODataProblem.OPTION_UNSUPPORTED, option=f"{name} trong $filter")
