"""One indicator in one area: what of its numbers is told, and the state of its target there."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from geo.hidden_cells import Bound, Suppression, bound, done_range
from geo.reach import RESIDENT_UNITS, Enough, Reach
from geo.target_states import Tallied, TargetFigure, TargetJudgement, cut, judge


@dataclass(frozen=True)
class CountedIndicator:
    """What is counted. `unit` is whose number it is (household … village), `kind` state, event or derived.

    `is_sample`: people picked by chance answer it, each questionnaire one, not the households of a list.
    `self_of`: the indicator of which this one counts what people answered by themselves, apart from what teams asked;
    only where it `is_judged` is it set against that one's target.
    """

    code: str
    label: str
    unit: str
    kind: str
    is_sample: bool = False
    self_of: str | None = None
    is_judged: bool = True

    @property
    def judged_as(self) -> str | None:
        """The indicator whose target it is set against; None where it is set against none."""
        return (self.self_of or self.code) if self.is_judged else None

    @property
    def is_at_doors(self) -> bool:
        """Whether households are asked it, one by one."""
        return self.unit in RESIDENT_UNITS and not self.is_sample


@dataclass(frozen=True)
class Cell:
    """One indicator in one area. None is unknown where `suppressed` is None, else withheld.

    `percent` (0 to 100, cut) is the share among those asked, `percent_judged` that of all there are where the target
    is judged over all; `reach` (exact, 1 is all) subjects of `expected`, in the indicator's own unit. `surplus` is
    how many more were met than the number given says there are. `over_all` says that the judged one is what counts.
    """

    done: int | None = None
    of: int | None = None
    percent: Decimal | None = None
    reach: Fraction | None = None
    subjects: int | None = None
    suppressed: str | None = None  # base | part | secondary
    bound: Bound | None = None
    percent_judged: Decimal | None = None
    expected: int | None = None
    surplus: int = 0
    over_all: bool = False


@dataclass(frozen=True)
class Counted:
    """What an area counted of an indicator, how much of what there is was asked, and what is hidden of it."""

    indicator: CountedIndicator
    tallied: Tallied
    reach: Reach
    hidden: Suppression | None = None
    is_total: bool = False


def cell(counted: Counted, target: TargetFigure | None) -> Cell:
    """What is told of an area's numbers (R25)."""
    hidden, tallied, reach = counted.hidden, counted.tallied, counted.reach
    over_all = target is not None and target.counts_all(counted.indicator.unit)
    is_event = counted.indicator.kind == "event"  # people helped are a sum, not a share of anything
    expected = None if is_event else reach.expected
    if hidden and hidden.whole:
        return Cell(suppressed=hidden.why, expected=expected, over_all=over_all)
    percent, judged = (
        _percents(counted, target, over_all=over_all) if not hidden and not is_event else (None, None)
    )
    return Cell(
        done=None if hidden else tallied.done,
        of=tallied.of,
        percent=percent,
        reach=None if is_event else reach.share,
        subjects=tallied.subjects,
        suppressed=hidden.why if hidden else None,
        bound=bound(tallied) if hidden and hidden.why == "part" else None,
        percent_judged=judged,
        expected=expected,
        surplus=0 if is_event else reach.surplus,
        over_all=over_all,
    )


def _percents(
    counted: Counted, target: TargetFigure | None, *, over_all: bool
) -> tuple[Decimal | None, Decimal | None]:
    """The share among those asked, and that of all there are where the target is judged by it; both cut."""
    asked, whole = counted.tallied.percent, counted.reach.whole
    limit = target if target and target.unit == "percent" else None
    percent = None if asked is None else cut(asked, None if over_all else limit)
    if not over_all or whole is None or asked is None:
        return percent, None
    return percent, cut(Fraction(100 * counted.tallied.done, whole), limit)


def judgement(
    counted: Counted, target: TargetFigure, *, enough: Enough, over: date
) -> TargetJudgement | None:
    """The target set against an area; None where the number is withheld and what is told of it does not decide.

    A withheld number takes its state along, since a state tells a number coarsely. Where a bound decides ("> 83 %"
    against 80 %), the state tells nothing new.
    """

    def judge_by(tallied: Tallied) -> TargetJudgement:
        return judge(target, tallied, counted.reach, over=over, enough=enough)

    hidden, tallied = counted.hidden, counted.tallied
    if hidden is None:
        return judge_by(tallied)
    if hidden.whole or target.unit != "percent" or target.comparator == "=":
        return None
    least, most = (
        judge_by(Tallied(done, tallied.of, tallied.subjects))
        for done in done_range(tallied, hidden, is_total=counted.is_total)
    )
    same = (least.state, least.met, least.words) == (most.state, most.met, most.words)
    return least.withheld() if same else None
