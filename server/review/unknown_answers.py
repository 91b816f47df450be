"""How often a visit answers "không biết" where a question offers that, to be set beside other visits of the thôn."""

from collections.abc import Mapping
from typing import Any

from forms.definition import Definition
from geo.backcheck_agreement import NO_ANSWER

CODES = NO_ANSWER - {""}
"""The choices that say that nobody knows."""


def offering(definition: Definition) -> frozenset[str]:
    """The questions outside repeats that offer it, by path."""
    return frozenset(
        each.path
        for each in definition.fields
        if each.repeat is None and any(choice.name in CODES for choice in each.choices)
    )


def counted(answers: Mapping[str, Any], offered: frozenset[str]) -> tuple[int, int]:
    """How many of the questions that offer it say so, and how many of them were answered."""
    said = [answer for path in offered if (answer := answers.get(path)) not in (None, "", [])]
    return sum(_is_unknown(answer) for answer in said), len(said)


def _is_unknown(answer: Any) -> bool:
    return bool(CODES & (set(answer) if isinstance(answer, list) else {answer}))
