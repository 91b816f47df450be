"""Formulas compiled once, to be worked out again and again over the answers of a visit."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from forms.engine.formula_scope import Scope, Surroundings, Work
from forms.engine.formula_sources import Source, sources
from forms.engine.function_names import LAZY, wrong_arguments
from forms.engine.functions import CLOCKS, FUNCTIONS
from forms.engine.java_values import Mismatch, Nodes, Value, plain, to_number, to_text, to_truth
from forms.engine.unfillable import TooMuch, Unfillable, UnknownFunction
from forms.engine.xpath_parser import parse
from forms.engine.xpath_tree import (
    BinaryOperation,
    Call,
    Literal,
    Negative,
    Path,
    Step,
    Tree,
    Unsupported,
    placed,
    walk,
)

_SAME = 1e-12


@dataclass(frozen=True)
class Expression:
    """A compiled formula of the node at `context`."""

    text: str
    context: str
    work: Work = field(repr=False)
    sources: tuple[Source, ...]
    calls: frozenset[str]
    looks_up: bool
    """Whether it reads a list: instance() or pulldata()."""
    shuffles: bool
    """Whether it puts nodes into an order by chance: randomize() without a seed."""

    @property
    def paths(self) -> frozenset[str]:
        """The answers that it reads."""
        return frozenset(source.path for source in self.sources)

    @property
    def timeless(self) -> bool:
        """Whether only answers decide what it gives: no clock, no chance, no list that changes."""
        return not (self.looks_up or self.shuffles or self.calls & CLOCKS)

    def value(self, visit: Surroundings, node: Any) -> Value:
        """What it gives at that node; Unfillable names the formula where a phone would stop with an error."""
        return plain(self._worked(visit, node))

    def nodes(self, visit: Surroundings, node: Any) -> Nodes:
        """The nodes that it finds, none for a formula that is no path."""
        found = self._worked(visit, node)
        return found if isinstance(found, Nodes) else Nodes()

    def truth(self, visit: Surroundings, node: Any) -> bool:
        """What it gives as a condition."""
        return to_truth(self._worked(visit, node))

    def _worked(self, visit: Surroundings, node: Any) -> Any:
        visit.spend(1)
        try:
            found = self.work(Scope(visit, node, node))
            return (
                found
                if isinstance(found, Nodes) and len(found) > 1
                else plain(found)
                if not isinstance(found, Nodes)
                else found
            )
        except (Mismatch, OverflowError) as wrong:
            raise Mismatch(f"{self.text}: {wrong}") from wrong
        except RecursionError:
            raise Unfillable(f"{self.text[:80]}: công thức lồng quá sâu") from None


def compile_expression(text: str, context: str) -> Expression:
    """Compile a formula for the node at `context` ("/data/a/b"); Unfillable where no phone could read it."""
    try:
        return _compiled(placed(parse(text), context), text, context)
    except RecursionError:
        raise TooMuch(f"công thức lồng quá sâu: {text[:80]}") from None


def _compiled(tree: Tree, text: str, context: str) -> Expression:
    called = [part for part in walk(tree) if isinstance(part, Call)]
    calls = frozenset(call.name for call in called)
    shuffles = any(call.name == "randomize" and len(call.arguments) == 1 for call in called)
    lists = any(isinstance(part, Path) and part.start == "instance" for part in walk(tree))
    read = tuple(dict.fromkeys(sources(tree, context, context)))
    return Expression(text, context, _compile(tree), read, calls, lists or "pulldata" in calls, shuffles)


# Working out --------------------------------------------------------------------------------------------------


def _compile(tree: Tree) -> Work:
    if isinstance(tree, Literal):
        value = tree.value
        return lambda _scope: value
    if isinstance(tree, Path):
        return _path(tree)
    if isinstance(tree, Call):
        return _call(tree)
    if isinstance(tree, Negative):
        inner = _compile(tree.inner)
        return lambda scope: -to_number(inner(scope))
    if isinstance(tree, BinaryOperation):
        return _operation(tree)
    return _unsupported(tree)


def _unsupported(tree: Unsupported) -> Work:
    def stop(_scope: Scope) -> Any:
        raise Mismatch(f"điện thoại không làm được {tree.what}")

    return stop


def _operation(tree: BinaryOperation) -> Work:
    left, right = _compile(tree.left), _compile(tree.right)
    if tree.sign == "and":
        return lambda scope: to_truth(left(scope)) and to_truth(right(scope))
    if tree.sign == "or":
        return lambda scope: to_truth(left(scope)) or to_truth(right(scope))
    if tree.sign in {"=", "!="}:
        wanted = tree.sign == "="
        return lambda scope: _equal(left(scope), right(scope)) is wanted
    reckon = _RECKONED[tree.sign]
    return lambda scope: reckon(to_number(left(scope)), to_number(right(scope)))


def _equal(first: Any, second: Any) -> bool:
    """Truths compare as truths, numbers as numbers, all else as texts: moments by their days."""
    a, b = plain(first), plain(second)
    if isinstance(a, bool) or isinstance(b, bool):
        return to_truth(a) == to_truth(b)
    if isinstance(a, float) or isinstance(b, float):
        return abs(to_number(a) - to_number(b)) < _SAME
    return to_text(a) == to_text(b)


def _divided(a: float, b: float) -> float:
    if b == 0:
        return math.nan if a == 0 or math.isnan(a) else math.copysign(math.inf, a) * math.copysign(1.0, b)
    return a / b


def _rest(a: float, b: float) -> float:
    return math.nan if b == 0 or math.isinf(a) or math.isnan(b) else math.fmod(a, b)


_RECKONED: dict[str, Callable[[float, float], Any]] = {
    "+": lambda a, b: a + b, "-": lambda a, b: a - b, "×": lambda a, b: a * b, "div": _divided, "mod": _rest,
    "<": lambda a, b: a < b, "<=": lambda a, b: a <= b, ">": lambda a, b: a > b, ">=": lambda a, b: a >= b,
}  # fmt: skip


def _call(tree: Call) -> Work:
    wrong = wrong_arguments(tree)
    if tree.name not in FUNCTIONS and tree.name not in {*LAZY, "indexed-repeat"}:
        return _unknown(tree.name)
    if wrong:
        return _unsupported(Unsupported(wrong))
    arguments = tuple(map(_compile, tree.arguments))
    if tree.name == "if":
        condition, yes, no = arguments
        return lambda scope: plain(yes(scope)) if to_truth(condition(scope)) else plain(no(scope))
    if tree.name == "coalesce":
        return _coalesce(*arguments)
    if tree.name == "indexed-repeat":
        return _indexed(tree, arguments)
    known = FUNCTIONS[tree.name]
    work = known.work

    def call(scope: Scope) -> Any:
        scope.visit.spend(1)
        given = [argument(scope) for argument in arguments]
        return work(scope, *given) if known.asks else work(*given)

    return call


def _coalesce(first: Work, second: Work) -> Work:
    """The first unless it is blank or no number; only then is the second asked."""

    def coalesce(scope: Scope) -> Any:
        one = plain(first(scope))
        nothing = one == "" or (isinstance(one, float) and math.isnan(one))
        return plain(second(scope)) if nothing else one

    return coalesce


def _unknown(name: str) -> Work:
    def stop(_scope: Scope) -> Any:
        raise UnknownFunction(name)

    return stop


def _indexed(tree: Call, arguments: tuple[Work, ...]) -> Work:
    """indexed-repeat(answer, repeat, number, …): the answer of those rounds."""
    paths = [tree.arguments[0], *tree.arguments[1::2]]
    if not all(isinstance(path, Path) and path.start in {"root", "here", "current"} for path in paths):
        return _unsupported(Unsupported("indexed-repeat() với một giá trị không phải là câu hỏi"))
    numbers = arguments[2::2]

    def indexed(scope: Scope) -> Any:
        target, *repeats = (_ways(path, scope) for path in paths if isinstance(path, Path))
        rounds = dict(enumerate(target[1]))
        for (names, _), number in zip(repeats, numbers, strict=True):
            if target[0][: len(names)] != names:
                raise Mismatch("indexed-repeat(): nhóm lặp phải chứa câu hỏi ở tham số đầu")
            found = to_number(number(scope))
            rounds[len(names) - 1] = max(0, int(found) - 1 if math.isfinite(found) else 0)
        steps = tuple(Step(name.lstrip("@"), name.startswith("@")) for name in target[0])
        return _found(scope, [scope.visit.root], steps[1:], [rounds.get(at) for at in range(1, len(steps))])

    return indexed


def _ways(path: Path, scope: Scope) -> tuple[list[str], list[int | None]]:
    """The names of a path from the root, and the rounds of those that it shares with the node."""
    base = scope.current if path.start == "current" else scope.node
    chain = list(base.chain)
    if path.start == "root":
        names = [step.name for step in path.steps]
        shared = next(
            (at for at, (a, b) in enumerate(zip(names, chain, strict=False)) if a != b.name), len(chain)
        )
        rounds = [each.index if at < shared else None for at, each in enumerate(chain)]
        return names, (rounds + [None] * len(names))[: len(names)]
    kept = chain[: len(chain) - path.up]
    names = [each.name for each in kept] + [step.name for step in path.steps]
    return names, [each.index for each in kept] + [None] * len(path.steps)


def _path(tree: Path) -> Work:
    if tree.start == "root":
        return _from_root(tree)
    if tree.start == "instance":
        return _from_list(tree)
    steps, up = tuple(map(_prepared, tree.steps)), tree.up

    def relative(scope: Scope) -> Nodes:
        node = scope.current if tree.start == "current" else scope.node
        for _ in range(up):
            node = node.parent
            if node is None:
                raise Mismatch("đường dẫn đi lên quá gốc của biểu mẫu")
        return _walk(scope, [node], steps)

    return relative


@dataclass(frozen=True)
class _Prepared:
    """A step with its predicates compiled; `column` and `wanted` where a list may be asked by a column's text."""

    name: str
    attribute: bool
    predicates: tuple[Work, ...]
    column: str = ""
    wanted: Work | None = None


