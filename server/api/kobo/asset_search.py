"""Which of the listed forms a request wants: `asset_type`, and Kobo's `q` with words and `field:value` (K2)."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

Json = dict[str, Any]
_PARTS = re.compile(r'\(|\)|(?:[^\s():"]+:)?"[^"]*"|[^\s()]+')
_FREE = ("name", "uid", "owner__username")
_MOST_PARTS = 200


def narrowed(rows: Sequence[Json], asked: Mapping[str, str]) -> list[Json]:
    """The rows that are wanted, in the order that is wanted. A query that cannot be read narrows by its words alone."""
    kind = asked.get("asset_type", "")
    found = [row for row in rows if not kind or row["asset_type"] == kind]
    wanted = _Query(asked.get("q", ""))
    found = [row for row in found if wanted.holds(row)]
    order = asked.get("ordering", "")
    name = order.removeprefix("-")
    if found and name in found[0]:
        found.sort(key=lambda row: str(row[name] or "").casefold(), reverse=order.startswith("-"))
    return found


class _Query:
    """`a b`, `a AND b`, `a OR b`, `NOT a`, brackets; AND binds closer than OR."""

    def __init__(self, text: str) -> None:
        self._parts = _PARTS.findall(text)[:_MOST_PARTS]

    def holds(self, row: Json) -> bool:
        """Whether a row is wanted."""
        left = list(self._parts)
        return not left or self._any(left, row)

    def _any(self, left: list[str], row: Json) -> bool:
        found = self._all(left, row)
        while left and left[0] == "OR":
            left.pop(0)
            found = self._all(left, row) or found
        return found

    def _all(self, left: list[str], row: Json) -> bool:
        found = self._one(left, row)
        while left and left[0] not in ("OR", ")"):
            if left[0] == "AND":
                left.pop(0)
            found = self._one(left, row) and found
        return found

    def _one(self, left: list[str], row: Json) -> bool:
        if not left:
            return True
        part = left.pop(0)
        if part == "NOT":
            return not self._one(left, row)
        if part == "(":
            found = self._any(left, row)
            if left:
                left.pop(0)  # its end
            return found
        return _matches(part, row)


def _matches(part: str, row: Json) -> bool:
    """`field:value`, `field__icontains:value`, or words that stand in the name, the uid or the owner."""
    field, colon, value = part.partition(":")
    value = value.strip('"')
    if not colon or field.startswith('"'):
        word = part.strip('"').casefold()
        return any(word in str(row[name] or "").casefold() for name in _FREE)
    name, _, how = field.rpartition("__")
    if how not in ("icontains", "contains", "iexact", "exact", "startswith"):
        name, how = field, "iexact"
    said = row.get(name)
    told, wanted = ("" if said is None else str(said)).casefold(), value.casefold()
    if how.endswith("contains"):
        return wanted in told
    return told.startswith(wanted) if how == "startswith" else told == wanted
