"""What a collector reads at present: labels and messages with answers put in, and the choices that are offered."""

from collections.abc import Iterable
from typing import Any

from forms.engine.answer_tree import AnswerNode
from forms.engine.compile_form import FillableForm, OfferedChoice, ShownControl, Text, itext_id
from forms.engine.formula_scope import Surroundings
from forms.engine.java_values import held, to_text


def say(form: FillableForm, visit: Surroundings, label: str, node: AnswerNode) -> str:
    """A label, or the text that it names, as it reads at a node; "" for a text that the form has not."""
    key = itext_id(label)
    text = None if key is None else form.texts.get(key)
    if text is not None:
        return _rendered(visit, text, node)
    return "" if key else label.strip()


def offered(
    form: FillableForm, visit: Surroundings, control: ShownControl, node: AnswerNode
) -> Iterable[OfferedChoice]:
    """The choices of a question, as its list is filtered at a node."""
    if control.listed is None:
        return [OfferedChoice(choice.name, say(form, visit, choice.label, node)) for choice in control.inline]
    return [_choice(form, visit, item, control, node) for item in control.listed.nodes(visit, node)]


def _choice(
    form: FillableForm, visit: Surroundings, item: Any, control: ShownControl, node: AnswerNode
) -> OfferedChoice:
    label = _cell(item, control.shown)
    text = form.texts.get(label) if control.shown == "itextId" else None
    return OfferedChoice(_cell(item, control.value), _rendered(visit, text, node) if text else label)


def _rendered(visit: Surroundings, text: Text, node: AnswerNode) -> str:
    parts = (part if isinstance(part, str) else to_text(part.value(visit, node)) for part in text.parts)
    return "".join(parts).strip()


def _cell(item: Any, column: str) -> str:
    cells = item.named(column)
    return to_text(held(cells[0])) if cells else ""