def _prepared(step: Step) -> _Prepared:
    predicates = tuple(map(_compile, step.predicates))
    first = step.predicates[0] if step.predicates else None
    if isinstance(first, BinaryOperation) and first.sign == "=" and isinstance(first.left, Path):
        column, others = first.left, [part for part in walk(first.right) if isinstance(part, Path | Call)]
        of_row = [
            part
            for part in others
            if (part.start == "here" if isinstance(part, Path) else part.name == "position")
        ]
        simple = column.start == "here" and not column.up and len(column.steps) == 1
        if simple and not column.steps[0].predicates and not column.steps[0].attribute and not of_row:
            return _Prepared(
                step.name, step.attribute, predicates, column.steps[0].name, _compile(first.right)
            )
    return _Prepared(step.name, step.attribute, predicates)


def _from_root(tree: Path) -> Work:
    steps = tuple(map(_prepared, tree.steps))
    names = [step.name for step in tree.steps]

    def absolute(scope: Scope) -> Nodes:
        root, chain = scope.visit.root, scope.node.chain
        if not steps:
            return Nodes([root])
        if root.name != names[0]:
            return Nodes()
        # Steps that the node itself has gone stand for its own rounds (JavaRosa: contextualize).
        rounds: list[int | None] = []
        for name, own, step in zip(names[1:], chain[1:], steps[1:], strict=False):
            if own.name != name:
                break
            rounds.append(None if step.predicates else own.index)
        return _walk(scope, [root], steps[1:], rounds)

    return absolute


