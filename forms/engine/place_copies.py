"""Which answers of a form may repeat a place: what is worked out from points, straight or by way of others."""

from collections.abc import Collection, Iterator

from forms.engine.formula_sources import sources
from forms.engine.unfillable import Unfillable
from forms.engine.xform import XForm
from forms.engine.xpath_parser import parse


def place_copies(form: XForm, points: Collection[str]) -> tuple[str, ...]:
    """Paths of calculations, defaults and labels of entities that read a point, without the points themselves."""
    if not points:
        return ()
    reads = [(path, frozenset(_read(formula, path, form))) for path, formula in _formulas(form)]
    found = set(points)
    while more := {path for path, read in reads if path not in found and read & found}:
        found |= more
    return tuple(sorted(found.difference(points)))


def _formulas(form: XForm) -> Iterator[tuple[str, str]]:
    """Each node that a formula fills, with the formula."""
    for path, bind in form.binds.items():
        if formula := bind.get("calculate"):
            yield path, formula
    for action in form.document.iter("{*}setvalue"):
        if formula := action.get("value"):
            yield form.short(action.get("ref") or ""), formula


def _read(formula: str, path: str, form: XForm) -> Iterator[str]:
    here = f"/{form.root_name}/{path}"
    try:
        yield from (form.short(source.path) for source in sources(parse(formula), here, here))
    except Unfillable:
        # A formula that only phones know is taken to read what it names.
        yield from (node.path for node in form.nodes if node.name in formula)
