"""A month of offices' figures as one table: what is sent is entered target by target; who has not reported is told."""

import calendar
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa

from geo.plain_words import words
from geo.target_states import PERIODS_IN_A_YEAR
from server import clock
from server.accounts.callers import Caller
from server.db import db
from server.files.tables.read_table import RowFault, TableRead, TableRow
from server.files.tables.table_kinds import TableColumn, TableKind
from server.models import Commune, Plan, ReportedValue, Target
from server.plans import office_figures
from server.plans.office_figures import OfficeFigure

FIGURES_TABLE = TableKind(
    "so-lieu",
    (
        TableColumn("target_code", "Mã"),
        TableColumn("target_label", "Chỉ tiêu"),
        TableColumn("done", "Tử số", "1.250"),
        TableColumn("of", "Mẫu số", "1.300"),
        TableColumn("value", "Số liệu"),
        TableColumn("source", "Nguồn", "Báo cáo số 45/BC-VP ngày 05/11/2026"),
        TableColumn("link", "Minh chứng"),
        TableColumn("note", "Ghi chú"),
        TableColumn("why", "Lý do sửa"),
    ),
    (("target_code", "target_label"), ("done", "value")),
)
_MEANING = {"numerator": "done", "denominator": "of", "value": "value", "source": "source", "link": "link",
            "why": "why", "start": "target_code", "end": "target_code"}  # fmt: skip


@dataclass(frozen=True)
class PlannedFigure:
    """A figure to enter; `before` is the value that it corrects."""

    row: TableRow
    target: Target
    entry: OfficeFigure
    before: ReportedValue | None
    why: str


def month_of(text: str) -> dt.date:
    """The first day of a month written 2026-11; without one, of the last month that is over."""
    try:
        found = dt.date.fromisoformat(f"{text.strip()}-01")
        if found <= clock.today():
            return found
    except ValueError:
        pass
    return (clock.today().replace(day=1) - dt.timedelta(days=1)).replace(day=1)


def recent(chosen: dt.date) -> Sequence[dt.date]:
    """The first days of the last 24 months, the newest first, and of the chosen one where it is older."""
    today = clock.today()
    places = range(today.year * 12 + today.month - 1, today.year * 12 + today.month - 25, -1)
    found = [dt.date(place // 12, place % 12 + 1, 1) for place in places]
    return found if chosen in found else [*found, chosen]


def last_day(month: dt.date) -> dt.date:
    """The last day of a month; of the one that goes on, today."""
    last = month.replace(day=calendar.monthrange(month.year, month.month)[1])
    return min(last, clock.today())


def period(target: Target, month: dt.date) -> tuple[dt.date, dt.date] | None:
    """What a figure told for a month speaks of: the year so far, or the target's own period that ends in it."""
    if target.period not in PERIODS_IN_A_YEAR:
        return target.start, last_day(month)
    ended = office_figures.choices(target)
    return next((each for each in ended if (each[1].year, each[1].month) == (month.year, month.month)), None)


def plan(
    reading: TableRead, commune: Commune, month: dt.date, source: str
) -> tuple[list[PlannedFigure], list[RowFault]]:
    """What each row enters, and all that is wrong; a row without any figure is one that has not been reported."""
    targets = _targets(commune, month.year)
    by_words = {words(key): target for target in targets for key in (target.label, target.code)}
    found: list[PlannedFigure] = []
    wrong: list[RowFault] = []
    seen: dict[int, TableRow] = {}
    for row in reading.rows:
        if not any(row.text(each) for each in ("done", "of", "value")):
            continue
        wrong += row.uncomputed(reading.kind)
        target = by_words.get(words(row.text("target_code"))) or by_words.get(words(row.text("target_label")))
        if target is None:
            told = row.text("target_code") or row.text("target_label")
            wrong.append(
                RowFault(row, f"kế hoạch năm {month.year} không có chỉ tiêu “{told[:60]}”", "target_code")
            )
        elif target.id in seen:
            wrong.append(
                RowFault(row, f"{target.code} đã có ở {seen[target.id].where.lower()}", "target_code")
            )
        else:
            seen[target.id] = row
            _read(row, target, month, source, found, wrong)
    return found, wrong


def store(found: Sequence[PlannedFigure], by: Caller) -> int:
    """Enter them; how many. The caller commits."""
    for each in found:
        office_figures.enter(each.target, each.entry, by, why=each.why)
    return len(found)


def unreported(commune: Commune, month: dt.date) -> Mapping[str, list[Target]]:
    """By office, the figures that offices report and of which nothing stands for this month."""
    wanted = [target for target in _targets(commune, month.year) if target.how != "survey"]
    spans = {target.id: span for target in wanted if (span := period(target, month))}
    first = month
    standing = sa.select(ReportedValue.target_id).where(
        ReportedValue.target_id.in_(spans),
        ReportedValue.replaced_at.is_(None),
        ReportedValue.period_end >= first,
        ReportedValue.period_end <= last_day(month),
    )
    told = set(db.session.scalars(standing))
    found: dict[str, list[Target]] = {}
    for target in wanted:
        if target.id in spans and target.id not in told:
            found.setdefault(target.office or "Chưa ghi đơn vị", []).append(target)
    return found


def reminder(commune: Commune, month: dt.date, office: str, targets: Sequence[Target], until: dt.date) -> str:
    """A message to an office, ready to be sent."""
    lines = "\n".join(f"- {target.label} ({target.code})" for target in targets)
    return (
        f"Kính gửi {office},\n{commune.kind.capitalize()} {commune.name} chưa nhận số liệu tháng "
        f"{month.month}/{month.year} của:\n{lines}\nĐề nghị gửi số liệu kèm văn bản hoặc nguồn trước ngày "
        f"{until:%d/%m/%Y}. Trân trọng."
    )


def _read(
    row: TableRow,
    target: Target,
    month: dt.date,
    source: str,
    found: list[PlannedFigure],
    wrong: list[RowFault],
) -> None:
    span = period(target, month)
    if span is None:
        kind = {"week": "tuần", "month": "tháng", "quarter": "quý"}[target.period]
        wrong.append(
            RowFault(
                row, f"{target.code} báo cáo theo {kind}; tháng này chưa có kỳ nào kết thúc", "target_code"
            )
        )
        return
    why = row.text("why")
    given = {
        "start": span[0].isoformat(), "end": span[1].isoformat(), "numerator": row.text("done"),
        "denominator": row.text("of"), "value": _decimal(row), "source": row.text("source") or source,
        "link": row.text("link"), "note": row.text("note"),
    }  # fmt: skip
    try:
        entry = office_figures.read(target, given)
    except office_figures.Wrong as refused:
        wrong += [
            RowFault(row, told.rstrip("."), _MEANING.get(name, "")) for name, told in refused.fields.items()
        ]
        return
    before = office_figures.standing_value(target, entry.start, entry.end)
    if before is not None and not why.strip():
        wrong.append(
            RowFault(row, f"{target.code} đã có số liệu của kỳ này; muốn sửa thì ghi cột Lý do sửa", "why")
        )
        return
    found.append(PlannedFigure(row, target, entry, before, why))


def _decimal(row: TableRow) -> str:
    """A cell's number as people write it: Excel keeps 84.5, an officer types 84,5."""
    value = row.cells.get("value")
    return f"{value:.6f}".rstrip("0").replace(".", ",") if isinstance(value, float) else row.text("value")


def _targets(commune: Commune, year: int) -> Sequence[Target]:
    query = sa.select(Target).join(Plan).where(Plan.commune_id == commune.id, Plan.year == year)
    return db.session.scalars(query.order_by(Target.position, Target.code)).all()
