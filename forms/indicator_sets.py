"""Ready sets of indicators for a commune's plan: where each number comes from, by which document, to which goal."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from forms import form_blocks, plans
from forms.plans import COMPARATORS, FigureInPlan, IndicatorSpec
from forms.yaml_parts import PlanRejected, YamlMapping, compose

ORIGINS = ("doors", "form", "office", "none")
_FILE = Path(__file__).parent / "plans" / "indicator_sets.yaml"


@dataclass(frozen=True)
class DocumentSource:
    """A document that was really read, as far as `read_vi` says; `issued` None: its day is not known."""

    code: str
    number_vi: str
    name_vi: str
    issued: date | None
    read_vi: str

    @property
    def words(self) -> str:
        """As pages cite it beside an indicator: its number and day."""
        day = f"ngày {self.issued:%d/%m/%Y}" if self.issued else "chưa rõ ngày"
        return f"{self.number_vi}, {day}"

    @property
    def told(self) -> str:
        """In full: what it is, and how far it was read."""
        return f"{self.words}: {self.name_vi} ({self.read_vi})"


@dataclass(frozen=True)
class SetGoal:
    """A percent that a document sets, and which one."""

    comparator: str
    value: str
    basis_vi: str


@dataclass(frozen=True)
class SetIndicator:
    """One line of a set. `origin` is one of ORIGINS; no `spec` where the product does not count it."""

    label_vi: str
    group_vi: str
    origin: str
    spec: IndicatorSpec | None
    source: DocumentSource | None
    goal: SetGoal | None
    office_vi: str
    block: str
    """The block of the household form that asks for it; "" where the form has it anyway or no form does."""


@dataclass(frozen=True)
class IndicatorSet:
    """A set under a name of its own; `unread_vi` says what of its documents could not be had."""

    code: str
    label_vi: str
    about_vi: str
    unread_vi: str
    documents: tuple[DocumentSource, ...]
    """Those that it rests on as a whole; the `source` of a line speaks of that very indicator."""
    indicators: tuple[SetIndicator, ...]

    @property
    def blocks(self) -> tuple[str, ...]:
        """The blocks that its indicators need."""
        return form_blocks.in_order(each.block for each in self.indicators)


@cache
def every() -> tuple[IndicatorSet, ...]:
    """All sets of our own file; PlanRejected with the line where it is wrong."""
    whole = YamlMapping(compose(_FILE), "", [])
    sources = {source.code: source for source in map(_source, whole.parts("sources"))}
    found = tuple(_set(part, sources) for part in whole.parts("sets"))
    whole.close()
    if whole.errors:
        raise PlanRejected(whole.errors)
    return found


def one(code: str) -> IndicatorSet | None:
    """A set by its code."""
    return next((each for each in every() if each.code == code), None)


def source_of(indicator: str) -> DocumentSource | None:
    """The document by which an indicator stands in a set; None where it stands in none, or its source is not known."""
    lines = (
        line for each in every() for line in each.indicators if line.spec and line.spec.code == indicator
    )
    return next((line.source for line in lines if line.source), None)


def _source(part: YamlMapping) -> DocumentSource:
    source = DocumentSource(
        part.text("code"),
        part.text("number_vi"),
        part.text("name_vi"),
        part.day("issued"),
        part.text("read_vi"),
    )
    part.close()
    return source


def _set(part: YamlMapping, sources: Mapping[str, DocumentSource]) -> IndicatorSet:
    found = IndicatorSet(
        part.text("code"), part.text("label_vi"), part.text("about_vi"), part.text("unread_vi"),
        tuple(sources[code] for code in part.texts("documents") if code in sources),
        tuple(_line(each, sources) for each in part.parts("indicators")),
    )  # fmt: skip
    part.close()
    return found


def _line(part: YamlMapping, sources: Mapping[str, DocumentSource]) -> SetIndicator:
    specs = {spec.code: spec for spec in plans.indicators()}
    code = part.choice("indicator", specs, default="")
    spec = specs.get(code)
    source = sources.get(part.choice("source", sources, default=""))
    goal, like = _goal(part.part("goal")) if "goal" in part.names() else (None, None)
    if like and like.indicator != code:
        part.wrong("goal", f"con số {like.id} nói về chỉ tiêu khác")
    line = SetIndicator(
        label_vi=spec.label_vi if spec else part.text("label_vi"),
        group_vi=part.text("group_vi"),
        origin=part.choice("from", ORIGINS),
        spec=spec,
        source=source,
        goal=goal,
        office_vi=part.maybe("office_vi") or (like.office if like else None) or "",
        block=_block_of(code),
    )
    part.close()
    if (line.origin == "none") != (spec is None):
        part.wrong("from", "chỉ dòng không có mã chỉ tiêu mới là none, và ngược lại")
    return line


def _goal(part: YamlMapping) -> tuple[SetGoal | None, FigureInPlan | None]:
    """A goal of its own, or that of a figure of a plan that we ship, with this figure."""
    shipped = {figure.id: (plan, figure) for plan in map(plans.read, plans.PLANS) for figure in plan.targets}
    like = part.choice("like", shipped, default="")
    if like in shipped:
        part.close()
        plan, figure = shipped[like]
        own = plan.commune_name[:1].lower() + plan.commune_name[1:]
        basis = f"mức của {own} năm {plan.document.year}, mục {figure.section}"
        return SetGoal(figure.comparator, figure.value, basis), figure
    goal = SetGoal(part.choice("comparator", COMPARATORS), part.text("value"), part.text("basis_vi"))
    part.close()
    return goal, None


def _block_of(indicator: str) -> str:
    return next(
        (each.code for each in form_blocks.every() for spec in each.indicators if spec.code == indicator), ""
    )
