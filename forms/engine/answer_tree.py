"""The answers of one visit as a tree, each repeat with its rounds."""

from collections.abc import Iterator

from forms.engine.java_values import Value
from forms.engine.unfillable import TooMuch

MOST_ROUNDS = 1_000
"""Rounds of one repeat that a form may count to; phones grow too slow for their users long before."""


class AnswerNode:
    """One node of a visit: a leaf with its value, or what holds others. `index` counts rounds from 0.

    `asked` is what its own relevance says, `live` that of all that hold it too.
    """

    __slots__ = ("asked", "chain", "children", "index", "live", "name", "parent", "path", "text", "value")

    def __init__(self, name: str, path: str, parent: "AnswerNode | None", index: int) -> None:
        self.name, self.path, self.parent, self.index = name, path, parent, index
        self.chain: tuple[AnswerNode, ...] = (*(parent.chain if parent else ()), self)
        self.children: dict[str, list[AnswerNode]] = {}
        self.value: Value = ""
        self.text = ""
        self.asked = self.live = True

    def named(self, name: str) -> list["AnswerNode"]:
        """Its children of that name, "@id" for attributes, "*" for all elements; in their order."""
        if name == "*":
            return [each for key, rounds in self.children.items() if key[0] != "@" for each in rounds]
        return self.children.get(name, [])

    @property
    def filled(self) -> bool:
        """Whether it holds others, or a value."""
        return bool(self.children) or self.value != ""

    @property
    def address(self) -> str:
        """Its path with the number of each round, from 1, where there is more than one: "/data/tre[2]/ten"."""
        steps = []
        for node in self.chain:
            rounds = node.parent.children[node.name] if node.parent else [node]
            steps.append(f"{node.name}[{node.index + 1}]" if len(rounds) > 1 else node.name)
        return "/" + "/".join(steps)

    def below(self) -> Iterator["AnswerNode"]:
        """Itself and all below, in the form's order."""
        yield self
        for rounds in self.children.values():
            for each in rounds:
                yield from each.below()


def add_round(parent: AnswerNode, name: str, path: str) -> AnswerNode:
    """One more round of a repeat, without its content; TooMuch beyond MOST_ROUNDS."""
    rounds = parent.children.setdefault(name, [])
    if len(rounds) >= MOST_ROUNDS:
        raise TooMuch(f"nhóm lặp {name} có quá {MOST_ROUNDS} lượt")
    found = AnswerNode(name, path, parent, len(rounds))
    rounds.append(found)
    return found


def located(root: AnswerNode, address: str) -> AnswerNode | None:
    """The node at "/data/tre[2]/ten"; a step without a number is the first round. None where there is none."""
    node: AnswerNode | None = None
    for step in address.lstrip("/").split("/"):
        name, _, number = step.rstrip("]").partition("[")
        rounds = [root] if node is None else node.children.get(name, [])
        at = int(number) - 1 if number.isdigit() else 0
        node = rounds[at] if 0 <= at < len(rounds) and rounds[at].name == name else None
        if node is None:
            return None
    return node


def without_rounds(address: str) -> str:
    """The path of an address: "/data/tre[2]/ten" is "/data/tre/ten"."""
    return "/".join(step.partition("[")[0] for step in address.split("/"))
