"""Which visits are checked by a second one, and by whom: drawn by a seed that everybody can reckon after (R28)."""

import datetime as dt
import hashlib
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

SHARE = Fraction(1, 10)
"""Of the households that a collector met, in an ordinary week."""
EARLY_SHARE = Fraction(1, 5)
"""The same in the first two weeks of a campaign, while a habit can still be mended."""
EARLY_DAYS = 14
PAUSE_DAYS = 56
"""A campaign that nobody walked in for as long is over; what comes after begins another."""


class VisitOutcome(StrEnum):
    """What came of the visit that is checked."""

    MET = "met"
    ABSENT = "absent"
    REFUSED = "refused"


class DrawReason(StrEnum):
    """Why a visit is checked: by chance, or because something about it is doubtful. Only chance speaks of the rest."""

    CHANCE = "chance"
    DOUBT = "doubt"


@dataclass(frozen=True)
class CheckableVisit:
    """A visit as the draw sees it; `key` is that of its submission (`meta/instanceID`), which its phone made."""

    key: str
    collector: int
    village: int
    outcome: VisitOutcome
    is_doubtful: bool = False


@dataclass(frozen=True)
class DrawnVisit:
    """A visit that is to be checked; `checker` None: the team has nobody else, so its leader goes."""

    visit: CheckableVisit
    reason: DrawReason
    checker: int | None


def lot(seed: str, key: str) -> str:
    """The lot of a visit: SHA-256 of "seed key" in hexadecimal digits; the smallest lots are drawn."""
    return hashlib.sha256(f"{seed} {key}".encode()).hexdigest()


def began(days: Iterable[dt.date]) -> dt.date | None:
    """The first day of the campaign that is walked now, by all days on which somebody walked."""
    first = before = None
    for day in sorted(set(days)):
        if before is None or (day - before).days > PAUSE_DAYS:
            first = day
        before = day
    return first


def share_on(first_day: dt.date, day: dt.date) -> Fraction:
    """What share of the visits is checked that is drawn on a day of a campaign that began on `first_day`.

    The draw of the fifteenth day speaks of the first two weeks too, and is one of theirs.
    """
    return EARLY_SHARE if (day - first_day).days <= EARLY_DAYS else SHARE


def draw(
    visits: Iterable[CheckableVisit], teams: Mapping[int, Sequence[int]], share: Fraction, seed: str
) -> tuple[DrawnVisit, ...]:
    """For each collector this share of the met and of the others, rounded up, and all that is doubtful beside.

    A doubtful visit may be drawn by chance like any other, so that those drawn by chance speak for all. `teams` are
    the collectors of each thôn; a visit is checked by the one of them that did not make it and has fewest so far.
    """
    every = sorted(visits, key=lambda visit: lot(seed, visit.key))
    if len({visit.key for visit in every}) < len(every):
        raise ValueError("a visit stands twice in the draw")
    groups: dict[tuple[int, bool], list[CheckableVisit]] = defaultdict(list)
    for visit in every:
        groups[visit.collector, visit.outcome == VisitOutcome.MET].append(visit)
    by_chance = {visit.key for group in groups.values() for visit in group[: math.ceil(len(group) * share)]}
    found, load = [], Counter[int]()
    for visit in every:
        if visit.key in by_chance or visit.is_doubtful:
            reason = DrawReason.CHANCE if visit.key in by_chance else DrawReason.DOUBT
            checker = _checker(visit, teams.get(visit.village, ()), load)
            found.append(DrawnVisit(visit, reason, checker))
    return tuple(found)


def _checker(visit: CheckableVisit, team: Sequence[int], load: Counter[int]) -> int | None:
    others = [each for each in team if each != visit.collector]
    if not others:
        return None
    chosen = min(others, key=lambda each: (load[each], lot(visit.key, str(each))))
    load[chosen] += 1
    return chosen
