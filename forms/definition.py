"""One version of a form as values: its questions, choices, indicators, entities and media."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import Any

from forms import visit_checks
from forms.answer_layout import POINT_KINDS, Layout, lay_out
from forms.engine.place_copies import place_copies
from forms.engine.xform import Control, InstanceLeaf, XForm, attribute
from forms.sheets import Sheet, SheetRow
from forms.visit_checks import VisitCheck

# What a question's answer may say about people (R20).
NONE, PERSONAL, SENSITIVE = "none", "personal", "sensitive"
# An indicator with one of these units counts people's homes or people, so its records are theirs (R20).
PEOPLE_UNITS = frozenset({"household", "person", "adult"})
UNITS = ("household", "person", "adult", "place", "point", "business", "village")
KINDS = ("state", "event")
HOUSEHOLD_LIST = "ho_dan"


@dataclass(frozen=True)
class Choice:
    """One answer of a choice list; `labels` maps the form's language names to text."""

    name: str
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Field:
    """One question, calculation or metadata item; `path` has no root, as in 'nhom/ten'."""

    path: str
    name: str
    kind: str
    labels: Mapping[str, str] = field(default_factory=dict)
    hints: Mapping[str, str] = field(default_factory=dict)
    choices: tuple[Choice, ...] = ()
    choices_file: str | None = None
    repeat: str | None = None
    sensitivity: str = NONE
    save_to: str | None = None
    save_to_list: str | None = None
    ranked: bool = False
    """Whether the order of its several choices is the answer."""

    @property
    def label(self) -> str:
        """The label in the form's default language, else in any, else the name."""
        return next(iter(self.labels.values()), self.name)


@dataclass(frozen=True)
class IndicatorDeclaration:
    """A row of the extra sheet `chi_tieu` (R10), or a known indicator that the form states."""

    code: str
    label_vi: str
    label_en: str
    unit: str
    kind: str


@dataclass(frozen=True)
class EntityDeclaration:
    """A `meta/entity` block that the form may write: the list, where, and what it may do (E2, E19)."""

    list_name: str
    path: str
    creates: bool
    updates: bool
    repeat: str | None = None


@dataclass(frozen=True)
class Purpose:
    """Why a form asks (sheet `muc_dich`); retention in months, None where the sheet does not say."""

    purpose: str
    legal_basis: str
    retention_months: int | None


@dataclass(frozen=True)
class Definition:
    """Everything the server knows about one published version. Paths are without the root's name."""

    form_id: str
    version: str
    title: str
    root: str
    fields: tuple[Field, ...] = ()
    indicators: tuple[str, ...] = ()
    declared: tuple[IndicatorDeclaration, ...] = ()
    subject_path: str | None = None
    result_path: str | None = None
    village_path: str | None = None
    point_path: str | None = None
    start_path: str | None = None
    end_path: str | None = None
    media: tuple[str, ...] = ()
    entities: tuple[EntityDeclaration, ...] = ()
    languages: tuple[str, ...] = ()
    default_language: str = ""
    encrypted: bool = False
    purpose: Purpose | None = None
    # group of the form's `<indicator>_done` and `<indicator>_of` (R15), with its own place in the form
    statement_group: str = "chi_tieu"
    checks: tuple[VisitCheck, ...] = ()
    # what is worked out from points and may repeat a place
    place_copies: tuple[str, ...] = ()

    @property
    def visits_households(self) -> bool:
        """Whether it opens or writes `ho_dan`: what a team fills at door after door."""
        writes_households = any(entity.list_name == HOUSEHOLD_LIST for entity in self.entities)
        return writes_households or f"{HOUSEHOLD_LIST}.csv" in self.media

    @property
    def about_households(self) -> bool:
        """Whether its records are about homes or people: it opens or writes `ho_dan`, or counts either of them."""
        return self.visits_households or any(known.unit in PEOPLE_UNITS for known in self.declared)

    @cached_property
    def layout(self) -> Layout:
        """The lookup tables for reading its submissions, made at the first one."""
        return lay_out(self)

    @cached_property
    def by_path(self) -> Mapping[str, Field]:
        """Fields by their path."""
        return {each.path: each for each in self.fields}

    def to_json(self) -> dict[str, Any]:
        """A dict that JSON can hold; `from_json` makes the same definition of it."""
        return asdict(self)

    @staticmethod
    def from_json(stored: Mapping[str, Any]) -> Definition:
        """The definition that `to_json` wrote; KeyError or TypeError for anything else."""
        purpose = stored["purpose"]
        languages: list[str] = stored["languages"]
        built = {
            "fields": tuple(_field(each, languages) for each in stored["fields"]),
            "indicators": tuple(stored["indicators"]),
            "declared": tuple(IndicatorDeclaration(**each) for each in stored["declared"]),
            "media": tuple(stored["media"]),
            "entities": tuple(EntityDeclaration(**each) for each in stored["entities"]),
            "languages": tuple(stored["languages"]),
            "purpose": Purpose(**purpose) if purpose else None,
            # versions published before there were any have none
            "checks": tuple(VisitCheck(**each) for each in stored.get("checks", ())),
            "place_copies": tuple(stored.get("place_copies", _worked_out(stored))),
        }
        return Definition(**{**stored, **built})


