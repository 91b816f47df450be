"""Which columns a form's submissions have in a file: questions of all its versions, in the words of a preset."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forms import typed_values
from forms.definition import NONE, Definition, Field
from server.exports import column_headings, workbook_times
from server.exports.disarmed_cells import guarded
from server.exports.presets import DETAILS, KOBO, SUMMARY, ExportWish

Convert = Callable[[Any], Any]
"""From an answer, never None, to what stands in its cell."""

POINT_PARTS = ("lat", "lon", "alt", "acc")
SELECTS = frozenset({"select_one", "select_multiple"})
UNSEEN = frozenset({"note"})
UNASKED = "meta/instanceName"
"""Computed by the phone; Kobo's tables have no column for it."""


@dataclass(frozen=True)
class ExportColumn:
    """One column: its header, where its answer stands, and what becomes of it (None: it is written as it is).

    `choice` is the code of the one choice that it tells of.
    """

    header: str
    path: str
    convert: Convert | None = None
    choice: str = ""


@dataclass(frozen=True)
class ExportTable:
    """The main table (`path` is "") or that of a repeat, with its columns."""

    path: str
    name: str
    parent: str
    columns: tuple[ExportColumn, ...]


def merged(versions: Sequence[Definition]) -> Definition:
    """All versions as one: the newest's order, then what older ones asked; choices that were taken out stay (X4).

    A question whose group became a repeat, or the other way round, stands in both tables, each with its answers.
    """
    newest = versions[-1]
    fields = {(field.path, field.repeat): field for field in newest.fields}
    for version in reversed(versions[:-1]):
        for field in version.fields:
            key = (field.path, field.repeat)
            fields[key] = _joined(fields[key], field) if key in fields else field
    return replace(newest, fields=_as_personal(fields.values()))


def _as_personal(fields: Iterable[Field]) -> tuple[Field, ...]:
    """Each question as personal as it is said to be in either table."""
    said: dict[str, str] = {}
    every = tuple(fields)
    for each in every:
        if each.sensitivity != NONE:
            said.setdefault(each.path, each.sensitivity)
    return tuple(
        each if said.get(each.path, NONE) == each.sensitivity else replace(each, sensitivity=said[each.path])
        for each in every
    )


def changed_kinds(versions: Sequence[Definition]) -> frozenset[str]:
    """Questions that some version asked in a way whose answers the columns of the merged form would not hold (X4)."""
    kinds: dict[tuple[str, str | None], set[str]] = {}
    for version in versions:
        for field in version.fields:
            kind = "select" if field.kind in SELECTS else field.kind
            kinds.setdefault((field.path, field.repeat), set()).add(kind)
    return frozenset(path for (path, _), told in kinds.items() if len(told) > 1)


def newest(versions: Sequence[Definition]) -> Definition:
    """What the newest version asks, each question as personal as any version said it was."""
    last, sensitivity = versions[-1], {field.path: field.sensitivity for field in merged(versions).fields}
    return replace(
        last, fields=tuple(replace(field, sensitivity=sensitivity[field.path]) for field in last.fields)
    )


def _joined(known: Field, older: Field) -> Field:
    """A question is as personal as any version said it was."""
    if older.ranked and not known.ranked:
        known = replace(known, ranked=known.kind == older.kind)
    names = {choice.name for choice in known.choices}
    more = tuple(choice for choice in older.choices if choice.name not in names)
    sensitivity = older.sensitivity if known.sensitivity == NONE else known.sensitivity
    if not more and sensitivity == known.sensitivity:
        return known
    return replace(known, choices=(*known.choices, *more), sensitivity=sensitivity)


def withheld(definition: Definition) -> tuple[Field, ...]:
    """The questions that are left out unless personal answers are asked for (X19)."""
    return tuple(field for field in definition.fields if field.sensitivity != NONE)


def shown(definition: Definition, wish: ExportWish) -> tuple[Field, ...]:
    """The questions that have columns, in the form's order: the chosen; personal ones only on request (X13, X19)."""
    return tuple(field for field in definition.fields if _is_shown(field, wish))


def _is_shown(field: Field, wish: ExportWish) -> bool:
    if field.sensitivity != NONE and not wish.personal:
        return False
    if wish.questions and field.path not in wish.questions:
        return False
    if field.kind in UNSEEN:
        return wish.preset.keeps_notes
    return wish.preset.name != KOBO.name or field.path != UNASKED


