"""Pages of a list: which part of it a request asks for, and the addresses of the parts beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import request

from server.api.kobo import kobo_addresses
from server.api.kobo.kobo_errors import wrong

MOST = 30_000
"""Rows of one answer. Clients that never page get all that Kobo once gave them, and not its hundred of today."""
FARTHEST = 2**53
_WORDS = ("limit", "start", "offset", "page", "page_size")


@dataclass(frozen=True)
class Page:
    """A part of a list: so many rows from a place on; `start_word` is what the client calls that place."""

    limit: int
    start: int
    start_word: str = "start"

    def links(self, count: int) -> dict[str, Any]:
        """`count`, `next` and `previous` as Kobo tells them; OpenFn reads `start` out of `next`."""
        after, before = self.start + self.limit, max(0, self.start - self.limit)
        return {
            "count": count,
            "next": self._link(after) if after < count else None,
            "previous": self._link(before) if self.start else None,
        }

    def _link(self, start: int) -> str:
        return kobo_addresses.beside({**dict.fromkeys(_WORDS), "limit": self.limit, self.start_word: start})


def asked(default: int = MOST, most: int = MOST, start_word: str = "start") -> Page:
    """What the request asks for: `limit` with `start` or `offset`, or `page` with `page_size`."""
    if "limit" not in request.args and ("page" in request.args or "page_size" in request.args):
        size = min(_number("page_size", default, 1), most)
        return Page(size, (_number("page", 1, 1) - 1) * size, start_word)
    name = "offset" if "offset" in request.args else "start"
    return Page(min(_number("limit", default, 1), most), _number(name, 0, 0), start_word)


def of(rows: Sequence[Any], page: Page) -> dict[str, Any]:
    """The page of a list that is short enough to be made whole."""
    return page.links(len(rows)) | {"results": rows[page.start : page.start + page.limit]}


def _number(name: str, default: int, least: int) -> int:
    text = request.args.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdecimal() and len(text) < 17 and int(text) >= least):
        raise wrong(name, "A positive integer is required")
    return min(int(text), FARTHEST)