def _worked_out(stored: Mapping[str, Any]) -> list[str]:
    """What may repeat a place in a version stored before its formulas were looked at: all that is worked out."""
    calculates = [each["path"] for each in stored["fields"] if each["kind"] == "calculate"]
    return calculates + [f"{each['path']}/label" for each in stored["entities"]]


def _field(stored: Mapping[str, Any], languages: Sequence[str]) -> Field:
    choices = tuple(
        Choice(choice["name"], _in_order(choice["labels"], languages)) for choice in stored["choices"]
    )
    labels = _in_order(stored["labels"], languages)
    return Field(**{**stored, "choices": choices, "labels": labels})


def _in_order(labels: Mapping[str, str], languages: Sequence[str]) -> Mapping[str, str]:
    """The default language first: PostgreSQL keeps the keys of JSON in an order of its own."""
    if len(labels) < 2:
        return labels
    return {name: labels[name] for name in (*languages, *labels) if name in labels}


_BIND_KINDS = {
    "string": "text", "int": "integer", "integer": "integer", "decimal": "decimal", "date": "date",
    "time": "time", "dateTime": "dateTime", "geopoint": "geopoint", "geotrace": "geotrace",
    "geoshape": "geoshape", "binary": "binary", "select1": "select_one", "select": "select_multiple",
}  # fmt: skip
_CONTROL_KINDS = {
    "select1": "select_one",
    "select": "select_multiple",
    "rank": "select_multiple",
    "upload": "binary",
    "trigger": "text",
}
SENSITIVITIES = {"": NONE, "none": NONE, "ca_nhan": PERSONAL, "nhay_cam": SENSITIVE}
_DONE, _OF = "_done", "_of"


def define(
    xform: bytes,
    sheets: Mapping[str, Sheet] | None = None,
    known: Mapping[str, IndicatorDeclaration] | None = None,
) -> Definition:
    """What one XForm asks and states; `sheets` add classes, indicators and purpose, `known` the library's units.

    Raises Unreadable where the bytes are no XForm.
    """
    form = XForm(xform)
    fields = _fields(form, _classes(sheets or {}))
    group, codes = _statements(fields)
    return Definition(
        form_id=form.form_id,
        version=form.version,
        title=form.title,
        root=form.root_name,
        fields=fields,
        indicators=codes,
        declared=_declared(sheets or {}, codes, known or {}),
        subject_path=_find(fields, lambda each: each.path == f"{group}/doi_tuong"),
        result_path=_find(fields, lambda each: each.name == "ket_qua"),
        village_path=_find(fields, lambda each: each.name == "thon"),
        point_path=_find(fields, lambda each: each.kind == "geopoint"),
        start_path=_preloaded(form, fields, "start"),
        end_path=_preloaded(form, fields, "end"),
        media=form.media,
        entities=tuple(
            EntityDeclaration(each.list_name, each.path, each.creates, each.updates, each.repeat)
            for each in form.entities
        ),
        languages=form.languages,
        default_language=next(iter(form.languages), ""),
        encrypted=form.encrypted,
        purpose=_purpose(sheets or {}),
        statement_group=group,
        checks=tuple(check for _, check in visit_checks.rows(sheets or {})),
        place_copies=place_copies(form, [each.path for each in fields if each.kind in POINT_KINDS]),
    )


def _find(fields: tuple[Field, ...], wanted: Callable[[Field], bool]) -> str | None:
    """Path of the first field outside repeats that is wanted: a repeat has no one answer (C23)."""
    return next((each.path for each in fields if each.repeat is None and wanted(each)), None)


def _preloaded(form: XForm, fields: tuple[Field, ...], moment: str) -> str | None:
    def is_moment(each: Field) -> bool:
        bind = form.binds.get(each.path)
        return bind is not None and attribute(bind, "preloadParams") == moment

    return _find(fields, is_moment)


