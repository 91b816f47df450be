"""Percents, periods and targets in the words of pages, files and reports; plain numbers and days by geo."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

from geo import vietnamese_writing
from geo.commune_estimates import WITHIN_ERROR
from geo.compute_coverage import Cell, CountedIndicator
from geo.estimate import Estimate, wilson
from geo.reach import noun
from geo.target_states import PeriodCount, TargetFigure, TargetJudgement, TargetState, as_written, cut
from server.published_forms.self_answers import WORD

day, moment, sentence = vietnamese_writing.day, vietnamese_writing.moment, vietnamese_writing.sentence

SPACE = "\u00a0"  # a number and its unit stay on one line
UNKNOWN = TargetState.UNKNOWN.words

SIGNS = {">=": "≥", ">": ">", "=": "=", "<=": "≤", "<": "<"}

UNITS = {
    "household": "hộ",
    "person": "người",
    "adult": "người từ 18 tuổi",
    "place": "điểm công cộng",
    "point": "điểm đo",
    "business": "doanh nghiệp",
    "village": "thôn",
}

PERIOD_NAMES = {"week": "tuần", "month": "tháng", "quarter": "quý"}
PERIODS = {"week": "mỗi tuần", "month": "mỗi tháng", "quarter": "mỗi quý"}

NOT_TOLD = "không nêu"
RUNNING = "đang diễn ra"
HIDDEN = {
    "base": "dưới 5 hộ",  # a thôn with one to four subjects (R25)
    "part": NOT_TOLD,
    "secondary": NOT_TOLD,
}


def number(value: int | Decimal | Fraction) -> str:
    """`1.234,5`: dots between thousands, a decimal comma; the value as it is, never rounded."""
    if isinstance(value, Fraction):
        value = cut(value) if value.denominator > 1 else int(value)
    return vietnamese_writing.number(value)


def percent(value: Decimal | int) -> str:
    """`63,4 %`; the value arrives cut (geo.compute_coverage), so that it looks met only when it is (R7)."""
    return f"{number(value)}{SPACE}%"


def share(value: Fraction) -> str:
    """A ratio of 0 to 1 as percent, cut to one decimal."""
    return percent(cut(100 * value))


def limit(value: Fraction) -> str:
    """A ratio that somebody set, as percent: `50 %`, `33,3 %`."""
    points = 100 * value
    return f"{number(points)}{SPACE}%"


def as_of(on: dt.date, received_until: dt.datetime | None) -> str:
    """The line under every table and map (R8)."""
    received = f"số liệu nhận đến {moment(received_until)}" if received_until else "chưa nhận được phiếu nào"
    return f"tính đến {day(on)}, {received}"


def of_households(some: int | None, households: int | None) -> str:
    """`930/2.066 hộ`, or what of it is known."""
    if some is None:
        return NOT_TOLD
    total = f"/{number(households)}" if households is not None else ""
    return f"{number(some)}{total}{SPACE}hộ"


def uncounted(households: int) -> str:
    """Why more households were met than a share and what is left add up to; "" where none is beyond the numbers."""
    if not households:
        return ""
    return (
        f"{number(households)} hộ đã gặp nhiều hơn số hộ đã nêu của thôn, không tính vào tỷ lệ và số hộ còn lại: "
        "cần xem lại số hộ của các thôn"
    )


def pace(a_week: Fraction, first: dt.date, last: dt.date) -> str:
    """How many households were met a week of late, and on which days that is."""
    return f"Từ {first:%d/%m} đến {last:%d/%m} gặp thêm {number(a_week)} hộ mỗi tuần"


SELF_ANSWERED = f"người dân {WORD}"
"""Before what nobody was asked at a door."""


def reach(value: Cell, indicator: CountedIndicator, *, verb: str = "khảo sát") -> str:
    """How much of what there is was asked, in the indicator's own unit: `khảo sát 930/2.066 hộ (45,0 %)`.

    People picked by chance have a number asked and an interval; "" where nothing was asked, or nothing may be told.
    """
    if not value.subjects:
        return ""
    what = noun(indicator.unit, is_sample=indicator.is_sample)
    asked = number(value.subjects)
    if indicator.is_sample:
        return f"đã hỏi {asked} {what}{_interval(value)}"
    if _is_doubtful(value):
        return f"{verb} {asked} {what}, nhiều hơn số đã nêu ({number(value.expected or 0)}): cần xem lại số {what}"
    if value.reach is None:
        return f"{verb} {asked} {what}"
    of = f"{number(value.subjects - value.surplus)}/{number(value.expected or 0)}{SPACE}{what}"
    part = f"{of} ({share(value.reach)})"
    beyond = f", chưa kể {number(value.surplus)} {what} nhiều hơn số đã nêu" if value.surplus else ""
    return part if indicator.unit == "village" else f"{verb} {part}{beyond}"


def _is_doubtful(value: Cell) -> bool:
    """Whether more were met than there should be: a fault of the number given, not a reach of 350 %."""
    return value.expected is not None and value.subjects is not None and value.subjects > value.expected


def _interval(value: Cell) -> str:
    if value.done is None or not value.of:
        return ""
    found = wilson(value.done, value.of)
    return f" (khoảng 95{SPACE}%: {near(found.low)}–{near(found.high)}{SPACE}%)"


def near(value: float) -> str:
    """A percent that was estimated, rounded to one decimal; a whole one without."""
    text = f"{value:.1f}".removesuffix(".0")
    return text.replace(".", ",")


def estimated(found: Estimate, kind: str) -> str:
    """`ước lượng cả xã 83,1 % (79,2–87 %)`: of those not asked, too; see geo.estimate for the method."""
    return f"ước lượng cả {kind} {between(found)}"


def between(found: Estimate) -> str:
    """`83,1 % (79,2–87 %)`"""
    return f"{near(found.percent)}{SPACE}% ({near(found.low)}–{near(found.high)}{SPACE}%)"


def short_reach(value: Cell, indicator: CountedIndicator) -> str:
    """The same in a column: the share, or the numbers where a share would be nonsense."""
    if not value.subjects:
        return ""
    if indicator.is_sample:
        return f"{number(value.subjects)}{SPACE}người"
    if _is_doubtful(value):
        return f"{number(value.subjects)}, số đã nêu {number(value.expected or 0)}"
    return share(value.reach) if value.reach is not None else ""


def cell(value: Cell) -> str:
    """The percent of a cell, its bound where it is withheld (`> 98 %`), or why there is none."""
    if value.bound:
        return f"{value.bound.comparator}{SPACE}{percent(value.bound.percent)}"
    if value.suppressed:
        return HIDDEN[value.suppressed]
    return percent(value.percent) if value.percent is not None else "–"


def required(target: TargetFigure) -> str:
    """What the plan asks for: `≥ 80 %`, `> 85 %`, `≥ 1 mỗi tháng`."""
    value = number(as_written(target.value))
    unit = f"{SPACE}%" if target.unit == "percent" else ""
    period = f" {PERIODS[target.period]}" if target.period in PERIODS else ""
    return f"{SIGNS[target.comparator]}{SPACE}{value}{unit}{period}"


def state(judgement: TargetJudgement) -> str:
    """The state's one word; of one that is met within the error of the estimate it says so."""
    return WITHIN_ERROR if judgement.words == WITHIN_ERROR else judgement.state.words


