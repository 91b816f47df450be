"""The periods that reports are made for: months, quarters, half-years and years."""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass

_KEY = re.compile(r"(20[0-9]{2})(?:-(?:(0[1-9]|1[0-2])|Q([1-4])|H([12])))?")
ROMAN = ("I", "II", "III", "IV")


@dataclass(frozen=True)
class Period:
    """`key` is how addresses and the command line name it, `label` how a report does."""

    key: str
    label: str
    start: dt.date
    end: dt.date


def read(key: str) -> Period | None:
    """`2026-11`, `2026-Q4`, `2026-H1` or `2026`; None for anything else."""
    found = _KEY.fullmatch(key)
    if found is None:
        return None
    year, month, quarter, half = (int(part) if part else 0 for part in found.groups())
    if month:
        return Period(key, f"tháng {month} năm {year}", *_months(year, month, 1))
    if quarter:
        label = f"quý {ROMAN[quarter - 1]} năm {year}"
        return Period(key, label, *_months(year, 3 * quarter - 2, 3))
    if half:
        label = f"6 tháng {('đầu', 'cuối')[half - 1]} năm {year}"
        return Period(key, label, *_months(year, 6 * half - 5, 6))
    return Period(key, f"năm {year}", *_months(year, 1, 12))


def _months(year: int, first: int, count: int) -> tuple[dt.date, dt.date]:
    after = first + count
    next_day = dt.date(year + (after > 12), after - 12 * (after > 12), 1)
    return dt.date(year, first, 1), next_day - dt.timedelta(days=1)


def of_month(day: dt.date) -> Period:
    """The month of a day."""
    return _known(f"{day:%Y-%m}")


def choices(today: dt.date) -> tuple[Period, ...]:
    """What can be reported of this year and the last: every period that has begun, months first, the latest first."""
    every = (_known(key) for year in (today.year, today.year - 1) for key in _keys(year))
    return tuple(period for period in every if period.start <= today)


def _keys(year: int) -> Iterator[str]:
    yield from (f"{year}-{month:02}" for month in range(12, 0, -1))
    yield from (f"{year}-Q{quarter}" for quarter in (4, 3, 2, 1))
    yield from (f"{year}-H{half}" for half in (2, 1))
    yield str(year)


def _known(key: str) -> Period:
    found = read(key)
    if found is None:
        raise ValueError(f"not a period: {key}")
    return found
