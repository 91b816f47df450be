"""Columns that are made of what is stored, and how a filter of them is asked of what is stored: labels, ticks, thôn."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from server.answers.expression import (
    Among,
    AnswerAt,
    AnyRound,
    Compare,
    Every,
    Expression,
    Holds,
    IsAnswered,
    Key,
    Matches,
    Not,
    Some,
    Ticked,
)
from server.api.odata import row_filter

Leaf = Compare | Among | Holds | Matches | IsAnswered
"""What a filter says of one column."""


class MadeColumn(Protocol):
    """What a column is made of."""

    def asked(self, leaf: Leaf) -> Expression:
        """A condition of the column as one of what it is made of."""
        ...


@dataclass(frozen=True)
class WordedCode:
    """A code in words; a code without a word of its own is shown as it is."""

    key: Key
    words: Mapping[str, str]

    def asked(self, leaf: Leaf) -> Expression:
        """The codes whose words it holds for, and it of codes without words."""
        if isinstance(leaf, IsAnswered):
            return IsAnswered(self.key)
        codes = tuple(code for code, word in self.words.items() if _holds(leaf, word))
        has_no_word = Not(Among(self.key, tuple(self.words)))
        return Some((Among(self.key, codes), Every((replace(leaf, key=self.key), has_no_word))))


@dataclass(frozen=True)
class TickedChoice:
    """Whether one of several answers was ticked; unknown where the question was not answered."""

    key: AnswerAt
    name: str

    def asked(self, leaf: Leaf) -> Expression:
        """Ticked, or answered and not ticked, or either."""
        if isinstance(leaf, IsAnswered):
            return IsAnswered(self.key)
        ticked = Ticked(self.key, self.name)
        unticked = Every((IsAnswered(self.key), Not(ticked)))
        return Some(
            tuple(part for part, said in ((ticked, "true"), (unticked, "false")) if _holds(leaf, said))
        )


@dataclass(frozen=True)
class SameText:
    """The same text in every row."""

    text: str

    def asked(self, leaf: Leaf) -> Expression:
        """All rows or none."""
        return Every() if isinstance(leaf, IsAnswered) or _holds(leaf, self.text) else Some()


def translated(expression: Expression, made: Mapping[Key, MadeColumn]) -> Expression:
    """The same of what is stored: each condition of a made column by that column."""
    match expression:
        case Every(parts):
            return Every(tuple(translated(each, made) for each in parts))
        case Some(parts):
            return Some(tuple(translated(each, made) for each in parts))
        case Not(part):
            return Not(translated(part, made))
        case AnyRound() | Ticked():
            return expression
    column = made.get(expression.key)
    return expression if column is None else column.asked(expression)


def _holds(leaf: Leaf, text: str) -> bool:
    return row_filter.holds(leaf, lambda _key: text)
