"""What a formula reads: the answers whose change lets it be worked out again."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from forms.engine.xpath_tree import BinaryOperation, Call, Negative, Path, Tree


@dataclass(frozen=True)
class Source:
    """An answer that a formula reads: its path, and how many steps from the root it shares with the formula's node.

    Below these it is looked for in every round of a repeat.
    """

    path: str
    shared: int


def sources(tree: Tree, context: str, current: str) -> Iterator[Source]:
    """The answers that a formula reads, each with how far it shares the way of the node that reads it."""
    if isinstance(tree, Path):
        yield from _path_sources(tree, context, current)
    elif isinstance(tree, Call) and tree.name == "indexed-repeat" and len(tree.arguments) > 1:
        answer, repeat, *others = (tuple(sources(each, context, current)) for each in tree.arguments)
        least = min((each.path.count("/") - 1 for each in repeat), default=0)  # of any of its rounds
        yield from (replace(each, shared=min(each.shared, least)) for each in answer)
        yield from (each for found in (repeat, *others) for each in found)
    elif isinstance(tree, Call):
        for argument in tree.arguments:
            yield from sources(argument, context, current)
    elif isinstance(tree, BinaryOperation):
        yield from sources(tree.left, context, current)
        yield from sources(tree.right, context, current)
    elif isinstance(tree, Negative):
        yield from sources(tree.inner, context, current)


def _path_sources(path: Path, context: str, current: str) -> Iterator[Source]:
    """`context` is "" within a list: what is looked for from there is no answer."""
    base = {"root": "", "here": context, "current": current, "instance": ""}[path.start]
    names = base.split("/")[1:]
    names = names[: len(names) - path.up] if path.up else names
    own = current.split("/")[1:]
    listed = path.start == "instance" or (path.start == "here" and not context)
    shared = len(names) if path.start == "current" or context == current else 0
    if path.start == "root":
        steps = [step.name for step in path.steps]
        shared = next(
            (at for at, (a, b) in enumerate(zip(steps, own, strict=False)) if a != b),
            min(len(steps), len(own)),
        )
        shared = next((at for at, step in enumerate(path.steps[:shared]) if step.predicates), shared)
        shared = 0 if context != current else shared
    for step in path.steps:
        names = [*names, ("@" if step.attribute else "") + step.name]
        for predicate in step.predicates:
            yield from sources(predicate, "" if listed else "/" + "/".join(names), current)
    if not listed and names:
        yield Source("/" + "/".join(names), shared)
