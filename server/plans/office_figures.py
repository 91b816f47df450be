"""What offices report of a plan's figures: entered by period, corrected with history, taken back (R17)."""

import datetime as dt
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sqlalchemy as sa

from geo import written_numbers
from geo.period_targets import Reported, periods
from geo.target_states import PERIODS_IN_A_YEAR
from server import audit, clock
from server.accounts.callers import Caller
from server.db import db
from server.models import Commune, Indicator, Plan, ReportedValue, Target

LONGEST = 1000
"""Characters of a note; sources and links are shorter still."""
_NUMBER = re.compile(r"[0-9]{1,12}([.,][0-9]{1,6})?")
_STANDING = ReportedValue.replaced_at.is_(None)


@dataclass(frozen=True)
class OfficeFigure:
    """A value that has been read and found right."""

    start: dt.date
    end: dt.date
    numerator: int | None
    denominator: int | None
    value: str | None
    source: str
    note: str | None
    link: str | None


class Wrong(Exception):
    """What was entered cannot be stored; `fields` says for each field what is wrong with it."""

    def __init__(self, fields: Mapping[str, str]) -> None:
        self.fields = dict(fields)
        super().__init__("; ".join(self.fields.values()))


def standing(commune: Commune, year: int) -> dict[str, tuple[Reported, ...]]:
    """All values that stand of a commune's plan of a year, by the target's id. One statement."""
    return _by_target(_VALUES.where(Plan.commune_id == commune.id, Plan.year == year))


def of_indicators(codes: Collection[str], year: int) -> dict[str, tuple[Reported, ...]]:
    """All values that stand of the targets that all communes' plans of a year set for these indicators."""
    known = sa.select(Indicator.id).where(Indicator.code.in_(codes))
    return _by_target(_VALUES.where(Target.indicator_id.in_(known), Plan.year == year))


_VALUES: sa.Select[*tuple[Any, ...]] = (
    sa.select(
        Target.code, ReportedValue.period_start, ReportedValue.period_end, ReportedValue.numerator,
        ReportedValue.denominator, ReportedValue.value, ReportedValue.source, ReportedValue.note,
        ReportedValue.link,
    )
    .join(Target, Target.id == ReportedValue.target_id)
    .join(Plan, Plan.id == Target.plan_id)
    .where(_STANDING)
    .order_by(ReportedValue.period_end, ReportedValue.id)
)  # fmt: skip


def _by_target(query: sa.Select[*tuple[Any, ...]]) -> dict[str, tuple[Reported, ...]]:
    found: dict[str, list[Reported]] = defaultdict(list)
    for row in db.session.execute(query):
        found[row.code].append(_reported(row))
    return {code: tuple(values) for code, values in found.items()}


def _reported(row: Any) -> Reported:
    return Reported(
        start=row.period_start,
        at=row.period_end,
        source=row.source,
        value=None if row.value is None else Fraction(row.value),
        done=row.numerator,
        of=row.denominator,
        note=row.note,
        link=row.link,
    )


def history(target: Target) -> Sequence[ReportedValue]:
    """Every value ever entered for a target, those replaced or taken back too, the newest first."""
    rows = sa.select(ReportedValue).where(ReportedValue.target_id == target.id)
    return db.session.scalars(rows.order_by(ReportedValue.period_end.desc(), ReportedValue.id.desc())).all()


def enter(target: Target, entry: OfficeFigure, by: Caller, *, why: str = "") -> ReportedValue:
    """Store a value; one that stands for the same target and period is replaced by it, and stays in the history.

    The caller commits. Raises Wrong where a correction does not say why.
    """
    before = standing_value(target, entry.start, entry.end)
    if before is not None:
        _replace(before, by, why)
        db.session.flush()
    row = ReportedValue(
        target_id=target.id,
        period_start=entry.start,
        period_end=entry.end,
        numerator=entry.numerator,
        denominator=entry.denominator,
        value=entry.value,
        source=entry.source,
        note=entry.note,
        link=entry.link,
        entered_by=by.actor,
        entered_name=by.name,
        entered_at=clock.now(),
    )
    db.session.add(row)
    db.session.flush()
    _audit(by, "reported.correct" if before else "reported.enter", row, target, why)
    return row


def standing_value(target: Target, start: dt.date, end: dt.date) -> ReportedValue | None:
    """The value of a period that nothing has replaced."""
    same = sa.select(ReportedValue).where(
        ReportedValue.target_id == target.id, ReportedValue.period_start == start,
        ReportedValue.period_end == end, _STANDING,
    )  # fmt: skip
    return db.session.scalars(same).first()


def take_back(row: ReportedValue, by: Caller, why: str) -> None:
    """Let a value no longer count; it stays in the history with the reason. The caller commits."""
    _replace(row, by, why)
    _audit(by, "reported.take_back", row, row.target, why)


def _replace(row: ReportedValue, by: Caller, why: str) -> None:
    if not why.strip():
        raise Wrong({"why": "Đã có số liệu của kỳ này. Hãy ghi lý do sửa; số cũ được giữ lại trong lịch sử."})
    row.replaced_at, row.replaced_name, row.replaced_why = clock.now(), by.name, why.strip()[:LONGEST]