def tables(
    definition: Definition,
    wish: ExportWish,
    main_names: Collection[str] = (),
    round_names: Collection[str] = (),
) -> tuple[ExportTable, ...]:
    """The main table first, then one for each repeat in the form's order (X8).

    `main_names` and `round_names` are the headers that the tables have beside the questions.
    """
    fields = shown(definition, wish)
    repeats = _repeats(definition, fields, wish)
    return tuple(
        ExportTable(
            path,
            path.rpartition("/")[2],
            max((each for each in repeats if path.startswith(f"{each}/")), key=len, default=""),
            _columns(
                [field for field in fields if (field.repeat or "") == path],
                wish,
                round_names if path else main_names,
            ),
        )
        for path in ("", *repeats)
    )


def _repeats(definition: Definition, fields: Sequence[Field], wish: ExportWish) -> tuple[str, ...]:
    """Every repeat; where questions were chosen, those that hold one of them, and what they stand in."""
    every = dict.fromkeys(field.repeat for field in definition.fields if field.repeat)
    if not wish.questions:
        return tuple(every)
    needed = [field.repeat for field in fields if field.repeat]
    return tuple(
        each for each in every if any(path == each or path.startswith(f"{each}/") for path in needed)
    )


def shared_names(definition: Definition, wish: ExportWish) -> frozenset[str]:
    """The shown questions whose name stands more than once in their table; other systems name theirs as they do."""
    if not wish.preset.tells_apart or wish.labels:
        return frozenset()
    found: dict[tuple[str | None, str], set[str]] = {}
    for field in shown(definition, wish):
        found.setdefault((field.repeat, field.name), set()).add(field.path)
    return frozenset(path for paths in found.values() if len(paths) > 1 for path in paths)


def _columns(fields: Iterable[Field], wish: ExportWish, taken: Collection[str]) -> tuple[ExportColumn, ...]:
    found = [_of_no_rounds(column, wish) for field in fields for column in _of(field, wish)]
    return tuple(told_apart(found, taken) if wish.preset.tells_apart else found)


def told_apart(columns: Sequence[ExportColumn], taken: Collection[str] = ()) -> list[ExportColumn]:
    """Headers that columns share, or that are `taken`, get the question's path beside them, and the choice's code."""
    count = Counter([*taken, *(column.header for column in columns)])
    return [
        replace(column, header=f"{column.header} [{'/'.join(filter(None, (column.path, column.choice)))}]")
        if count[column.header] > 1
        else column
        for column in columns
    ]


def _of_no_rounds(column: ExportColumn, wish: ExportWish) -> ExportColumn:
    """A question that is a repeat in another version: the rounds have a table of their own (X4)."""
    if column.path not in wish.repeats:
        return column
    convert = column.convert

    def answer(value: Any) -> Any:
        if isinstance(value, list) and any(isinstance(each, dict) for each in value):
            return None
        return convert(value) if convert else value

    return replace(column, convert=answer)


def together(field: Field, wish: ExportWish) -> ExportColumn:
    """A question that is no point as one column, whatever the wish says of several answers and addresses."""
    (column,) = _of(field, replace(wish, multiple=SUMMARY, media_url=""))
    return _of_no_rounds(column, wish)


def _of(field: Field, wish: ExportWish) -> list[ExportColumn]:
    header = column_headings.of(field, wish)
    if field.kind == "geopoint":
        return _point(field, wish)
    if field.kind == "select_multiple":
        return _several(field, header, wish)
    if field.kind == "select_one":
        return [ExportColumn(header, field.path, _one(field, wish))]
    if field.kind == "binary" and wish.media_url:
        return [ExportColumn(header, field.path), ExportColumn(f"{header}_URL", field.path, _addressed)]
    own = _own_value(field, wish) if wish.typed else None
    is_plain = field.kind in _PLAIN and field.path not in wish.changed_kinds
    return [ExportColumn(header, field.path, own or (None if is_plain else _text))]


def _own_value(field: Field, wish: ExportWish) -> Callable[[Any], Any] | None:
    """How an answer becomes a workbook's own day, moment, time or number; Kobo's workbooks have the first two alone."""
    is_kobos = wish.preset.name == KOBO.name
    if field.kind in workbook_times.KINDS:
        return workbook_times.reader(keeps_clock=is_kobos)
    if is_kobos:
        return None
    if (
        field.kind == "calculate"
        and field.name.endswith(("_done", "_of"))
        and _STATEMENTS in field.path.split("/")
    ):
        return _stated
    return workbook_times.time_of_day if field.kind == "time" else None


_STATEMENTS = "chi_tieu"
"""The group in which a form states what it proves (R15)."""


def _stated(value: Any) -> Any:
    """What a form states of an indicator as a number, which a workbook adds up; anything else as it was sent."""
    try:
        return typed_values.integer(value) if isinstance(value, str) and value else value
    except ValueError:
        return value


