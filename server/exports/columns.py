"""Which columns a form's submissions have in a file: questions of all its versions, in the words of a preset."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from forms.definition import NONE, Choice, Definition, Field
from server.exports.cells import guarded

Convert = Callable[[Any], Any]
"""From an answer, never None, to what stands in its cell."""

POINT_PARTS = ("lat", "lon", "alt", "acc")
UNSEEN = frozenset({"note"})


@dataclass(frozen=True, kw_only=True)
class Preset:
    """How columns are named and cells written (open-doors.md, X1 to X15)."""

    name: str
    separator: str = ","
    quotes_all: bool = False
    line_end: str = "\r\n"
    bom: bool = False
    guards: bool = False
    """An apostrophe before what a spreadsheet would compute: only in CSV that Excel opens (X14)."""
    path_separator: str | None = None
    """Between groups and question in a header; None: the question's own name."""
    point_names: tuple[str, ...]
    """Headers of a point's parts, `{}` is the question."""
    keeps_point: bool = False
    """The point as one text stands before its parts."""
    keeps_notes: bool = False
    splits_choices: bool = False
    """Several choices are one column for each choice as well."""


EXCEL_VI = Preset(
    name="excel-vi", bom=True, guards=True, point_names=("{} (vĩ độ)", "{} (kinh độ)", "{} (độ cao)", "{} (sai số m)")
)  # fmt: skip
CENTRAL = Preset(
    name="central",
    line_end="\n",
    path_separator="-",
    point_names=("{}-Latitude", "{}-Longitude", "{}-Altitude", "{}-Accuracy"),
)
WORKBOOK = replace(EXCEL_VI, guards=False)
"""In a workbook a text is a string cell, and needs no apostrophe."""
KOBO = Preset(
    name="kobo",
    separator=";",
    quotes_all=True,
    keeps_point=True,
    keeps_notes=True,
    splits_choices=True,
    point_names=("_{}_latitude", "_{}_longitude", "_{}_altitude", "_{}_precision"),
)
PRESETS = {preset.name: preset for preset in (EXCEL_VI, CENTRAL, KOBO)}


@dataclass(frozen=True)
class Column:
    """One column: its header, where its answer stands, and what becomes of it (None: it is written as it is)."""

    header: str
    path: str
    convert: Convert | None = None


@dataclass(frozen=True)
class Table:
    """The main table (`path` is "") or that of a repeat, with its columns."""

    path: str
    name: str
    parent: str
    columns: tuple[Column, ...]


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What whoever exports has chosen; `places` gives the names of thôn by code for lists on file."""

    preset: Preset
    labels: bool = False
    personal: bool = False
    made_by: str = ""
    media_url: str = ""
    """Before `<submission>/<file>`; "" leaves the column of addresses out."""
    places: Mapping[str, str]


def merged(versions: Sequence[Definition]) -> Definition:
    """All versions as one: the newest's order, then what older ones asked; choices that were taken out stay (X4)."""
    newest = versions[-1]
    fields = {field.path: field for field in newest.fields}
    for version in reversed(versions[:-1]):
        for field in version.fields:
            known = fields.get(field.path)
            fields[field.path] = _joined(known, field) if known else field
    return replace(newest, fields=tuple(fields.values()))


def _joined(known: Field, older: Field) -> Field:
    """A question is as personal as any version said it was."""
    names = {choice.name for choice in known.choices}
    more = tuple(choice for choice in older.choices if choice.name not in names)
    sensitivity = older.sensitivity if known.sensitivity == NONE else known.sensitivity
    if not more and sensitivity == known.sensitivity:
        return known
    return replace(known, choices=(*known.choices, *more), sensitivity=sensitivity)


def withheld(definition: Definition) -> tuple[Field, ...]:
    """The questions that are left out unless personal answers are asked for (X19)."""
    return tuple(field for field in definition.fields if field.sensitivity != NONE)


def tables(definition: Definition, wish: Wish) -> tuple[Table, ...]:
    """The main table first, then one for each repeat in the form's order (X8)."""
    found = [field.repeat for field in definition.fields if field.repeat]
    repeats: tuple[str, ...] = tuple(dict.fromkeys(found))
    return tuple(
        Table(
            path,
            path.rpartition("/")[2],
            max((each for each in repeats if path.startswith(f"{each}/")), key=len, default=""),
            _columns(definition, wish, path or None),
        )
        for path in ("", *repeats)
    )