def _audit(by: Caller, act: str, row: ReportedValue, target: Target, why: str) -> None:
    detail = {"target": target.code, "from": row.period_start.isoformat(), "to": row.period_end.isoformat()}
    if why.strip():
        detail["why"] = why.strip()[:LONGEST]
    audit.add(by.actor, act, f"reported_value:{row.id}", detail)


def read(target: Target, given: Mapping[str, str]) -> OfficeFigure:
    """What a form sent, checked against the target: 0 ≤ n ≤ d, the period inside the plan and not in the future."""
    wrong: dict[str, str] = {}
    start, end = _period(target, given, wrong)
    numerator, denominator, value = _amounts(target, given, wrong)
    source = _text(given, "source", 300)
    link = _text(given, "link", 500)
    if not source:
        wrong["source"] = "Hãy ghi số liệu lấy từ văn bản hoặc hệ thống nào."
    if link and not re.match(r"https?://\S+$", link):
        wrong["link"] = "Liên kết cần bắt đầu bằng http:// hoặc https://."
    if wrong or start is None or end is None:
        raise Wrong(wrong)
    return OfficeFigure(
        start, end, numerator, denominator, value, source, _text(given, "note", LONGEST) or None, link or None
    )


def _text(given: Mapping[str, str], name: str, longest: int) -> str:
    return given.get(name, "").strip()[:longest]


def choices(target: Target) -> tuple[tuple[dt.date, dt.date], ...]:
    """The periods to choose from of a figure per week, month or quarter, the newest first; none for a year's.

    Each may be told from its last day on, when an office closes its books; visits count until that day is over (R8).
    """
    if target.period not in PERIODS_IN_A_YEAR:
        return ()
    every = periods(target.period, target.start, target.deadline)
    return tuple(each for each in reversed(every) if each[1] <= clock.today())


def _period(
    target: Target, given: Mapping[str, str], wrong: dict[str, str]
) -> tuple[dt.date | None, dt.date | None]:
    """A period of the target's kind chosen by its first day, or any days of the plan's year."""
    if target.period in PERIODS_IN_A_YEAR:
        chosen = next((each for each in choices(target) if each[0].isoformat() == given.get("start")), None)
        if chosen is None:
            wrong["start"] = "Hãy chọn một kỳ đã qua trong danh sách."
        return chosen or (None, None)
    start = _day(given, "start", wrong) if given.get("start", "").strip() else target.start
    end = _day(given, "end", wrong)
    if start and end:
        _check_days(target, start, end, wrong)
    return start, end


def _check_days(target: Target, start: dt.date, end: dt.date, wrong: dict[str, str]) -> None:
    last = dt.date(target.deadline.year, 12, 31)
    if start < target.start or end > last:
        wrong["end"] = (
            f"Kỳ báo cáo phải nằm trong năm của kế hoạch, từ {target.start:%d/%m/%Y} đến {last:%d/%m/%Y}."
        )
    elif start > end:
        wrong["end"] = "Ngày cuối kỳ phải từ ngày đầu kỳ trở đi."
    elif end > clock.today():
        wrong["end"] = "Kỳ báo cáo chưa kết thúc; ngày cuối kỳ không được ở sau hôm nay."


def _day(given: Mapping[str, str], name: str, wrong: dict[str, str]) -> dt.date | None:
    try:
        return dt.date.fromisoformat(given.get(name, "").strip())
    except ValueError:
        wrong[name] = "Hãy chọn ngày."
        return None


def _amounts(
    target: Target, given: Mapping[str, str], wrong: dict[str, str]
) -> tuple[int | None, int | None, str | None]:
    """A share as numerator and denominator, or a number in the target's unit; one of the two."""
    some, whole, value = (_text(given, name, 20) for name in ("numerator", "denominator", "value"))
    value = value.removesuffix("%").strip()
    if target.unit == "percent" and not value:
        return (*_share(some, whole, wrong), None)
    if some or whole:
        wrong["value"] = "Chỉ nhập một cách: tử số và mẫu số, hoặc một con số."
    count = written_numbers.whole(value)
    value = value if count is None else str(count)
    if not _NUMBER.fullmatch(value):
        wrong["value"] = "Hãy nhập một số từ 0 trở lên, ví dụ 12 hoặc 84,5."
        return None, None, None
    exact = value.replace(",", ".")
    if target.unit == "percent" and Fraction(exact) > 100:
        wrong["value"] = "Tỷ lệ không quá 100 %."
    return None, None, exact


def _share(some: str, whole: str, wrong: dict[str, str]) -> tuple[int | None, int | None]:
    numerator, denominator = written_numbers.whole(some), written_numbers.whole(whole)
    for name, text, number in (("numerator", some, numerator), ("denominator", whole, denominator)):
        if number is None and text:
            wrong[name] = f"“{text}” không phải số nguyên; viết 1250 hoặc 1.250."
        elif number is None:
            wrong[name] = "Hãy nhập tử số và mẫu số là số nguyên, hoặc nhập tỷ lệ phần trăm."
    if numerator is None or denominator is None:
        return None, None
    if denominator == 0:
        wrong["denominator"] = "Mẫu số phải lớn hơn 0."
    elif numerator > denominator:
        wrong["numerator"] = "Tử số không được lớn hơn mẫu số."
    return numerator, denominator