_PLAIN = frozenset(
    {"integer", "decimal", "text", "date", "dateTime", "time", "calculate", "meta", "binary", "note",
     "geotrace", "geoshape"}
)  # fmt: skip


def _text(value: Any) -> Any:
    """An answer of a version that asked otherwise, as it was sent."""
    if isinstance(value, dict):
        return whole_point(value)
    return " ".join(value) if isinstance(value, list) else value


def _point(field: Field, wish: ExportWish) -> list[ExportColumn]:
    whole, *parts = column_headings.of_point(field, wish)
    columns = [
        ExportColumn(header, field.path, _part(part)) for header, part in zip(parts, POINT_PARTS, strict=True)
    ]
    if field.path in wish.changed_kinds and not wish.preset.keeps_point:
        return [ExportColumn(whole, field.path, _no_point), *columns]
    return [ExportColumn(whole, field.path, whole_point), *columns] if wish.preset.keeps_point else columns


def _no_point(value: Any) -> Any:
    return None if isinstance(value, dict) else _text(value)


def _part(part: str) -> Convert:
    def of(value: Any) -> Any:
        return _short(value.get(part)) if isinstance(value, dict) else None

    return of


def whole_point(value: Any) -> str:
    """A point as ODK writes it: two to four numbers with spaces (X6)."""
    if not isinstance(value, dict):
        return str(value)
    numbers = [_short(value.get(part)) for part in POINT_PARTS]
    while len(numbers) > 2 and numbers[-1] is None:
        numbers.pop()
    return " ".join("0" if number is None else str(number) for number in numbers)


def _short(value: float | None) -> float | int | None:
    """A number in its shortest form: 5, not 5.0."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _labels(field: Field, wish: ExportWish) -> dict[str, str]:
    """What each choice's name is shown as; names without a label stay."""
    if not wish.labels:
        return {}
    own = {choice.name: wish.word(choice.labels, choice.name) for choice in field.choices}
    listed = dict(wish.lists.get(field.path, {}))
    found = dict(wish.places) if field.choices_file == "thon.csv" else {**listed, **own}
    return {name: guarded(text) for name, text in found.items()} if wish.preset.guards else found


def _one(field: Field, wish: ExportWish) -> Convert | None:
    labels, joint = _labels(field, wish), wish.preset.joint if wish.labels else " "

    def one(name: Any) -> Any:
        if isinstance(name, list):  # of a version that asked for several
            return joint.join(str(labels.get(each, each)) for each in name)
        return labels.get(name, name) if type(name) is str else _text(name)

    return one


def _several(field: Field, header: str, wish: ExportWish) -> list[ExportColumn]:
    """One column with all answers, one for each choice, or both (X4)."""
    columns = (
        []
        if wish.splits == DETAILS and field.choices and field.path not in wish.changed_kinds
        else [ExportColumn(header, field.path, _all_answers(field, wish))]
    )
    if wish.splits == SUMMARY:
        return columns
    return columns + [
        ExportColumn(
            column_headings.of_choice(header, choice, wish),
            field.path,
            _part_of(field, choice.name, wish),
            choice.name,
        )
        for choice in field.choices
    ]


def _all_answers(field: Field, wish: ExportWish) -> Convert:
    labels, joint = _labels(field, wish), wish.preset.joint

    def together(names: Any) -> Any:
        if not isinstance(names, list):  # of a version that asked for one, or with a code that no list has
            parts = names.split() if isinstance(names, str) else []
            return (
                joint.join(labels.get(name, name) for name in parts)
                if labels.keys() & parts
                else _text(names)
            )
        return joint.join(str(labels.get(name, name)) for name in names) if labels else " ".join(names)

    return together


def _part_of(field: Field, name: str, wish: ExportWish) -> Convert:
    return _rank(name) if field.ranked and wish.preset.name != KOBO.name else _chosen(name)


def _chosen(name: str) -> Convert:
    """1 or 0; empty, not 0, where the question has no answer (X4)."""

    def chosen(names: Any) -> int | None:
        if isinstance(names, str):  # of a version that asked for one, or with a code that no list has
            return int(name in names.split())
        return int(name in names) if isinstance(names, list) else None

    return chosen


def _rank(name: str) -> Convert:
    """Its place in the order, from 1; empty where it has none."""
    return lambda names: names.index(name) + 1 if isinstance(names, list) and name in names else None


def _addressed(value: Any) -> Any:
    """A mark for the file's name; the row puts its own address before it."""
    return Address(value) if isinstance(value, str) else None


class Address(str):
    """The name of a file that becomes an address once it is known whose file it is."""

    __slots__ = ()
