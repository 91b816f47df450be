"""A form filled once with nothing, every formula worked out whether or not its question is asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from forms.engine.compile_form import Bind
from forms.engine.engine import Fillable, Filling, open_form
from forms.engine.expression import Expression
from forms.engine.java_values import Mismatch
from forms.engine.unfillable import TooMuch, Unfillable, UnknownFunction


@dataclass(frozen=True)
class Stop:
    """Where a phone would stop: the node's path without the root, which of its formulas, and why."""

    path: str
    formula: str
    why: str


def stops(xform: bytes, media: Mapping[str, bytes]) -> list[Stop]:
    """What fails on a blank form; Unfillable where the engine cannot open it, or knows a function not."""
    opened = open_form(xform, media)
    try:
        filling = opened.start()
    except Mismatch as wrong:
        return [_at_once(opened, str(wrong))]
    return list(_stops(filling))


def _at_once(opened: Fillable, why: str) -> Stop:
    """Where a phone stops before anything is asked: the node whose formula the sentence begins with."""
    for path, node in opened.form.nodes.items():
        for name, formula in _formulas(node.bind):
            if formula is not None and why.startswith(f"{formula.text}: "):
                return Stop(path.strip("/").partition("/")[2], name, why.removeprefix(f"{formula.text}: "))
    return Stop("", "calculation", why)


def _formulas(bind: Bind) -> Iterator[tuple[str, Expression | None]]:
    yield "relevant", bind.relevant
    yield "calculation", bind.calculate
    yield "constraint", bind.constraint
    yield "required", bind.required


def _stops(filling: Filling) -> Iterator[Stop]:
    for answer in filling.root.below():
        for name, formula in _formulas(filling.form.nodes[answer.path].bind):
            try:
                if formula is not None:
                    formula.value(filling, answer)
            except (TooMuch, UnknownFunction):
                raise
            except Unfillable as wrong:
                why = str(wrong).removeprefix(f"{formula.text}: ") if formula else str(wrong)
                yield Stop(answer.path.strip("/").partition("/")[2], name, why)