def _from_list(tree: Path) -> Work:
    steps, name = tuple(map(_prepared, tree.steps)), tree.instance

    def listed(scope: Scope) -> Nodes:
        found = scope.visit.instance(name)
        if found is None:
            raise Unfillable(f"biểu mẫu không có danh sách “{name}”")
        return _walk(scope, [found], steps[1:])

    return listed


def _found(scope: Scope, start: list[Any], steps: tuple[Step, ...], rounds: list[int | None]) -> Nodes:
    return _walk(scope, start, tuple(map(_prepared, steps)), rounds)


def _walk(
    scope: Scope, start: list[Any], steps: tuple[_Prepared, ...], rounds: list[int | None] | None = None
) -> Nodes:
    """The nodes that the steps lead to, those left out that are not asked; `rounds` fixes the first of them."""
    level, fixed = start, rounds or []
    for at, step in enumerate(steps):
        own = fixed[at] if at < len(fixed) else None
        level = [child for node in level for child in _children(scope, node, step, own)]
    scope.visit.spend(len(level))
    return Nodes(node for node in level if node.live)


def _children(scope: Scope, node: Any, step: _Prepared, own: int | None) -> list[Any]:
    predicates = step.predicates
    if step.wanted is not None and hasattr(node, "rows_with"):
        first = node.first(step.name)
        wanted = plain(step.wanted(Scope(scope.visit, first, scope.current))) if first is not None else ""
        if isinstance(wanted, str):
            found, predicates = node.rows_with(step.name, step.column, wanted), predicates[1:]
        else:
            found = node.named(step.name)
    else:
        found = node.named("@" + step.name if step.attribute else step.name)
        if step.name == "*" and [each.index for each in found] != list(range(len(found))):
            raise Mismatch("dấu * gặp nhiều câu khác tên, điện thoại dừng ở đó: hãy viết tên từng câu")
    if own is not None:
        found = found[own : own + 1]
    for predicate in predicates:
        scope.visit.spend(len(found))
        found = [
            child
            for at, child in enumerate(found)
            if predicate(Scope(scope.visit, child, scope.current, at)) is True
        ]
    return list(found)
