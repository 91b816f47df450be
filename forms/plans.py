"""A commune's plan as data: figures to reach and tasks to do, read from YAML; and what each indicator means."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cache
from pathlib import Path

from forms.yaml_parts import PlanError, PlanRejected, YamlMapping, compose

SCHEMA = "tung-nha/ke-hoach/1"
PLANS = ("an_lao_2026", "mao_dien_2026")

COMPARATORS = (">=", ">", "=", "<=", "<")
TARGET_UNITS = ("percent", "count")
PERIODS = ("year", "quarter", "month", "week")
SOURCES = ("survey", "office", "both")
TASK_KINDS = ("task", "appendix", "responsibility")
UNITS = ("household", "person", "adult", "place", "point", "business", "village")  # R16
KINDS = ("state", "event", "reported", "derived")
LONGEST_WORDING = 140

_FOLDER = Path(__file__).parent / "plans"
_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}")
_ID = re.compile(r"[A-Z0-9][A-Za-z0-9.-]{0,31}")
_COMMUNE = re.compile(r"[0-9]{5}")
_NUMBER = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?")


@dataclass(frozen=True)
class Office:
    """A unit that reports a figure or leads a task."""

    code: str
    name_vi: str


@dataclass(frozen=True)
class Signatory:
    """Who signed, line by line as it stands under the document."""

    authority: str | None
    on_behalf: str | None
    position: str
    name: str


@dataclass(frozen=True)
class Document:
    """The document the figures stand in; number and day are None while it carries none."""

    kind: str
    number: str | None
    issued: date | None
    place_date: str | None
    issuer: str
    title: str
    year: int
    signatory: Signatory
    recipients: tuple[str, ...]
    standing_office: Office | None


@dataclass(frozen=True, kw_only=True)
class FigureInPlan:
    """One figure of a plan. `value` is an exact decimal as text, a percent or a count by `unit`.

    `over_households`: judged over all households of the commune, visited or not (R6). `how` says where the
    number comes from: survey, office or both.
    """

    id: str
    section: str
    label_vi: str
    wording_vi: str
    indicator: str
    comparator: str
    value: str
    unit: str
    period: str
    start: date
    deadline: date
    over_households: bool
    how: str
    offices: tuple[Office, ...]
    forms: tuple[str, ...]
    note_vi: str | None

    @property
    def office(self) -> str | None:
        """Who reports, as people read it."""
        return ", ".join(office.name_vi for office in self.offices) or None


@dataclass(frozen=True, kw_only=True)
class PlannedTask:
    """Something the plan sets somebody to do; `due` is None where it is ongoing or no day is given."""

    id: str
    section: str
    kind: str
    text_vi: str
    lead: tuple[Office, ...]
    coordinating: tuple[Office, ...]
    deadline_vi: str | None
    due: date | None
    target: str | None
    note_vi: str | None


@dataclass(frozen=True)
class PlanFile:
    """A commune's plan of one year."""

    id: str
    commune_code: str
    commune_name: str
    document: Document
    offices: tuple[Office, ...]
    targets: tuple[FigureInPlan, ...]
    tasks: tuple[PlannedTask, ...]


@dataclass(frozen=True)
class IndicatorSpec:
    """What an indicator counts. A state older than `valid_days` no longer counts; None: it stands.

    `place_kind`: which places of the list it speaks of (their `loai`); None: all of them.
    """

    code: str
    label_vi: str
    label_en: str
    unit: str
    kind: str
    valid_days: int | None
    explanation_vi: str
    place_kind: str | None = None


def load(source: str | bytes | Path) -> PlanFile:
    """Read a plan from its text, its bytes or its file; raise PlanRejected, never anything else, if it is wrong."""
    errors: list[PlanError] = []
    plan = _plan(YamlMapping(compose(source), "", errors))
    if errors:
        raise PlanRejected(errors)
    return plan


@cache
def read(plan_id: str) -> PlanFile:
    """One of our own plans, by its id in PLANS."""
    if plan_id not in PLANS:
        raise PlanRejected([PlanError("id", 1, f"không có kế hoạch “{plan_id}”; có {', '.join(PLANS)}")])
    return load(_FOLDER / f"{plan_id}.yaml")


@cache
def indicators() -> tuple[IndicatorSpec, ...]:
    """Every indicator that our forms state or our plans name, in the order in which tables show them."""
    errors: list[PlanError] = []
    whole = YamlMapping(compose(_FOLDER / "indicators.yaml"), "", errors)
    found = tuple(_indicator(part) for part in whole.parts("indicators"))
    whole.close()
    _refuse_twice(whole, ((spec.code, f"indicators[{n}].code") for n, spec in enumerate(found)))
    if errors:
        raise PlanRejected(errors)
    return found


def _plan(whole: YamlMapping) -> PlanFile:
    whole.choice("schema", (SCHEMA,))
    plan_id = whole.text("id", form=_CODE)
    commune = whole.part("commune")
    code, name = commune.text("code", form=_COMMUNE), commune.text("name")
    commune.close()
    offices = _offices(whole.part("offices"))
    document = _document(whole.part("document"), offices)
    targets = tuple(_target(part, offices, document.year) for part in whole.parts("targets"))
    tasks = tuple(_task(part, offices, targets) for part in whole.parts("tasks"))
    if not targets:
        whole.wrong("targets", "kế hoạch không có chỉ tiêu nào")
    whole.close()
    named = [(target.id, f"targets[{n}].id") for n, target in enumerate(targets)]
    _refuse_twice(whole, [*named, *((task.id, f"tasks[{n}].id") for n, task in enumerate(tasks))])
    return PlanFile(plan_id, code, name, document, tuple(offices.values()), targets, tasks)


