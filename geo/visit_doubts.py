"""What looks wrong about a visit: where, when, how fast, and whether its answers were copied; pure rules."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from geo.village_of_point import PointJudgement, is_in_vietnam

TYPICAL_NEEDS = 5
"""Fewer interviews than this say nothing about how long a form usually takes."""
HURRIED = 3
"""An interview is short where it took less than the usual time by this factor, and less than the setting."""
TRIVIAL = 8
"""Answers below this number repeat by chance: small households are alike."""


@dataclass(frozen=True)
class Doubt:
    """One thing that a person should look at; `about` and `detail` are amounts in words, for its sentence."""

    code: str
    about: str = ""
    detail: str = ""


def misplaced(judgement: PointJudgement, accuracy_m: float | None) -> Doubt | None:
    """A point farther from the household's thôn than its accuracy explains (R21)."""
    if judgement.verdict != "wrong" or judgement.distance_m is None:
        return None
    return Doubt("point_elsewhere", distance(judgement.distance_m), distance(accuracy_m or 0))


def abroad(latitude: float, longitude: float) -> Doubt | None:
    """A point that no commune has, also where there are no outlines to hold it against: 0 0, another country."""
    return None if is_in_vietnam(latitude, longitude) else Doubt("point_abroad")


def outside_commune() -> Doubt:
    """A place that lies in none of the commune's thôn: it counts in the one it is listed or named in."""
    return Doubt("place_outside_commune")


def backwards(start: datetime | None, end: datetime | None) -> Doubt | None:
    """A visit that ended before it began: the clock was set meanwhile."""
    if start is None or end is None or end >= start:
        return None
    return Doubt("clock_backwards")


def too_short(seconds: int | None, typical: int | None, least: int) -> Doubt | None:
    """An interview under `least` seconds and under a third of what the form `typical`ly takes."""
    if seconds is None or typical is None or seconds >= least or seconds * HURRIED >= typical:
        return None
    return Doubt("too_short", duration(seconds), duration(typical))


def crowded(households: int, most: int) -> Doubt | None:
    """As many households as `most` at one rounded point, by one collector on one day."""
    return Doubt("same_point", str(households)) if most and households >= most else None


def repeated(earlier: int, most: int) -> Doubt | None:
    """The same answers as at so many other households, by the same collector within days."""
    return Doubt("same_answers", str(earlier)) if most and earlier >= most else None


def fingerprint(answers: Mapping[str, Any]) -> bytes | None:
    """A digest of what was answered, to see whether it comes again; None where too little was to tell anything."""
    told = sorted((path, repr(answer)) for path, answer in answers.items() if answer not in (None, "", []))
    if len(told) < TRIVIAL:
        return None
    return hashlib.blake2b(repr(told).encode(), digest_size=12).digest()


def duration(seconds: int) -> str:
    """ "40 giây", "4 phút", "1 giờ 5 phút"."""
    if seconds < 90:
        return f"{seconds} giây"
    hours, minutes = divmod(round(seconds / 60), 60)
    if not hours:
        return f"{minutes} phút"
    return f"{hours} giờ {minutes} phút" if minutes else f"{hours} giờ"


def distance(metres: float) -> str:
    """Coarse enough to name no house: tens of metres, from 1 km on tenths of kilometres."""
    if metres < 995:
        return f"{max(10, round(metres / 10) * 10)} m"
    return f"{metres / 1000:.1f} km".replace(".", ",")
