"""What a formula is once it is read: a tree of values, paths, calls and the signs between them."""

from collections.abc import Iterator
from dataclasses import dataclass


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
