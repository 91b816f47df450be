"""Which registered thôn each row of a boundary file is: by its code, by a unique name, or as a person says."""

from collections.abc import Mapping, Sequence
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
    """It is meant that most of the registered names change."""


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
    change, an error asks whether that is meant (codes of another numbering would rename every thôn).
    """
    known = village_names.unique({code: each.name for code, each in registered.items()})
    once = village_names.once(draft.label.name for draft in drafts)
    found, problems, renamed = [], [], []
    for draft in drafts:
        label, name = draft.label, village_names.plain(draft.label.name)
        code = "" if how.by_name and registered else label.code
        if label.row in chosen:
            label, code = replace(label, code=chosen[label.row]), ""
        elif not code and name in once and name in known:
            label = replace(label, code=known[name])
            problems.append(label.problem("by_name", "ghép theo tên", "warning"))
        else:
            label = replace(label, code=code)
        here = registered.get(label.code)
        if here is not None and not (code and label.name and trusted):
            label = replace(label, name=here.name)
        elif here is not None and village_names.plain(here.name) != name:
            words = f"trong danh mục, mã này là “{here.name}”; nạp sẽ đổi tên"
            renamed.append(label.problem("renamed", words, "warning"))
        found.append(replace(draft, label=label))
    kept = sum(draft.label.code in registered for draft in found)
    return found, [*_if_most(renamed, kept, how), *problems, *renamed]


def _if_most(renamed: Sequence[OutlineProblem], registered: int, how: ReadAs) -> list[OutlineProblem]:
    if how.renames or len(renamed) < 2 or len(renamed) * 2 <= registered:
        return []
    words = (
        f"{len(renamed)} trong {registered} thôn của tệp mang tên khác danh mục: có thể tệp dùng bộ mã khác. "
        "Hãy chọn “ghép theo tên”, hoặc đánh dấu “đúng là các thôn này đổi tên” nếu thật vậy."
    )
    return [OutlineProblem("mostly_renamed", words)]
