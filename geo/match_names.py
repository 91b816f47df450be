"""Which registered thôn each row of a boundary file is: by its code, by a unique name, or as a person says."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from shapely.geometry.base import BaseGeometry

from geo import village_names
from geo.boundary_columns import Figures
from geo.boundary_problems import Label, OutlineProblem


@dataclass(frozen=True, slots=True)
class ReadAs:
    """How a person wants a file read, where it does not say so itself or says it wrongly."""

    layer: str | None = None
    """Which layer or set of outlines, where there are several."""
    code_column: str | None = None
    name_column: str | None = None
    crs: int | None = None
    """An EPSG code that overrules the file."""
    north_first: bool = False
    """The numbers are (north, east), as surveyors write them."""
    per_metre: int = 1
    """How many units of the drawing are a metre: 1, 100 or 1000."""
    by_name: bool = False
    """Rows belong to the registered thôn of their name; the codes of the file do not count."""
    renames: bool = False
    """It is meant that most of the registered names change, or that thôn of the same names are new."""


@dataclass(frozen=True, slots=True)
class Registered:
    """A place that is registered: its name, and its outline (EPSG:4326), None where it has none."""

    name: str
    outline: BaseGeometry | None = None


READ_AS_IT_SAYS = ReadAs()


@dataclass(frozen=True, slots=True)
class Draft:
    """A row on its way: labelled and placed, not yet checked."""

    label: Label
    shape: BaseGeometry | None
    figures: Figures
    illustrative: bool


def coded(
    drafts: Sequence[Draft],
    registered: Mapping[str, Registered],
    chosen: Mapping[int, str],
    how: ReadAs,
    *,
    trusted: bool,
) -> tuple[list[Draft], list[OutlineProblem]]:
    """The rows with the codes that a person gave them, that they bring, or that their unique names have.

    Names are written to registered thôn only where the file's letters are `trusted`; where most of them would
    change, or most rows be new thôn of registered names, an error asks whether that is meant (codes of another
    numbering would rename every thôn, or make each a second time).
    """
    names = _Names.of([draft.label.name for draft in drafts], registered)
    found, problems, renamed, again = [], [], [], 0
    there = {draft.label.code for draft in drafts}
    for draft in drafts:
        label = draft.label
        code = "" if how.by_name and registered else label.code
        if label.row in chosen:
            label, code = replace(label, code=chosen[label.row]), ""
        elif not code and (meant := names.meant(label.name)):
            label = replace(label, code=meant)
            problems.append(label.problem("by_name", "ghép theo tên", "warning"))
        else:
            label = replace(label, code=code)
        here = registered.get(label.code)
        if here is not None and (not (code and label.name and trusted) or _is_one(here.name, label.name)):
            label = replace(label, name=here.name)
        elif here is not None:
            words = f"trong danh mục, mã này là “{here.name}”; nạp sẽ đổi tên"
            renamed.append(label.problem("renamed", words, "warning"))
        again += bool(label.code) and here is None and names.meant(label.name) not in {"", *there}
        found.append(replace(draft, label=label))
    kept = sum(draft.label.code in registered for draft in found)
    return found, [
        *_if_most(renamed, kept, how),
        *_if_made_again(again, len(found), how),
        *problems,
        *renamed,
    ]


def _is_one(registered: str, name: str) -> bool:
    """Whether a file writes a registered name, in capitals, without marks, with "thôn" before or the commune behind."""
    if name.isascii() and village_names.loose(registered) == village_names.loose(name):
        return True
    return village_names.plain(registered) in {
        village_names.plain(name),
        village_names.plain(village_names.brackets_off(name)),
    }


@dataclass(frozen=True)
class _Names:
    """The registered names that are unique, each way of writing them, and those that a file has once."""

    known: Mapping[str, str]
    known_loosely: Mapping[str, str]
    once: Collection[str]
    bare_once: Collection[str]
    loosely_once: Collection[str]

    @classmethod
    def of(cls, names: Sequence[str], registered: Mapping[str, Registered]) -> "_Names":
        told = {code: each.name for code, each in registered.items()}
        return cls(
            village_names.unique(told),
            village_names.unique(told, village_names.loose),
            village_names.once(names),
            village_names.once(map(village_names.brackets_off, names)),
            village_names.once(names, village_names.loose),
        )

    def meant(self, name: str) -> str:
        """The code of the registered thôn that a name means, also with its commune behind it or without marks, as in
        drawings; "" where it is not sure.
        """
        plain, bare = village_names.plain(name), village_names.plain(village_names.brackets_off(name))
        if plain in self.once and plain in self.known:
            return self.known[plain]
        if bare in self.bare_once and bare in self.known:
            return self.known[bare]
        loose = village_names.loose(name)
        return self.known_loosely.get(loose, "") if name.isascii() and loose in self.loosely_once else ""


def _if_most(renamed: Sequence[OutlineProblem], registered: int, how: ReadAs) -> list[OutlineProblem]:
    if how.renames or len(renamed) < 2 or len(renamed) * 2 <= registered:
        return []
    words = (
        f"{len(renamed)} trong {registered} thôn của tệp mang tên khác danh mục: có thể tệp dùng bộ mã khác. "
        "Hãy chọn “ghép theo tên”, hoặc đánh dấu “đúng là các thôn này đổi tên” nếu thật vậy."
    )
    return [OutlineProblem("mostly_renamed", words)]


def _if_made_again(again: int, rows: int, how: ReadAs) -> list[OutlineProblem]:
    """Most rows would be new thôn with the names of registered ones that the file leaves out."""
    if how.renames or again < 2 or again * 2 <= rows:
        return []
    words = (
        f"{again} trong {rows} thôn của tệp mang mã chưa có trong danh mục mà tên thì đã có: nạp sẽ thêm chúng lần thứ "
        "hai. Hãy chọn “ghép theo tên”, hoặc đánh dấu “đúng là các thôn này đổi tên” nếu thật là thôn khác."
    )
    return [OutlineProblem("mostly_again", words)]
