"""Names of questions as OData may have them: letters without marks, figures and _ (O19)."""

import re
from collections.abc import Iterable

_BAD_BEGIN = re.compile(r"^([^A-Za-z_])")
_BAD = re.compile(r"[^A-Za-z0-9_]+")


def identifier(name: str) -> str:
    """`so-ho` as `so_ho`, `5g` as `_5g`."""
    return _BAD.sub("_", _BAD_BEGIN.sub(r"_\1", name))


def identifiers(names: Iterable[str]) -> dict[str, str]:
    """A name of its own for each, in their order: of two that would be alike the later gets `_2` (O19)."""
    every = list(dict.fromkeys(names))
    return dict(zip(every, unique(every), strict=True))


def unique(names: Iterable[str]) -> list[str]:
    """The same for a list in which a name may stand twice."""
    found: list[str] = []
    taken: set[str] = set()
    for name in names:
        wanted = made = identifier(name)
        number = 1
        while made.casefold() in taken:
            number += 1
            made = f"{wanted}_{number}"
        taken.add(made.casefold())
        found.append(made)
    return found
