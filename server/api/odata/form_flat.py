"""Submissions in one flat table with labels and thôn, for people who work in Excel: no groups, no repeats (O18)."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from forms.definition import Definition, Field
from forms.odata_names import unique
from server.answers.expression import AnswerAt, Key, Own
from server.api.odata.flat_service import as_json
from server.api.odata.form_rows import STATES, WhoAndWhen, converter, moment
from server.api.odata.form_tables import ODataTable
from server.api.odata.made_columns import MadeColumn, SameText, TickedChoice, WordedCode
from server.exports.flat_table import DAY, DECIMAL, FLAG, INTEGER, MOMENT, TEXT, FlatColumn

KINDS: Mapping[str, str] = {"integer": INTEGER, "decimal": DECIMAL, "date": DAY, "dateTime": MOMENT}
_OWN = (
    FlatColumn("__id", "Mã phiếu"),
    FlatColumn("submission_date", "Máy chủ nhận lúc", MOMENT),
    FlatColumn("observed_at", "Thời điểm khảo sát", MOMENT),
    FlatColumn("xa_code", "Mã xã"),
    FlatColumn("thon_code", "Mã thôn"),
    FlatColumn("thon_name", "Thôn (nơi tính)"),
    FlatColumn("review_state", "Tình trạng phiếu"),
    FlatColumn("form_version", "Phiên bản phiếu"),
)
_KEYS: Mapping[str, Key] = {
    "__id": Own.ROOT, "submission_date": Own.RECEIVED, "observed_at": Own.OBSERVED, "thon_code": Own.VILLAGE,
    "review_state": Own.REVIEW, "form_version": Own.VERSION,
}  # fmt: skip

_OWN_MADE = ("thon_code", "thon_name", "xa_code")

Read = Callable[[Mapping[str, Any]], Any]


@dataclass(frozen=True)
class FlatColumnOfAnswer:
    """A column made of an answer; `key` is what filters and orders know it by, None where they do not."""

    column: FlatColumn
    read: Read
    key: Key | None
    made: MadeColumn | None = None
    """What it is made of, where that is not what stands under its key."""


@dataclass(frozen=True)
class FlatForm:
    """The flat table of a form: its columns, and how its rows are made."""

    commune_code: str
    of_answers: tuple[FlatColumnOfAnswer, ...]
    thon: Mapping[str, tuple[str, str]]
    """By the code of each thôn, code and name of the one in which it counts now."""

    @property
    def columns(self) -> tuple[FlatColumn, ...]:
        return (*_OWN, *(each.column for each in self.of_answers))

    @property
    def keys(self) -> Mapping[str, Key]:
        """What `$orderby` may name: what is stored."""
        stored = {each.column.name: each.key for each in self.of_answers if each.key and each.made is None}
        return {**_KEYS, **stored}

    @property
    def filters(self) -> Mapping[str, Key]:
        """What `$filter` may name: every column but those of points."""
        return {
            **self.keys,
            **{name: _made(name) for name in _OWN_MADE},
            **{each.column.name: each.key for each in self.of_answers if each.key},
        }

    @property
    def made(self) -> Mapping[Key, MadeColumn]:
        """The columns that are made of others, by the key under which a filter names them."""
        codes, names = ({code: each[place] for code, each in self.thon.items()} for place in (0, 1))
        return {
            _made("thon_code"): WordedCode(Own.VILLAGE, codes),
            _made("thon_name"): WordedCode(Own.VILLAGE, names),
            _made("xa_code"): SameText(self.commune_code),
            **{each.key: each.made for each in self.of_answers if each.key and each.made},
        }

    def row(self, row: Any, who: WhoAndWhen) -> dict[str, Any]:
        """A submission as the table has it."""
        code, name = who.names.villages.get(row.village_id, (None, None))
        told = {
            "__id": who.instance(row),
            "submission_date": moment(row.received_at),
            "observed_at": moment(row.observed_at),
            "xa_code": self.commune_code,
            "thon_code": code,
            "thon_name": name,
            "review_state": STATES[row.review],
            "form_version": row.version,
        }
        for each in self.of_answers:
            told[each.column.name] = each.read(row.answers)
        return told


def _made(name: str) -> AnswerAt:
    """The key of a made column, which is that of no question."""
    return AnswerAt(f"={name}")


def flat(
    form: Definition,
    root: ODataTable,
    commune_code: str,
    lists: Mapping[str, Mapping[str, str]],
    thon: Mapping[str, tuple[str, str]],
) -> FlatForm:
    """`lists`: what the choices of lists from files are called, by path and code."""
    parts = [
        part
        for each in root.fields
        for part in _of(replace(form.by_path[each.path], kind=each.kind), each.names, lists)
    ]
    names = unique([*(each.name for each in _OWN), *(part.column.name for part in parts)])[len(_OWN) :]
    return FlatForm(
        commune_code,
        tuple(
            replace(part, column=replace(part.column, name=name))
            for name, part in zip(names, parts, strict=True)
        ),
        thon,
    )


def _of(
    field: Field, names: tuple[str, ...], lists: Mapping[str, Mapping[str, str]]
) -> Iterator[FlatColumnOfAnswer]:
    name, path = "_".join(names), field.path
    if field.kind == "geopoint":
        for part, label in (("lat", "vĩ độ"), ("lon", "kinh độ"), ("acc", "sai số m")):
            column = FlatColumn(f"{name}__{part}", f"{field.label} ({label})", DECIMAL)
            yield FlatColumnOfAnswer(column, _part(path, part), None)
        return
    column = FlatColumn(name, field.label, KINDS.get(field.kind, TEXT))
    yield FlatColumnOfAnswer(column, _read(path, field.kind), AnswerAt(path))
    words = {choice.name: next(iter(choice.labels.values()), choice.name) for choice in field.choices}
    words |= lists.get(path, {})
    if field.kind == "select_one" and words:
        labelled = FlatColumn(f"{name}__label", field.label)
        made = WordedCode(AnswerAt(path), words)
        yield FlatColumnOfAnswer(labelled, _labelled(path, words), _made(f"{path}__label"), made)
    if field.kind == "select_multiple":
        for choice in field.choices:
            ticked = FlatColumn(f"{name}__{choice.name}", f"{field.label}: {words[choice.name]}", FLAG)
            made_of = TickedChoice(AnswerAt(path), choice.name)
            yield FlatColumnOfAnswer(
                ticked, _ticked(path, choice.name), _made(f"{path}__{choice.name}"), made_of
            )


def _read(path: str, kind: str) -> Read:
    convert = converter(kind, wkt=True)

    def read(answers: Mapping[str, Any]) -> Any:
        value = answers.get(path)
        return None if value is None else as_json(convert(value))

    return read


def _part(path: str, part: str) -> Read:
    def read(answers: Mapping[str, Any]) -> Any:
        value = answers.get(path)
        return value.get(part) if isinstance(value, dict) else None

    return read


def _labelled(path: str, words: Mapping[str, str]) -> Read:
    def read(answers: Mapping[str, Any]) -> Any:
        value = answers.get(path)
        return None if value is None else words.get(str(value), str(value))

    return read


def _ticked(path: str, name: str) -> Read:
    """Unknown, not false, where the question was not answered (X4)."""

    def read(answers: Mapping[str, Any]) -> Any:
        value = answers.get(path)
        return None if value is None else name in (value if isinstance(value, list) else str(value).split())

    return read
