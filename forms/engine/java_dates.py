"""Dates and times as JavaRosa works with them: milliseconds since 1970, seen in the zone of Việt Nam."""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
"""Not a fixed +7: days before June 1975 had +8, and phones write them so."""
DAY = 86_400_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_BEFORE_1900 = timezone(timedelta(hours=7))
"""Java knows no mean solar time of a place: before 1900 UTC each zone has the difference of today."""
_FIRST_OF_1900 = datetime(1900, 1, 1, tzinfo=UTC)
_WHOLE_NUMBER = re.compile(r"[+-]?\d+")
_DAY_NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTH_NAMES = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


@dataclass(frozen=True)
class JavaMoment:
    """A moment in milliseconds since 1970 UTC: what Java calls a Date, for days, times and both."""

    ms: int

    @property
    def local(self) -> datetime:
        """The clock of Việt Nam; OverflowError outside the years 1 to 9999."""
        utc = _EPOCH + timedelta(milliseconds=self.ms)
        return utc.astimezone(_BEFORE_1900 if utc < _FIRST_OF_1900 else ZONE)


def moment_of(clock: datetime) -> JavaMoment:
    """The moment of a clock with a zone, cut to milliseconds."""
    return JavaMoment((clock - _EPOCH) // timedelta(milliseconds=1))


def _told_here(day: date, hour: int = 0, minute: int = 0, second: int = 0, ms: int = 0) -> JavaMoment:
    """The moment at which clocks of Việt Nam told that; of an hour that they told twice the later, as Java does."""
    clock = time(hour, minute, second, ms * 1000)
    old = datetime.combine(day, clock, _BEFORE_1900)
    if old < _FIRST_OF_1900:
        return moment_of(old)
    first = datetime.combine(day, clock, ZONE)
    return JavaMoment(max(moment_of(first).ms, moment_of(first.replace(fold=1)).ms))


def start_of_day(moment: JavaMoment) -> JavaMoment:
    """Midnight of its day."""
    return _told_here(moment.local.date())


def day_number(moment: JavaMoment) -> int:
    """Days from 1 January 1970 to its day."""
    return (start_of_day(moment).ms - FIRST.ms + DAY // 2) // DAY


def of_day_number(days: int) -> JavaMoment:
    """Midnight of the day that many days after 1 January 1970."""
    return start_of_day(JavaMoment(FIRST.ms + DAY * days + DAY // 2))


def days_and_time(moment: JavaMoment) -> float:
    """Days since 1970 UTC, with the part of the day."""
    return moment.ms / DAY


def part_of_day(moment: JavaMoment, now: JavaMoment) -> float:
    """The part of the local day that has gone; the zone's difference is that of `now`, as JavaRosa takes it."""
    shifted = (moment.ms + _offset(now.local) * 1000) / DAY
    return shifted - shifted // 1


def parse_day(text: str) -> JavaMoment | None:
    """ "2026-03-08" as its midnight; None for anything else."""
    day = _day(text)
    return None if day is None else _told_here(day)


def parse_moment(text: str) -> JavaMoment | None:
    """A day, or a day and a time with or without a zone; None for anything else."""
    written, mark, rest = text.partition("T")
    day = _day(written)
    if day is None:
        return None
    return _at(day, rest) if mark else _told_here(day)


def parse_time(text: str, now: JavaMoment) -> JavaMoment | None:
    """A time of the day of `now`; None for anything else."""
    return _at(now.local.date(), text)


def _day(text: str) -> date | None:
    parts = text.split("-")
    try:
        year, month, day = map(_whole, parts)
        return date(year, month, day)
    except (ValueError, OverflowError):
        return None


def _at(day: date, text: str) -> JavaMoment | None:
    """That time on that day; a zone in the text moves it to the clock of Việt Nam."""
    try:
        written, minutes = _zone(text)
        pieces = written.split(":")
        if len(pieces) not in {2, 3}:
            return None
        clock = (_whole(pieces[0]), _whole(pieces[1]), *(_seconds(pieces[2]) if len(pieces) == 3 else (0, 0)))
        if minutes is None:
            return _told_here(day, *clock)
        there = datetime.combine(day, time(*clock[:3], clock[3] * 1000), UTC)
        here = moment_of(there - timedelta(minutes=minutes)).local
        return _told_here(here.date(), here.hour, here.minute, here.second, here.microsecond // 1000)
    except (ValueError, OverflowError, IndexError):
        return None


def _zone(text: str) -> tuple[str, int | None]:
    """The time without its zone, and the zone in minutes east of Greenwich."""
    if text.endswith("Z"):
        return text[:-1], 0
    for sign, mark in ((1, "+"), (-1, "-")):
        if mark in text:
            clock, zone = text.split(mark)[:2]
            hours, _, minutes = zone.partition(":")
            return clock, sign * (_whole(hours) * 60 + (_whole(minutes) if minutes else 0))
    return text, None


def _whole(text: str) -> int:
    """A whole number as Java reads it, without spaces about it; ValueError for anything else."""
    if not _WHOLE_NUMBER.fullmatch(text):
        raise ValueError(text)
    return int(text)


def _seconds(text: str) -> tuple[int, int]:
    """Seconds and milliseconds, cut as JavaRosa cuts them."""
    end = next((at for at, letter in enumerate(text) if not letter.isdigit() and letter != "."), len(text))
    seconds = float(text[:end])
    whole = int(seconds)
    return whole, int(1000.0 * seconds - 1000.0 * whole)


def write_day(moment: JavaMoment) -> str:
    """ "2026-03-08"."""
    local = moment.local
    return f"{local.year}-{local.month:02}-{local.day:02}"


def write_time(moment: JavaMoment) -> str:
    """ "07:45:00.000+07:00"."""
    local = moment.local
    offset = _offset(local) // 60
    clock = f"{local.hour:02}:{local.minute:02}:{local.second:02}.{local.microsecond // 1000:03}"
    return clock + (
        f"{'+' if offset > 0 else '-'}{abs(offset) // 60:02}:{abs(offset) % 60:02}" if offset else "Z"
    )


def _offset(local: datetime) -> int:
    """Seconds east of Greenwich."""
    return int((local.utcoffset() or timedelta()).total_seconds())


def write_moment(moment: JavaMoment) -> str:
    """ "2026-03-08T07:45:00.000+07:00"."""
    return f"{write_day(moment)}T{write_time(moment)}"


def format_moment(moment: JavaMoment, pattern: str) -> str:
    """A moment in the words of format-date(); ValueError for a sign that JavaRosa does not know."""
    local = moment.local
    fields = {
        "%": "%", "Y": f"{local.year:04}", "y": f"{local.year:04}"[2:], "m": f"{local.month:02}", "n": str(local.month),
        "b": _MONTH_NAMES[local.month - 1], "d": f"{local.day:02}", "e": str(local.day), "H": f"{local.hour:02}",
        "h": str(local.hour), "M": f"{local.minute:02}", "S": f"{local.second:02}",
        "3": f"{local.microsecond // 1000:03}", "a": _DAY_NAMES[local.weekday()], "W": str(_week(local)),
    }  # fmt: skip
    out, at = [], 0
    while at < len(pattern):
        letter = pattern[at]
        if letter == "%":
            at += 1
            field = fields.get(pattern[at : at + 1])
            if field is None:
                raise ValueError(f"%{pattern[at : at + 1]}")
            letter = field
        out.append(letter)
        at += 1
    return "".join(out)


def _week(local: datetime) -> int:
    """The week of the year as Java counts it in English: weeks begin on Sunday, the first holds 1 January."""
    first = date(local.year, 1, 1).isoweekday() % 7
    week = (local.timetuple().tm_yday - 1 + first) // 7 + 1
    next_first = date(local.year + 1, 1, 1).isoweekday() % 7
    left = 31 - local.day if local.month == 12 else 31
    return 1 if left < next_first else week


FIRST = _told_here(date(1970, 1, 1))
