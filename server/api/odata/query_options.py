"""What an address of OData asks for: how many, which columns, which rows, in which order, from where on (O15)."""

import base64
import binascii
from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field

import orjson
from flask import request

from server.api.odata.odata_problems import ODataProblem
from server.errors import Problem

MOST = 2**31
_KNOWN = (
    "$top",
    "$skip",
    "$count",
    "$filter",
    "$orderby",
    "$select",
    "$expand",
    "$skiptoken",
    "$format",
    "$wkt",
)
_BEGUN = "01"
"""How a `$skiptoken` begins: which way of writing it."""


@dataclass(frozen=True)
class QueryOptions:
    """The options of one request, read; `top` None: all rows."""

    top: int | None = None
    skip: int = 0
    is_counted: bool = False
    filter: str = ""
    orderby: str = ""
    select: tuple[str, ...] = ()
    """Names of columns; empty: all."""
    expands: bool = False
    """`$expand=*`: rows of repeats within their submissions."""
    after: Mapping[str, str] = field(default_factory=dict)
    """Where the page before ended, from `$skiptoken`."""
    wkt: bool = False
    """Points as text instead of GeoJSON."""


def asked() -> QueryOptions:
    """The options of this request.

    Problem OPTION_UNSUPPORTED for what begins with $ and is not known here, OPTION_WRONG for values that cannot be
    read. What does not begin with $ is passed over.
    """
    given = request.args
    for name in given:
        if name.startswith("$") and name not in _KNOWN:
            raise Problem(ODataProblem.OPTION_UNSUPPORTED, option=name[:40])
        if name.startswith("$") and len(given.getlist(name)) > 1:
            raise Problem(ODataProblem.OPTION_WRONG, option=name, why="được nêu hai lần")
    expand = given.get("$expand", "")
    if expand not in ("", "*"):
        raise Problem(ODataProblem.OPTION_UNSUPPORTED, option=f"$expand={expand[:40]}")
    selected = tuple(part.strip() for part in given.get("$select", "").split(",") if part.strip())
    if expand and selected:
        raise Problem(ODataProblem.OPTION_UNSUPPORTED, option="$expand cùng $select")
    return QueryOptions(
        top=_number("$top"),
        skip=_number("$skip") or 0,
        is_counted=_truth("$count"),
        filter=given.get("$filter", ""),
        orderby=given.get("$orderby", ""),
        select=() if "*" in selected else selected,
        expands=bool(expand),
        after=_token(given.get("$skiptoken", "")),
        wkt=_truth("$wkt"),
    )


def check_selected(selected: Iterable[str], known: Container[str]) -> None:
    """Problem OPTION_WRONG where `$select` names what a table has not."""
    for name in selected:
        if name not in known:
            raise Problem(ODataProblem.OPTION_WRONG, option="$select", why=f"không có trường “{name[:80]}”")


def token(last: Mapping[str, str]) -> str:
    """The `$skiptoken` of a page that ended there."""
    return _BEGUN + base64.urlsafe_b64encode(orjson.dumps(last)).decode()


def _token(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        found = orjson.loads(base64.urlsafe_b64decode(text.removeprefix(_BEGUN)))
    except (ValueError, binascii.Error) as error:
        raise _wrong("$skiptoken", text) from error
    if not isinstance(found, dict) or not found or not all(isinstance(each, str) for each in found.values()):
        raise _wrong("$skiptoken", text)
    return found


def _number(name: str) -> int | None:
    text = request.args.get(name, "").strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) < MOST):
        raise _wrong(name, text)
    return int(text)


def _truth(name: str) -> bool:
    """Booleans come as `true` and, from Python's clients, as `True` (O2)."""
    text = request.args.get(name, "").strip().lower()
    if text not in ("", "true", "false"):
        raise _wrong(name, text)
    return text == "true"


def _wrong(name: str, text: str) -> Problem:
    return Problem(ODataProblem.OPTION_WRONG, option=name, why=f"“{text[:80]}”")
