"""What a page says when the year turns: the new plan is not there yet, or its answers are last year's (R8)."""

import datetime as dt
from dataclasses import dataclass

from dashboards import words
from geo.compute_coverage import CoverageTable
from server.coverage import help_given
from server.coverage.commune_input import VISITED
from server.models import Commune
from server.plans import plan_years

FIRST_MONTHS = 3
"""So long after New Year the age of the answers is told."""


@dataclass(frozen=True)
class YearTurn:
    """What is said, and the last day of the year whose plan can still be read; None where there is none."""

    text: str
    last_day: dt.date | None = None


def turn(commune: Commune, table: CoverageTable) -> YearTurn | None:
    """None where the year's plan is loaded and its answers are its own."""
    year = table.as_of.year
    if not table.targets:
        return _no_plan(commune, year)
    if table.as_of.month > FIRST_MONTHS or not table.visited:
        return None
    before = help_given.households_met(commune, VISITED, dt.date(year, 1, 1), table.as_of)
    if before is None or before >= table.visited:
        return None
    of_before = words.number(table.visited - before)
    return YearTurn(
        f"Năm {year} mới bắt đầu: {of_before} trong {words.number(table.visited)} hộ đã gặp được gặp lần đầu từ trước "
        "năm nay; câu trả lời cũ vẫn được tính cho đến khi hỏi lại."
    )


def _no_plan(commune: Commune, year: int) -> YearTurn | None:
    """None for a commune that never had a plan: its pages say what to begin with."""
    older = next((each for each in plan_years.years(commune) if each < year), None)
    if older is None:
        return None
    return YearTurn(
        f"{words.sentence(commune.kind)} chưa nạp kế hoạch của năm {year}, nên chưa có chỉ tiêu để so. "
        f"Cán bộ nạp kế hoạch mới ở trang Bắt đầu; kết quả của kế hoạch năm {older} vẫn xem được.",
        dt.date(older, 12, 31),
    )
