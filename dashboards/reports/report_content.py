"""What a report says, in words and numbers: the coverage table's own, none computed here; Word and PDF set it."""

import dataclasses
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from dashboards import households_met, self_answer_lines, target_lines, village_lines, words
from dashboards.reports.report_periods import Period
from geo.compute_coverage import Cell, CoverageTable
from geo.small_cell_limit import SMALL
from server.backchecks import sentences
from server.coverage import coverage_table, help_given
from server.coverage.commune_input import VISITED
from server.db import db
from server.models import Commune, Plan
from server.plans import tasks

ISSUER = "Ủy ban nhân dân"
UPWARD = "Ủy ban nhân dân thành phố; Sở Khoa học và Công nghệ"
"""To whom a commune reports its plan of science, technology and digital transformation."""
COPIES = ("Như trên", "TT Đảng ủy, HĐND {kind}", "CT, các PCT UBND {kind}", "Lưu: VT, VHXH")
LONGEST = 4000
"""Characters of what an officer adds."""


@dataclass(frozen=True)
class ReportWish:
    """What an officer says of a report beyond its numbers; the name under the signature may stay blank."""

    upward: str = UPWARD
    is_chairman: bool = False
    """Signed by the chairman in person; else by a vice chairman for the chairman."""
    signer: str = ""
    remarks: str = ""


@dataclass(frozen=True)
class ReportFigure:
    """A figure of the plan as pages show it; `number` is the judged value in full, as text, "" where none is told."""

    id: str
    label: str
    section: str
    required: str
    value: str
    number: str
    state: str
    words: str
    notes: tuple[str, ...]
    reach: str
    source: str
    beside: str
    indicator: str = ""
    """Its code; "" with the next three in a report of an earlier version."""
    comparator: str = ""
    goal: str = ""
    """What the plan asks for as a plain decimal, "82.5"."""
    measure: str = ""


@dataclass(frozen=True)
class ReportVillage:
    """A thôn's row: `cells` in the order of the report's columns, each with its reach."""

    code: str
    name: str
    households: str
    visited: str
    share: str
    cells: tuple[str, ...]
    reaches: tuple[str, ...]


@dataclass(frozen=True)
class ReportedHelp:
    """A kind of help: how many people in the period, and since New Year."""

    label: str
    period: str
    year: str


