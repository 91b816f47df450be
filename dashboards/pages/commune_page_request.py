"""What a page of a commune is asked for: the commune, the day, and its table."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass

from flask import request

from geo.coverage import CoverageTable
from server.accounts import access
from server.coverage import coverage_table
from server.errors import CommonProblem, Problem
from server.models import Commune


@dataclass(frozen=True)
class CommunePage:
    """What a page of a commune is asked for: the commune, its table, and the day if one was named."""

    commune: Commune
    table: CoverageTable
    day: dt.date | None

    @property
    def title(self) -> str:
        return f"{self.commune.kind.capitalize()} {self.commune.name}"


def ask(code: str) -> CommunePage:
    """Problem COMMUNE_UNKNOWN, NOT_ALLOWED or DAY_UNREADABLE where the address asks for what is not to be had."""
    commune = access.open_commune(code)
    day = asked_day()
    return CommunePage(commune, coverage_table.table(commune, day, full=access.sees_records(commune)), day)


def ask_since(code: str, earlier: Callable[[dt.date], dt.date]) -> tuple[CommunePage, CoverageTable]:
    """The same, with the table of a day before the page's own; both are read together."""
    commune, day = access.open_commune(code), asked_day()
    full = access.sees_records(commune)
    shown = coverage_table.day_shown(day, full=full)
    first = coverage_table.day_shown(earlier(shown), full=full)
    found = coverage_table.tables(commune, sorted({first, shown}), full=full)
    return CommunePage(commune, found[-1], day), found[0]


def asked_day(name: str = "den_ngay") -> dt.date | None:
    """The day named by `den_ngay`, or by another name; None without one."""
    text = request.args.get(name, "").strip()
    if not text:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError as error:
        raise Problem(CommonProblem.DAY_UNREADABLE, day=text[:20]) from error
