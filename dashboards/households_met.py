"""How many households were met, of how many, and at which pace, as pages and reports say it."""

import math
from dataclasses import dataclass
from datetime import date
from fractions import Fraction

from dashboards import words
from dashboards.charts import Bullet, bullet
from geo.compute_coverage import CoverageTable
from geo.target_states import TargetFigure, cut
from geo.weekly_pace import pace_of


@dataclass(frozen=True)
class HouseholdsMet:
    """How many households were met, of how many; `left` and a week's numbers are None where they cannot be told."""

    share: Fraction | None
    bar: Bullet
    left: int | None = None
    needed_a_week: int | None = None
    recent_a_week: Fraction | None = None
    since: date | None = None
    """The first of the days that `recent_a_week` is about."""


def met(table: CoverageTable) -> HouseholdsMet:
    """The pace is that of the surveyed target with the latest deadline."""
    part = table.reach
    bar = share_bar(part)
    end = last_surveyed(table)
    if end is None or table.visited is None:
        return HouseholdsMet(part, bar)
    found = pace_of(table.weeks, table.households, end.deadline, surplus=table.surplus)
    if found is None:
        return HouseholdsMet(part, bar)
    needed = None if found.needed is None else math.ceil(found.needed)
    return HouseholdsMet(part, bar, found.left, needed, found.recent, found.since)


def visited(table: CoverageTable) -> str:
    """How many households of the commune were met, as pages and reports say it."""
    return words.number(table.visited) if table.visited is not None else words.NOT_TOLD


def met_of(visited: int | None, households: int | None) -> HouseholdsMet:
    """How many of a thôn's households were met."""
    part = share_met(visited, households)
    return HouseholdsMet(part, share_bar(part))


def last_surveyed(table: CoverageTable) -> TargetFigure | None:
    """The surveyed target with the latest deadline: until then households can be met."""
    surveyed = [row.target for row in table.targets if row.target.how != "office"]
    return max(surveyed, key=lambda target: target.deadline, default=None)


def share_met(some: int | None, households: int | None) -> Fraction | None:
    """At most 1: a list of households may be younger than their official number."""
    return min(Fraction(1), Fraction(some, households)) if some is not None and households else None


def share_bar(part: Fraction | None) -> Bullet:
    return bullet(cut(100 * part) if part is not None else None, None, None)
