"""How the thôn of the demonstration differ, so that its maps show a pattern, and what their households are like."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from geo.illustrative_outlines import VillageSketch
from server.demo.scale import Scale

OPERATORS = ("viettel", "vinaphone", "mobifone", "khac")
_BEHIND = {"viettel": 0.0, "vinaphone": 0.06, "mobifone": 0.16, "khac": 0.45}
"""How much rarer an operator's 5G is than the first one's."""
BANDS = ("0_5", "6_13", "14_17", "18")
_YOUNGER = {"0_5": 0.42, "6_13": 0.2, "14_17": 0.05, "18": 0.0}
"""How much rarer VNeID is among the young than among adults."""
_TEAMS = ((0.22, 1.25), (0.5, 0.9), (0.18, 0.45), (0.1, 0.06))
"""Shares of the teams and their visits for each household: diligent, steady, slow, hardly started."""


@dataclass(frozen=True)
class Character:
    """A thôn: visits for each household in the eight weeks, and the chance of each thing at one of its doors."""

    diligence: float
    fiveg: float
    gbps: float
    vneid: float
    signature: float
    smart: float
    wifi: float


@dataclass(frozen=True)
class DemoHousehold:
    """What is true of a household: people, accounts and signatures by age band, and what reaches it."""

    people: Mapping[str, int]
    accounts: Mapping[str, int]
    used: Mapping[str, int]
    signatures: int
    installed: bool
    opened: bool
    recent: bool
    internet: str
    gbps: str
    fiveg: Mapping[str, bool]
    files_online: bool


def characters(villages: tuple[VillageSketch, ...], scale: Scale) -> dict[str, Character]:
    """By code: 5G thins out from the centre, fibre from east to west, VNeID from north to south."""
    latitudes, longitudes = zip(*(village.centre for village in villages), strict=True)
    middle = (sum(latitudes) / len(villages), sum(longitudes) / len(villages))
    reach = max(math.dist(village.centre, middle) for village in villages) or 1.0
    dice = scale.dice("characters", villages[0].code)
    ranks = [(rank + 0.5) / len(villages) for rank in range(len(villages))]
    dice.shuffle(ranks)
    return {
        village.code: _character(village, middle, reach, rank, dice)
        for village, rank in zip(villages, ranks, strict=True)
    }


def _character(
    village: VillageSketch, middle: tuple[float, float], reach: float, rank: float, dice: Random
) -> Character:
    north = (village.centre[0] - middle[0]) / reach
    east = (village.centre[1] - middle[1]) / reach
    far = math.hypot(north, east)
    diligence = _diligence(rank) * dice.uniform(0.85, 1.15)
    keen = min(diligence, 1.25) / 1.25
    return Character(
        diligence=diligence,
        fiveg=_within(0.99 - 0.5 * far**1.5 + dice.gauss(0, 0.04), 0.2, 0.98),
        gbps=_within(0.64 + 0.38 * east + dice.gauss(0, 0.06), 0.3, 0.9),
        vneid=_within(0.92 + 0.15 * north + dice.gauss(0, 0.03), 0.6, 0.985),
        signature=_within(0.12 + 0.36 * keen + dice.gauss(0, 0.06), 0.1, 0.6),
        smart=_within(0.25 + 0.45 * keen + dice.gauss(0, 0.08), 0.1, 0.85),
        wifi=_within(0.85 - 0.3 * far, 0.3, 0.9),
    )


def _diligence(rank: float) -> float:
    passed = 0.0
    for portion, visits in _TEAMS:
        passed += portion
        if rank < passed:
            return visits
    return _TEAMS[-1][1]


def _within(value: float, low: float, high: float) -> float:
    return min(high, max(low, value))


def household(character: Character, dice: Random) -> DemoHousehold:
    """One household of such a thôn."""
    adults = dice.choices((1, 2, 3, 4, 5), (14, 42, 22, 16, 6))[0]
    people = {
        "0_5": dice.choices((0, 1, 2), (76, 20, 4))[0],
        "6_13": dice.choices((0, 1, 2), (68, 24, 8))[0],
        "14_17": dice.choices((0, 1, 2), (80, 17, 3))[0],
        "18": adults,
    }
    accounts = {band: _some(people[band], character.vneid - _YOUNGER[band], dice) for band in BANDS}
    installed = dice.random() < character.smart
    opened = installed and dice.random() < 0.9
    fibre = dice.random() < 0.45 + 0.4 * character.gbps
    return DemoHousehold(
        people=people,
        accounts=accounts,
        used={band: _some(accounts[band], 0.93, dice) for band in BANDS},
        signatures=_some(adults, character.signature, dice),
        installed=installed,
        opened=opened,
        recent=opened and dice.random() < 0.6,
        internet="cap_quang" if fibre else dice.choices(("khong", "loai_khac"), (2, 1))[0],
        gbps=_known(dice.random() < character.gbps, dice),
        fiveg={each: dice.random() < character.fiveg - _BEHIND[each] for each in OPERATORS},
        files_online=dice.random() < 0.4,
    )


def _some(number: int, chance: float, dice: Random) -> int:
    return sum(dice.random() < chance for _ in range(number))


def _known(yes: bool, dice: Random) -> str:
    """One in ten does not know."""
    if dice.random() < 0.1:
        return "khong_biet"
    return "co" if yes else "khong"
