"""Figures of the plan as pages, files and reports show them, line by line, and how many are in each state."""

from collections.abc import Sequence
from dataclasses import dataclass

from dashboards import words
from dashboards.charts import Bullet, bullet
from dashboards.shown_cells import shown
from geo.commune_estimates import WITHIN_ERROR
from geo.compute_coverage import CoverageTable, IndicatorRow, TargetRow
from geo.reach import noun
from geo.target_states import NOTHING, TargetFigure, TargetJudgement, TargetState, share_of_time_gone


@dataclass(frozen=True)
class TargetLine:
    """A figure of the plan on a page; `notes` say how many were asked, and why it is not judged yet."""

    id: str
    label: str
    section: str
    required: str
    value: str
    state: TargetState
    words: str
    notes: tuple[str, ...]
    reach: str
    """How much was asked, with the unit: `khảo sát 930/2.066 hộ (45,0 %)`."""
    short_reach: str
    source: str
    indicator: str | None
    """What visits count for it; None where no survey asks."""
    has_map: bool
    """Whether a map of it can be opened: people helped are nobody's share."""
    bar: Bullet | None
    is_surveyed: bool
    office: str
    beside: str
    """The other source's number where both survey and office tell one; "" otherwise."""
    evidence: str
    link: str | None


def lines(table: CoverageTable) -> tuple[TargetLine, ...]:
    """Every figure of the plan, in the plan's order."""
    return tuple(_line(table, row) for row in table.targets)


def _line(table: CoverageTable, row: TargetRow) -> TargetLine:
    target, judgement = row.target, row.judgement
    asked = table.indicator(target.indicator or "") if target.how != "office" else None
    told_by_survey = asked is not None and judgement.source != "office"
    return TargetLine(
        id=target.id,
        label=target.label,
        section=target.section,
        required=words.required(target),
        value=_value(target, judgement, asked),
        state=judgement.state,
        words=words.state(judgement),
        notes=_notes(judgement, asked, table.kind) if told_by_survey and asked else (),
        reach=words.reach(asked.cell, asked.indicator) if told_by_survey and asked else "",
        short_reach=words.short_reach(asked.cell, asked.indicator) if told_by_survey and asked else "",
        source=_source(target, judgement),
        indicator=asked.indicator.code if asked else None,
        has_map=asked is not None and asked.indicator.kind != "event",
        bar=_bar(table, row) if target.unit == "percent" and target.how != "office" else None,
        is_surveyed=target.how != "office",
        office=target.office or "",
        beside=_beside(row),
        evidence=row.values[0].source if row.values else "",
        link=row.values[0].link if row.values else None,
    )


def _beside(row: TargetRow) -> str:
    """What the survey says where the office's number counts, and the other way round."""
    by_office = row.judgement.source == "office"
    other = row.surveyed if by_office else row.reported
    told = words.judged(row.target, other) if other else ""
    return told and f"{'khảo sát' if by_office else 'đơn vị báo cáo'}: {told}"


def _value(target: TargetFigure, judgement: TargetJudgement, asked: IndicatorRow | None) -> str:
    """The judged number; a bound or why it is withheld where the commune's own cell is hidden; "" unknown.

    Of what is counted by period nothing is told where no period may be.
    """
    if judgement.value_shown is not None:
        return words.judged(target, judgement)
    if asked and asked.cell.suppressed and target.period not in words.PERIODS:
        return shown(asked.cell, asked.indicator.code)
    return ""


def _notes(judgement: TargetJudgement, asked: IndicatorRow, kind: str) -> tuple[str, ...]:
    cell, notes = asked.cell, []
    if judgement.words not in (judgement.state.words, NOTHING, WITHIN_ERROR):
        notes.append(judgement.words)  # "mới khảo sát n/N hộ": the reason why it is not judged
    if cell.of:
        unit = words.UNITS.get(asked.indicator.unit, "")
        some = f"{words.number(cell.done)}/" if cell.done is not None else ""
        notes.append(f"{some}{words.number(cell.of)} {unit} đã hỏi")
    if cell.over_all and cell.percent is not None:
        what = noun(asked.indicator.unit)
        notes.append(f"tính trên tất cả các {what}; riêng {what} đã hỏi là {words.percent(cell.percent)}")
    if asked.estimate is not None and not asked.indicator.is_sample:
        notes.append(words.estimated(asked.estimate, kind))
    return tuple(notes)


def _source(target: TargetFigure, judgement: TargetJudgement) -> str:
    """Where the number comes from, or from whom it is awaited."""
    office = target.office or "cơ quan được giao"
    if judgement.source == "office":
        on = f" ({words.day(judgement.reported_at)})" if judgement.reported_at else ""
        return f"{office} báo cáo{on}"
    if target.how == "survey":
        return "khảo sát từng nhà"
    return f"khảo sát từng nhà, {office} báo cáo" if target.how == "both" else f"chờ {office} báo cáo"


def _bar(table: CoverageTable, row: TargetRow) -> Bullet:
    target, judgement = row.target, row.judgement
    gone = share_of_time_gone(target.start, target.deadline, table.over)
    band = row.estimate if judgement.source == "survey" and not judgement.over_all else None
    return bullet(judgement.value_shown, target.value, gone, band)


@dataclass(frozen=True)
class Summary:
    """How many figures of the plan are in each state, all five named."""

    state: TargetState
    count: int


def summary(shown: Sequence[TargetLine]) -> tuple[Summary, ...]:
    return tuple(Summary(state, sum(line.state is state for line in shown)) for state in TargetState)
