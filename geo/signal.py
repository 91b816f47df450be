"""What check points say about 5G: shares with their confidence, a surface, speeds; never more than was measured."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from statistics import NormalDist, median
from typing import Literal

CONFIDENCE = 0.95
CELL = 0.003
"""Degrees, about 320 m: nine of the 100 m cells that a check point's subject is known by."""

Place = Literal["outdoor", "indoor"]
State = Literal["covered", "not", "old"]


@dataclass(frozen=True, slots=True)
class Sample:
    """One measurement: `usable` is whether 5G could be used by the form's own rule, None where it was not measured.

    `subject` is the 100 m cell × operator × indoor or outdoor; speeds in Mbit/s, `ping` in ms.
    """

    subject: str
    operator: str
    place: Place
    usable: bool | None
    day: date
    latitude: float
    longitude: float
    download: float | None = None
    upload: float | None = None
    ping: float | None = None
    on_5g: bool = False


@dataclass(frozen=True, slots=True)
class ShareWithInterval:
    """`done` of `of` points, and the interval (shares, 0 to 1) that holds the true share with CONFIDENCE.

    `low` and `high` are None where fewer than the wanted number were measured: then no percent is told.
    """

    done: int
    of: int
    low: float | None = None
    high: float | None = None

    @property
    def is_enough(self) -> bool:
        return self.low is not None


@dataclass(frozen=True, slots=True)
class SignalSquare:
    """A square of the surface: its south-west corner, what its newest measurements say, and how many they are."""

    south: float
    west: float
    state: State
    done: int
    of: int
    newest: date


@dataclass(frozen=True, slots=True)
class Speeds:
    """How many measurements of speed there are, and their medians; None where there are too few."""

    count: int
    on_5g: int
    download: float | None
    upload: float | None
    ping: float | None


def wilson(done: int, of: int, confidence: float = CONFIDENCE) -> tuple[float, float]:
    """Wilson's score interval of a share (without correction for continuity); ValueError where nothing was counted."""
    if not 0 <= done <= of or of == 0:
        raise ValueError(f"{done} of {of}")
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share, weight = done / of, z * z / of
    centre = (share + weight / 2) / (1 + weight)
    reach = z * math.sqrt(share * (1 - share) / of + weight / (4 * of)) / (1 + weight)
    return (0.0 if done == 0 else centre - reach, 1.0 if done == of else centre + reach)


def estimate(results: Iterable[bool], fewest: int) -> ShareWithInterval:
    """The share of points at which 5G is usable; without percent where there are fewer than `fewest`."""
    found = list(results)
    done, of = sum(found), len(found)
    if of < max(fewest, 1):
        return ShareWithInterval(done, of)
    return ShareWithInterval(done, of, *wilson(done, of))


def newest(samples: Iterable[Sample], as_of: date, valid_days: int) -> tuple[Sample, ...]:
    """The last measurement of each point, of those not older than `valid_days`; the samples come in their order."""
    since = as_of - timedelta(days=valid_days)
    last = {sample.subject: sample for sample in samples if sample.usable is not None}
    return tuple(sample for sample in last.values() if since < sample.day <= as_of)


def estimates(
    current: Sequence[Sample], fewest: int, operators: Sequence[str]
) -> Mapping[tuple[str, Place], ShareWithInterval]:
    """For each operator and for any ("") an estimate outdoors and indoors."""
    places: tuple[Place, Place] = ("outdoor", "indoor")
    found = {
        (operator, place): estimate(
            (bool(s.usable) for s in current if s.operator == operator and s.place == place), fewest
        )
        for operator in operators
        for place in places
    }
    return found | {("", place): estimate(_any(current, place), fewest) for place in places}


def _any(current: Sequence[Sample], place: Place) -> list[bool]:
    """By 100 m cell: whether any operator that was measured there can be used."""
    cells: dict[tuple[int, int], bool] = {}
    for sample in current:
        if sample.place == place:
            cell = math.floor(sample.latitude * 1000), math.floor(sample.longitude * 1000)
            cells[cell] = cells.get(cell, False) or bool(sample.usable)
    return list(cells.values())


def surface(samples: Sequence[Sample], as_of: date, valid_days: int) -> tuple[SignalSquare, ...]:
    """The squares in which something was measured, from these samples of one operator (or all) and place.

    More than half of the newest measurements of its points usable: covered. Only older ones: old, greyed.
    Everything else is unknown, and no square.
    """
    since = as_of - timedelta(days=valid_days)
    last = {sample.subject: sample for sample in samples if sample.usable is not None and sample.day <= as_of}
    squares: dict[tuple[int, int], list[Sample]] = {}
    for sample in last.values():
        # what was rounded to the edge of a square must not fall into the one below
        square = (
            math.floor(round(sample.latitude / CELL, 6)),
            math.floor(round(sample.longitude / CELL, 6)),
        )
        squares.setdefault(square, []).append(sample)
    return tuple(_cell(square, within, since) for square, within in sorted(squares.items()))


def _cell(square: tuple[int, int], within: Sequence[Sample], since: date) -> SignalSquare:
    current = [sample for sample in within if sample.day > since]
    counted = current or within
    done = sum(bool(sample.usable) for sample in counted)
    state: State = "old" if not current else "covered" if 2 * done > len(counted) else "not"
    south, west = (round(edge * CELL, 6) for edge in square)
    return SignalSquare(south, west, state, done, len(counted), max(sample.day for sample in counted))


def speeds(samples: Iterable[Sample], fewest: int, since: date, until: date) -> Speeds:
    """The measurements of speed after `since` up to `until`."""
    told = [sample for sample in samples if sample.download is not None and since < sample.day <= until]

    def middle(values: Iterable[float | None]) -> float | None:
        known = [value for value in values if value is not None]
        return float(median(known)) if len(known) >= max(fewest, 1) else None

    return Speeds(
        count=len(told),
        on_5g=sum(sample.on_5g for sample in told),
        download=middle(sample.download for sample in told),
        upload=middle(sample.upload for sample in told),
        ping=middle(sample.ping for sample in told),
    )
