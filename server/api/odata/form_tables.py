"""A form's questions as tables of OData: the submissions, and one for each repeat (O12 to O14)."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from forms.definition import NONE, Definition, Field
from forms.odata_names import identifiers
from server.exports.form_columns import UNSEEN

ROOT = "Submissions"
FLAT = "Submissions_flat"


@dataclass(frozen=True)
class ODataField:
    """A question in a table: the identifiers of its groups and its own, and where its answer stands."""

    names: tuple[str, ...]
    path: str
    kind: str

    @property
    def address(self) -> str:
        """`ho/chu_ho`: what `$filter` calls it."""
        return "/".join(self.names)


@dataclass(frozen=True)
class ODataTable:
    """The submissions (`path` is "") or the rounds of a repeat."""

    name: str
    """`Submissions`, `Submissions.ho.tv`."""
    path: str
    parent: str
    """The path of the repeat that it stands in; "" for one of the submissions, and for the submissions."""
    names: tuple[str, ...]
    """Identifiers from the parent's row to this repeat: its groups there, and its own."""
    fields: tuple[ODataField, ...]

    @property
    def key_of_parent(self) -> str:
        """What the column is called that names the row above."""
        return f"__{'-'.join(self.name.split('.')[: -len(self.names)])}-id"


def tables(form: Definition, *, personal: bool) -> tuple[ODataTable, ...]:
    """The submissions first, then each repeat in the form's order; questions that the reader may not have are in none.

    All versions of the form are one: a question that was taken out stays, so that a workbook keeps its columns.
    """
    fields = tuple(_shown(form, personal=personal))
    repeats = tuple(dict.fromkeys(each.repeat for each in form.fields if each.repeat))
    moments = {form.start_path, form.end_path}
    found = [ODataTable(ROOT, "", "", (), _fields(fields, "", repeats, moments))]
    for repeat in repeats:
        parent = max((each for each in repeats if repeat.startswith(f"{each}/")), key=len, default="")
        names = _names(fields, parent, repeats)[repeat]
        above = next(table for table in found if table.path == parent)
        name = ".".join((above.name, *names))
        found.append(ODataTable(name, repeat, parent, names, _fields(fields, repeat, repeats, moments)))
    return tuple(found)


def _shown(form: Definition, *, personal: bool) -> Iterator[Field]:
    for each in form.fields:
        if each.kind not in UNSEEN and (personal or each.sensitivity == NONE):
            yield each


def _fields(
    fields: Sequence[Field], table: str, repeats: Sequence[str], moments: Collection[str | None]
) -> tuple[ODataField, ...]:
    """`moments` are paths at which a phone writes when it began and ended, whatever kind of question it calls them."""
    named = _names(fields, table, repeats)
    return tuple(
        ODataField(named[each.path], each.path, "dateTime" if each.path in moments else each.kind)
        for each in fields
        if (each.repeat or "") == table
    )


def _names(fields: Sequence[Field], table: str, repeats: Sequence[str]) -> Mapping[str, tuple[str, ...]]:
    """For each question and repeat right in a table, its identifiers: unique within its group (O19)."""
    inside = [each.path for each in fields if (each.repeat or "") == table]
    inside += [each for each in repeats if _parent(each, repeats) == table]
    segments = {path: _below(path, table) for path in inside}
    in_group: dict[tuple[str, ...], dict[str, None]] = {}
    for parts in segments.values():
        for place, part in enumerate(parts):
            in_group.setdefault(parts[:place], {})[part] = None
    made = {group: identifiers(names) for group, names in in_group.items()}
    return {
        path: tuple(made[parts[:place]][part] for place, part in enumerate(parts))
        for path, parts in segments.items()
    }


def _parent(repeat: str, repeats: Sequence[str]) -> str:
    return max((each for each in repeats if repeat.startswith(f"{each}/")), key=len, default="")


def _below(path: str, table: str) -> tuple[str, ...]:
    return tuple(path[len(table) + 1 :].split("/") if table else path.split("/"))