def missed(target: TargetFigure) -> str:
    """By which verb a number is off its target: it falls short of one, goes beyond an upper limit, or differs."""
    return {"<=": "vượt", "<": "vượt", "=": "lệch"}.get(target.comparator, "thiếu")


def judged(target: TargetFigure, judgement: TargetJudgement) -> str:
    """The judged number of a target in its unit; periods as "10/11 tháng"; "" where it is unknown or withheld."""
    if judgement.value_shown is None:
        return ""
    gone = [period for period in judgement.periods if period.gone]
    if judgement.source == "survey":  # one without visits, or not told, is neither met nor missed
        gone = [period for period in gone if period.met is not None]
    if gone:
        met = sum(period.met is True for period in gone)
        return f"{met}/{len(gone)} {PERIOD_NAMES[target.period]}"
    is_percent = target.unit == "percent" or target.period in PERIODS
    return percent(judgement.value_shown) if is_percent else number(judgement.value_shown)


def told_period(target: TargetFigure, told: PeriodCount) -> str:
    """A period of a figure in its list: its number, and whether that is enough; one that goes on has not missed it."""
    if told.value is None:
        return untold_period(told)
    shown = cut(told.value, target)
    value = percent(shown) if target.unit == "percent" else number(shown)
    return f"{value} – {'đạt' if told.met else 'không đạt' if told.gone else RUNNING}"


def untold_period(told: PeriodCount) -> str:
    """Why a period of a figure is neither met nor missed."""
    if told.is_hidden:
        return NOT_TOLD
    if not told.gone:
        return RUNNING
    return "không có phiếu trong kỳ" if told.is_empty else "chưa có số liệu"


def period(start: dt.date, end: dt.date) -> str:
    """A month as "tháng 3", a quarter as "quý 1", a week by its days, any other by both."""
    if start.day == 1 and (end + dt.timedelta(days=1)).day == 1:
        months = (end.year - start.year) * 12 + end.month - start.month + 1
        if months == 1:
            return f"tháng {start.month}"
        if months == 3 and start.month % 3 == 1:
            return f"quý {start.month // 3 + 1}"
        if months == 12 and start.month == 1:
            return f"năm {start.year}"
    return f"{start:%d/%m} – {end:%d/%m}"
