"""Who does what in which week: the simulated visits before anybody knocks."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from random import Random

from server.demo import NotPossible
from server.demo.household_lists import LISTED
from server.demo.people import Walker
from server.demo.scale import COMMUNES, SHARE, WEEKS, Scale, share
from server.demo.village_differences import Character

_CHECKPOINTS = 0.06
"""Share of the visits that measure 5G at a point …"""
_WIFI = 0.025
"""… and that check the Wi-Fi of a public place."""
_OTHERS = 0.012
"""Share of each of the rarer forms."""
_MOST_A_HOUSEHOLD = 3


class ErrandKind(StrEnum):
    """The form that is filled."""

    HOUSEHOLD = "ho_gia_dinh"
    CHECKPOINT = "diem_5g"
    WIFI = "wifi_cong_cong"
    LOUDSPEAKER = "diem_loa"
    SCHOOL = "truong_hoc"
    BUSINESS = "doanh_nghiep"
    SATISFACTION = "hai_long"
    DIFFICULTY = "phan_anh"


RARER = (
    ErrandKind.LOUDSPEAKER,
    ErrandKind.SCHOOL,
    ErrandKind.BUSINESS,
    ErrandKind.SATISFACTION,
    ErrandKind.DIFFICULTY,
)


class Slip(StrEnum):
    """What goes wrong in a real team now and then."""

    CLOCK_AHEAD = "clock_ahead"
    CLOCK_RESET = "clock_reset"
    RESENT = "resent"
    FAR_POINT = "far_point"
    OLD_VERSION = "old_version"
    HURRIED = "hurried"


_SLIPS = (
    (Slip.RESENT, 0.006),
    (Slip.FAR_POINT, 0.004),
    (Slip.CLOCK_AHEAD, 0.001),
    (Slip.CLOCK_RESET, 0.001),
    (Slip.OLD_VERSION, 0.001),
    (Slip.HURRIED, 0.003),
)


@dataclass(frozen=True)
class Errand:
    """One visit to be made by a collector in a thôn, in a week counted from 0."""

    walker: int
    village: str
    week: int
    kind: ErrandKind
    slip: Slip | None = None


def schedule(
    walkers: Sequence[Walker],
    households: Mapping[str, int],
    characters: Mapping[str, Character],
    scale: Scale,
) -> list[Errand]:
    """Exactly `scale.visits` errands, week by week; `households` are those of each thôn. Raises NotPossible."""
    dice = scale.dice("schedule")
    errands: list[Errand] = []
    budgets = share(scale.visits, [SHARE[code] for code in COMMUNES], [scale.visits] * len(COMMUNES))
    for commune, budget in zip(COMMUNES, budgets, strict=True):
        errands += _of_commune(commune, budget, walkers, households, characters, dice)
    if len(errands) != scale.visits:
        raise NotPossible(f"Với {scale.households} hộ mỗi xã thì làm được nhiều nhất {len(errands)} phiếu.")
    return _with_slips(errands, dice)


def _of_commune(
    commune: str,
    budget: int,
    walkers: Sequence[Walker],
    households: Mapping[str, int],
    characters: Mapping[str, Character],
    dice: Random,
) -> list[Errand]:
    codes = [code for code in households if code.startswith(commune)]
    who = {code: at for at, walker in enumerate(walkers) for code in walker.villages}
    listed = {code: max(1, round(households[code] * LISTED)) for code in codes}
    checks = share(
        round(budget * _CHECKPOINTS), [characters[code].diligence for code in codes], [99] * len(codes)
    )
    wifi, rarer = round(budget * _WIFI), round(budget * _OTHERS)
    weights = [listed[code] * characters[code].diligence for code in codes]
    left = budget - sum(checks) - wifi - rarer * len(RARER)
    visits = share(left, weights, [_MOST_A_HOUSEHOLD * listed[code] for code in codes])
    made: list[Errand] = []
    for code, number, points in zip(codes, visits, checks, strict=True):
        made += _over_weeks(who[code], code, ErrandKind.HOUSEHOLD, number, listed[code], characters[code])
        made += _over_weeks(who[code], code, ErrandKind.CHECKPOINT, points, points, characters[code])
    # places are checked where somebody walks, the culture house of each thôn once before any twice
    busy = [code for code, number in zip(codes, visits, strict=True) if number] or codes
    dice.shuffle(busy)
    for kind, number in ((ErrandKind.WIFI, wifi), *((kind, rarer) for kind in RARER)):
        for at in range(number):
            code = busy[at % len(busy)]
            made.append(Errand(who[code], code, dice.randrange(WEEKS // 2, WEEKS), kind))
    return made


def _over_weeks(
    walker: int, village: str, kind: ErrandKind, number: int, most: int, character: Character
) -> list[Errand]:
    """Keen teams begin at once and slow down as they run out of doors; slow ones begin late and hurry."""
    keen = min(1.0, character.diligence)
    begin = round((1 - keen) * (WEEKS - 3))
    weights = [
        0.0 if week < begin else 1.0 + (1 - keen) * (week - begin) - 0.08 * keen * week
        for week in range(WEEKS)
    ]
    weekly = share(number, weights, [most] * WEEKS)
    if sum(weekly) < number:
        weekly = share(number, [1.0] * WEEKS, [most] * WEEKS)
    return [Errand(walker, village, week, kind) for week, count in enumerate(weekly) for _ in range(count)]


def _with_slips(errands: list[Errand], dice: Random) -> list[Errand]:
    """Each slip at least once, at household visits drawn at random."""
    doors = [at for at, errand in enumerate(errands) if errand.kind is ErrandKind.HOUSEHOLD]
    dice.shuffle(doors)
    for slip, portion in _SLIPS:
        for _ in range(max(1, round(portion * len(errands)))):
            if doors:
                at = doors.pop()
                errands[at] = replace(errands[at], slip=slip)
    return errands
