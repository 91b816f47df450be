"""A form filled once with nothing, every formula worked out whether or not its question is asked."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from forms.engine.engine import Filling, open_form
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
    return list(_stops(opened.start()))


def _stops(filling: Filling) -> Iterator[Stop]:
    for answer in filling.root.below():
        bind = filling.form.nodes[answer.path].bind
        formulas = {
            "relevant": bind.relevant, "calculation": bind.calculate,
            "constraint": bind.constraint, "required": bind.required,
        }  # fmt: skip
        for name, formula in formulas.items():
            try:
                if formula is not None:
                    formula.value(filling, answer)
            except (TooMuch, UnknownFunction):
                raise
            except Unfillable as wrong:
                yield Stop(answer.path.strip("/").partition("/")[2], name, str(wrong))
