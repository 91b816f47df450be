"""Which two changes of one household are a conflict, and which of two values stays (E15)."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from forms.instance import EntityBlock


@dataclasses.dataclass(frozen=True)
class LaterChange:
    """A change that a phone did not know of when it made its own, and when that one was observed."""

    received: Mapping[str, Any] | None
    observed_at: dt.datetime


@dataclasses.dataclass(frozen=True)
class Meeting:
    """How a change meets those made since: `hard`, `soft` or None, and the properties that newer ones keep (E15)."""

    conflict: str | None = None
    kept: frozenset[str] = frozenset()


UNMET = Meeting()
"""Nothing was changed meanwhile."""


def meet(
    block: EntityBlock, since: Sequence[LaterChange], current: Mapping[str, Any], observed_at: dt.datetime
) -> Meeting:
    """How a change made on an older version meets the ones made since (E15).

    `hard` where a property that came has been given another value meanwhile, else `soft`; no conflict where only
    the server has changed what it computes. Of two values the one that was observed later stays, so that the
    household ends the same in whatever order phones find a network (docs/decisions/0020).
    """
    changed = [later for later in since if later.received]
    if not changed:
        return UNMET
    newer = {name for later in changed if later.observed_at > observed_at for name in later.received or {}}
    meanwhile = {name for later in changed for name in later.received or {}}
    clashes = any(
        name in meanwhile and current.get(name) != value for name, value in block.properties.items()
    )
    return Meeting("hard" if clashes else "soft", frozenset(newer & block.properties.keys()))
