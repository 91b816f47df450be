"""What a commune's page tells of its sample: how far it is asked, and the estimate of each figure (R11, R25, R31)."""

from dataclasses import dataclass

from dashboards import words
from geo.compute_coverage import CoverageTable
from geo.target_states import Tallied
from server import clock
from server.models import Commune
from server.samples import sample_estimate, sample_progress
from server.samples.sample_estimate import FEWEST_TOLD, SampledFigure, SampleFound


@dataclass(frozen=True)
class SampledLine:
    """A figure of the plan as the sample estimates it: `61,2 % (57–65,4 %)`."""

    label: str
    value: str


@dataclass(frozen=True)
class SampledLines:
    """What the page tells: sentences first, then the figures that this reader may read."""

    sentences: tuple[str, ...]
    lines: tuple[SampledLine, ...]


def of(commune: Commune, table: CoverageTable) -> SampledLines | None:
    """As of the table's day; None where nothing was drawn in the last quarter."""
    found = sample_estimate.found(commune, sample_progress.current(commune, table.as_of), table.as_of)
    if found is None:
        return None
    is_enough = table.full or found.asked >= FEWEST_TOLD
    figures = [each for each in found.figures if table.full or _may_be_told(each, table)] if is_enough else []
    return SampledLines(
        _sentences(found, is_enough=is_enough, withheld=len(found.figures) - len(figures)),
        tuple(SampledLine(each.label, _value(each)) for each in figures),
    )


def _may_be_told(figure: SampledFigure, table: CoverageTable) -> bool:
    """Where the commune's own row tells its numbers to everybody, and nothing small follows from both."""
    row = table.indicator(figure.code)
    if row is None or row.cell.done is None or row.cell.of is None or row.cell.subjects is None:
        return False
    return sample_estimate.may_be_told(figure, Tallied(row.cell.done, row.cell.of, row.cell.subjects))


def _sentences(found: SampleFound, *, is_enough: bool, withheld: int) -> tuple[str, ...]:
    drawn = f"Bốc thăm {words.day(clock.day_of(found.drawn))} ở {words.number(found.villages)} thôn"
    if not is_enough:
        return (f"{drawn}: mới hỏi được dưới {FEWEST_TOLD} hộ, chưa nêu ước lượng.",)
    replaced = f"; {words.number(found.replaced)} hộ không hỏi được đã có hộ thay" if found.replaced else ""
    told = [f"{drawn}: đã hỏi {words.number(found.asked)}/{words.number(found.wanted)} hộ{replaced}."]
    if found.asked < found.wanted:
        told.append("Chưa hỏi đủ: hộ dễ gặp thường được hỏi trước, đợi hỏi đủ rồi hãy kết luận.")
    if withheld:
        told.append(f"{withheld} chỉ tiêu chưa nêu vì con số có thể để lộ câu trả lời của từng hộ.")
    return tuple(told)


def _value(figure: SampledFigure) -> str:
    if figure.estimate is None:
        return f"{words.near(figure.percent)}{words.SPACE}%, đã hỏi hết"
    return words.between(figure.estimate)
