"""The geometry of bars and trends that templates draw as SVG: on screen, on paper and without scripts alike."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from geo.estimate import Estimate

NICE = (1, 2, 5)  # steps of an axis, times a power of ten


@dataclass(frozen=True)
class Bullet:
    """A value from 0 to 100, the target's tick, and where the time gone says one should be (None: not drawn).

    `band` is what is estimated of all: between which two places.
    """

    value: Decimal | None
    target: Decimal | None
    expected: Decimal | None
    band: tuple[Decimal, Decimal] | None = None

    @property
    def is_empty(self) -> bool:
        return self.value is None


def bullet(
    value: Decimal | None,
    target: Fraction | None,
    time_gone: Fraction | None,
    estimated: Estimate | None = None,
) -> Bullet:
    """A bar of percents. The mark of time is the target's share of the plan's days that are over."""
    expected = target * time_gone if target is not None and time_gone is not None else None
    band = None
    if estimated is not None:
        band = Decimal(f"{estimated.low:.2f}"), Decimal(f"{estimated.high:.2f}")
    return Bullet(value, _place(target), _place(expected), band)


def _place(value: Fraction | None) -> Decimal | None:
    """Where on a bar of 100 it stands; drawing may round, what is read never does."""
    return None if value is None else Decimal(round(min(value, Fraction(100)) * 100)) / 100


@dataclass(frozen=True)
class DayNumber:
    """A day and the number counted to its end."""

    day: dt.date
    value: int


@dataclass(frozen=True)
class Tick:
    """A labelled place on an axis, in pixels."""

    at: float
    value: int | dt.date


@dataclass(frozen=True)
class ChartDot:
    """A point of the line, in pixels, and what it says."""

    x: float
    y: float
    point: DayNumber


@dataclass(frozen=True)
class Trend:
    """A line chart of one size, ready to draw; lengths in pixels of its viewBox."""

    width: int
    height: int
    left: int
    bottom: float
    dots: tuple[ChartDot, ...]
    line: str
    """Points of the counted line, as SVG's `points`."""
    pace: str
    """Points of the line of time gone; empty where no number is asked for."""
    rows: tuple[Tick, ...]
    days: tuple[Tick, ...]


def trend(
    points: Sequence[DayNumber], pace: Sequence[Fraction] = (), *, width: int, height: int = 220
) -> Trend:
    """Draw `points` (at least two, in order of days) and, day for day, where time says one should be."""
    left, right, top, bottom = 48, 14, 14, height - 26
    first, last = points[0].day, points[-1].day
    ceiling = _ceiling([point.value for point in points] + [int(value) for value in pace])

    def x(day: dt.date) -> float:
        return round(left + (width - left - right) * (day - first).days / max(1, (last - first).days), 1)

    def y(value: float | Fraction) -> float:
        return round(float(bottom - (bottom - top) * value / ceiling), 1)

    dots = tuple(ChartDot(x(point.day), y(point.value), point) for point in points)
    return Trend(
        width=width,
        height=height,
        left=left,
        bottom=bottom,
        dots=dots,
        line=" ".join(f"{dot.x},{dot.y}" for dot in dots),
        pace=" ".join(f"{x(point.day)},{y(value)}" for point, value in zip(points, pace, strict=False)),
        rows=tuple(Tick(y(value), value) for value in range(0, ceiling + 1, ceiling // 4)),
        days=tuple(Tick(dot.x, dot.point.day) for dot in _apart(dots)),
    )


DATE_NEEDS = 64
"""Pixels that a date needs under the line; the last one ends where the line does."""


def _apart(dots: Sequence[ChartDot]) -> list[ChartDot]:
    """The dots that have a date under them: the last one, and before it those that leave the next one its room."""
    found: list[ChartDot] = []
    for dot in reversed(dots):
        if not found or found[-1].x - dot.x >= DATE_NEEDS:
            found.append(dot)
    return found[::-1]


@dataclass(frozen=True)
class ThonReached:
    """A thôn with its households, how many of them were met (None: not told), and what is said of it."""

    name: str
    households: int
    met: int | None
    words: str


@dataclass(frozen=True)
class ThonColumn:
    """A column as wide as its thôn has households and as high as the share of them that was met; in pixels.

    `top` is None where the share is not told; `has_label` where a name fits under it.
    """

    x: float
    width: float
    top: float | None
    thon: ThonReached
    has_label: bool

    @property
    def middle(self) -> float:
        return round(self.x + self.width / 2, 1)


@dataclass(frozen=True)
class ReachColumns:
    """Columns side by side, ready to draw: what is empty above them are the households that are still to be met."""

    width: int
    height: int
    left: int
    right: float
    top: int
    bottom: float
    columns: tuple[ThonColumn, ...]
    rows: tuple[Tick, ...]
    """0, 50 and 100 %."""


NAME_NEEDS = 13
"""Pixels that a name needs which stands upright under its column."""


def reach_columns(thons: Sequence[ThonReached], *, width: int, height: int = 320) -> ReachColumns:
    """Draw thôn in this order, each with its households as its width; those without households are left out.

    Names stand under the columns where more than half of them have the room, else under none.
    """
    left, right, top = 48, 8, 12
    drawn = [thon for thon in thons if thon.households > 0]
    pixel = Fraction(width - left - right, max(1, sum(thon.households for thon in drawn)))
    has_names = 2 * sum(thon.households * pixel >= NAME_NEEDS for thon in drawn) > len(drawn)
    bottom = height - (110 if has_names else 12)
    columns, at = [], Fraction(left)
    for thon in drawn:
        wide = thon.households * pixel
        share = None if thon.met is None else min(Fraction(thon.met, thon.households), Fraction(1))
        high = None if share is None else round(float(bottom - (bottom - top) * share), 1)
        columns.append(
            ThonColumn(
                round(float(at), 1), round(float(wide), 1), high, thon, has_names and wide >= NAME_NEEDS
            )
        )
        at += wide
    rows = tuple(Tick(round(bottom - (bottom - top) * value / 100, 1), value) for value in (0, 50, 100))
    return ReachColumns(width, height, left, width - right, top, bottom, tuple(columns), rows)


SPARK = (200, 40)
"""Pixels of a small line without axes; 0 to 100 % from its lower to its upper edge."""


def spark(percents: Sequence[Decimal | None]) -> str:
    """An SVG path through percents at equal steps; it is broken where one is not known."""
    width, height = SPARK
    step = Fraction(width - 8, max(1, len(percents) - 1))
    path, pen = [], "M"
    for place, percent in enumerate(percents):
        if percent is None:
            pen = "M"
            continue
        y = height - 4 - (height - 8) * min(Fraction(percent), Fraction(100)) / 100
        path.append(f"{pen}{round(float(4 + step * place), 1)} {round(float(y), 1)}")
        pen = "L"
    return "".join(path)


def _ceiling(values: Sequence[int]) -> int:
    """The top of the axis: four equal steps of 1, 2 or 5 times a power of ten that hold every value."""
    highest, power = max([*values, 1]), 1
    while True:
        for nice in NICE:
            if 4 * nice * power >= highest:
                return 4 * nice * power
        power *= 10