@dataclass(frozen=True)
class HelpOfThon:
    """Help since New Year in one thôn, in the order of the kinds."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Work:
    """A task of the plan; `told` is the newest note on it."""

    code: str
    text: str
    lead: str
    due: str
    state: str
    is_late: bool
    told: str


@dataclass(frozen=True)
class Report:
    """All that a report says. Days are ISO texts; every other text is as it is printed."""

    code: str
    name: str
    """`xã An Lão`"""
    place: str
    """`An Lão`"""
    plan: str
    period: str
    label: str
    start: str
    end: str
    as_of: str
    received: str
    """`tính đến …, số liệu nhận đến …`"""
    households: str
    households_source: str
    visited: str
    visited_share: str
    min_reach: str
    figures: tuple[ReportFigure, ...]
    columns: tuple[str, ...]
    thons: tuple[ReportVillage, ...]
    unplaced: int
    help: tuple[ReportedHelp, ...]
    help_thons: tuple[HelpOfThon, ...]
    tasks: tuple[Work, ...]
    upward: tuple[str, ...]
    is_chairman: bool
    signer: str
    remarks: tuple[str, ...]
    copies: tuple[str, ...]
    met: str = ""
    """Households met for the first time in the period; "" in a report of an earlier version."""
    uncounted: str = ""
    """Why households met and the share of them differ, in a sentence; "" where they do not."""
    second_visits: str = ""
    """What second visits of the period found, in a sentence; "" where there were none."""

    @property
    def subject(self) -> str:
        """What stands under BÁO CÁO."""
        return f"Kết quả thực hiện Kế hoạch {self.plan} ({self.label})"

    @property
    def kind(self) -> str:
        """`xã`, `phường`"""
        return self.name.removesuffix(self.place).strip()

    @property
    def issuer(self) -> str:
        return f"{ISSUER} {self.name}"

    def in_state(self, state: str) -> tuple[ReportFigure, ...]:
        return tuple(figure for figure in self.figures if figure.state == state)

    @property
    def late(self) -> tuple[Work, ...]:
        return tuple(work for work in self.tasks if work.is_late)


def build(commune: Commune, period: Period, day: dt.date, wish: ReportWish) -> tuple[Report, CoverageTable]:
    """The report of a period as of a day, small cells hidden as for everybody (R25), and its table.

    The day is today or the end of a week or month, as for all who see no records; never after the period, so that
    the report of October, whenever it is drawn, ends on 31/10.
    """
    table = coverage_table.table(commune, min(day, period.end), full=False)
    start = max(period.start, dt.date(table.as_of.year, 1, 1))
    given = help_given.in_period(commune, start, table.as_of)
    met = help_given.households_met(commune, VISITED, start, table.as_of)
    found = sentences.told(commune, start, table.as_of)
    report = _report(commune, period, table, given, wish)
    return dataclasses.replace(
        report, met=_small(met), uncounted=_uncounted(table), second_visits=found
    ), table


def _report(
    commune: Commune,
    period: Period,
    table: CoverageTable,
    given: Sequence[help_given.HelpGiven],
    wish: ReportWish,
) -> Report:
    columns = self_answer_lines.columns(table, village_lines.columns(table))
    met = households_met.met(table)
    source = table.households_source
    kinds = [kind for kind in given if _is_told(kind, table)]
    return Report(
        code=table.code,
        name=f"{commune.kind} {commune.name}",
        place=commune.name,
        plan=_plan_title(commune, table.as_of.year),
        period=period.key,
        label=period.label,
        start=period.start.isoformat(),
        end=period.end.isoformat(),
        as_of=table.as_of.isoformat(),
        received=words.as_of(table.as_of, table.received_until),
        households=words.number(table.households) if table.households is not None else "",
        households_source=f"{source.source}, ngày {words.day(source.date)}" if source else "",
        visited=households_met.visited(table),
        visited_share=words.share(met.share) if met.share is not None else "",
        min_reach=words.limit(table.min_reach),
        figures=tuple(_figures(table)),
        columns=tuple(_heading(column) for column in columns),
        thons=tuple(_thons(table, columns)),
        unplaced=village_lines.unplaced(table),
        help=tuple(_help(kind, table) for kind in kinds),
        help_thons=tuple(_help_of_thons(kinds, table)),
        tasks=tuple(_tasks(commune, table.as_of.year)),
        upward=tuple(part.strip() for part in wish.upward.split(";") if part.strip()),
        is_chairman=wish.is_chairman,
        signer=wish.signer.strip(),
        remarks=tuple(line.strip() for line in wish.remarks[:LONGEST].splitlines() if line.strip()),
        copies=tuple(each.format(kind=commune.kind) for each in COPIES),
    )


def _uncounted(table: CoverageTable) -> str:
    return words.uncounted(table.surplus) if table.households else ""


def _plan_title(commune: Commune, year: int) -> str:
    title = db.session.scalar(
        sa.select(Plan.title).where(Plan.commune_id == commune.id, Plan.year == year).limit(1)
    )
    return title or f"năm {year}"


def _figures(table: CoverageTable) -> Iterable[ReportFigure]:
    for line, row in zip(target_lines.lines(table), table.targets, strict=True):
        number = row.judgement.value_shown
        yield ReportFigure(
            id=line.id,
            label=line.label,
            section=line.section,
            required=line.required,
            value=line.value,
            number="" if number is None else str(number),
            state=line.state.value,
            words=line.words,
            notes=(*line.notes, *_self_answered(table, row.target.indicator)),
            reach=line.reach,
            source=line.source,
            beside=line.beside,
            indicator=row.target.indicator or "",
            comparator=row.target.comparator,
            goal=_plain(row.target.value),
            measure=row.target.unit,
        )


def _plain(value: Fraction) -> str:
    """A goal is an exact decimal: as digits with a point, without zeros after it."""
    return f"{Decimal(value.numerator) / Decimal(value.denominator):f}"


def _self_answered(table: CoverageTable, indicator: str | None) -> tuple[str, ...]:
    """What people answered by themselves to this figure, in a sentence of its own."""
    said = self_answer_lines.told(table.self_answered(indicator)) if indicator else ""
    return (said,) if said else ()


def _heading(column: village_lines.IndicatorColumn) -> str:
    """Its name, and on a line of its own what the plan asks for: a bracket would break in a narrow column."""
    return f"{column.label}\n{column.required}" if column.required else column.label


def _thons(table: CoverageTable, columns: Sequence[village_lines.IndicatorColumn]) -> Iterable[ReportVillage]:
    for thon in village_lines.thons(table, columns, village_lines.Order()):
        yield ReportVillage(
            code=thon.code,
            name=thon.name,
            households=thon.households,
            visited=thon.visited,
            share=thon.visited_share,
            cells=tuple(cell.text for cell in thon.cells),
            reaches=tuple(cell.reach for cell in thon.cells),
        )


def _is_told(kind: help_given.HelpGiven, table: CoverageTable) -> bool:
    """Whether anybody was helped this year in this way."""
    row = table.indicator(kind.code)
    return row is not None and bool(row.cell.done or row.cell.suppressed or kind.people)


def _help(kind: help_given.HelpGiven, table: CoverageTable) -> ReportedHelp:
    """Of the period no more is told than of the year: all its periods add up to it (R25)."""
    row = table.indicator(kind.code)
    year = row.cell if row else Cell()
    period = _helped(year) if year.suppressed else _small(kind.people)
    return ReportedHelp(kind.label, period, _helped(year))


def _small(number: int | None) -> str:
    """A number over the whole commune; None is one of 1 to 4, which is not told."""
    return f"dưới {SMALL}" if number is None else words.number(number)


def _help_of_thons(kinds: Sequence[help_given.HelpGiven], table: CoverageTable) -> Iterable[HelpOfThon]:
    for village in table.villages if kinds else ():
        cells = [village.cells.get(kind.code, Cell()) for kind in kinds]
        yield HelpOfThon(table.name_of(village), tuple(_helped(cell) for cell in cells))


def _helped(cell: Cell) -> str:
    return words.HIDDEN[cell.suppressed] if cell.suppressed else words.number(cell.done or 0)


def _tasks(commune: Commune, year: int) -> Iterable[Work]:
    """All of them, overdue first."""
    for shown in tasks.every(commune, year):
        task = shown.task
        yield Work(
            code=task.code,
            text=task.text,
            lead=task.lead or "",
            due=words.day(task.due) if task.due else task.deadline or "",
            state=tasks.STATES[task.state],
            is_late=shown.is_late,
            told=task.updates[0].note if task.updates else "",
        )


def to_json(report: Report) -> dict[str, Any]:
    """The report as a document to store."""
    return asdict(report)


_PARTS: Mapping[str, Any] = {
    "figures": ReportFigure, "thons": ReportVillage, "help": ReportedHelp, "help_thons": HelpOfThon, "tasks": Work
}  # fmt: skip


def read(stored: Mapping[str, Any]) -> Report:
    """A stored report; what a later version added and this one lacks is left out."""
    return Report(**_read(Report, stored))


def _read(kind: Any, stored: Mapping[str, Any]) -> dict[str, Any]:
    return {each.name: _value(each.name, stored[each.name]) for each in fields(kind) if each.name in stored}


def _value(name: str, value: Any) -> Any:
    if not isinstance(value, list):
        return value
    part = _PARTS.get(name)
    return tuple(part(**_read(part, each)) if part else each for each in value)