def _fields(form: XForm, classes: Mapping[str, str]) -> tuple[Field, ...]:
    lists = {each.path.removesuffix("meta/entity"): each.list_name for each in form.entities}
    return tuple(_described(node, form, lists, classes) for node in form.nodes if node.name != "instanceID")


def _described(
    node: InstanceLeaf, form: XForm, lists: Mapping[str, str], classes: Mapping[str, str]
) -> Field:
    bind, control = form.binds.get(node.path), form.controls.get(node.path)
    save_to = attribute(bind, "saveto") if bind is not None else None
    shown = control or Control("")
    return Field(
        path=node.path,
        name=node.name,
        kind=_kind(bind, control, node.path),
        labels=shown.labels,
        hints=shown.hints,
        choices=tuple(Choice(name, labels) for name, labels in shown.choices),
        choices_file=shown.choices_file,
        repeat=node.repeat,
        sensitivity=_sensitivity(bind, classes.get(node.path, "")),
        save_to=save_to,
        save_to_list=_list_of(node.path, lists) if save_to else None,
        ranked=shown.kind == "rank",
    )


def _kind(bind: Any, control: Control | None, path: str) -> str:
    """The kind of question from what the body shows, then the bind's type, then how it gets its value."""
    declared = _BIND_KINDS.get(bind.get("type") or "string", "text") if bind is not None else "text"
    if control is not None and control.kind in _CONTROL_KINDS:
        return _CONTROL_KINDS[control.kind]
    if declared == "binary" or declared in POINT_KINDS:
        return declared
    if path.startswith("meta/") or (bind is not None and attribute(bind, "preload")):
        return "meta"
    if control is None:
        return "calculate" if declared == "text" else declared
    is_fixed = bind is not None and bind.get("readonly") == "true()" and not bind.get("calculate")
    return "note" if is_fixed and declared == "text" else declared


def _sensitivity(bind: Any, from_sheet: str) -> str:
    from_bind = attribute(bind, "phan_loai") if bind is not None else None
    return SENSITIVITIES.get(from_sheet or from_bind or "", NONE)


def _list_of(path: str, lists: Mapping[str, str]) -> str | None:
    """The list of the nearest container that has an entity (E2)."""
    containers = [container for container in lists if path.startswith(container)]
    return lists[max(containers, key=len)] if containers else None


def _statements(fields: tuple[Field, ...]) -> tuple[str, tuple[str, ...]]:
    """The group `chi_tieu` and the indicators it states in pairs; repeats state nothing (R1)."""
    outside = [each.path for each in fields if each.repeat is None]
    groups = [path.rpartition("/")[0] for path in outside]
    group = next((each for each in groups if each.rpartition("/")[2] == "chi_tieu"), "chi_tieu")
    paths = frozenset(outside)
    done = [path for path in outside if path.startswith(f"{group}/") and path.endswith(_DONE)]
    stems = [path.removesuffix(_DONE) for path in done]
    return group, tuple(stem.rpartition("/")[2] for stem in stems if stem + _OF in paths)


def _classes(sheets: Mapping[str, Sheet]) -> Mapping[str, str]:
    """Path → class from the column `phan_loai` of the survey sheet."""
    survey = sheets.get("survey")
    if survey is None:
        return {}
    return {path: row["phan_loai"] for path, row in survey.questions() if row["phan_loai"]}


def _declared(
    sheets: Mapping[str, Sheet], codes: tuple[str, ...], known: Mapping[str, IndicatorDeclaration]
) -> tuple[IndicatorDeclaration, ...]:
    """The sheet's rows, and the known indicators that the form states without declaring them."""
    rows = sheets["chi_tieu"].rows if "chi_tieu" in sheets else ()
    own = {row["indicator"]: _declaration(row) for row in rows if row["indicator"]}
    borrowed = {code: known[code] for code in codes if code in known and code not in own}
    return (*own.values(), *borrowed.values())


def _declaration(row: SheetRow) -> IndicatorDeclaration:
    label_vi = row.translated("label", "vi") or row["indicator"]
    label_en = row.translated("label", "en") or label_vi
    return IndicatorDeclaration(
        row["indicator"], label_vi, label_en, row["unit"] or "household", row["kind"] or "state"
    )


def _purpose(sheets: Mapping[str, Sheet]) -> Purpose | None:
    rows = sheets["muc_dich"].rows if "muc_dich" in sheets else ()
    row = next(iter(rows), None)
    if row is None:
        return None
    months = row["luu_thang"]
    is_number = months.isascii() and months.isdecimal() and len(months) < 6
    return Purpose(row["muc_dich"], row["can_cu"], int(months) if is_number else None)
