"""What a month's sheet says: days, visits and people helped of each member, and what has changed of signed months.

Pure: a month that was signed stays as it was signed, and what has changed of it since is paid or taken back with the
next one, at the rates of the month it belongs to (R30).
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class WorkDone:
    """Days walked, visits to households and people helped, of one member in one month; negative in a correction."""

    days: int = 0
    visits: int = 0
    helped: int = 0

    def __add__(self, other: "WorkDone") -> "WorkDone":
        return WorkDone(self.days + other.days, self.visits + other.visits, self.helped + other.helped)

    def __sub__(self, other: "WorkDone") -> "WorkDone":
        return WorkDone(self.days - other.days, self.visits - other.visits, self.helped - other.helped)

    def __bool__(self) -> bool:
        return any((self.days, self.visits, self.helped))


@dataclass(frozen=True)
class AgreedRates:
    """What is paid, in đồng, for each."""

    day: int = 0
    visit: int = 0
    helped: int = 0

    def of(self, work: WorkDone) -> int:
        """What some work is worth, in đồng."""
        return self.day * work.days + self.visit * work.visits + self.helped * work.helped


@dataclass(frozen=True)
class PayLine:
    """A member's line: of the sheet's own month, or what has changed of an earlier one since."""

    collector: int
    name: str
    villages: str
    month: dt.date
    work: WorkDone
    amount: int
    """In đồng, at the rates of `month`."""


@dataclass(frozen=True)
class MonthSheet:
    """A month's sheet; `lines` are its own, `corrections` those of earlier months."""

    month: dt.date
    rates: AgreedRates
    lines: tuple[PayLine, ...]
    corrections: tuple[PayLine, ...]

    @property
    def total(self) -> int:
        """In đồng."""
        return sum(each.amount for each in (*self.lines, *self.corrections))


@dataclass(frozen=True)
class TeamMember:
    """A member as a sheet names them."""

    id: int
    name: str
    villages: str


Done = Mapping[tuple[dt.date, int], WorkDone]
"""Work by (first day of the month, member), as it counts now."""


def sheet(
    month: dt.date,
    rates: AgreedRates,
    members: Sequence[TeamMember],
    done: Done,
    signed: Sequence[MonthSheet],
) -> MonthSheet:
    """The sheet of a month, `signed` being all sheets signed before; members in the order given."""
    lines, corrections = [], []
    paid = _paid(signed)
    by_month = {each.month: each.rates for each in signed}
    for member in members:
        own = done.get((month, member.id), WorkDone())
        if own:
            lines.append(_line(member, month, own, rates))
        for earlier in sorted(by_month):
            key = earlier, member.id
            changed = done.get(key, WorkDone()) - paid.get(key, WorkDone())
            if changed:
                corrections.append(_line(member, earlier, changed, by_month[earlier]))
    return MonthSheet(month, rates, tuple(lines), tuple(corrections))


def _line(member: TeamMember, month: dt.date, work: WorkDone, rates: AgreedRates) -> PayLine:
    return PayLine(member.id, member.name, member.villages, month, work, rates.of(work))


def _paid(signed: Iterable[MonthSheet]) -> dict[tuple[dt.date, int], WorkDone]:
    """What was signed for, corrections included."""
    found: dict[tuple[dt.date, int], WorkDone] = {}
    for each in signed:
        for line in (*each.lines, *each.corrections):
            key = line.month, line.collector
            found[key] = found.get(key, WorkDone()) + line.work
    return found


def to_json(made: MonthSheet) -> dict[str, Any]:
    """A sheet as a document to store."""
    content = asdict(made)
    content["month"] = made.month.isoformat()
    for line in (*content["lines"], *content["corrections"]):
        line["month"] = line["month"].isoformat()
    return content


def read(stored: Mapping[str, Any]) -> MonthSheet:
    """A stored sheet."""
    lines, corrections = (
        tuple(
            PayLine(
                each["collector"], each["name"], each["villages"], dt.date.fromisoformat(each["month"]),
                WorkDone(**each["work"]), each["amount"],
            )
            for each in stored[part]
        )
        for part in ("lines", "corrections")
    )  # fmt: skip
    month = dt.date.fromisoformat(stored["month"])
    return MonthSheet(month, AgreedRates(**stored["rates"]), lines, corrections)
