"""A commune's row in the city's table, whichever way it came there."""

import datetime as dt
from dataclasses import dataclass

from geo.compute_coverage import Cell, TargetRow
from geo.estimate import Estimate


@dataclass(frozen=True)
class CommuneRow:
    """A commune: households met, its cell of the indicator, and its own target where its plan has one."""

    code: str
    name: str
    kind: str
    households: int | None
    visited: int | None
    cell: Cell
    target: TargetRow | None
    illustrative: bool
    """Its outline is a sketch."""
    estimate: Estimate | None = None
    """What is estimated of all its households."""
    sent: dt.date | None = None
    """It works on an installation of its own: the day of the sums that it sent last; None: it works here."""
