"""Nodes of an XForm that wait for each other, which no phone opens.

A node waits for what its calculation reads, what hides it, and what makes it required or read-only.
"""

from collections.abc import Iterator, Mapping

from forms.engine.unfillable import Unfillable
from forms.engine.xform import XForm
from forms.engine.xpath_parser import parse
from forms.engine.xpath_tree import BinaryOperation, Call, Negative, Path, Tree, placed, walk


def waiting(xform: bytes) -> list[str]:
    """Paths (without the root) of a circle of nodes, the first again at the end; [] where there is none."""
    form = XForm(xform)
    leaves = [node.path for node in form.nodes]
    sources: dict[str, set[str]] = {}
    for path, bind in form.binds.items():
        for kind in ("calculate", "relevant", "required", "readonly"):
            read = set(_read(bind.get(kind), path, form.root_name))
            hides = read and kind == "relevant"
            inside = [leaf for leaf in leaves if leaf.startswith(f"{path}/")] if hides else []
            for target in (path, *inside):
                sources.setdefault(target, set()).update(read)
    return _circle(sources)


def _read(formula: str | None, path: str, root: str) -> Iterator[str]:
    """The nodes that a formula reads, without the root; what a predicate compares is a column or a child."""
    if not formula:
        return
    try:
        found = list(_paths(placed(parse(formula), f"/{root}/{path}")))
    except Unfillable:
        return  # told at its cell
    for each in found:
        names = [step.name for step in each.steps]
        above = path.split("/")
        if each.start == "root" and names[:1] == [root]:
            yield "/".join(names[1:])
        elif each.start in {"here", "current"} and each.up <= len(above):
            yield "/".join([*above[: len(above) - each.up], *names])


def _paths(tree: Tree) -> Iterator[Path]:
    if isinstance(tree, Path):
        yield tree
        predicates = (predicate for step in tree.steps for predicate in step.predicates)
        inner = (part for predicate in predicates for part in walk(predicate) if isinstance(part, Path))
        yield from (part for part in inner if part.start == "root")
    elif isinstance(tree, BinaryOperation):
        yield from _paths(tree.left)
        yield from _paths(tree.right)
    elif isinstance(tree, Negative):
        yield from _paths(tree.inner)
    elif isinstance(tree, Call):
        for argument in tree.arguments:
            yield from _paths(argument)


def _circle(sources: Mapping[str, set[str]]) -> list[str]:
    """Depth first without recursion: a hostile sheet may chain thousands of calculations."""
    done: set[str] = set()
    for start in sources:
        trail: dict[str, Iterator[str]] = {}
        ahead = start if start not in done else None
        while ahead is not None or trail:
            if ahead is not None:
                trail[ahead] = iter(sorted(sources.get(ahead, ())))
            last = next(reversed(trail))
            ahead = next((each for each in trail[last] if each not in done), None)
            if ahead is None:
                done.add(last)
                del trail[last]
            elif ahead in trail:
                names = list(trail)
                return [*names[names.index(ahead) :], ahead]
    return []
