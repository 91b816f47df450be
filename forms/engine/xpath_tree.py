"""What a formula is once it is read: a tree of values, paths, calls and the signs between them."""

from collections.abc import Iterator
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Literal:
    """A number or a text as it stands in the formula."""

    value: float | str


@dataclass(frozen=True)
class Step:
    """One step of a path: an element, or an attribute, of that name ("*" for any)."""

    name: str
    attribute: bool = False
    predicates: tuple["Tree", ...] = ()


@dataclass(frozen=True)
class Path:
    """Where answers are looked for: `start` is "root", "here", "current" or "instance" (then `instance` names it).

    `up` levels are gone up first; a path of JavaRosa has all its ".." in front.
    """

    start: str
    steps: tuple[Step, ...] = ()
    up: int = 0
    instance: str = ""


@dataclass(frozen=True)
class Call:
    """A function with its arguments."""

    name: str
    arguments: tuple["Tree", ...] = ()


@dataclass(frozen=True)
class BinaryOperation:
    """Two values and the sign between them."""

    sign: str
    left: "Tree"
    right: "Tree"


@dataclass(frozen=True)
class Negative:
    """A minus before a value."""

    inner: "Tree"


@dataclass(frozen=True)
class Unsupported:
    """What XPath knows and phones do not work out: they say so when they come to it."""

    what: str


Tree = Literal | Path | Call | BinaryOperation | Negative | Unsupported


def placed(tree: Tree, context: str) -> Tree:
    """The formula of the node at `context`: a "*" of a path that goes the node's own way is the name on that way.

    So JavaRosa reads it (TreeReference.contextualize): in the formula of /data/g/x, /data/*/a is /data/g/a.
    """
    if isinstance(tree, Path):
        return _own_way(tree, context.split("/")[1:]) if tree.start == "root" else tree
    if isinstance(tree, Call):
        return replace(tree, arguments=tuple(placed(each, context) for each in tree.arguments))
    if isinstance(tree, BinaryOperation):
        return replace(tree, left=placed(tree.left, context), right=placed(tree.right, context))
    return replace(tree, inner=placed(tree.inner, context)) if isinstance(tree, Negative) else tree


def _own_way(path: Path, own: list[str]) -> Path:
    steps = list(path.steps)
    for at, (step, name) in enumerate(zip(path.steps, own, strict=False)):
        if step.name == "*" and not step.attribute:
            steps[at] = replace(step, name=name)
        elif step.name != name:
            break
    return replace(path, steps=tuple(steps))


def walk(tree: Tree) -> Iterator[Tree]:
    """Each part of a tree, itself first."""
    yield tree
    inner: tuple[Tree, ...] = ()
    if isinstance(tree, Call):
        inner = tree.arguments
    elif isinstance(tree, BinaryOperation):
        inner = (tree.left, tree.right)
    elif isinstance(tree, Negative):
        inner = (tree.inner,)
    elif isinstance(tree, Path):
        inner = tuple(predicate for step in tree.steps for predicate in step.predicates)
    for each in inner:
        yield from walk(each)
