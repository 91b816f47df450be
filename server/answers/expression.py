"""What has to hold of a submission, as a tree: questions by path and our own columns, compared with values.

Each part holds or does not, nothing between: what was not answered is equal to no value, and greater or less than none.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

Value = str | int | float | dt.datetime


class Own(StrEnum):
    """Columns of a submission that nobody answered."""

    ID = "id"
    INSTANCE = "instance"
    ROOT = "root"
    """The instance id of the first of its chain of edits; its own where it is no edit."""
    RECEIVED = "received"
    OBSERVED = "observed"
    COLLECTOR = "collector"
    """The collector's user name."""
    REVIEW = "review"
    VERSION = "version"
    DEVICE = "device"
    VILLAGE = "village"
    """The code of the thôn that it counts in."""


@dataclass(frozen=True)
class AnswerAt:
    """The answer at a path ('ho/chu_ho'); inside a round of a repeat, of that round."""

    path: str


Key = AnswerAt | Own


class Sign(StrEnum):
    """How two values are compared."""

    EQUAL = "="
    GREATER = ">"
    AT_LEAST = ">="
    LESS = "<"
    AT_MOST = "<="


class Part(StrEnum):
    """Which part of a text is looked for."""

    ANYWHERE = "anywhere"
    BEGIN = "begin"
    END = "end"


@dataclass(frozen=True)
class Compare:
    """A key against a value: as numbers where the question asks for one, as text by its letters else."""

    key: Key
    sign: Sign
    value: Value


@dataclass(frozen=True)
class Among:
    """A key is one of these values."""

    key: Key
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Holds:
    """A text holds another one; `cased`: with large and small letters told apart."""

    key: Key
    text: str
    part: Part = Part.ANYWHERE
    cased: bool = True


@dataclass(frozen=True)
class Ticked:
    """Of several answers, this one was among those that were ticked."""

    key: AnswerAt
    name: str


@dataclass(frozen=True)
class Matches:
    """A text has a place that a regular expression describes."""

    key: Key
    pattern: str
    cased: bool = True


@dataclass(frozen=True)
class IsAnswered:
    """There is an answer."""

    key: Key


@dataclass(frozen=True)
class AnyRound:
    """A round of a repeat for which something holds; keys inside are of that round."""

    repeat: str
    inside: Expression


@dataclass(frozen=True)
class Every:
    """All parts hold; so they do where there is none."""

    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Some:
    """At least one part holds."""

    parts: tuple[Expression, ...] = ()


@dataclass(frozen=True)
class Not:
    """The part does not hold."""

    part: Expression


Expression = Compare | Among | Holds | Ticked | Matches | IsAnswered | AnyRound | Every | Some | Not

ALL = Every()
"""Every submission."""


@dataclass(frozen=True)
class OrderBy:
    """By a key; what was not answered comes first, or last where it is turned round."""

    key: Key
    descending: bool = False


def keys(expression: Expression) -> Iterator[Key]:
    """Every key that is named, those inside repeats too."""
    match expression:
        case Every(parts) | Some(parts):
            for each in parts:
                yield from keys(each)
        case Not(inside) | AnyRound(_, inside):
            yield from keys(inside)
        case _:
            yield expression.key


def conjuncts(expression: Expression) -> list[Expression]:
    """What has to hold all together, each by itself."""
    if isinstance(expression, Every):
        return [part for each in expression.parts for part in conjuncts(each)]
    return [expression]
