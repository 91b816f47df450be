"""What the coverage table of a commune on a day is made from: its thôn as counted, its plan, what offices reported."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from geo.estimate import Squares
from geo.indicator_cell import CountedIndicator
from geo.period_targets import Reported
from geo.target_states import Tallied, TargetFigure


@dataclass(frozen=True)
class HouseholdsSource:
    """Where the number of households comes from, and the day it was true."""

    date: date
    source: str


@dataclass(frozen=True, kw_only=True)
class VillageInput:
    """A thôn as counted: `visited` households met at least once of `households` (None where no figure is known).

    `expected` gives, by indicator, how many places or points there are to ask; without it their reach is unknown.
    """

    code: str
    name: str
    households: int | None
    visited: int
    tallied: Mapping[str, Tallied]
    expected: Mapping[str, int] = field(default_factory=dict)
    squares: Mapping[str, Squares] = field(default_factory=dict)  # of persons and adults, by indicator


@dataclass(frozen=True, kw_only=True)
class CommuneInput:
    """All that the table of a commune on a day is made from; `unplaced` are findings that lie in no thôn."""

    code: str
    name: str
    kind: str = "xã"
    """What it is by law: xã, phường or đặc khu."""
    as_of: date
    is_running: bool = False
    """Whether `as_of` is today: then it is not over, nor is a week or month that ends on it."""
    received_until: datetime | None
    households: int | None
    households_source: HouseholdsSource | None
    villages: tuple[VillageInput, ...]
    indicators: tuple[CountedIndicator, ...]
    targets: tuple[TargetFigure, ...]
    unplaced: Mapping[str, Tallied] = field(default_factory=dict)
    unplaced_visited: int = 0
    expected: Mapping[str, int] = field(default_factory=dict)
    reported: Mapping[str, Sequence[Reported]] = field(default_factory=dict)  # by target id, all that stand
    by_period: Mapping[str, Mapping[date, Tallied]] = field(
        default_factory=dict
    )  # by target id and first day
    visited_periods: Mapping[str, Collection[date]] = field(default_factory=dict)
    """By target id the first days of those periods in which somebody was visited with a form that asks for it."""
    week_ends: tuple[date, ...] = ()
    met_by_week: Mapping[str, Sequence[Tallied]] = field(
        default_factory=dict
    )  # by village code, at those ends
    by_week: Mapping[str, Mapping[str, Sequence[Tallied]]] = field(
        default_factory=dict
    )  # the same of the plan's own indicators of households, by indicator
    merged_into: Mapping[str, str] = field(default_factory=dict)
    """By the code of a thôn that has gone into another, that one's. At the ends before, both had rows of their own: so
    they stand in `met_by_week` and `by_week`, where the series of the first stops with its last row."""

    @property
    def over(self) -> date:
        """The last day that is over: whatever ends later still goes on (R8)."""
        return self.as_of - timedelta(days=1) if self.is_running else self.as_of
