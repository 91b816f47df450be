"""Kobo's query language, a part of MongoDB's: what stands in `query`, `sort` and `fields` (K9)."""

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from forms import typed_values
from forms.definition import Definition
from server.answers.expression import (
    Among,
    AnswerAt,
    AnyRound,
    Compare,
    Every,
    Expression,
    IsAnswered,
    Key,
    Matches,
    Not,
    OrderBy,
    Own,
    Sign,
    Some,
    Ticked,
)
from server.api.kobo.kobo_errors import wrong
from server.exports.who_columns import KOBO_STATES

UNSUPPORTED = "Unsupported query"
NOT_JSON = "Value must be valid JSON."
LONGEST = 20_000
DEEPEST = 12
STATUS = "submitted_via_web"
ALWAYS = ("_uuid", "meta/rootUuid")
"""What is told besides the fields that were asked for."""

_OWN = {
    "_id": Own.ID, "_uuid": Own.INSTANCE, "meta/instanceID": Own.INSTANCE, "meta/rootUuid": Own.ROOT,
    "_submission_time": Own.RECEIVED, "_submitted_by": Own.COLLECTOR, "_validation_status.uid": Own.REVIEW,
    "__version__": Own.VERSION,
}  # fmt: skip
_REVIEWS = {uid: state for state, uid in KOBO_STATES.items() if uid}
_SIGNS = {"$gt": Sign.GREATER, "$gte": Sign.AT_LEAST, "$lt": Sign.LESS, "$lte": Sign.AT_MOST}
_SCALARS = (str, int, float, type(None))
_HOLDS, _FAILS = Every(), Some()
_TO_SECONDS = len("2026-11-22T02:15:03")


@dataclass(frozen=True)
class QueryLanguage:
    """The language about one form; `versions` are its versions by the ids that Kobo's clients know."""

    form: Definition
    asset_uid: str
    versions: Mapping[str, str]

    def expression(self, text: str) -> Expression:
        """What a `query` says; Problem with what is wrong with it."""
        asked = _read("query", text)
        if not isinstance(asked, dict):
            raise wrong("query", UNSUPPORTED)
        return self._every(asked, 0)

    def order(self, text: str) -> tuple[OrderBy, ...]:
        """What a `sort` says: `{"key": 1}` or -1, several in their order; the key first to last where none is named."""
        if not text.strip():
            return ()
        asked = _read("sort", text)
        if not isinstance(asked, dict) or any(way not in (1, -1) for way in asked.values()):
            raise wrong("sort", UNSUPPORTED)
        return tuple(OrderBy(self._key(name), way == -1) for name, way in asked.items())

    def _every(self, asked: Mapping[str, Any], depth: int, repeat: str = "") -> Expression:
        if depth > DEEPEST:
            raise wrong("query", UNSUPPORTED)
        return _joined(Every, [self._entry(name, value, depth, repeat) for name, value in asked.items()])

    def _entry(self, name: str, value: Any, depth: int, repeat: str) -> Expression:
        if name in ("$and", "$or"):
            if not isinstance(value, list) or not value or not all(isinstance(each, dict) for each in value):
                raise wrong("query", UNSUPPORTED)
            parts = [self._every(each, depth + 1, repeat) for each in value]
            return _joined(Every if name == "$and" else Some, parts)
        if name.startswith("$"):
            raise wrong("query", UNSUPPORTED)
        container, point, inner = name.partition(".")
        if point and not repeat and container in {field.repeat for field in self.form.fields}:
            return AnyRound(container, self._entry(inner, value, depth + 1, container))
        return self._field(name, value, depth)

    def _field(self, name: str, value: Any, depth: int) -> Expression:
        if not isinstance(value, dict):
            return self._equal(name, value)
        if not value or not all(each.startswith("$") for each in value):
            raise wrong("query", UNSUPPORTED)
        if "$options" in value and "$regex" not in value:
            raise wrong("query", UNSUPPORTED)
        parts = [
            self._operator(name, sign, said, value, depth)
            for sign, said in value.items()
            if sign != "$options"
        ]
        return _joined(Every, parts)

    def _operator(self, name: str, sign: str, said: Any, beside: Mapping[str, Any], depth: int) -> Expression:
        if sign in _SIGNS and isinstance(said, str | int | float):
            return self._leaf(name, said, lambda key, value: Compare(key, _SIGNS[sign], value))
        if isinstance(said, dict):
            return self._nested(name, sign, said, depth)
        if isinstance(said, list):
            return self._listed(name, sign, said)
        if sign == "$ne":
            return Not(self._equal(name, said))
        if sign == "$regex" and isinstance(said, str):
            return self._pattern(name, said, beside.get("$options", ""))
        if sign == "$exists" and isinstance(said, int):
            return self._exists(name) if said else Not(self._exists(name))
        raise wrong("query", UNSUPPORTED)

    def _nested(self, name: str, sign: str, said: Mapping[str, Any], depth: int) -> Expression:
        if sign == "$not":
            return Not(self._field(name, said, depth + 1))
        if sign == "$elemMatch":
            return AnyRound(name, self._every(said, depth + 1, name))
        raise wrong("query", UNSUPPORTED)

    def _listed(self, name: str, sign: str, said: Sequence[Any]) -> Expression:
        if sign == "$in":
            return self._among(name, said)
        if sign == "$nin":
            return Not(self._among(name, said))
        if sign == "$all":
            return _joined(Every, [self._has(name, each) for each in said])
        raise wrong("query", UNSUPPORTED)

    def _pattern(self, name: str, said: str, options: Any) -> Expression:
        if not isinstance(options, str) or set(options) - set("imsx"):
            raise wrong("query", UNSUPPORTED)
        return Matches(self._key(name), typed_values.text(said), cased="i" not in options)

    def _equal(self, name: str, said: Any) -> Expression:
        if said is None:
            return Not(self._exists(name))
        return self._leaf(name, said, lambda key, value: Compare(key, Sign.EQUAL, value))

    def _among(self, name: str, said: Sequence[Any]) -> Expression:
        if not all(isinstance(each, _SCALARS) for each in said):
            raise wrong("query", UNSUPPORTED)
        none = [Not(self._exists(name))] if None in said else []
        values = [each for each in said if each is not None]
        if not values or self._constant(name) is not None or self._key(name) is Own.REVIEW:
            return _joined(Some, [*none, *(self._equal(name, each) for each in values)])
        key = self._key(name)
        return _joined(Some, [*none, Among(key, tuple(self._value(key, each) for each in values))])

    def _has(self, name: str, said: Any) -> Expression:
        """One of what `$all` names: ticked, where several may be."""
        field = self.form.by_path.get(name)
        if field is not None and field.kind == "select_multiple" and isinstance(said, str):
            return Ticked(AnswerAt(name), typed_values.text(said))
        return self._equal(name, said)

    def _exists(self, name: str) -> Expression:
        if self._constant(name) is not None:
            return _HOLDS
        key = self._key(name)
        if key is Own.REVIEW:
            return Not(Compare(key, Sign.EQUAL, "received"))
        if isinstance(key, AnswerAt) and any(field.repeat == name for field in self.form.fields):
            return AnyRound(name, _HOLDS)
        return IsAnswered(key)

    def _leaf(self, name: str, said: Any, made: Callable[[Key, Any], Expression]) -> Expression:
        constant = self._constant(name)
        if constant is not None:
            return _HOLDS if constant == said else _FAILS
        if not isinstance(said, str | int | float):
            raise wrong("query", UNSUPPORTED)
        key = self._key(name)
        if key is Own.REVIEW and said not in _REVIEWS:
            return _FAILS
        return made(key, self._value(key, said))

    def _constant(self, name: str) -> str | None:
        """What is the same for every submission of the form."""
        return {"_status": STATUS, "_xform_id_string": self.asset_uid}.get(name)

    def _key(self, name: str) -> Key:
        return _OWN.get(name, AnswerAt(name))

    def _value(self, key: Key, said: Any) -> Any:
        """A value in our words: ids with their scheme, moments in UTC to the second, versions as they are written."""
        if not isinstance(said, str):
            return said
        if isinstance(key, AnswerAt):
            return typed_values.text(said)
        if key is Own.VERSION:
            return self.versions.get(said, said)
        return _IN_OUR_WORDS[key](said) if key in _IN_OUR_WORDS else said


