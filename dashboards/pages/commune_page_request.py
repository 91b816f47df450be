"""What a page of a commune is asked for: the commune, the day, and its table."""

import datetime as dt
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flask import request

from geo.compute_coverage import CoverageTable
from server.accounts import access
from server.coverage import coverage_table
from server.coverage.coverage_table import ReadDays
from server.models import Commune
from server.office import written_days


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
    page, found = ask_days(code, lambda day: [earlier(day)])
    first = min(found.inputs)
    return page, page.table if first == page.table.as_of else found.table(first)


def ask_days(code: str, others: Callable[[dt.date], Iterable[dt.date]]) -> tuple[CommunePage, ReadDays]:
    """The same, with what the tables of other days are made of, as far as they may be shown; all are read together.

    `others` tells them of the page's own day.
    """
    commune, day = access.open_commune(code), asked_day()
    full = access.sees_records(commune)
    shown = coverage_table.day_shown(day, full=full)
    days = {shown, *(coverage_table.day_shown(other, full=full) for other in others(shown))}
    found = coverage_table.read_days(commune, sorted(days), full=full)
    return CommunePage(commune, found.table(shown), day), found


def asked_day(name: str = "den_ngay") -> dt.date | None:
    """The day named by `den_ngay`, or by another name; None without one."""
    return written_days.day(request.args.get(name))
