"""What has changed since a report was issued: its figures beside the same figures as they are known now."""

import datetime as dt
from dataclasses import dataclass

from dashboards import households_met, target_lines
from dashboards.reports.report_content import Report
from geo.compute_coverage import CoverageTable
from geo.hidden_cells import allowed_day
from server import clock
from server.coverage import coverage_table
from server.models import Commune


@dataclass(frozen=True)
class Stand:
    """A figure at one time: its number and its state, in words."""

    value: str
    words: str

    @property
    def text(self) -> str:
        return ", ".join(part for part in (self.value, self.words) if part)


@dataclass(frozen=True)
class FigureChange:
    """A figure that stands otherwise than in the report; `recounted` is None where it may not be told."""

    id: str
    label: str
    issued: Stand
    recounted: Stand | None
    now: Stand


@dataclass(frozen=True)
class Since:
    """`households` are those met as the report says and now; `recounts` whether the report's day is told anew."""

    changes: tuple[FigureChange, ...]
    met_issued: str
    met_now: str
    recounts: bool
    today: dt.date


def since(commune: Commune, report: Report) -> Since:
    """Compare with today, and with the report's own day where its numbers may be shown (R25)."""
    today = clock.today()
    day = dt.date.fromisoformat(report.as_of)
    now = coverage_table.table(commune, today, full=False)
    recounts = allowed_day(day, today) == day
    then = _stands(coverage_table.table(commune, day, full=False)) if recounts else {}
    current = _stands(now)
    changes = []
    for figure in report.figures:
        issued = Stand(figure.value, figure.words)
        of_day, of_today = then.get(figure.id), current.get(figure.id, Stand("", ""))
        if of_today != issued or (of_day is not None and of_day != issued):
            changes.append(FigureChange(figure.id, figure.label, issued, of_day, of_today))
    return Since(tuple(changes), report.visited, households_met.visited(now), recounts, today)


def _stands(table: CoverageTable) -> dict[str, Stand]:
    return {line.id: Stand(line.value, line.words) for line in target_lines.lines(table)}