def fields(text: str) -> frozenset[str]:
    """The keys that `fields` asks for; none named: all."""
    if not text.strip():
        return frozenset()
    asked = _read("fields", text)
    if not isinstance(asked, list) or not all(isinstance(each, str) for each in asked):
        raise wrong("fields", NOT_JSON)
    return frozenset({*asked, *ALWAYS}) if asked else frozenset()


def _joined(kind: type[Every] | type[Some], parts: list[Any]) -> Expression:
    return parts[0] if len(parts) == 1 else kind(tuple(parts))


def _read(name: str, text: str) -> Any:
    try:
        return orjson.loads(text[: LONGEST + 1]) if len(text) <= LONGEST else _too_long(name)
    except orjson.JSONDecodeError as error:
        raise wrong(name, NOT_JSON) from error


def _too_long(name: str) -> Any:
    raise wrong(name, UNSUPPORTED)


def _utc(said: str) -> str:
    """A moment with a zone as UTC to the second; anything else as it is, since days and beginnings compare as text."""
    try:
        moment = dt.datetime.fromisoformat(said)
        if moment.tzinfo is None:
            return said[:_TO_SECONDS]
        return moment.astimezone(dt.UTC).isoformat()[:_TO_SECONDS]
    except (ValueError, OverflowError):
        return said


def _number(said: str) -> int | str:
    return int(said) if said.isascii() and said.isdecimal() and len(said) < 19 else said


def _instance(said: str) -> str:
    return said if said.startswith("uuid:") else f"uuid:{said}"


_IN_OUR_WORDS: Mapping[Key, Callable[[str], Any]] = {
    Own.ID: _number,
    Own.INSTANCE: _instance,
    Own.ROOT: _instance,
    Own.REVIEW: lambda said: _REVIEWS.get(said, said),
    Own.RECEIVED: _utc,
}
