"""How a collector's visits compare with all visits of the same thôn: absences, refusals, "không biết" (R39)."""

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from itertools import accumulate

from geo import funnel_limits
from geo.signal import wilson


class VisitTrait(StrEnum):
    """What a visit is compared by."""

    ABSENT = "absent"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """More answers "không biết" than half of the thôn's visits have."""


@dataclass(frozen=True)
class AlikeVisits:
    """Visits to households, one or so many that are alike: whose, in which thôn, how they ended, how much nobody knew.

    `could_be` counts the questions answered of those that offer "không biết", `unknown` those that say so, in each.
    """

    collector: int
    village: int
    is_absent: bool = False
    is_refused: bool = False
    unknown: int = 0
    could_be: int = 0
    number: int = 1


@dataclass(frozen=True)
class ComparedShare:
    """`found` of a collector's `of` visits in a thôn, beside `marked` of all `whole` visits there."""

    collector: int
    village: int
    found: int
    of: int
    marked: int
    whole: int

    @property
    def is_enough(self) -> bool:
        """Whether something may be said of the collector at all."""
        return self.of >= funnel_limits.FEWEST

    @property
    def is_alone(self) -> bool:
        """Nobody else went there, so that there is nothing to compare with."""
        return self.of == self.whole

    @property
    def is_outside(self) -> bool:
        return funnel_limits.is_outside(self.found, self.of, self.marked, self.whole)

    @property
    def limit(self) -> int | None:
        """The most that chance explains; None where it explains any number."""
        return funnel_limits.limit(self.of, self.marked, self.whole)

    @property
    def interval(self) -> tuple[float, float] | None:
        """Of the collector's share, 95 % (Wilson 1927), 0 to 1; None while there are too few."""
        return wilson(self.found, self.of) if self.is_enough else None


def compared(visits: Sequence[AlikeVisits], trait: VisitTrait) -> tuple[ComparedShare, ...]:
    """Each collector in each thôn, in the order of their keys: nobody is ranked."""
    own: dict[tuple[int, int], list[int]] = defaultdict(lambda: [0, 0])
    of_thon: dict[int, list[int]] = defaultdict(lambda: [0, 0])
    for visit, is_marked in _marked(visits, trait):
        for count in (own[visit.village, visit.collector], of_thon[visit.village]):
            count[0] += visit.number if is_marked else 0
            count[1] += visit.number
    return tuple(
        ComparedShare(collector, village, found, of, *of_thon[village])
        for (village, collector), (found, of) in sorted(own.items())
    )


def _marked(visits: Sequence[AlikeVisits], trait: VisitTrait) -> Iterable[tuple[AlikeVisits, bool]]:
    if trait is VisitTrait.ABSENT:
        return [(visit, visit.is_absent) for visit in visits]
    if trait is VisitTrait.REFUSED:
        return [(visit, visit.is_refused) for visit in visits]
    asked = [visit for visit in visits if visit.could_be]
    usual = _usual(asked)
    return [(visit, _unknown(visit) > usual[visit.village]) for visit in asked]


def _unknown(visit: AlikeVisits) -> Fraction:
    return Fraction(visit.unknown, visit.could_be)


def _usual(visits: Iterable[AlikeVisits]) -> Mapping[int, Fraction]:
    """The median share of "không biết" in each thôn: what is compared is whole visits (Mood 1950), since answers of
    one household go together and would make chance look smaller than it is.
    """
    shares: dict[int, Counter[Fraction]] = defaultdict(Counter)
    for visit in visits:
        shares[visit.village][_unknown(visit)] += visit.number
    return {village: _median(found) for village, found in shares.items()}


def _median(numbers: Mapping[Fraction, int]) -> Fraction:
    """Of values, each so many times; between the two in the middle where there is an even number of them."""
    values = sorted(numbers)
    ends = list(accumulate(numbers[value] for value in values))
    before, after = (values[bisect_right(ends, place)] for place in ((ends[-1] - 1) // 2, ends[-1] // 2))
    return (before + after) / 2


def exceeds(found: int, of: int, over: Fraction, least: int) -> bool:
    """Whether so many of a collector's visits are over a threshold that an officer set; by few never."""
    return of >= max(least, funnel_limits.FEWEST) and found > over * of