def _columns(definition: Definition, wish: Wish, repeat: str | None) -> tuple[Column, ...]:
    preset = wish.preset
    found: list[Column] = []
    for field in definition.fields:
        if field.repeat != repeat or (field.kind in UNSEEN and not preset.keeps_notes):
            continue
        if field.sensitivity != NONE and not wish.personal:
            continue
        found += _of(field, wish)
    return tuple(_told_apart(found) if wish.labels else found)


def _told_apart(columns: Iterable[Column]) -> list[Column]:
    """Labels that several questions share get the question's name beside them."""
    columns = list(columns)
    count: dict[str, int] = {}
    for column in columns:
        count[column.header] = count.get(column.header, 0) + 1
    return [
        replace(column, header=f"{column.header} [{column.path}]") if count[column.header] > 1 else column
        for column in columns
    ]


def _of(field: Field, wish: Wish) -> list[Column]:
    header = _header(field, wish)
    if field.kind == "geopoint":
        return _point(field, header, wish.preset)
    if field.kind == "select_multiple":
        return _several(field, header, wish)
    if field.kind == "select_one":
        return [Column(header, field.path, _one(field, wish))]
    if field.kind == "binary" and wish.media_url:
        return [Column(header, field.path), Column(f"{header}_URL", field.path, _addressed)]
    return [Column(header, field.path, _text)] if field.kind not in _PLAIN else [Column(header, field.path)]


_PLAIN = frozenset(
    {"integer", "decimal", "text", "date", "dateTime", "time", "calculate", "meta", "binary", "note",
     "geotrace", "geoshape"}
)  # fmt: skip


def _text(value: Any) -> Any:
    return value if not isinstance(value, list | dict) else str(value)


def _header(field: Field, wish: Wish) -> str:
    if wish.labels:
        header = " ".join(field.label.split())
    elif wish.preset.path_separator:
        header = field.path.replace("/", wish.preset.path_separator)
    else:
        header = field.name
    return guarded(header) if wish.preset.guards else header


def _point(field: Field, header: str, preset: Preset) -> list[Column]:
    parts = [
        Column(name.format(header), field.path, _part(part))
        for name, part in zip(preset.point_names, POINT_PARTS, strict=True)
    ]
    return [Column(header, field.path, whole_point), *parts] if preset.keeps_point else parts


def _part(part: str) -> Convert:
    def of(value: Any) -> Any:
        return value.get(part) if isinstance(value, dict) else None

    return of


def whole_point(value: Any) -> str:
    """A point as ODK writes it: four numbers with spaces (X6)."""
    if not isinstance(value, dict):
        return str(value)
    return " ".join(_number(value.get(part)) for part in POINT_PARTS)


def _number(value: float | None) -> str:
    return "0" if value is None else f"{value:.10g}"


def _labels(field: Field, wish: Wish) -> dict[str, str]:
    """What each choice's name is shown as; names without a label stay."""
    if not wish.labels:
        return {}
    own = {choice.name: _label(choice) for choice in field.choices}
    found = dict(wish.places) if field.choices_file == "thon.csv" else own
    return {name: guarded(text) for name, text in found.items()} if wish.preset.guards else found


def _label(choice: Choice) -> str:
    return next(iter(choice.labels.values()), choice.name)


def _one(field: Field, wish: Wish) -> Convert | None:
    shown = _labels(field, wish)
    return (lambda name: shown.get(name, name) if type(name) is str else name) if shown else None


def _several(field: Field, header: str, wish: Wish) -> list[Column]:
    shown = _labels(field, wish)

    def together(names: Any) -> Any:
        if not isinstance(names, list):
            return names
        return ", ".join(str(shown.get(name, name)) for name in names) if shown else " ".join(names)

    columns = [Column(header, field.path, together)]
    if wish.preset.splits_choices:
        columns += [
            Column(f"{header}/{shown.get(choice.name, choice.name)}", field.path, _chosen(choice.name))
            for choice in field.choices
        ]
    return columns


def _chosen(name: str) -> Convert:
    """1 or 0; empty, not 0, where the question has no answer (X4)."""
    return lambda names: int(name in names) if isinstance(names, list) else None


def _addressed(value: Any) -> Any:
    """A mark for the file's name; the row puts its own address before it."""
    return Address(value) if isinstance(value, str) else None


class Address(str):
    """The name of a file that becomes an address once it is known whose file it is."""

    __slots__ = ()