def _document(part: YamlMapping, offices: Mapping[str, Office]) -> Document:
    signed = part.part("signatory")
    signatory = Signatory(
        signed.maybe("authority"), signed.maybe("on_behalf"), signed.text("position"), signed.text("name")
    )
    signed.close()
    document = Document(
        kind=part.text("kind"),
        number=part.maybe("number"),
        issued=part.day("issued"),
        place_date=part.maybe("place_date"),
        issuer=part.text("issuer"),
        title=part.text("title"),
        year=part.whole_number("year", 2020, 2100, required=True) or 2020,
        signatory=signatory,
        recipients=part.texts("recipients"),
        standing_office=offices.get(part.choice("standing_office", offices, default="")),
    )
    part.close()
    return document


def _offices(part: YamlMapping) -> dict[str, Office]:
    offices = {code: Office(code, part.text(code)) for code in part.names()}
    part.close()
    return offices


def _named(part: YamlMapping, key: str, offices: Mapping[str, Office]) -> tuple[Office, ...]:
    codes = part.texts(key)
    for code in codes:
        if code not in offices:
            part.wrong(key, f"đơn vị “{code[:40]}” không có trong phần offices")
    return tuple(offices[code] for code in codes if code in offices)


def _target(part: YamlMapping, offices: Mapping[str, Office], year: int) -> FigureInPlan:
    start = date(year, 1, 1)
    target = FigureInPlan(
        id=part.text("id", form=_ID),
        section=part.text("section"),
        label_vi=part.text("label_vi", longest=LONGEST_WORDING),
        wording_vi=part.text("wording_vi", longest=LONGEST_WORDING),
        indicator=part.text("indicator", form=_CODE),
        comparator=part.choice("comparator", COMPARATORS),
        value=part.text("value", form=_NUMBER),
        unit=part.choice("unit", TARGET_UNITS),
        period=part.choice("period", PERIODS, default="year"),
        start=start,
        deadline=part.day("deadline") or date(year, 12, 31),
        over_households=part.choice("over", ("asked", "households"), default="asked") == "households",
        how=part.choice("how", SOURCES),
        offices=_named(part, "offices", offices),
        forms=part.texts("forms"),
        note_vi=part.maybe("note_vi"),
    )
    part.close()
    _check_target(part, target)
    return target


def _check_target(part: YamlMapping, target: FigureInPlan) -> None:
    """What no single value shows: the value within its unit, the day within reach, a source for every number."""
    if target.unit == "percent" and _NUMBER.fullmatch(target.value) and Decimal(target.value) > 100:
        part.wrong("value", f"“{target.value}” lớn hơn 100 %")
    if target.over_households and target.unit != "percent":
        part.wrong("over", "chỉ tỷ lệ (percent) mới tính được trên tất cả các hộ")
    if target.deadline < target.start:
        part.wrong("deadline", f"hạn {target.deadline.isoformat()} nằm trước năm của kế hoạch")
    if target.how != "office" and not target.forms:
        part.wrong("forms", "chỉ tiêu có khảo sát cần tên phiếu")
    if target.how != "survey" and not target.offices:
        part.wrong("offices", "chỉ tiêu do đơn vị báo cáo cần tên đơn vị")


def _task(part: YamlMapping, offices: Mapping[str, Office], targets: Iterable[FigureInPlan]) -> PlannedTask:
    task = PlannedTask(
        id=part.text("id", form=_ID),
        section=part.text("section"),
        kind=part.choice("kind", TASK_KINDS),
        text_vi=part.text("text_vi"),
        lead=_named(part, "lead", offices),
        coordinating=_named(part, "with", offices),
        deadline_vi=part.maybe("deadline_vi"),
        due=part.day("due"),
        target=part.maybe("target"),
        note_vi=part.maybe("note_vi"),
    )
    part.close()
    if task.target and task.target not in {target.id for target in targets}:
        part.wrong("target", f"không có chỉ tiêu “{task.target[:40]}”")
    return task


def _indicator(part: YamlMapping) -> IndicatorSpec:
    spec = IndicatorSpec(
        code=part.text("code", form=_CODE),
        label_vi=part.text("label_vi", longest=LONGEST_WORDING),
        label_en=part.text("label_en", longest=LONGEST_WORDING),
        unit=part.choice("unit", UNITS),
        kind=part.choice("kind", KINDS),
        valid_days=part.whole_number("valid_days", 1, 3660),
        explanation_vi=part.text("explanation_vi"),
        place_kind=part.maybe("place_kind"),
    )
    part.close()
    return spec


def _refuse_twice(whole: YamlMapping, named: Iterable[tuple[str, str]]) -> None:
    first: dict[str, str] = {}
    for name, path in named:
        if name and name in first:
            whole.wrong(path, f"mã “{name}” đã dùng ở {first[name]}")
        first.setdefault(name, path)
