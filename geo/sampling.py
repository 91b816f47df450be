"""How many households of a thôn to ask, and which: a sample by lot with replacements, and LQAS 19 (R31).

What a sample says of the whole is `geo.estimate`: thôn are its strata, and its finite population closes the interval.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

from geo import hypergeometric
from geo.backcheck_draw import lot
from geo.estimate import Z

LQAS = 19
"""Households of a thôn that tell whether it is above one share or below another (Valadez 1991)."""
APART = Fraction(30, 100)
"""By how much the two shares of LQAS differ; with less, nineteen cannot tell them apart."""


class LotVerdict(StrEnum):
    """What LQAS says of a thôn."""

    REACHED = "reached"
    """The share that is wanted may well be reached."""
    SHORT = "short"
    """It hardly is."""


@dataclass(frozen=True)
class LotRule:
    """How a lot of `asked` households is judged: `reached` where at least `needed` say yes.

    `missed` is the chance that a thôn with just the wanted share is called short, `passed` that one with APART less is
    called reached.
    """

    households: int
    asked: int
    needed: int
    missed: Fraction
    passed: Fraction

    def judge(self, found: int) -> LotVerdict:
        """ValueError where more say yes than were asked."""
        if not 0 <= found <= self.asked:
            raise ValueError(f"{found} of {self.asked}")
        return LotVerdict.REACHED if found >= self.needed else LotVerdict.SHORT

    def settled(self, found: int, others: int) -> LotVerdict | None:
        """What is certain once so many said yes and so many others no, whatever the rest will say; else None."""
        if found >= self.needed:
            return LotVerdict.REACHED
        return LotVerdict.SHORT if others > self.asked - self.needed else None


def size(households: int, margin: Fraction, share: Fraction = Fraction(1, 2)) -> int:
    """How many households to ask so that a share is known to within ± `margin` in 95 of 100 samples, 0 to 1.

    For a simple sample without replacement (Cochran, Sampling Techniques, 1977, section 4.4), rounded up; never more
    than there are. `share` is what is expected: one half, where nothing is known, needs the most.
    """
    if households < 0 or not 0 < margin < 1 or not 0 <= share <= 1:
        raise ValueError(f"{households} households, margin {margin}, share {share}")
    without_limit = Z * Z * float(share * (1 - share)) / float(margin) ** 2
    if not households or not without_limit:
        return min(households, 1)
    return min(households, math.ceil(without_limit / (1 + (without_limit - 1) / households) - 1e-9))


def spread_over(households: Mapping[str, int], wanted: int) -> dict[str, int]:
    """A sample of `wanted` households over thôn in proportion to their households, by largest remainders.

    Each thôn has at least two where it has as many, since of one alone no spread is known; so the sum may be more.
    """
    whole = sum(households.values())
    if not whole:
        return dict.fromkeys(households, 0)
    exact = {code: Fraction(min(wanted, whole) * number, whole) for code, number in households.items()}
    found = {code: math.floor(part) for code, part in exact.items()}
    left = min(wanted, whole) - sum(found.values())
    for code in sorted(exact, key=lambda code: (found[code] - exact[code], code))[:left]:
        found[code] += 1
    return {code: min(households[code], max(2, number)) for code, number in found.items()}


def lot_rule(households: int, wanted: Fraction) -> LotRule:
    """The rule for a thôn of so many households: that with the smallest sum of both errors, of equals the stricter.

    Exact for its size (hypergeometric); a thôn of 19 households or fewer is asked whole, and the rule is exact.
    """
    if households < 1 or not APART < wanted <= 1:
        raise ValueError(f"{households} households, wanted {wanted}")
    asked = min(LQAS, households)
    high, low = math.ceil(households * wanted), math.floor(households * (wanted - APART))
    rules = (
        LotRule(
            households,
            asked,
            needed,
            hypergeometric.at_most(needed - 1, asked, high, households),
            hypergeometric.at_least(needed, asked, low, households),
        )
        for needed in range(1, asked + 1)
    )
    return min(rules, key=lambda rule: (rule.missed + rule.passed, -rule.needed))


def order(keys: Iterable[str], seed: str) -> tuple[str, ...]:
    """Households in the order of their lots (SHA-256 of "seed key"): the first are the sample, the next stand in."""
    return tuple(sorted(keys, key=lambda key: (lot(seed, key), key)))


@dataclass(frozen=True)
class SampleNow:
    """Where a sample stands: whom to visit now, who of them stands in for whom, and whether it is complete."""

    asked: tuple[str, ...]
    """Those that answered, in the order of the lots."""
    to_visit: tuple[str, ...]
    replaced: Mapping[str, str]
    """A replacement → the household that it stands in for."""
    is_short: bool
    """Whether the thôn has no more households to stand in."""


def now(ordered: Sequence[str], wanted: int, answered: Iterable[str], lost: Iterable[str]) -> SampleNow:
    """A sample as it is after some visits: each household that is `lost` (moved away, refused, met nobody as often as
    was agreed) is replaced by the next in the order, and only then, so that nobody chooses who is easier to meet.

    Households outside the sample that were visited all the same are not in it.
    """
    met, gone = set(answered), set(lost) - set(answered)
    chosen = list(ordered[:wanted])
    spare = iter(ordered[wanted:])
    replaced: dict[str, str] = {}
    place, is_short = 0, False
    while place < len(chosen):
        if chosen[place] in gone:
            successor = next(spare, None)
            if successor is None:
                is_short = True
            else:
                replaced[successor] = chosen[place]
                chosen.append(successor)
        place += 1
    return SampleNow(
        asked=tuple(each for each in chosen if each in met),
        to_visit=tuple(each for each in chosen if each not in met and each not in gone),
        replaced=replaced,
        is_short=is_short,
    )
