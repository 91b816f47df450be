"""The figures of a plan as the coverage table tells them: surveyed, reported by an office, and which of both counts."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date

from geo.commune_estimates import within_error
from geo.coverage_input import CommuneInput
from geo.estimate import Estimate
from geo.hidden_cells import protect
from geo.indicator_cell import Cell, Counted, CountedIndicator, judgement
from geo.indicator_column import JudgedColumn
from geo.period_targets import Reported, judge_reported, judge_surveyed_periods
from geo.reach import RESIDENT_UNITS, Enough
from geo.target_states import PERIODS_IN_A_YEAR, Pace, TargetFigure, TargetJudgement, TargetState
from geo.weekly_pace import is_paced


@dataclass(frozen=True)
class IndicatorRow:
    """An indicator over the whole commune, set against its own target where the plan has one."""

    indicator: CountedIndicator
    cell: Cell
    target: TargetFigure | None
    judgement: TargetJudgement | None
    estimate: Estimate | None = None
    """What is estimated of all, while not all were asked."""

    @property
    def has_data(self) -> bool:
        """Whether anybody answered; what is hidden is data too."""
        return bool(self.cell.subjects) or self.cell.suppressed is not None


@dataclass(frozen=True)
class TargetRow:
    """A figure of the plan, surveyed or reported by an office, and what can be said about it.

    `surveyed` and `reported` stand beside each other; `judgement` is the one that counts. `values` are all that
    its office has reported by the day, the newest first. `pace` is that of households met until its deadline.
    """

    target: TargetFigure
    judgement: TargetJudgement
    surveyed: TargetJudgement | None = None
    reported: TargetJudgement | None = None
    values: tuple[Reported, ...] = ()
    pace: Pace | None = None
    estimate: Estimate | None = None


def indicator_row(given: CommuneInput, column: JudgedColumn, enough: Enough, full: bool) -> IndicatorRow:
    target = column.target
    judged = _surveyed(given, target, column, enough, full) if target else None
    return IndicatorRow(column.indicator, column.cell, target, judged, column.estimate)


def _commune_judgement(
    given: CommuneInput, target: TargetFigure, whole: Counted, enough: Enough
) -> TargetJudgement:
    """The target over the whole commune; unknown where its number is withheld and no bound decides."""
    found = judgement(whole, target, enough=enough, over=given.over)
    return found or TargetJudgement(state=TargetState.UNKNOWN)


def target_row(
    given: CommuneInput,
    target: TargetFigure,
    columns: Mapping[str, JudgedColumn],
    paced: Callable[[date], Pace | None],
    enough: Enough,
    full: bool,
) -> TargetRow:
    """Where both survey and office may tell, the office's number is the official one, until then the survey's."""
    told = given.reported.get(target.id, ())
    reported = judge_reported(target, told, as_of=given.as_of, over=given.over)
    column = columns.get(target.indicator or "")
    surveyed = None
    if target.how != "office" and column is not None:
        surveyed = _surveyed(given, target, column, enough, full)
    is_official = surveyed is None or (target.how == "both" and reported.source is not None)
    return TargetRow(
        target=target,
        judgement=reported if is_official or surveyed is None else surveyed,
        surveyed=surveyed,
        reported=reported if target.how != "survey" or told else None,
        values=tuple(sorted((each for each in told if each.at <= given.as_of), key=_newest_first)),
        estimate=column.estimate if surveyed and column else None,
        pace=paced(target.deadline) if surveyed and column and is_paced(target, column.indicator) else None,
    )


def _newest_first(told: Reported) -> tuple[int, int]:
    return -told.at.toordinal(), -(told.start or told.at).toordinal()


def _surveyed(
    given: CommuneInput, target: TargetFigure, column: JudgedColumn, enough: Enough, full: bool
) -> TargetJudgement:
    """What visits say of a target: over the year, or, for people helped a week or a month, by period."""
    if target.period not in PERIODS_IN_A_YEAR:
        return within_error(_commune_judgement(given, target, column.whole, enough), target, column.estimate)
    told = given.by_period.get(target.id, {})
    hidden: set[date] = set()
    if not full and column.indicator.unit in RESIDENT_UNITS:
        small = protect({start.isoformat(): tallied for start, tallied in told.items()}).rows
        hidden = {start for start in told if start.isoformat() in small}
    return judge_surveyed_periods(
        target,
        told,
        as_of=given.as_of,
        over=given.over,
        visited=given.visited_periods.get(target.id, ()),
        hidden=hidden,
    )
